// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.hop;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/** The other process: does what the control words say, one contender at a time. */
final class Echo {

    private static final long SLEEP_NS = 100_000L;

    private Echo() {}

    /**
     * @param args the directory that both processes share, and how many messages of a slice are not
     *     recorded.
     */
    public static void main(String[] args) {
        endWithParent();
        final Path directory = Path.of(args[0]);
        final int unrecorded = Integer.parseInt(args[1]);
        final List<Side> sides = new ArrayList<>();
        for (final Contender contender : Contender.values()) {
            sides.add(contender.open(directory, true));
        }
        try (ControlWords control = new ControlWords(directory.resolve("control"))) {
            obey(control, sides, unrecorded);
        }
        sides.forEach(Side::close);
        // What is in shared memory is the parent's to delete.
        Runtime.getRuntime().halt(0);
    }

    private static void obey(ControlWords control, List<Side> sides, int unrecorded) {
        int obeyed = ControlWords.SLEEP;
        while (obeyed != ControlWords.STOP) {
            final int command = control.command();
            if (command != obeyed) {
                if (obeyed > 0) {
                    sides.get(obeyed - 1).rest();
                }
                if (command > 0) {
                    final Side side = sides.get(command - 1);
                    side.prepare(unrecorded + side.tripsPerSlice());
                }
                obeyed = command;
                control.obey(command);
            }
            if (command > 0) {
                if (sides.get(command - 1).poll() == 0) {
                    Thread.onSpinWait();
                }
            } else if (command == ControlWords.LINE) {
                control.answerLine();
            } else {
                LockSupport.parkNanos(SLEEP_NS);
            }
        }
    }

    /** The parent holds the other end of standard input. */
    private static void endWithParent() {
        final Thread watcher =
                new Thread(
                        () -> {
                            try {
                                while (System.in.read() >= 0) {
                                    // Only its end means something.
                                }
                            } catch (final IOException brokenPipe) {
                                // As good as the end of it.
                            }
                            Runtime.getRuntime().halt(1);
                        },
                        "parent-watcher");
        watcher.setDaemon(true);
        watcher.start();
    }
}
