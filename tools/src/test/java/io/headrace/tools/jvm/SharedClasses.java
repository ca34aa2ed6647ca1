// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.jvm;

import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import org.agrona.IoUtil;

/**
 * This JVM's class path with an archive of class data, made once by each JVM of tests and mapped by
 * all that it starts: a third of their start. There may only be jars in such a class path, so
 * folders are packed. A JVM that cannot use the archive starts as it would without.
 */
public final class SharedClasses {

    private static final SharedClasses INSTANCE = new SharedClasses();
    private static final String MAIN = "io.headrace.tools.HeadraceMain";

    private final Path directory;
    private final String classPath;
    private final Path archive;

    private SharedClasses() {
        try {
            directory = Files.createTempDirectory(Path.of("target"), "classes").toAbsolutePath();
            Runtime.getRuntime()
                    .addShutdownHook(new Thread(() -> IoUtil.delete(directory.toFile(), true)));
            classPath = pack(System.getProperty("java.class.path"));
            archive = directory.resolve("archive");
            make();
        } catch (final IOException | InterruptedException e) {
            throw new AssertionError("no class data", e);
        }
    }

    /** What a JVM is started with, followed by more flags or a main class. */
    public static List<String> java() {
        final List<String> command = INSTANCE.command("-XX:SharedArchiveFile=" + INSTANCE.archive);
        command.addAll(List.of("-cp", INSTANCE.classPath));
        return command;
    }

    private List<String> command(String... flags) {
        final List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(flags());
        command.addAll(List.of(flags));
        return command;
    }

    /**
     * This JVM's own flags but for its heap and its agents, and what makes short-lived JVMs start
     * fast, of which verifying classes is a fifth.
     */
    private static List<String> flags() {
        final List<String> flags = new ArrayList<>();
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(flag -> !flag.startsWith("-Xm") && !flag.matches("-(java)?agent.*"))
                .filter(flag -> !flag.startsWith("-Dsurefire"))
                .forEach(flags::add);
        flags.addAll(List.of("-Xmx192m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
        flags.addAll(List.of("-XX:+UnlockDiagnosticVMOptions", "-XX:-BytecodeVerificationRemote"));
        return flags;
    }

    private void make() throws IOException, InterruptedException {
        final Path list = directory.resolve("list");
        final List<String> frontEnd = command("-XX:DumpLoadedClassList=" + list);
        frontEnd.addAll(List.of("-cp", classPath, MAIN, "frontend", "--port", "0"));
        frontEnd.addAll(List.of("--bus", directory.resolve("bus").toString()));
        final Process listing = start(frontEnd);
        listing.inputReader().readLine();
        listing.destroy();
        listing.waitFor();
        final List<String> dump =
                command(
                        "-Xshare:dump",
                        "-XX:SharedClassListFile=" + list,
                        "-XX:SharedArchiveFile=" + archive);
        dump.addAll(List.of("-cp", classPath));
        final Process dumping = start(dump);
        dumping.inputReader().lines().forEach(line -> {});
        if (dumping.waitFor() != 0) {
            throw new IOException(Files.readString(directory.resolve("errors")));
        }
    }

    private Process start(List<String> command) throws IOException {
        return new ProcessBuilder(command)
                .redirectError(directory.resolve("errors").toFile())
                .start();
    }

    private String pack(String folders) throws IOException {
        final List<String> jars = new ArrayList<>();
        for (final String entry : folders.split(File.pathSeparator)) {
            final Path path = Path.of(entry);
            if (Files.isDirectory(path)) {
                final Path jar = directory.resolve("classes-" + jars.size() + ".jar");
                pack(path, jar);
                jars.add(jar.toString());
            } else if (Files.exists(path)) {
                jars.add(entry);
            }
        }
        return String.join(File.pathSeparator, jars);
    }

    private static void pack(Path folder, Path jar) throws IOException {
        try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar));
                Stream<Path> files = Files.walk(folder)) {
            for (final Path file : files.filter(Files::isRegularFile).toList()) {
                out.putNextEntry(
                        new JarEntry(folder.relativize(file).toString().replace('\\', '/')));
                Files.copy(file, out);
                out.closeEntry();
            }
        }
    }
}
