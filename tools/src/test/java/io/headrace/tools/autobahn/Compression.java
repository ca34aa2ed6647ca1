// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.autobahn;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;

/** A client's half of permessage-deflate (RFC 7692, section 7.2). */
final class Compression implements AutoCloseable {

    // What ends a flushed message, and is not sent.
    private static final byte[] TAIL = {0, 0, (byte) 0xFF, (byte) 0xFF};

    private final boolean deflatesOn;
    private final boolean inflatesOn;
    private final Deflater deflater = new Deflater(Deflater.BEST_SPEED, true);
    private final Inflater inflater = new Inflater(true);
    private final byte[] part = new byte[1 << 16];

    /**
     * @param deflatesOn whether a message that is sent may refer to earlier ones.
     * @param inflatesOn whether one that comes may.
     */
    Compression(boolean deflatesOn, boolean inflatesOn) {
        this.deflatesOn = deflatesOn;
        this.inflatesOn = inflatesOn;
    }

    byte[] deflate(byte[] message) {
        if (!deflatesOn) {
            deflater.reset();
        }
        deflater.setInput(message);
        final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        int length = part.length;
        while (length == part.length) {
            length = deflater.deflate(part, 0, part.length, Deflater.SYNC_FLUSH);
            bytes.write(part, 0, length);
        }
        return Arrays.copyOf(bytes.toByteArray(), bytes.size() - TAIL.length);
    }

    byte[] inflate(byte[] compressed) {
        if (!inflatesOn) {
            inflater.reset();
        }
        final byte[] whole = Arrays.copyOf(compressed, compressed.length + TAIL.length);
        System.arraycopy(TAIL, 0, whole, compressed.length, TAIL.length);
        inflater.setInput(whole);
        final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            for (int length = inflater.inflate(part); length > 0; length = inflater.inflate(part)) {
                bytes.write(part, 0, length);
            }
        } catch (final DataFormatException e) {
            throw new AssertionError(e);
        }
        return bytes.toByteArray();
    }

    @Override
    public void close() {
        deflater.end();
        inflater.end();
    }
}
