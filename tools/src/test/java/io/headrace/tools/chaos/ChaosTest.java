// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.chaos;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/**
 * Workers are killed, stopped, restarted, added and removed at random, under load, and every client
 * is served all the same. It prints one line; its seed is in it.
 *
 * <p>Runs with {@code -Dheadrace.chaos=true} only. More properties, all optional:
 *
 * <ul>
 *   <li>{@code headrace.chaos.seconds}: how long faults happen, default 8
 *   <li>{@code headrace.chaos.kills}: how many workers are killed in that time, default 10
 *   <li>{@code headrace.chaos.seed}: what happens, default another each time
 *   <li>{@code headrace.chaos.flags}: more JVM flags for all processes of the bus
 * </ul>
 *
 * <p>The long run, 1,000 kills within ten minutes on two cores:
 *
 * <pre>
 * mvn verify -pl tools -am -Dheadrace.chaos=true -Dtest=ChaosTest -Dsurefire.failIfNoSpecifiedTests=false \
 *     -Dheadrace.chaos.seconds=560 -Dheadrace.chaos.kills=1000
 * </pre>
 */
@EnabledIfSystemProperty(named = "headrace.chaos", matches = "true")
class ChaosTest {

    @Test
    void shouldServeEveryClientWhileWorkersAreKilledStoppedAndRestarted(@TempDir Path directory)
            throws Exception {
        final long seed = Long.getLong("headrace.chaos.seed", System.nanoTime() % 1_000_000L);
        System.out.println("chaos seed " + seed);
        final ChaosRun run =
                new ChaosRun(
                        seed,
                        Integer.getInteger("headrace.chaos.kills", 10),
                        Long.getLong("headrace.chaos.seconds", 8));
        run.run(directory);
        System.out.println(run.line());
        assertTrue(
                run.problems().isEmpty(),
                () -> run.line() + "\n" + String.join("\n", run.problems()));
    }
}
