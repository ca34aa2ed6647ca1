// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.headrace.member.Member;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/**
 * The public suite of HTTP/2 and HPACK, with its strict cases, against a front end and a worker.
 * Its program is for one platform only, and comes from a Maven plugin.
 */
class H2specTest {

    private static final String PROGRAM = "/h2spec/2.2.0/h2spec_linux_amd64.tar.gz";

    @RegisterExtension
    static final RunningBus bus =
            new RunningBus(it -> it.frontEndAndWorker("--app", AwkwardApplication.class.getName()));

    @TempDir Path directory;

    @Test
    void shouldPassEveryCase() throws Exception {
        assumeTrue(
                System.getProperty("os.name").equals("Linux")
                        && System.getProperty("os.arch").equals("amd64"),
                "h2spec is for Linux on amd64");
        final Path archive = directory.resolve("h2spec.tar.gz");
        try (InputStream program = H2specTest.class.getResourceAsStream(PROGRAM)) {
            Files.copy(program, archive);
        }
        run("tar", "-xzf", archive.toString(), "-C", directory.toString());
        final Path report = directory.resolve("report.xml");
        run(
                directory.resolve("h2spec").toString(),
                "--strict",
                // Its 2 s are too few where answers wait for a processor.
                "--timeout",
                "20",
                "--port",
                "" + bus.port(),
                "--path",
                "/length?value=100",
                "--junit-report",
                report.toString());
        final List<String> failed = new ArrayList<>();
        final NodeList cases =
                DocumentBuilderFactory.newInstance()
                        .newDocumentBuilder()
                        .parse(report.toFile())
                        .getElementsByTagName("testcase");
        for (int i = 0; i < cases.getLength(); i++) {
            final Element testCase = (Element) cases.item(i);
            if (testCase.getElementsByTagName("*").getLength() > 0) {
                failed.add(
                        testCase.getAttribute("package")
                                + " "
                                + testCase.getAttribute("classname")
                                + " "
                                + testCase.getTextContent());
            }
        }
        System.out.println(cases.getLength() + " cases of h2spec, " + failed.size() + " failed");
        assertEquals(List.of(), failed);
        assertTrue(cases.getLength() > 140, "only " + cases.getLength() + " cases");
        assertEquals(List.of(), bus.errors(Member.Kind.FRONT_END));
    }

    private void run(String... command) throws Exception {
        final Path output = directory.resolve("output");
        final Process process =
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(output.toFile())
                        .start();
        try {
            assertTrue(process.waitFor(Await.DEADLINE_MS, TimeUnit.MILLISECONDS), command[0]);
            System.out.println(Files.readString(output));
        } finally {
            process.destroyForcibly();
        }
    }
}
