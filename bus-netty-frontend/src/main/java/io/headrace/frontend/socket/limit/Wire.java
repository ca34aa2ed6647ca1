// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket.limit;

import io.netty.buffer.ByteBuf;

/**
 * What carries a connection: a socket of its own, or one of the streams of an HTTP/2 socket. Counts
 * the bytes of the one connection, and knows where in its protocol it is.
 */
public interface Wire {

    /** Its connection looks after its client itself from now on. */
    void client(Meter.Client client);

    /** All that has been read is a whole message. */
    void onMessage();

    /** What waits for others than its client is this much longer, or shorter. */
    void queue(long length);

    /** Whether what is read from now on is dropped, and so makes nobody hold it. */
    void drops(boolean value);

    /** Whether the headers of a request have begun and not ended. */
    boolean isInHeaders();

    /** Whether the body of a request has begun and not ended. */
    boolean isInBody();

    /** How many requests have begun. */
    long requestCount();

    /** How many bytes have been read. */
    long readLength();

    /** How many bytes have been written. */
    long writtenLength();

    /** How many of them the client has not taken, as it is now. */
    long pendingLength();

    /**
     * Sends bytes at once, past the handlers, where that changes nothing: they are as they are to
     * be, and nothing waits before them.
     *
     * @return how many of them are sent; the others are to be written.
     */
    int send(ByteBuf bytes);

    /** Says that nothing more will be written; what comes is still read. */
    void endOutput();

    /** It carries bytes from now on, which go to the handlers that have been added. */
    void becomeBytes();
}
