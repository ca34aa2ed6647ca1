// SPDX-License-Identifier: Apache-2.0
package io.headrace.system;

import io.headrace.testing.ChildJvm;
import io.headrace.worker.Worker;
import io.headrace.worker.WorkerContext;
import java.nio.file.Path;
import org.agrona.concurrent.UnsafeBuffer;

/** A worker process with two consumers that answers each request, until its stdin ends. */
final class WorkerChild {

    private static final UnsafeBuffer CONTENT = new UnsafeBuffer(new byte[] {'d', 'o', 'n', 'e'});

    private WorkerChild() {}

    public static void main(String[] arguments) {
        final WorkerContext context =
                new WorkerContext()
                        .directory(Path.of(arguments[0]))
                        .consumers(2)
                        .idle("yield")
                        .onHttpRequest(
                                (channel, request, reply) -> {
                                    if (reply.send(200, "text/plain", CONTENT, 0, 4) != 0) {
                                        throw new IllegalStateException("the reply was refused");
                                    }
                                });
        try (Worker worker = Worker.launch(context)) {
            System.out.println(worker.id());
            ChildJvm.awaitEndOfInput();
        }
    }
}
