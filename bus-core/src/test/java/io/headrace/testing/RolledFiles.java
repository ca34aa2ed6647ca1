// SPDX-License-Identifier: Apache-2.0
package io.headrace.testing;

import io.headrace.channel.Bus;
import net.openhft.chronicle.core.io.BackgroundResourceReleaser;
import org.agrona.concurrent.Agent;

/** Files that a bus's writers and readers have left for later ones. */
public final class RolledFiles {

    private RolledFiles() {}

    /** Closes them, which is else done in the background: who goes back opens them again. */
    public static void close(Bus bus) throws Exception {
        final Agent pages = bus.pageAgent();
        while (pages.doWork() > 0) {
            // Until writers have ended theirs.
        }
        BackgroundResourceReleaser.releasePendingResources();
    }
}
