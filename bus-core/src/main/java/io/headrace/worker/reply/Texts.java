// SPDX-License-Identifier: Apache-2.0
package io.headrace.worker.reply;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Texts as bytes of messages. */
public final class Texts {

    private Texts() {}

    /** A text in UTF-8, cut between two characters where it is longer than may be. */
    public static byte[] cut(String text, int lengthMax) {
        final byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        if (bytes.length <= lengthMax) {
            return bytes;
        }
        int length = lengthMax;
        while ((bytes[length] & 0xC0) == 0x80) {
            length--;
        }
        return Arrays.copyOf(bytes, length);
    }
}
