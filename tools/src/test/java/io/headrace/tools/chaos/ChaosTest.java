// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.chaos;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Workers are killed, stopped, restarted, added and removed at random, under load, and every client
 * is served all the same. It prints one line; its seed is in it. Properties, all optional:
 *
 * <ul>
 *   <li>{@code headrace.chaos.seconds}: how long faults happen, default 6
 *   <li>{@code headrace.chaos.kills}: how many workers are killed in that time, default 8
 *   <li>{@code headrace.chaos.seed}: what happens, default another each time
 *   <li>{@code headrace.chaos.flags}: more JVM flags for all processes of the bus
 * </ul>
 *
 * <p>The long run, 1,000 kills in twenty minutes on two cores:
 *
 * <pre>
 * mvn test -pl tools -am -Dtest=ChaosTest -Dsurefire.failIfNoSpecifiedTests=false \
 *     -Dheadrace.chaos.seconds=780 -Dheadrace.chaos.kills=1000
 * </pre>
 */
class ChaosTest {

    @Test
    void shouldServeEveryClientWhileWorkersAreKilledStoppedAndRestarted(@TempDir Path directory)
            throws Exception {
        final long seed = Long.getLong("headrace.chaos.seed", System.nanoTime() % 1_000_000L);
        System.out.println("chaos seed " + seed);
        final ChaosRun run =
                new ChaosRun(
                        seed,
                        Integer.getInteger("headrace.chaos.kills", 8),
                        Long.getLong("headrace.chaos.seconds", 6));
        run.run(directory);
        run.verdict.stalls().forEach(System.out::println);
        System.out.println(run.line());
        assertTrue(
                run.problems().isEmpty(),
                () -> run.line() + "\n" + String.join("\n", run.problems()));
    }
}
