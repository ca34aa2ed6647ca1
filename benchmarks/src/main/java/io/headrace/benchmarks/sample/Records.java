// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.sample;

import io.headrace.message.MessageType;
import org.agrona.BitUtil;
import org.agrona.BufferUtil;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * What those contenders carry that have no messages: as many bytes as Headrace's records have, the
 * number first and a mark last. Whoever reads one copies it out.
 */
public final class Records {

    public static final int REQUEST_LENGTH = recordLength(MessageType.HTTP_REQUEST);
    public static final int RESPONSE_LENGTH = recordLength(MessageType.HTTP_RESPONSE);

    private static final int MARK = 0x600D_CAFE;

    private final UnsafeBuffer out;
    private final UnsafeBuffer in;

    /**
     * @param isEcho whether responses are sent and requests received.
     */
    public Records(boolean isEcho) {
        out = aligned(isEcho ? RESPONSE_LENGTH : REQUEST_LENGTH);
        in = aligned(isEcho ? REQUEST_LENGTH : RESPONSE_LENGTH);
        out.putInt(out.capacity() - Integer.BYTES, MARK);
    }

    private static int recordLength(MessageType type) {
        return new SampleMessages("reply.f1-abc123-0!1.0").recordLength(type);
    }

    private static UnsafeBuffer aligned(int length) {
        return new UnsafeBuffer(
                BufferUtil.allocateDirectAligned(length, BitUtil.CACHE_LINE_LENGTH));
    }

    /** The record to send, with this number. */
    public UnsafeBuffer out(int number) {
        out.putInt(0, number);
        return out;
    }

    /** The record that is received into. */
    public UnsafeBuffer in() {
        return in;
    }

    /** Copies a record that has come; one in slots of 4 bytes may be that much longer. */
    public void copyIn(DirectBuffer source, int offset, int length) {
        in.putInt(in.capacity() - Integer.BYTES, 0);
        if (length >= in.capacity() && length < in.capacity() + Integer.BYTES) {
            in.putBytes(0, source, offset, in.capacity());
        }
    }

    /** The number of the record received. */
    public int number() {
        return in.getInt(0);
    }

    /** Whether the record received is whole. */
    public boolean isWhole() {
        return in.getInt(in.capacity() - Integer.BYTES) == MARK;
    }
}
