// SPDX-License-Identifier: Apache-2.0
package io.headrace.worker.reply;

import io.headrace.message.Field;

/**
 * Gets the body of a request that comes in parts, on the thread of the consumer that has the
 * request. What it has got counts as consumed when the method returns, and only then does the
 * client send more: a slow receiver slows its client down, and nobody else.
 */
public interface UploadReceiver {

    /**
     * A part of the body, at most 256 KiB.
     *
     * @param content valid until the method returns.
     */
    void onPart(Field content) throws Exception;

    /**
     * The body is complete.
     *
     * @param reply to the request, which may have been sent already.
     */
    void onEnd(HttpReply reply) throws Exception;

    /** The client has left in the middle of the body. */
    default void onAbandoned() throws Exception {}
}
