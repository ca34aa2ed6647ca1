// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.command;

import io.headrace.channel.Bus;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** The options that every command has. */
final class CommonOptions {

    @Option(
            names = "--bus",
            paramLabel = "DIR",
            description = "The bus's directory (-Dheadrace.bus). Default: /dev/shm/headrace-$USER")
    private Path directory;

    @Option(names = "--verbose", description = "Print stack traces of failures.")
    private boolean verbose;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help and exit.")
    private boolean help;

    Path directory() {
        return (directory == null ? Bus.defaultDirectory() : directory)
                .toAbsolutePath()
                .normalize();
    }

    boolean verbose() {
        return verbose;
    }
}
