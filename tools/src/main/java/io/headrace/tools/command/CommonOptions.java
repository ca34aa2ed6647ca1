// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.command;

import io.headrace.channel.Bus;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Properties;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/** The options that every command has. */
final class CommonOptions {

    /** Where the launcher says that the profiles are. */
    static final String PROFILES_PROPERTY = "headrace.profiles";

    private static final String PREFIX = "headrace.";

    @CommandLine.Spec(CommandLine.Spec.Target.MIXEE)
    private CommandLine.Model.CommandSpec spec;

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

    private String profile;

    /** Read at once: defaults are taken from the properties when the command runs. */
    @Option(
            names = "--profile",
            paramLabel = "NAME",
            description =
                    "A file of properties headrace.*, or the name of one in tools/conf: low-latency,"
                            + " small-machine or many-cores. What is set otherwise goes before it."
                            + " Default: none")
    void profile(String name) {
        profile = name;
        final Path file =
                name.indexOf('.') < 0 && name.indexOf('/') < 0
                        ? Path.of(System.getProperty(PROFILES_PROPERTY, "."), name + ".properties")
                        : Path.of(name);
        final Properties properties = new Properties();
        try (Reader reader = Files.newBufferedReader(file)) {
            properties.load(reader);
        } catch (final IOException | IllegalArgumentException e) {
            throw refusal("cannot be read: " + e);
        }
        for (final String key : properties.stringPropertyNames()) {
            if (!key.startsWith(PREFIX)) {
                throw refusal("has '" + key + "', which is none of " + PREFIX + "*");
            }
            System.getProperties().putIfAbsent(key, properties.getProperty(key));
        }
    }

    private CommandLine.ParameterException refusal(String problem) {
        return new CommandLine.ParameterException(
                spec.commandLine(), "profile '" + profile + "' " + problem);
    }

    Optional<String> profile() {
        return Optional.ofNullable(profile);
    }

    Path directory() {
        return (directory == null ? Bus.defaultDirectory() : directory)
                .toAbsolutePath()
                .normalize();
    }

    boolean verbose() {
        return verbose;
    }
}
