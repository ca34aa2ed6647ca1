// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.command;

import io.headrace.frontend.Frontend;
import io.headrace.frontend.FrontendContext;
import io.headrace.tools.demo.DemoApplication;
import io.headrace.worker.Worker;
import io.headrace.worker.WorkerContext;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.agrona.IoUtil;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/**
 * {@code headrace rehearse}: a front end and a worker in one process, which answer a request. For
 * the launcher, which keeps the classes that this takes where the next JVM finds them ready.
 */
@Command(name = "rehearse", hidden = true, description = "Loads what a bus takes, and ends.")
public final class RehearseCommand implements Callable<Integer> {

    private static final byte[] REQUEST =
            "GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
                    .getBytes(StandardCharsets.US_ASCII);

    @Mixin private CommonOptions common;

    @Override
    public Integer call() throws IOException {
        final Path bus = common.directory();
        final WorkerContext worker = new WorkerContext().directory(bus);
        new DemoApplication().configure(worker);
        try (Worker launched = Worker.launch(worker);
                Frontend frontend = Frontend.launch(new FrontendContext().directory(bus).port(0));
                Socket client = new Socket(InetAddress.getLoopbackAddress(), frontend.port())) {
            client.getOutputStream().write(REQUEST);
            return client.getInputStream().readAllBytes().length > 0 ? 0 : 1;
        } finally {
            IoUtil.delete(bus.toFile(), true);
        }
    }
}
