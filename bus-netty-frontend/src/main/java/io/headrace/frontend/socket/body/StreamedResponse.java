// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket.body;

import io.headrace.message.Part;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpUtil;
import java.util.ArrayDeque;

/**
 * A response whose content comes from its worker in parts. What is on its way from the worker to
 * the client is bounded by the worker, which asks the connection table how much the client has
 * taken.
 */
public final class StreamedResponse {

    private final HttpResponse head;
    private final long contentLength;
    private final String worker;
    private final ArrayDeque<ByteBuf> parts = new ArrayDeque<>();
    private boolean headWritten;
    private int nextNumber;
    private long receivedLength;
    private long takenLength;
    // MORE until the last part has come.
    private Part.State state = Part.State.MORE;

    /**
     * @param contentLength of all parts together; -1 when it is not known.
     * @param worker id of the member that sends the parts.
     */
    public StreamedResponse(HttpResponse head, long contentLength, String worker) {
        this.head = head;
        this.contentLength = contentLength;
        this.worker = worker;
    }

    public HttpResponse head() {
        return head;
    }

    public String worker() {
        return worker;
    }

    /** Whether the next part has this number. */
    public boolean isNext(int number) {
        return number == nextNumber;
    }

    /** Takes the next part; its content is this object's to release. */
    public void add(ByteBuf content, Part.State partState) {
        nextNumber++;
        receivedLength += content.readableBytes();
        final long excess = contentLength < 0 ? 0 : Math.max(0, receivedLength - contentLength);
        final boolean isShort = partState == Part.State.LAST && receivedLength < contentLength;
        state = excess > 0 || isShort ? Part.State.BROKEN : partState;
        // The client would take it for the next response (RFC 9112, section 6.3).
        content.writerIndex((int) Math.max(content.readerIndex(), content.writerIndex() - excess));
        if (content.isReadable()) {
            parts.add(content);
        } else {
            content.release();
        }
    }

    /** How much content has come so far. */
    public long receivedLength() {
        return receivedLength;
    }

    /** No more will come: its worker is dead, or sends parts out of order. */
    public void breakOff() {
        state = Part.State.BROKEN;
    }

    public Part.State state() {
        return state;
    }

    /** Whether the client can tell the end of the response from anything but the connection's. */
    public boolean isDelimited() {
        return contentLength >= 0 || HttpUtil.isTransferEncodingChunked(head);
    }

    /** Whether the head is being written for the first time. */
    public boolean beginHead() {
        final boolean first = !headWritten;
        headWritten = true;
        return first;
    }

    public boolean isHeadWritten() {
        return headWritten;
    }

    /** The next content to write, or null. */
    public ByteBuf poll() {
        return parts.poll();
    }

    /** The client has taken so much more; returns how much in all. */
    public long taken(int length) {
        takenLength += length;
        return takenLength;
    }

    public void release() {
        while (!parts.isEmpty()) {
            parts.poll().release();
        }
    }
}
