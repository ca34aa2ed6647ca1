// SPDX-License-Identifier: Apache-2.0
package io.headrace.message.encode;

import io.headrace.message.Part;
import io.headrace.message.codec.HttpRequestPartEncoder;
import io.headrace.message.codec.HttpResponsePartEncoder;
import io.headrace.message.codec.MessageHeaderEncoder;
import io.headrace.message.codec.PartState;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Encodes the parts of bodies that do not fit one message.
 *
 * <p>Not thread-safe; one per writer. Allocates nothing.
 */
public final class PartEncoder {

    private static final int HEADER = MessageHeaderEncoder.ENCODED_LENGTH;

    private final MessageHeaderEncoder header = new MessageHeaderEncoder();
    private final HttpResponsePartEncoder response = new HttpResponsePartEncoder();
    private final HttpRequestPartEncoder request = new HttpRequestPartEncoder();

    /** Encoded length of a part of a request or a response. */
    public static int partLength(int contentLength) {
        return HEADER + HttpResponsePartEncoder.BLOCK_LENGTH + 4 + contentLength;
    }

    /** Encodes a part of a response and returns its length. */
    public int encodeResponsePart(
            UnsafeBuffer buffer,
            int offset,
            int number,
            Part.State state,
            UnsafeBuffer content,
            int contentOffset,
            int contentLength) {
        response.wrapAndApplyHeader(buffer, offset, header)
                .number(number)
                .state(PartState.get((short) state.ordinal()))
                .putContent(content, contentOffset, contentLength);
        return HEADER + response.encodedLength();
    }

    /** Encodes a part of a request and returns its length. */
    public int encodeRequestPart(
            UnsafeBuffer buffer,
            int offset,
            int number,
            Part.State state,
            UnsafeBuffer content,
            int contentOffset,
            int contentLength) {
        request.wrapAndApplyHeader(buffer, offset, header)
                .number(number)
                .state(PartState.get((short) state.ordinal()))
                .putContent(content, contentOffset, contentLength);
        return HEADER + request.encodedLength();
    }
}
