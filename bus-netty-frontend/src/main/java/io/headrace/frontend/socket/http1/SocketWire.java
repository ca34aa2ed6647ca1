// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket.http1;

import io.headrace.frontend.socket.limit.Meter;
import io.headrace.frontend.socket.limit.Wire;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.socket.DuplexChannel;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.unix.UnixChannel;
import io.netty.handler.codec.http.HttpResponseEncoder;
import io.netty.handler.ssl.SslHandler;
import java.io.IOException;

/** A socket that carries one connection: HTTP/1, or what has become of it. */
public final class SocketWire implements Wire {

    private final DuplexChannel channel;
    // Null when bytes do not go to the socket as they are.
    private final FileDescriptor socket;
    private final Meter meter;
    private final StrictRequestDecoder decoder;

    /**
     * @param channel has its handlers.
     */
    public SocketWire(Channel channel) {
        this.channel = (DuplexChannel) channel;
        this.socket =
                channel instanceof UnixChannel unix
                                && channel.pipeline().get(SslHandler.class) == null
                        ? unix.fd()
                        : null;
        this.meter = Meter.of(channel);
        this.decoder = channel.pipeline().get(StrictRequestDecoder.class);
    }

    @Override
    public void client(Meter.Client client) {
        meter.client(client);
    }

    @Override
    public void onMessage() {
        meter.onMessage();
    }

    @Override
    public void queue(long length) {
        meter.queue(length);
    }

    @Override
    public void drops(boolean value) {
        meter.drops(value);
    }

    @Override
    public boolean isInHeaders() {
        return decoder.isInHeaders();
    }

    @Override
    public boolean isInBody() {
        return decoder.isInBody();
    }

    @Override
    public long requestCount() {
        return decoder.requestCount();
    }

    @Override
    public long readLength() {
        return meter.readLength();
    }

    @Override
    public long writtenLength() {
        return meter.writtenLength();
    }

    @Override
    public long pendingLength() {
        return meter.pendingLength();
    }

    @Override
    public void becomeBytes() {
        channel.pipeline().remove(HttpResponseEncoder.class);
        // The last, because what it still holds goes to the handlers behind it.
        channel.pipeline().remove(decoder);
    }

    @Override
    public int send(ByteBuf bytes) {
        // The number of a socket that is closed may be another client's already.
        if (socket == null
                || !socket.isOpen()
                || !bytes.hasMemoryAddress()
                || meter.pendingLength() > 0) {
            return 0;
        }
        try {
            final int sent =
                    socket.writeAddress(
                            bytes.memoryAddress(), bytes.readerIndex(), bytes.writerIndex());
            meter.onSent(sent);
            return sent;
        } catch (final IOException broken) {
            // The channel meets it when the bytes are written, and closes.
            return 0;
        }
    }

    @Override
    public void endOutput() {
        final SslHandler tls = channel.pipeline().get(SslHandler.class);
        if (tls == null) {
            channel.shutdownOutput();
        } else {
            // RFC 8446, section 6.1: else it would look as if somebody had cut the rest off.
            tls.closeOutbound().addListener(done -> channel.shutdownOutput());
        }
    }
}
