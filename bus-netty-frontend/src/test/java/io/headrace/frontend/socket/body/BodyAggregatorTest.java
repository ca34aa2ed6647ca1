// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket.body;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.DefaultLastHttpContent;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpVersion;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What is kept of requests that come in pieces. */
class BodyAggregatorTest {

    private final HttpRequest head =
            new DefaultHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.POST, "/");
    private final ByteBuf half = Unpooled.wrappedBuffer(new byte[100]);
    private boolean drops;
    private final EmbeddedChannel channel =
            new EmbeddedChannel(
                    new BodyAggregator(
                            1_000, UploadOptions.fromProperties(), () -> drops, () -> true));

    @AfterEach
    void stop() {
        channel.finishAndReleaseAll();
        assertEquals(0, half.refCnt());
    }

    @Test
    void shouldPassOnPiecesOfWhatIsDropped() {
        drops = true;
        final HttpContent content = new DefaultHttpContent(half);
        channel.writeInbound(head, content);
        assertSame(head, channel.readInbound());
        assertSame(content, channel.readInbound());
        content.release();
    }

    @Test
    void shouldForgetWhatIsHalfInWhenItIsDropped() {
        channel.writeInbound(head, new DefaultHttpContent(half));
        assertNull(channel.readInbound());
        assertEquals(1, half.refCnt());
        drops = true;
        channel.writeInbound(new DefaultLastHttpContent());
        assertEquals(0, half.refCnt());
        assertInstanceOf(HttpContent.class, channel.readInbound());
        drops = false;
        channel.writeInbound(head, new DefaultLastHttpContent());
        final FullHttpRequest whole = channel.readInbound();
        assertEquals(0, whole.content().readableBytes());
        whole.release();
    }
}
