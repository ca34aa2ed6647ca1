// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.chaos;

import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.agrona.IoUtil;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Gives each test a bus of its own, with real processes, and ends what is left of them. Of a test
 * that failed it prints what the processes said and what the bus held.
 */
final class BusExtension implements BeforeEachCallback, AfterEachCallback {

    private static final long TIMEOUT_NS = TimeUnit.SECONDS.toNanos(60);
    private static final long LOOK_NS = 5_000_000L;

    private final String[] settings;
    private Path directory;
    private BusProcesses processes;

    /**
     * @param settings system properties for every process of the bus.
     */
    BusExtension(String... settings) {
        this.settings = settings;
    }

    @Override
    public void beforeEach(ExtensionContext context) throws IOException {
        directory = Files.createTempDirectory("headrace-chaos");
        processes = new BusProcesses(directory, settings);
    }

    @Override
    public void afterEach(ExtensionContext context) {
        if (context.getExecutionException().isPresent()) {
            System.out.println(processes.errors() + processes.run("stat").text());
        }
        processes.close();
        IoUtil.delete(directory.toFile(), true);
    }

    BusProcesses processes() {
        return processes;
    }

    /** Starts workers with this many consumers each and waits until they are ready. */
    BusProcess[] startWorkers(int count, int consumers) {
        final BusProcess[] workers =
                Stream.generate(() -> processes.startWorker(consumers))
                        .limit(count)
                        .toArray(BusProcess[]::new);
        for (final BusProcess worker : workers) {
            worker.awaitReady();
        }
        return workers;
    }

    /** Waits until something has come true that must; there is much time, for slow machines. */
    static void await(String what, BooleanSupplier condition) {
        final long deadlineNs = System.nanoTime() + TIMEOUT_NS;
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadlineNs) {
                fail("not within 60 s: " + what);
            }
            LockSupport.parkNanos(LOOK_NS);
        }
    }

    /** The worker that has begun to handle this, when one has. */
    long awaitBegan(String key) {
        await(key + " is handled", () -> began(key) != 0);
        return began(key);
    }

    private long began(String key) {
        return processes.journal().stream()
                .filter(e -> e.kind() == Journal.Kind.BEGAN && e.key().equals(key))
                .mapToLong(Journal.Entry::pid)
                .findFirst()
                .orElse(0);
    }

    /** Waits until every message has ended, and lets {@code audit} prove that all are explained. */
    void checkAudit() {
        await(
                "audit finds nothing claimed, pending or unexplained",
                () -> {
                    final BusProcesses.Output audit = processes.run("audit");
                    return audit.exitCode() == 0
                            && audit.text().contains(" 0 claimed, 0 pending, 0 unexplained");
                });
    }
}
