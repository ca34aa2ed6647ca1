// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map.Entry;
import java.util.Optional;

/** A response as it came over the wire; header names in lower case. */
public record HttpAnswer(String statusLine, List<Entry<String, String>> headers, byte[] body) {

    int status() {
        return Integer.parseInt(statusLine.split(" ")[1]);
    }

    String text() {
        return new String(body, StandardCharsets.UTF_8);
    }

    public Optional<String> header(String lowerCaseName) {
        final List<String> values = headers(lowerCaseName);
        assertTrue(values.size() < 2, () -> lowerCaseName + " repeats in " + this);
        return values.stream().findFirst();
    }

    List<String> headers(String lowerCaseName) {
        return headers.stream()
                .filter(header -> header.getKey().equals(lowerCaseName))
                .map(Entry::getValue)
                .toList();
    }

    /** Asserts that it is one of Headrace's own answers. */
    HttpAnswer shouldBeRefusal(int status, String reason) {
        assertEquals(status, status(), this::toString);
        assertEquals(Optional.of(reason), header("headrace-reason"), this::toString);
        assertEquals(Optional.of("text/plain"), header("content-type"), this::toString);
        assertTrue(text().startsWith(status + " "), this::toString);
        assertTrue(text().endsWith("\n") && text().length() < 100, this::toString);
        return this;
    }

    @Override
    public String toString() {
        return statusLine + " " + headers + " " + text();
    }
}
