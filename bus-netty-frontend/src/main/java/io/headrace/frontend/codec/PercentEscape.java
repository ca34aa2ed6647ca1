// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.codec;

import java.nio.charset.Charset;

/**
 * Percent escapes as Python's {@code urllib.parse} reads them: a malformed escape stands for
 * itself.
 */
final class PercentEscape {

    private PercentEscape() {}

    /**
     * The byte that two bytes or characters, as hexadecimal digits, stand for; negative if they are
     * none.
     */
    static int value(int high, int low) {
        return digit(high) << 4 | digit(low);
    }

    private static int digit(int character) {
        // The JDK knows digits outside ASCII, too; the sign of a byte is not to be taken for one.
        return (character & ~0x7F) == 0 ? Character.digit(character, 16) : -1;
    }

    /**
     * {@code urllib.parse.unquote}: escapes are decoded within runs of ASCII, other characters
     * stay. Of an escaped surrogate the JDK makes one U+FFFD, Python three.
     */
    static String unquote(String text, Charset charset) {
        if (text.indexOf('%') < 0) {
            return text;
        }
        final StringBuilder result = new StringBuilder(text.length());
        final byte[] run = new byte[text.length()];
        int length = 0;
        for (int i = 0, end = text.length(); i < end; i++) {
            final char c = text.charAt(i);
            if (c >= 0x80) {
                result.append(new String(run, 0, length, charset)).append(c);
                length = 0;
                continue;
            }
            int value = -1;
            if (c == '%' && i + 2 < end) {
                value = value(text.charAt(i + 1), text.charAt(i + 2));
            }
            run[length++] = (byte) (value < 0 ? c : value);
            i += value < 0 ? 0 : 2;
        }
        return result.append(new String(run, 0, length, charset)).toString();
    }
}
