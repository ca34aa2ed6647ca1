// SPDX-License-Identifier: Apache-2.0
package io.headrace.message;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * A reusable view of one field's bytes inside a message: the allocation-free way to a text. It is
 * valid as long as the message is, which is until the handler returns; {@link #toString()} and
 * {@link #toBytes()} copy.
 */
public final class Field {

    private final Charset charset;
    private DirectBuffer buffer;
    private int offset;
    private int length;

    Field() {
        this(StandardCharsets.UTF_8);
    }

    Field(Charset charset) {
        this.charset = charset;
    }

    Field wrap(DirectBuffer source, int fieldOffset, int fieldLength) {
        Message.checkLength(fieldLength);
        buffer = source;
        offset = fieldOffset;
        length = fieldLength;
        return this;
    }

    /** The buffer that holds the field, at {@link #offset()} and for {@link #length()} bytes. */
    public DirectBuffer buffer() {
        return buffer;
    }

    public int offset() {
        return offset;
    }

    /** Length in bytes. */
    public int length() {
        return length;
    }

    public byte byteAt(int index) {
        return buffer.getByte(offset + index);
    }

    /** Whether the field is exactly this ASCII text; allocates nothing. */
    public boolean contentEquals(CharSequence ascii) {
        return ascii.length() == length && startsWith(ascii);
    }

    /** Whether the field begins with this ASCII text; allocates nothing. */
    public boolean startsWith(CharSequence ascii) {
        final int prefixLength = ascii.length();
        if (prefixLength > length) {
            return false;
        }
        for (int i = 0; i < prefixLength; i++) {
            if ((buffer.getByte(offset + i) & 0xFF) != ascii.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    /** Whether the field is this ASCII text but for the case of letters; allocates nothing. */
    public boolean equalsIgnoreCase(CharSequence ascii) {
        if (ascii.length() != length) {
            return false;
        }
        for (int i = 0; i < length; i++) {
            if (lower(buffer.getByte(offset + i) & 0xFF) != lower(ascii.charAt(i))) {
                return false;
            }
        }
        return true;
    }

    /** Copies the bytes to another buffer and returns their number. */
    public int copyTo(MutableDirectBuffer target, int targetOffset) {
        target.putBytes(targetOffset, buffer, offset, length);
        return length;
    }

    public byte[] toBytes() {
        final byte[] bytes = new byte[length];
        buffer.getBytes(offset, bytes);
        return bytes;
    }

    /** The text: UTF-8, or ISO-8859-1 for header names and values. */
    @Override
    public String toString() {
        return length == 0 ? "" : new String(toBytes(), charset);
    }

    private static int lower(int value) {
        return value >= 'A' && value <= 'Z' ? value + 32 : value;
    }
}
