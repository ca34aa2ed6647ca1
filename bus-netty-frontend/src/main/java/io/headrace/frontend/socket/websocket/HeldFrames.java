// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket.websocket;

import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.function.LongConsumer;
import java.util.function.Predicate;

/**
 * What a client has sent and its channel had no room for, in order: few frames, since its socket is
 * not read meanwhile. A close is the last. One thread.
 */
public final class HeldFrames {

    private static final long HELD_MAX_NS = 5_000_000_000L;

    private final Queue<WebSocketFrame> frames = new ArrayDeque<>();
    private final LongConsumer onHeld;
    private long sinceNs;
    private boolean hasClose;

    /**
     * @param onHeld told how many bytes more are kept, or fewer.
     */
    public HeldFrames(LongConsumer onHeld) {
        this.onHeld = onHeld;
    }

    public boolean isEmpty() {
        return frames.isEmpty();
    }

    /** Keeps a frame. */
    public void add(WebSocketFrame frame, long nowNs) {
        sinceNs = frames.isEmpty() ? nowNs : sinceNs;
        frames.add(frame.retain());
        onHeld.accept(frame.content().readableBytes());
        hasClose |= frame instanceof CloseWebSocketFrame;
    }

    /** Whether the client has closed, and awaits the answer. */
    public boolean hasClose() {
        return hasClose;
    }

    /** Hands frames on until one is not taken. */
    public void pass(Predicate<WebSocketFrame> taker) {
        while (!frames.isEmpty() && taker.test(frames.peek())) {
            final WebSocketFrame frame = frames.poll();
            onHeld.accept(-frame.content().readableBytes());
            frame.release();
        }
    }

    /** Whether its client has waited for as long as it may. */
    public boolean isOverdue(long nowNs) {
        return nowNs - sinceNs >= HELD_MAX_NS;
    }

    public void release() {
        pass(frame -> true);
    }
}
