// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.worker.Application;
import io.headrace.worker.WorkerContext;
import java.nio.file.Path;
import java.util.List;
import net.openhft.posix.PosixAPI;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Chronicle's binding to the C library, which is expensive to load and seldom used. */
class PosixBindingTest {

    private static final String LOG_CLASSES = "-Xlog:class+load:stderr:none";
    private static final String BINDING = "net.openhft.posix.internal.jnr.JNRPosixAPI";
    private static final String CHRONICLE = "net.openhft.chronicle.core.Jvm";

    @TempDir private Path directory;

    /** Where a class is among those that a process has loaded, or -1. */
    private static int loaded(String name, HeadraceProcess process) {
        final List<String> lines = process.stderr();
        for (int i = 0; i < lines.size(); i++) {
            if (lines.get(i).startsWith(name + " source: ")) {
                return i;
            }
        }
        return -1;
    }

    @Test
    void shouldBeLoadedByNobodyWhoDoesNotCallIt() {
        try (HeadraceProcess rehearsal =
                HeadraceProcess.start(LOG_CLASSES, "rehearse", "--bus", directory + "/bus")) {
            rehearsal.shouldExit(0);
            assertNotEquals(-1, loaded(CHRONICLE, rehearsal), rehearsal::report);
            assertNotEquals(-1, loaded("com.sun.jna.Native", rehearsal), rehearsal::report);
            assertEquals(-1, loaded(BINDING, rehearsal), rehearsal::report);
        }
    }

    @Test
    void shouldBeThereForAnApplicationThatCallsIt() {
        try (HeadraceProcess worker =
                HeadraceProcess.start(
                        LOG_CLASSES,
                        "worker",
                        "--bus",
                        directory + "/bus",
                        "--app",
                        Calling.class.getName())) {
            worker.awaitReady("pid " + worker.pid());
            // It comes by another stream than the line before, which another thread reads.
            Await.until("the binding", () -> loaded(BINDING, worker) != -1);
            final int calling = loaded(Calling.class.getName(), worker);
            assertTrue(loaded(CHRONICLE, worker) < calling, worker::report);
            assertTrue(calling < loaded(BINDING, worker), worker::report);
        }
    }

    /** Asks the binding for its process id. */
    public static final class Calling implements Application {
        @Override
        public void configure(WorkerContext context) {
            System.out.println("pid " + PosixAPI.posix().getpid());
            context.onHttpRequest((channel, request, reply) -> reply.send(200, "", "ok"));
        }
    }
}
