// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket;

import io.headrace.frontend.socket.http1.StrictRequestDecoder;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpResponseEncoder;

/** The handlers of a new connection: Netty's HTTP codec, the body, and ours. */
public final class Pipeline extends ChannelInitializer<Channel> {

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
        if (!connections.gate().admit(channel, true)) {
            return;
        }
        channel.pipeline()
                .addLast(new StrictRequestDecoder(decoderConfig))
                .addLast(new HttpResponseEncoder())
                .addLast(new BodyAggregator(connections.limits().bodyLengthMax()))
                .addLast(new HttpHandler(connections));
    }
}
