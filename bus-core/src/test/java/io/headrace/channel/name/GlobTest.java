// SPDX-License-Identifier: Apache-2.0
package io.headrace.channel.name;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GlobTest {

    @ParameterizedTest
    @CsvSource({
        "http.request, http.request, true",
        "http.request, http.reques, false",
        "http.request, http.requests, false",
        "http.request, xhttp.request, false",
        "http.request, httpxrequest, false",
        "http.request, HTTP.REQUEST, false",
        "http.*, http., true",
        "http.*, http.request, true",
        "http.*, http.disconnect, true",
        "http.*, http, false",
        "http.*, api.http.request, false",
        "*.request, .request, true",
        "*.request, api.http.request, true",
        "*.request, http.request2, false",
        "*, a, true",
        "*, http.request, true",
        "**, a, true",
        "a*b*c, abc, true",
        "a*b*c, a.b.b.c, true",
        "a*b*c, acb, false",
        "*http*, api.http.request, true",
        "*http*, websocket.connect, false",
        "'http.request,websocket.*', websocket.connect, true",
        "'http.request,websocket.*', http.request, true",
        "'http.request,websocket.*', http.disconnect, false",
        "' http.request , websocket.* ', http.request, true",
        "',,http.request,,', http.request, true",
        "'', http.request, false",
        "',', http.request, false",
        "' ', http.request, false",
        "'', '', false"
    })
    void shouldMatchTheWholeName(String patterns, String name, boolean matches) {
        assertEquals(matches, Glob.of(patterns).test(name));
    }

    @Test
    void shouldTakeEveryOtherSignForItself() {
        for (final String sign : "? + [a] ( ) ^ $ { } \\ | \\E \\Q . a{1} [^x]".split(" ")) {
            assertEquals(true, Glob.of(sign).test(sign), sign);
            assertFalse(Glob.of(sign).test("x"), sign);
            assertFalse(Glob.of(sign).test(""), sign);
            assertEquals(true, Glob.of("*" + sign).test("any" + sign), sign);
        }
    }
}
