// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.route;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.HeadraceException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which line of a routes file is for a request, and which lines are refused. */
class RoutesTest {

    private static final Routes ROUTES =
            Routes.parse(
                    "routes",
                    """
                    # comment
                    api.example.com/v1/ -> v1

                       api.example.com  ->  all
                    *.example.com       -> shop.eu
                    /api                -> api   # behind a blank
                    /files/             -> files
                    /\u00e9             -> accent
                    /                   -> .
                    """
                            .lines()
                            .toList());

    private static String find(Routes routes, String host, String path) {
        final byte[] bytes = ("xx" + path + "yy").getBytes(StandardCharsets.UTF_8);
        return routes.find(host, bytes, 2, bytes.length - 4)
                .map(route -> "'" + route.channelPrefix() + "'")
                .orElse("none");
    }

    @ParameterizedTest
    @CsvSource({
        "api.example.com, /v1/x, 'v1.'",
        "API.Example.COM:8080, /v1/x, 'v1.'",
        "api.example.com., /v1/x, 'v1.'",
        "api.example.com, /v1, 'all.'",
        "api.example.com, /, 'all.'",
        "x.example.com, /api, 'shop.eu.'",
        "x.y.example.com, /, 'shop.eu.'",
        "example.com, /, ''",
        "xexample.com, /, ''",
        ".example.com, /, ''",
        "'', /api, 'api.'",
        "h, /api, 'api.'",
        "h, /api/, 'api.'",
        "h, /api/x, 'api.'",
        "h, /apix, ''",
        "h, /ap, ''",
        "h, /API, ''",
        "h, //api, ''",
        "h, /files, ''",
        "h, /files/, 'files.'",
        "h, /files/x, 'files.'",
        "h, /\u00e9, 'accent.'",
        "h, /\u00e9/x, 'accent.'",
        "h, /*, ''",
        "[::1]:80, /api, 'api.'",
        "[::1], /api, 'api.'"
    })
    void shouldTakeTheFirstThatMatches(String host, String path, String prefix) {
        assertEquals("'" + prefix + "'", find(ROUTES, host, path));
    }

    @Test
    void shouldFindNoneWhereNoneIs() {
        final Routes routes = Routes.parse("routes", List.of("/api -> api", "h/x -> x"));

        assertEquals("none", find(routes, "h", "/"));
        assertEquals("none", find(routes, "", ""));
        assertEquals("none", find(routes, "g", "/x"));
        assertEquals("'x.'", find(routes, "h", "/x"));
    }

    @Test
    void shouldSendEverythingToTheChannelsWithoutPrefixWithoutAFile() {
        assertEquals("''", find(Routes.all(), "h", "/x"));
        assertEquals(List.of(""), Routes.all().channelPrefixes());
    }

    @Test
    void shouldNameEachPrefixOnce() {
        final Routes routes =
                Routes.parse("routes", List.of("/a -> x", "/b -> .", "/c -> x", "/d -> y"));

        assertEquals(List.of("x.", "", "y."), routes.channelPrefixes());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/api",
                "/api ->",
                "-> api",
                "/api->api",
                "/api => api",
                "/api -> api retries",
                "/api -> api retries=3",
                "/api -> api =3",
                "/api -> api group=a/b",
                "/api -> api group=",
                "/api -> api group=* group=*",
                "api -> a/b",
                "Api.example.com -> api",
                "*example.com -> api",
                "*.*.com -> api",
                "* -> api",
                "-a.com -> api",
                "a..com -> api",
                "a.com:80 -> api",
                "/a?b -> api",
                "/a#b -> api",
                "/a\u0000b -> api",
                "/api -> ..",
                "/api -> a..b",
                "/api -> .a",
                "/api -> a.",
                "/api -> a!b",
                "/api -> \u00e9",
                "/api -> http",
                "/api -> x.websocket",
                "/api -> reply",
                "/ok -> api"
            })
    void shouldSayWhichLineIsWrong(String line) {
        final HeadraceException refused =
                assertThrows(
                        HeadraceException.class,
                        () -> Routes.parse("my-routes", List.of("", "/ok -> ok", line)));

        assertTrue(
                refused.getMessage().startsWith("routes file my-routes, line 3: "),
                refused::getMessage);
    }

    @Test
    void shouldRefuseAPrefixThatMakesTooLongAName() {
        final int longest = 200 - ".websocket.disconnect".length();
        Routes.parse("routes", List.of("/ -> " + "x".repeat(longest)));

        assertThrows(
                HeadraceException.class,
                () -> Routes.parse("routes", List.of("/ -> " + "x".repeat(longest + 1))));
    }

    @Test
    void shouldRefuseAFileThatIsAbsentEmptyOrNoText(@TempDir Path directory) throws Exception {
        final Path file = directory.resolve("routes");
        assertThrows(HeadraceException.class, () -> Routes.read(file));
        Files.writeString(file, "# nothing\n");
        assertThrows(HeadraceException.class, () -> Routes.read(file));
        Files.write(file, new byte[] {'/', (byte) 0xFF});
        assertThrows(HeadraceException.class, () -> Routes.read(file));
        Files.writeString(file, "/ -> api\n");
        assertEquals(List.of("api."), Routes.read(file).channelPrefixes());
    }
}
