// SPDX-License-Identifier: Apache-2.0
package io.headrace.channel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import io.headrace.testing.ChildJvm;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Several that make one bus at the same time: all get the same, and no number twice. */
class BusRaceTest {

    private static final int BUS_COUNT = 20;

    @TempDir Path directory;
    private final List<ChildJvm> children = new ArrayList<>();

    @AfterEach
    void endChildren() {
        children.forEach(ChildJvm::close);
    }

    @Test
    void shouldFindALaneOnceThatAThreadOfTheSameProcessMakes() throws Exception {
        try (Bus bus = Bus.openOrCreate(directory.resolve("bus"))) {
            final LaneAppender[] made = new LaneAppender[100];
            final CompletableFuture<Void> making =
                    CompletableFuture.runAsync(
                            () ->
                                    Arrays.setAll(
                                            made,
                                            i ->
                                                    bus.newLane(
                                                            "race",
                                                            "w" + i,
                                                            new WriterSequence())));
            final Lane[] found = new Lane[made.length];
            for (int i = 0; i < found.length; i++) {
                while (found[i] == null && !making.isCompletedExceptionally()) {
                    found[i] = bus.lane("race", "w" + i).orElse(null);
                }
            }
            making.join();
            for (int i = 0; i < found.length; i++) {
                assertSame(made[i].lane(), found[i]);
                made[i].close();
            }
        }
    }

    @Test
    void shouldMakeOneBusWhenManyThreadsCreateItAtOnce() throws Exception {
        final int threadCount = 4;
        final ExecutorService threads = Executors.newFixedThreadPool(threadCount);
        try {
            for (int i = 0; i < BUS_COUNT; i++) {
                final Path path = directory.resolve("bus-" + i);
                final CyclicBarrier barrier = new CyclicBarrier(threadCount);
                final Callable<String> opening =
                        () -> {
                            barrier.await();
                            return open(path);
                        };
                final List<String> answers = new ArrayList<>();
                for (final Future<String> answer :
                        threads.invokeAll(List.of(opening, opening, opening, opening))) {
                    answers.add(answer.get());
                }
                check(answers);
            }
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void shouldMakeOneBusWhenTwoProcessesCreateItAtOnce() {
        children.add(ChildJvm.start(Opener.class));
        children.add(ChildJvm.start(Opener.class));
        children.forEach(child -> assertEquals("ready", child.readLine()));
        for (int i = 0; i < BUS_COUNT; i++) {
            final String path = directory.resolve("bus-" + i).toString();
            children.forEach(child -> child.writeLine(path));
            final List<String> answers = new ArrayList<>();
            children.forEach(child -> answers.add(child.readLine()));
            check(answers);
        }
        children.forEach(child -> assertEquals(0, child.end()));
    }

    private static void check(List<String> answers) {
        final Set<String> ids = new HashSet<>();
        final Set<String> numbers = new HashSet<>();
        for (final String answer : answers) {
            ids.add(answer.split(" ")[0]);
            numbers.add(answer.split(" ")[1]);
        }
        assertEquals(1, ids.size(), answers.toString());
        assertEquals(answers.size(), numbers.size(), answers.toString());
    }

    private static String open(Path path) {
        try (Bus bus = Bus.openOrCreate(path)) {
            return bus.settings().id() + " " + bus.nextMemberNumber();
        }
    }

    /** A child that opens each bus it is told of. */
    static final class Opener {

        private Opener() {}

        public static void main(String[] arguments) throws IOException {
            final BufferedReader paths =
                    new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            System.out.println("ready");
            for (String path = paths.readLine(); path != null; path = paths.readLine()) {
                System.out.println(open(Path.of(path)));
            }
        }
    }
}
