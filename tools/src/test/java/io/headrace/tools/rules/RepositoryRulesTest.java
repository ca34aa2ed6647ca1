// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.rules;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * What the repository promises about itself. Rules about the repository ask git what it tracks, and
 * are skipped where there is no checkout; rules about sources read the source folders.
 */
class RepositoryRulesTest {

    private static final Set<String> TOP_LEVEL =
            Set.of(
                    "pom.xml",
                    "README.md",
                    "LICENSE",
                    "bus-core",
                    "bus-netty-frontend",
                    "benchmarks",
                    "tools");
    private static final List<String> PRODUCT = List.of("bus-core", "bus-netty-frontend", "tools");
    private static final int MAIN_FILE_LINES_MAX = 400;
    private static final int TEST_FILE_LINES_MAX = 600;
    private static final int PRODUCT_LINES_MAX = 16_867;
    private static final int PACKAGE_FILES_MAX = 15;
    private static final String LICENSE_LINE = "// SPDX-License-Identifier: Apache-2.0";

    private static final Pattern VAGUE_TYPE =
            Pattern.compile(
                    "^ *(?:(?:public|protected|private|static|final|abstract|sealed|non-sealed) +)*"
                            + "(?:class|@?interface|enum|record) +"
                            + "(\\w*(?:Manager|Helper|Utils?|Impl))\\b",
                    Pattern.MULTILINE);
    private static final Pattern ELSEWHERE =
            Pattern.compile(
                    "repo1\\.maven\\.org|repo\\.maven\\.apache\\.org|registry\\.npmjs\\.org"
                            + "|deb\\.debian\\.org|(?<![\\w.~-])/(?:work|root)/");

    private static final Pattern COMMENT = Pattern.compile("(?s:/\\*.*?\\*/)|(?m:^ *//.*$)");
    private static final Pattern NOT_CODE =
            Pattern.compile("|(?:import|package) .*|[\\s{}()\\[\\];,]+");

    private static Path root;
    private static List<Path> mainSources;
    private static List<Path> testSources;

    @BeforeAll
    static void findSources() throws IOException {
        root = Path.of("").toAbsolutePath();
        while (!Files.isDirectory(root.resolve("bus-core"))) {
            root = root.getParent();
        }
        mainSources = javaFiles("src/main");
        testSources = javaFiles("src/test");
        assertTrue(mainSources.size() > 0 && testSources.size() > 0, "no sources below " + root);
    }

    @Test
    void topLevelShouldHoldTheModulesAndNothingElse() throws Exception {
        Set<String> found = new TreeSet<>();
        for (String file : tracked()) {
            String top = file.split("/", 2)[0];
            if (!top.startsWith(".")) {
                found.add(top);
            }
        }
        assertEquals(new TreeSet<>(TOP_LEVEL), found);
    }

    @Test
    void gitShouldHoldNothingGenerated() throws Exception {
        assertNone(
                tracked(),
                file ->
                        file.matches("(?:.*/)?target/.*")
                                || file.contains("io/headrace/message/codec/")
                                || text(file).startsWith("/* Generated "),
                "generated files are built into target/, never committed");
    }

    @Test
    void filesShouldNameNoRegistryAndNoPathOfOneMachine() throws Exception {
        assertNone(
                tracked(),
                file -> ELSEWHERE.matcher(text(file)).find(),
                "names a package registry's host or a path of one machine");
    }

    @Test
    void sourceFilesShouldBeShort() {
        assertNone(mainSources, longerThan(MAIN_FILE_LINES_MAX), "more than 400 lines");
        assertNone(testSources, longerThan(TEST_FILE_LINES_MAX), "more than 600 lines");
    }

    @Test
    void productShouldStayWithinItsLines() {
        int total = 0;
        for (String module : PRODUCT) {
            int lineCount = 0;
            int fileCount = 0;
            for (Path file : mainSources) {
                if (root.relativize(file).startsWith(module)) {
                    lineCount += codeLines(file);
                    fileCount++;
                }
            }
            System.out.printf(
                    "%-20s %,6d lines of code in %d files%n", module, lineCount, fileCount);
            total += lineCount;
        }
        System.out.printf(
                "%-20s %,6d lines of code of %,d%n", "product code", total, PRODUCT_LINES_MAX);
        assertTrue(total > 0, "no product code found");
        assertTrue(total <= PRODUCT_LINES_MAX, "product code has " + total + " lines of code");
    }

    /**
     * Lines that say something to the compiler: no blank ones, comments, imports or lone
     * punctuation.
     */
    private static int codeLines(Path file) {
        String code = COMMENT.matcher(String.join("\n", lines(file))).replaceAll("");
        return (int)
                code.lines()
                        .map(String::strip)
                        .filter(line -> !NOT_CODE.matcher(line).matches())
                        .count();
    }

    @Test
    void sourceFilesShouldStartWithTheirLicense() {
        List<Path> all = new ArrayList<>(mainSources);
        all.addAll(testSources);
        assertNone(
                all,
                file -> lines(file).isEmpty() || !lines(file).get(0).equals(LICENSE_LINE),
                "first line is not " + LICENSE_LINE);
    }

    @Test
    void packagesShouldBeSmall() {
        Map<Path, Integer> fileCounts = new TreeMap<>();
        for (Path file : mainSources) {
            boolean counts = !file.endsWith("package-info.java");
            fileCounts.merge(file.getParent(), counts ? 1 : 0, Integer::sum);
        }
        assertNone(
                fileCounts.keySet(),
                folder -> fileCounts.get(folder) > PACKAGE_FILES_MAX,
                "more than 15 files beside package-info.java");
    }

    @Test
    void packagesShouldSayWhatLivesThere() {
        Set<Path> folders = new TreeSet<>();
        for (Path file : mainSources) {
            folders.add(file.getParent());
        }
        assertNone(
                folders,
                folder -> !Files.exists(folder.resolve("package-info.java")),
                "no package-info.java");
    }

    @Test
    void typeNamesShouldSayWhatTheTypeDoes() {
        List<Path> all = new ArrayList<>(mainSources);
        all.addAll(testSources);
        List<String> vague = new ArrayList<>();
        for (Path file : all) {
            Matcher matcher = VAGUE_TYPE.matcher(String.join("\n", lines(file)));
            while (matcher.find()) {
                vague.add(matcher.group(1) + " in " + root.relativize(file));
            }
        }
        assertTrue(vague.isEmpty(), () -> "say what the type does: " + vague);
    }

    private static <T> void assertNone(Iterable<T> things, Predicate<T> breaks, String rule) {
        List<String> broken = new ArrayList<>();
        for (T thing : things) {
            if (breaks.test(thing)) {
                broken.add(thing instanceof Path path ? root.relativize(path) + "" : thing + "");
            }
        }
        assertTrue(broken.isEmpty(), () -> rule + ":\n" + String.join("\n", broken));
    }

    private static Predicate<Path> longerThan(int lineCountMax) {
        return file -> lines(file).size() > lineCountMax;
    }

    private static List<Path> javaFiles(String folder) throws IOException {
        List<Path> files = new ArrayList<>();
        for (String module : TOP_LEVEL) {
            Path start = root.resolve(module).resolve(folder);
            if (Files.isDirectory(start)) {
                try (Stream<Path> found = Files.walk(start)) {
                    found.filter(file -> file.toString().endsWith(".java")).forEach(files::add);
                }
            }
        }
        files.sort(null);
        return files;
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file);
        } catch (IOException e) {
            throw new AssertionError("cannot read " + file, e);
        }
    }

    /** The bytes of a tracked file as characters, also where they are no text. */
    private static String text(String file) {
        try {
            return Files.readString(root.resolve(file), ISO_8859_1);
        } catch (IOException e) {
            throw new AssertionError("cannot read " + file, e);
        }
    }

    /** The files that git tracks and that are there. */
    private static List<String> tracked() throws IOException, InterruptedException {
        assumeTrue(Files.exists(root.resolve(".git")), "no git checkout");
        Process git;
        try {
            git =
                    new ProcessBuilder("git", "ls-files", "-z")
                            .directory(root.toFile())
                            .redirectError(ProcessBuilder.Redirect.DISCARD)
                            .start();
        } catch (IOException e) {
            assumeTrue(false, "no git: " + e.getMessage());
            throw e;
        }
        String output = new String(git.getInputStream().readAllBytes(), UTF_8);
        assumeTrue(git.waitFor() == 0, "git does not list this checkout");
        assumeTrue(!output.isEmpty(), "git tracks nothing yet");
        return Stream.of(output.split("\0"))
                .filter(file -> Files.isRegularFile(root.resolve(file)))
                .toList();
    }
}
