// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.command;

import java.util.Optional;
import picocli.CommandLine.Option;

/** Options of the commands that are a member of the bus until they are stopped. */
final class MemberOptions {

    @Option(
            names = "--idle",
            paramLabel = "NAME",
            description =
                    "spin, yield, backoff or doorbell (-Dheadrace.idle)."
                            + " Default: doorbell on up to 4 cores, else backoff")
    private Optional<String> idle;

    @Option(names = "--exit-with-parent", hidden = true)
    private boolean exitWithParent;

    Optional<String> idle() {
        return idle;
    }

    StopSignal stopSignal() {
        return exitWithParent ? new StopSignal().stopWithInput() : new StopSignal();
    }
}
