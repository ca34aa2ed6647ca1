// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.worker.IdleStrategies;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** Profiles: files of properties that a command takes before it runs. */
class ProfileTest {

    private static final String KEY = "headrace.profile.test";

    @TempDir Path directory;
    private Path profiles;

    @BeforeEach
    void findProfiles() {
        Path root = Path.of("").toAbsolutePath();
        while (!Files.isDirectory(root.resolve("bus-core"))) {
            root = root.getParent();
        }
        profiles = root.resolve("tools/conf");
        System.setProperty(CommonOptions.PROFILES_PROPERTY, profiles.toString());
    }

    @AfterEach
    void clear() {
        System.getProperties().remove(CommonOptions.PROFILES_PROPERTY);
        System.getProperties().remove(KEY);
        System.getProperties().remove(IdleStrategies.PROPERTY);
        System.getProperties().remove("headrace.loops");
        System.getProperties().remove("headrace.consumers");
        System.getProperties().remove("headrace.roll.size");
    }

    private static void take(String profile) {
        new CommandLine(new TailCommand()).parseArgs("--profile", profile);
    }

    private String problem(String profile) {
        final String problem =
                assertThrows(CommandLine.ParameterException.class, () -> take(profile))
                        .getMessage();
        assertTrue(problem.contains("'" + profile + "'"), problem);
        return problem;
    }

    private String file(String text) throws IOException {
        return Files.writeString(directory.resolve("my.properties"), text).toString();
    }

    @Test
    void shouldTakeAProfileByItsName() {
        take("low-latency");
        assertEquals("spin", System.getProperty(IdleStrategies.PROPERTY));
    }

    @Test
    void shouldTakeAnyFile() throws IOException {
        take(file("# mine\n" + KEY + " = 1\n"));
        assertEquals("1", System.getProperty(KEY));
    }

    @Test
    void shouldLeaveWhatIsSetOtherwise() throws IOException {
        System.setProperty(KEY, "mine");
        take(file(KEY + "=1"));
        assertEquals("mine", System.getProperty(KEY));
    }

    @Test
    void shouldRefuseAProfileThatIsNotThere() {
        problem("nope");
        problem(directory.resolve("nope.properties").toString());
        problem("");
    }

    @Test
    void shouldRefuseWhatIsNotHeadraces() throws IOException {
        final String file = file("java.home=/tmp");
        assertTrue(problem(file).contains("'java.home'"));
        assertFalse(System.getProperty("java.home").equals("/tmp"));
        assertNull(System.getProperty(KEY));
    }

    @Test
    void shouldKnowTheStrategyOfEachProfile() throws IOException {
        int count = 0;
        try (DirectoryStream<Path> files = Files.newDirectoryStream(profiles)) {
            for (final Path file : files) {
                System.getProperties().remove(IdleStrategies.PROPERTY);
                take(file.getFileName().toString().replace(".properties", ""));
                IdleStrategies.check(System.getProperty(IdleStrategies.PROPERTY));
                count++;
            }
        }
        assertEquals(3, count);
    }
}
