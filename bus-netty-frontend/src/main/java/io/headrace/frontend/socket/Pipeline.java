// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket;

import io.headrace.frontend.socket.body.BodyAggregator;
import io.headrace.frontend.socket.http1.StrictRequestDecoder;
import io.headrace.frontend.socket.limit.Gate;
import io.headrace.frontend.socket.limit.Limits;
import io.headrace.frontend.socket.listen.ProxyHeader;
import io.headrace.frontend.socket.tls.Certificates;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpResponseEncoder;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.ApplicationProtocolNegotiationHandler;
import java.util.Optional;

/** The handlers of a new connection: Netty's HTTP codec, the body, and ours. */
public final class Pipeline extends ChannelInitializer<Channel> {

    private final Connections connections;
    private final Optional<Certificates> certificates;
    private final HttpDecoderConfig decoderConfig;

    /**
     * @param certificates when connections come over TLS.
     */
    public Pipeline(Connections connections, Optional<Certificates> certificates) {
        this.connections = connections;
        this.certificates = certificates;
        final Limits limits = connections.limits();
        this.decoderConfig =
                new HttpDecoderConfig()
                        .setMaxInitialLineLength(limits.headerLengthMax())
                        .setMaxHeaderSize(limits.headerLengthMax());
    }

    @Override
    protected void initChannel(Channel channel) {
        final Gate gate = connections.gate();
        if (!gate.admit(channel, certificates.isEmpty())) {
            return;
        }
        if (connections.options().proxyProtocol()) {
            ProxyHeader.expect(
                    channel,
                    connections.options().forwarded(),
                    () -> addProtocols(channel),
                    gate::onNoProtocol);
        } else {
            addProtocols(channel);
        }
    }

    private void addProtocols(Channel channel) {
        if (certificates.isPresent()) {
            final long timeoutNs = connections.options().webSocket().handshakeTimeoutNs();
            channel.pipeline()
                    .addLast(certificates.get().newHandler(timeoutNs))
                    .addLast(new Negotiation());
        } else {
            addHttp1(channel.pipeline());
        }
    }

    private void addHttp1(ChannelPipeline pipeline) {
        pipeline.addLast(new StrictRequestDecoder(decoderConfig))
                .addLast(new HttpResponseEncoder())
                .addLast(
                        new BodyAggregator(
                                connections.limits().bodyLengthMax(),
                                connections.uploads().options()))
                .addLast(new HttpHandler(connections));
    }

    /** Gives a connection the handlers of the protocol that its TLS handshake has agreed on. */
    private final class Negotiation extends ApplicationProtocolNegotiationHandler {

        Negotiation() {
            super(ApplicationProtocolNames.HTTP_1_1);
        }

        @Override
        protected void configurePipeline(ChannelHandlerContext ctx, String protocol) {
            addHttp1(ctx.pipeline());
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            // Port scanners and clients that trust nobody: no error of ours.
            connections.counters().tlsFailures().incrementRelease();
            ctx.close();
        }
    }
}
