// SPDX-License-Identifier: Apache-2.0
package io.headrace.message;

import io.headrace.message.codec.HttpRequestPartDecoder;
import io.headrace.message.codec.HttpResponsePartDecoder;
import org.agrona.concurrent.UnsafeBuffer;

/** A part of a body that does not fit one message, of a request or of a response. */
public final class Part {

    /** What follows a part. The order is the schema's. */
    public enum State {
        /** Another one. */
        MORE,
        /** Nothing: the body is complete. */
        LAST,
        /** Nothing: whoever sent it has given up. */
        BROKEN
    }

    /** Largest content of a part, in bytes. */
    public static final int LENGTH_MAX = 256 << 10;

    private static final State[] STATES = State.values();

    private final Field content = new Field();
    private int number;
    private State state = State.MORE;

    Part() {}

    int wrap(UnsafeBuffer buffer, HttpResponsePartDecoder decoder) {
        number = decoder.number();
        state = STATES[Math.min(decoder.stateRaw(), STATES.length - 1)];
        final int length = decoder.skipContent();
        content.wrap(buffer, decoder.limit() - length, length);
        return decoder.limit();
    }

    int wrap(UnsafeBuffer buffer, HttpRequestPartDecoder decoder) {
        number = decoder.number();
        state = STATES[Math.min(decoder.stateRaw(), STATES.length - 1)];
        final int length = decoder.skipContent();
        content.wrap(buffer, decoder.limit() - length, length);
        return decoder.limit();
    }

    /** Which part of its body it is, from 0. */
    public int number() {
        return number;
    }

    public State state() {
        return state;
    }

    /** Its bytes; may be none. */
    public Field content() {
        return content;
    }
}
