// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket.listen;

import io.headrace.frontend.proxy.ForwardedHeaders;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.haproxy.HAProxyMessage;
import io.netty.handler.codec.haproxy.HAProxyMessageDecoder;
import io.netty.handler.codec.haproxy.HAProxySSLTLV;
import io.netty.util.AttributeKey;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;

/**
 * The PROXY protocol, versions 1 and 2: a connection begins with its proxy's word who the client
 * is. Only then does it get its other handlers; one that begins with anything else is closed.
 */
public final class ProxyHeader extends ChannelInboundHandlerAdapter {

    // Version 2 may carry more than addresses; what balancers add is a few hundred bytes.
    private static final int EXTRAS_LENGTH_MAX = 4_096;
    private static final AttributeKey<ProxyHeader> KEY = AttributeKey.valueOf("headrace.proxy");

    private final Runnable addHandlers;
    private final Runnable onRefused;
    private SocketAddress source;
    private SocketAddress destination;
    private boolean https;
    private boolean refused;

    private ProxyHeader(Runnable addHandlers, Runnable onRefused) {
        this.addHandlers = addHandlers;
        this.onRefused = onRefused;
    }

    /**
     * Expects it on a new connection.
     *
     * @param addHandlers gives the connection its other handlers when it has come.
     * @param onRefused told when it does not come as it should, and the connection is closed.
     */
    public static void expect(
            Channel channel, ForwardedHeaders forwarded, Runnable addHandlers, Runnable onRefused) {
        if (!forwarded.trusts(channel.remoteAddress())) {
            onRefused.run();
            channel.close();
            return;
        }
        final ProxyHeader header = new ProxyHeader(addHandlers, onRefused);
        channel.attr(KEY).set(header);
        channel.pipeline().addLast(new HAProxyMessageDecoder(EXTRAS_LENGTH_MAX), header);
    }

    /** Where a connection's client is: what its proxy says, or else the other end of its socket. */
    public static SocketAddress source(Channel channel) {
        final ProxyHeader header = channel.attr(KEY).get();
        return header == null || header.source == null ? channel.remoteAddress() : header.source;
    }

    /** Where a connection's client has connected to. */
    public static SocketAddress destination(Channel channel) {
        final ProxyHeader header = channel.attr(KEY).get();
        return header == null || header.destination == null
                ? channel.localAddress()
                : header.destination;
    }

    /** Whether a connection's proxy says that its client speaks TLS. */
    public static boolean isHttps(Channel channel) {
        final ProxyHeader header = channel.attr(KEY).get();
        return header != null && header.https;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        final HAProxyMessage header = (HAProxyMessage) message;
        try {
            // A proxy that speaks for itself, as for a health check, names no addresses.
            source = address(header.sourceAddress(), header.sourcePort());
            destination = address(header.destinationAddress(), header.destinationPort());
            https =
                    header.tlvs().stream()
                            .anyMatch(
                                    tlv ->
                                            tlv instanceof HAProxySSLTLV ssl
                                                    && ssl.isPP2ClientSSL());
        } finally {
            header.release();
        }
        addHandlers.run();
        ctx.pipeline().remove(this);
    }

    private static SocketAddress address(String address, int port) {
        final InetAddress inet =
                address == null ? null : NetUtil.createInetAddressFromIpAddressString(address);
        return inet == null ? null : new InetSocketAddress(inet, port);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        // The decoder complains once more when it is closed.
        if (!refused) {
            refused = true;
            onRefused.run();
            ctx.close();
        }
    }
}
