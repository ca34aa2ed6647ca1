// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket;

import io.headrace.frontend.socket.body.BodyAggregator;
import io.headrace.frontend.socket.body.Compressor;
import io.headrace.frontend.socket.body.DateHeader;
import io.headrace.frontend.socket.http1.StrictRequestDecoder;
import io.headrace.frontend.socket.http2.Http2Upgrade;
import io.headrace.frontend.socket.http2.PrefaceDetector;
import io.headrace.frontend.socket.http2.ShortData;
import io.headrace.frontend.socket.http2.StreamCodec;
import io.headrace.frontend.socket.http2.StreamWire;
import io.headrace.frontend.socket.http2.StreamsClient;
import io.headrace.frontend.socket.limit.ClientPace;
import io.headrace.frontend.socket.limit.Gate;
import io.headrace.frontend.socket.limit.Limits;
import io.headrace.frontend.socket.listen.ProxyHeader;
import io.headrace.frontend.socket.tls.Certificates;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpResponseEncoder;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2StreamChannel;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.ApplicationProtocolNegotiationHandler;
import java.util.Optional;

/** The handlers of a new connection: Netty's HTTP codec, the body, and ours. */
public final class Pipeline extends ChannelInitializer<Channel> {

    private final Connections connections;
    private final Optional<Certificates> certificates;
    private final HttpDecoderConfig decoderConfig;
    private final DateHeader dateHeader;
    private final ReadListener readListener = new ReadListener();

    /**
     * @param certificates when connections come over TLS.
     */
    public Pipeline(Connections connections, Optional<Certificates> certificates) {
        this.connections = connections;
        this.certificates = certificates;
        this.dateHeader = new DateHeader(connections.ingresses()::nowNs);
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
        channel.pipeline().addLast(readListener);
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
            channel.pipeline().addLast(new PrefaceDetector(this::switchToHttp2));
            addHttp1(channel.pipeline());
            // RFC 7540, section 3.2: a first request may ask for HTTP/2.
            channel.pipeline()
                    .addBefore(
                            channel.pipeline().context(BodyAggregator.class).name(),
                            null,
                            new Http2Upgrade(this::removeHttp1, () -> http2(newClient())));
        }
    }

    private void addHttp1(ChannelPipeline pipeline) {
        pipeline.addLast(new StrictRequestDecoder(decoderConfig))
                .addLast(new HttpResponseEncoder());
        addHandlers(pipeline);
    }

    /** Those that any version of HTTP has behind its codec. */
    private void addHandlers(ChannelPipeline pipeline) {
        pipeline.addLast(dateHeader);
        if (connections.options().compression().isOn()) {
            pipeline.addLast(new Compressor(connections.options().compression()));
        }
        final HttpHandler handler = new HttpHandler(connections);
        pipeline.addLast(
                        new BodyAggregator(
                                connections.limits().bodyLengthMax(),
                                connections.uploads().options(),
                                handler::isClosing,
                                handler::isIdle))
                .addLast(handler);
    }

    private void removeHttp1(ChannelPipeline pipeline) {
        pipeline.get(HttpHandler.class).abandon();
        pipeline.remove(StrictRequestDecoder.class);
        pipeline.remove(HttpResponseEncoder.class);
        removeHandlers(pipeline);
    }

    /** Removes what {@link #addHandlers} has added. */
    static void removeHandlers(ChannelPipeline pipeline) {
        pipeline.remove(DateHeader.class);
        if (pipeline.get(Compressor.class) != null) {
            pipeline.remove(Compressor.class);
        }
        pipeline.remove(BodyAggregator.class);
        pipeline.remove(HttpHandler.class);
    }

    private void switchToHttp2(ChannelPipeline pipeline) {
        pipeline.remove(Http2Upgrade.class);
        removeHttp1(pipeline);
        addHttp2(pipeline);
    }

    private void addHttp2(ChannelPipeline pipeline) {
        final StreamsClient client = newClient();
        pipeline.addLast(StreamCodec.newFlushConsolidation()).addLast(http2(client));
        if (connections.isDraining()) {
            client.goAway();
        }
    }

    private StreamsClient newClient() {
        return new StreamsClient(
                connections.streamsClients(),
                connections.counters(),
                new ClientPace(
                        connections.options().patience(),
                        connections.limits().outboundLengthMax(),
                        connections.ingresses().nowNs()),
                connections.limits().requestCountMax(),
                connections::onError);
    }

    /** The handlers of a socket that speaks HTTP/2, the codec first. */
    private ChannelHandler[] http2(StreamsClient client) {
        return new ChannelHandler[] {
            StreamCodec.newFrameCodec(connections.limits().headerLengthMax()),
            new ShortData(),
            new Http2MultiplexHandler(new StreamPipeline(client)),
            client
        };
    }

    /** Says that a socket has sent something, before anybody looks at it. */
    @Sharable
    private final class ReadListener extends ChannelInboundHandlerAdapter {

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            connections.ingresses().onRead();
            ctx.fireChannelRead(message);
        }
    }

    /** The handlers of a new stream. */
    private final class StreamPipeline extends ChannelInitializer<Http2StreamChannel> {

        private final StreamsClient client;

        StreamPipeline(StreamsClient client) {
            this.client = client;
        }

        @Override
        protected void initChannel(Http2StreamChannel stream) {
            final int id = stream.stream().id();
            final StreamWire wire = new StreamWire();
            client.onStream(id, wire);
            stream.closeFuture().addListener(closed -> client.onStreamEnd(id));
            stream.pipeline()
                    .addLast(wire)
                    .addLast(new StreamCodec(connections.limits().headerLengthMax()));
            addHandlers(stream.pipeline());
        }
    }

    /** Gives a connection the handlers of the protocol that its TLS handshake has agreed on. */
    private final class Negotiation extends ApplicationProtocolNegotiationHandler {

        Negotiation() {
            super(ApplicationProtocolNames.HTTP_1_1);
        }

        @Override
        protected void configurePipeline(ChannelHandlerContext ctx, String protocol) {
            if (ApplicationProtocolNames.HTTP_2.equals(protocol)) {
                addHttp2(ctx.pipeline());
            } else {
                addHttp1(ctx.pipeline());
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            // Port scanners and clients that trust nobody: no error of ours.
            connections.counters().tlsFailures().incrementRelease();
            ctx.close();
        }
    }
}
