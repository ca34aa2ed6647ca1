// SPDX-License-Identifier: Apache-2.0
package io.headrace.message.encode;

import java.util.Arrays;

/**
 * A growing byte array into which the fields of one request are written one after the other. A
 * finished field is a <i>slice</i>: its offset in the upper, its length in the lower half of a
 * long, so that nothing is allocated for it.
 *
 * <p>Used by one thread; {@link #clear()} makes it new again without giving its memory back.
 */
public final class TextBuffer {

    /** The empty slice. */
    public static final long EMPTY = 0L;

    private static final byte[] REPLACEMENT = {(byte) 0xEF, (byte) 0xBF, (byte) 0xBD};

    private byte[] bytes;
    private int begin;
    private int position;

    /** For all the fields of a request. */
    public TextBuffer() {
        this(4096);
    }

    /**
     * @param length at first, bytes.
     */
    TextBuffer(int length) {
        bytes = new byte[length];
    }

    /** The array that slices point into. It may be another one after the next {@code put}. */
    public byte[] array() {
        return bytes;
    }

    /** Number of bytes written since {@link #clear()}. */
    public int position() {
        return position;
    }

    public void clear() {
        begin = 0;
        position = 0;
    }

    /** Starts a new field. */
    public void begin() {
        begin = position;
    }

    public void put(byte value) {
        if (position == bytes.length) {
            grow(1);
        }
        bytes[position++] = value;
    }

    public void put(byte[] source, int offset, int length) {
        if (length > bytes.length - position) {
            grow(length);
        }
        System.arraycopy(source, offset, bytes, position, length);
        position += length;
    }

    /**
     * Puts each character's low byte: for text that is ASCII or stands for the bytes of ISO-8859-1.
     */
    @SuppressWarnings("deprecation") // That it takes low bytes only is what is wanted.
    public void putLatin1(String source, int from, int to) {
        if (to - from > bytes.length - position) {
            grow(to - from);
        }
        source.getBytes(from, to, bytes, position);
        position += to - from;
    }

    public void putLatin1(String source) {
        putLatin1(source, 0, source.length());
    }

    /** Puts a code point in UTF-8. */
    public void putCodePoint(int codePoint) {
        if (codePoint < 0x80) {
            put((byte) codePoint);
        } else if (codePoint < 0x800) {
            put((byte) (0xC0 | codePoint >> 6));
            put((byte) (0x80 | codePoint & 0x3F));
        } else if (codePoint < 0x10000) {
            put((byte) (0xE0 | codePoint >> 12));
            put((byte) (0x80 | codePoint >> 6 & 0x3F));
            put((byte) (0x80 | codePoint & 0x3F));
        } else {
            put((byte) (0xF0 | codePoint >> 18));
            put((byte) (0x80 | codePoint >> 12 & 0x3F));
            put((byte) (0x80 | codePoint >> 6 & 0x3F));
            put((byte) (0x80 | codePoint & 0x3F));
        }
    }

    /** Ends the field as it is. */
    public long end() {
        return slice(begin, position - begin);
    }

    /**
     * Ends the field as valid UTF-8: every maximal part of an ill-formed sequence becomes one
     * U+FFFD (Unicode 15, section 3.9, "substitution of maximal subparts", which is what Python's
     * {@code errors="replace"} does).
     */
    public long endUtf8() {
        final int invalid = firstInvalid(bytes, begin, position);
        if (invalid < position) {
            final byte[] raw = Arrays.copyOfRange(bytes, invalid, position);
            position = invalid;
            for (int i = 0; i < raw.length; ) {
                final int length = sequenceLength(raw, i, raw.length);
                if (length > 0) {
                    put(raw, i, length);
                    i += length;
                } else {
                    put(REPLACEMENT, 0, REPLACEMENT.length);
                    i -= length;
                }
            }
        }
        return end();
    }

    /**
     * Offset of the first byte that does not belong to a well-formed UTF-8 sequence, or {@code to}.
     */
    public static int firstInvalid(byte[] bytes, int from, int to) {
        int i = from;
        while (i < to) {
            if (bytes[i] >= 0) {
                i++;
                continue;
            }
            final int length = sequenceLength(bytes, i, to);
            if (length < 0) {
                return i;
            }
            i += length;
        }
        return to;
    }

    /**
     * Length of the well-formed sequence at {@code i}, or minus the length of the ill-formed
     * maximal subpart.
     */
    static int sequenceLength(byte[] bytes, int i, int to) {
        final int lead = bytes[i] & 0xFF;
        if (lead < 0x80) {
            return 1;
        }
        // Unicode 15, table 3-7: the second byte's range depends on the first.
        final int trailing;
        int low = 0x80;
        int high = 0xBF;
        if (lead >= 0xC2 && lead <= 0xDF) {
            trailing = 1;
        } else if (lead >= 0xE0 && lead <= 0xEF) {
            trailing = 2;
            low = lead == 0xE0 ? 0xA0 : 0x80;
            high = lead == 0xED ? 0x9F : 0xBF;
        } else if (lead >= 0xF0 && lead <= 0xF4) {
            trailing = 3;
            low = lead == 0xF0 ? 0x90 : 0x80;
            high = lead == 0xF4 ? 0x8F : 0xBF;
        } else {
            return -1;
        }
        for (int k = 1; k <= trailing; k++) {
            final int next = i + k < to ? bytes[i + k] & 0xFF : -1;
            if (next < low || next > high) {
                return -k;
            }
            low = 0x80;
            high = 0xBF;
        }
        return trailing + 1;
    }

    public static long slice(int offset, int length) {
        return (long) offset << 32 | length;
    }

    public static int offset(long slice) {
        return (int) (slice >>> 32);
    }

    public static int length(long slice) {
        return (int) slice;
    }

    private void grow(int length) {
        bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, Math.addExact(position, length)));
    }
}
