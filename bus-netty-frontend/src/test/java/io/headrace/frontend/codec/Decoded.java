// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.codec;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Map.entry;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.headrace.message.encode.PairList;
import io.headrace.message.encode.RequestKeys;
import io.headrace.message.encode.TextBuffer;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map.Entry;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Reads decoded keys back as values that can be compared; every text is checked to be valid UTF-8.
 */
final class Decoded {

    /** An uploaded file; its content as ISO-8859-1. */
    record File(String key, String name, String contentType, String content) {}

    private Decoded() {}

    static String text(RequestKeys keys, long slice) {
        final byte[] bytes = bytes(keys, slice);
        assertEquals(bytes.length, TextBuffer.firstInvalid(bytes, 0, bytes.length), "valid UTF-8");
        return new String(bytes, UTF_8);
    }

    static List<Entry<String, String>> pairs(RequestKeys keys, PairList list) {
        final List<Entry<String, String>> pairs = new ArrayList<>();
        for (int i = 0; i < list.count(); i++) {
            pairs.add(entry(text(keys, list.key(i)), text(keys, list.value(i))));
        }
        return pairs;
    }

    /** Pairs from alternating keys and values. */
    static List<Entry<String, String>> pairs(String... keysAndValues) {
        final List<Entry<String, String>> pairs = new ArrayList<>();
        for (int i = 0; i < keysAndValues.length; i += 2) {
            pairs.add(entry(keysAndValues[i], keysAndValues[i + 1]));
        }
        return pairs;
    }

    static List<File> files(RequestKeys keys) {
        final List<File> files = new ArrayList<>();
        final PairList list = keys.files();
        for (int i = 0; i < list.count(); i += 2) {
            files.add(
                    new File(
                            text(keys, list.key(i)),
                            text(keys, list.value(i)),
                            text(keys, list.key(i + 1)),
                            new String(bytes(keys, list.value(i + 1)), ISO_8859_1)));
        }
        return files;
    }

    /**
     * Puts a body, whose characters stand for bytes, into memory as Netty does: off heap, at an odd
     * offset.
     */
    static RequestKeys body(RequestKeys keys, String latin1) {
        final byte[] bytes = latin1.getBytes(ISO_8859_1);
        final ByteBuffer direct = ByteBuffer.allocateDirect(bytes.length + 3);
        direct.position(3);
        direct.put(bytes);
        return keys.body(new UnsafeBuffer(direct), 3, bytes.length);
    }

    /** The bytes of a text in UTF-8, each as one character. */
    static String utf8(String text) {
        return new String(text.getBytes(UTF_8), ISO_8859_1);
    }

    private static byte[] bytes(RequestKeys keys, long slice) {
        final int offset = TextBuffer.offset(slice);
        return Arrays.copyOfRange(keys.text().array(), offset, offset + TextBuffer.length(slice));
    }
}
