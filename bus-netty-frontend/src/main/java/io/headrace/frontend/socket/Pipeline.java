// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket;

import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpServerCodec;

/** The handlers of a new connection: Netty's HTTP codec, the body, and ours. */
public final class Pipeline extends ChannelInitializer<Channel> {

    // Netty closes a connection beyond it without an answer, so it is more than one read brings: 64
    // KiB of requests of at least 16 bytes. To read no more of them is Connection's work.
    private static final int PIPELINED_PER_READ_MAX = 1 << 13;

    private final Connections connections;
    private final HttpDecoderConfig decoderConfig;

    public Pipeline(Connections connections) {
        this.connections = connections;
        final Limits limits = connections.limits();
        this.decoderConfig =
                new HttpDecoderConfig()
                        .setMaxInitialLineLength(limits.headerLengthMax())
                        .setMaxHeaderSize(limits.headerLengthMax());
    }

    @Override
    protected void initChannel(Channel channel) {
        channel.pipeline()
                .addLast(new HttpServerCodec(decoderConfig, PIPELINED_PER_READ_MAX))
                .addLast(new BodyAggregator(connections.limits().bodyLengthMax()))
                .addLast(new HttpHandler(connections));
    }
}
