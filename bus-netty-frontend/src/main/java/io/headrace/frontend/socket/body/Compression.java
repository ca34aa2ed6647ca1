// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket.body;

import io.headrace.Setting;
import io.headrace.channel.name.Glob;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;

/**
 * Which responses are compressed for clients that accept that. Off by default, as elsewhere: it is
 * work of tens of microseconds a KiB, on the loop that all its clients share, and over TLS it tells
 * who listens something about a secret beside what a client has chosen (BREACH).
 *
 * @param isOn whether there is any ({@code headrace.http.compression}: {@code on} or {@code off},
 *     default off).
 * @param lengthMin shortest content in bytes, where the length is known ({@code
 *     headrace.http.compression.min}, default 1 KiB).
 */
public record Compression(boolean isOn, int lengthMin) {

    private static final String PROPERTY = "headrace.http.compression";
    private static final String MIN_PROPERTY = "headrace.http.compression.min";
    private static final List<String> WORDS = List.of("off", "on");
    // All others are compressed already, or not known.
    private static final Predicate<String> TYPES =
            Glob.of("text/*,*json*,*xml*,*javascript*,application/wasm*");

    public Compression {
        Setting.check(MIN_PROPERTY, lengthMin, 0, Integer.MAX_VALUE);
    }

    /** System properties, else defaults. */
    public static Compression fromProperties() {
        final String word = Setting.check(PROPERTY, System.getProperty(PROPERTY, "off"), WORDS);
        return new Compression(word.equals("on"), Setting.count(MIN_PROPERTY, 1 << 10));
    }

    static boolean isCompressible(String contentType) {
        return TYPES.test(contentType.toLowerCase(Locale.ROOT));
    }
}
