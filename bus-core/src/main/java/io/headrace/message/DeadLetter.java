// SPDX-License-Identifier: Apache-2.0
package io.headrace.message;

import io.headrace.message.codec.DeadLetterDecoder;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A message that was deferred too often, and lies in the channel {@code dead.<channel>} until it is
 * put back. Valid as long as its record.
 */
public final class DeadLetter {

    private final Field reason = new Field();
    private final UnsafeBuffer record = new UnsafeBuffer(0, 0);
    private int attempts;

    DeadLetter() {}

    void wrap(UnsafeBuffer buffer, DeadLetterDecoder decoder) {
        attempts = decoder.attempts();
        final int reasonLength = decoder.skipReason();
        reason.wrap(buffer, decoder.limit() - reasonLength, reasonLength);
        final int letterLength = decoder.skipLetter();
        Message.checkLength(letterLength);
        record.wrap(buffer, decoder.limit() - letterLength, letterLength);
    }

    /** How often a handler had it. */
    public int attempts() {
        return attempts;
    }

    /** Why it was deferred the last time. */
    public String reason() {
        return reason.toString();
    }

    /**
     * The message as it was, with its delivery header; the keys of the request it belongs to are
     * inside. Whoever reads it asks {@link Message#isWhole} first, as for every record.
     */
    public UnsafeBuffer record() {
        return record;
    }
}
