// SPDX-License-Identifier: Apache-2.0
package io.headrace.message;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.headrace.message.codec.HttpRequestDecoder;
import io.headrace.message.codec.WebSocketConnectionDecoder;
import java.util.Map;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * HTTP Request, or WebSocket Connection, which has the same keys but for POST, files and body:
 * those are empty then.
 *
 * <p>Every key has a {@code String} form, which copies, and a {@link Field} or {@link Pairs} form,
 * which is a view that allocates nothing. Views are valid until the handler returns; what is to
 * outlive it must be copied.
 */
public final class Request {

    private final Pairs get = new Pairs(UTF_8);
    private final Pairs post = new Pairs(UTF_8);
    private final Pairs cookies = new Pairs(UTF_8);
    private final Pairs headers = new Pairs(ISO_8859_1);
    private final UploadedFiles files = new UploadedFiles();
    private final Field method = new Field();
    private final Field path = new Field();
    private final Field pathInfo = new Field();
    private final Field queryString = new Field();
    private final Field remoteAddr = new Field();
    private final Field serverName = new Field();
    private final Field replyChannel = new Field();
    private final Field clientSubject = new Field();
    private final Field forwardedHost = new Field();
    private final Field body = new Field();
    private final UnsafeBuffer buffer = new UnsafeBuffer(0, 0);
    private final HttpRequestDecoder http = new HttpRequestDecoder();
    private final WebSocketConnectionDecoder webSocket = new WebSocketConnectionDecoder();

    private int remotePort;
    private int serverPort;
    private int httpVersion;
    private boolean https;
    private boolean awaitsAccept;
    private boolean redelivered;
    private boolean inParts;
    private int slot;
    private int deadlineMs;
    private long contentLength;
    private long receivedNs;

    Request() {}

    /**
     * Walks the record once and notes where everything is; fails with an unchecked exception on a
     * bad one.
     */
    void wrapHttp(UnsafeBuffer source, int offset, int blockLength, int version) {
        buffer.wrap(source);
        http.wrap(buffer, offset, blockLength, version);
        remotePort = http.remotePort();
        serverPort = http.serverPort();
        httpVersion = http.httpVersionRaw();
        https = http.schemeRaw() == 1;
        awaitsAccept = false;
        // Fields of later versions are null in older messages.
        inParts = http.bodyKindRaw() == 1;
        slot = Math.max(-1, http.slot());
        deadlineMs = Math.max(0, http.deadlineMs());
        contentLength = Math.max(-1, http.contentLength());
        get.reset(buffer);
        for (HttpRequestDecoder.GetDecoder group = http.get(); group.hasNext(); ) {
            get.add(group.next().skipKey(), http.limit(), group.skipValue(), http.limit());
        }
        post.reset(buffer);
        for (HttpRequestDecoder.PostDecoder group = http.post(); group.hasNext(); ) {
            post.add(group.next().skipKey(), http.limit(), group.skipValue(), http.limit());
        }
        cookies.reset(buffer);
        for (HttpRequestDecoder.CookiesDecoder group = http.cookies(); group.hasNext(); ) {
            cookies.add(group.next().skipKey(), http.limit(), group.skipValue(), http.limit());
        }
        headers.reset(buffer);
        for (HttpRequestDecoder.HeadersDecoder group = http.headers(); group.hasNext(); ) {
            headers.add(group.next().skipKey(), http.limit(), group.skipValue(), http.limit());
        }
        files.reset(buffer);
        for (HttpRequestDecoder.FilesDecoder group = http.files(); group.hasNext(); ) {
            group.next();
            files.start();
            files.add(0, group.skipKey(), http.limit());
            files.add(1, group.skipFileName(), http.limit());
            files.add(2, group.skipContentType(), http.limit());
            files.add(3, group.skipContent(), http.limit());
        }
        end(method, http.skipMethod(), http.limit());
        end(path, http.skipPath(), http.limit());
        end(pathInfo, http.skipPathInfo(), http.limit());
        end(queryString, http.skipQueryString(), http.limit());
        end(remoteAddr, http.skipRemoteAddr(), http.limit());
        end(serverName, http.skipServerName(), http.limit());
        end(replyChannel, http.skipResponseChannel(), http.limit());
        end(body, http.skipBody(), http.limit());
        end(clientSubject, http.skipClientSubject(), http.limit());
        end(forwardedHost, http.skipForwardedHost(), http.limit());
        Message.checkLimit(http.limit(), buffer);
    }

    void wrapWebSocket(UnsafeBuffer source, int offset, int blockLength, int version) {
        buffer.wrap(source);
        webSocket.wrap(buffer, offset, blockLength, version);
        remotePort = webSocket.remotePort();
        serverPort = webSocket.serverPort();
        httpVersion = webSocket.httpVersionRaw();
        https = webSocket.schemeRaw() == 1;
        awaitsAccept = webSocket.admissionRaw() == 1;
        inParts = false;
        slot = Math.max(-1, webSocket.slot());
        deadlineMs = 0;
        contentLength = 0;
        get.reset(buffer);
        for (WebSocketConnectionDecoder.GetDecoder group = webSocket.get(); group.hasNext(); ) {
            get.add(
                    group.next().skipKey(),
                    webSocket.limit(),
                    group.skipValue(),
                    webSocket.limit());
        }
        cookies.reset(buffer);
        for (WebSocketConnectionDecoder.CookiesDecoder group = webSocket.cookies();
                group.hasNext(); ) {
            cookies.add(
                    group.next().skipKey(),
                    webSocket.limit(),
                    group.skipValue(),
                    webSocket.limit());
        }
        headers.reset(buffer);
        for (WebSocketConnectionDecoder.HeadersDecoder group = webSocket.headers();
                group.hasNext(); ) {
            headers.add(
                    group.next().skipKey(),
                    webSocket.limit(),
                    group.skipValue(),
                    webSocket.limit());
        }
        end(path, webSocket.skipPath(), webSocket.limit());
        end(pathInfo, webSocket.skipPathInfo(), webSocket.limit());
        end(queryString, webSocket.skipQueryString(), webSocket.limit());
        end(remoteAddr, webSocket.skipRemoteAddr(), webSocket.limit());
        end(serverName, webSocket.skipServerName(), webSocket.limit());
        end(replyChannel, webSocket.skipSendChannel(), webSocket.limit());
        end(clientSubject, webSocket.skipClientSubject(), webSocket.limit());
        end(forwardedHost, webSocket.skipForwardedHost(), webSocket.limit());
        Message.checkLimit(webSocket.limit(), buffer);
        post.reset(buffer);
        files.reset(buffer);
        method.wrap(GET_METHOD, 0, GET_METHOD.capacity());
        body.wrap(buffer, 0, 0);
    }

    // A WebSocket handshake is a GET request (RFC 6455, section 4.1).
    private static final UnsafeBuffer GET_METHOD =
            new UnsafeBuffer(new byte[] {(byte) 'G', (byte) 'E', (byte) 'T'});

    private void end(Field field, int length, int end) {
        field.wrap(buffer, end - length, length);
    }

    /** Key {@code GET}: (key, value) of the query string, in order, duplicates kept. */
    public Pairs query() {
        return get;
    }

    /**
     * Key {@code POST}: (key, value) of an urlencoded or multipart form, in order, duplicates kept.
     */
    public Pairs form() {
        return post;
    }

    /** Key {@code COOKIES}: name and value; names are unique. */
    public Pairs cookies() {
        return cookies;
    }

    /** The headers as the client sent them, in order; names keep their spelling. */
    public Pairs headers() {
        return headers;
    }

    /** The uploaded files of a multipart form. */
    public UploadedFiles files() {
        return files;
    }

    /** Key {@code META}, computed anew by each call: see {@link Meta}. */
    public Map<String, String> meta() {
        return Meta.of(this);
    }

    /** One entry of {@code META}, or the empty string. */
    public String meta(String name) {
        return Meta.of(this).getOrDefault(name, "");
    }

    /** Key {@code method}, upper-cased. */
    public String method() {
        return method.toString();
    }

    public Field methodField() {
        return method;
    }

    /** Key {@code path}: decoded, with the mount prefix. */
    public String path() {
        return path.toString();
    }

    public Field pathField() {
        return path;
    }

    /** Key {@code path_info}: decoded, without the mount prefix. */
    public String pathInfo() {
        return pathInfo.toString();
    }

    public Field pathInfoField() {
        return pathInfo;
    }

    /** The query string as received, without the question mark. */
    public String queryString() {
        return queryString.toString();
    }

    /** Key {@code response_channel} of a request, {@code send_channel} of a WebSocket. */
    public String replyChannel() {
        return replyChannel.toString();
    }

    public Field replyChannelField() {
        return replyChannel;
    }

    /** The raw body, after transfer decoding. */
    public Field body() {
        return body;
    }

    public String remoteAddr() {
        return remoteAddr.toString();
    }

    public int remotePort() {
        return remotePort;
    }

    /** The address the client reached. */
    public String serverName() {
        return serverName.toString();
    }

    public int serverPort() {
        return serverPort;
    }

    /** Major times ten plus minor: 10, 11 or 20. */
    public int httpVersion() {
        return httpVersion;
    }

    /**
     * Whether an earlier consumer died with this request, which may have had its effects already.
     */
    public boolean isRedelivered() {
        return redelivered;
    }

    /** What its delivery header says. */
    void delivered(boolean again, long received) {
        redelivered = again;
        receivedNs = received;
    }

    /**
     * Whether the body comes in parts, because it is longer than one message may be: register for
     * them with {@code HttpReply.receive}. It is empty here then.
     */
    public boolean inParts() {
        return inParts;
    }

    /** Length of the body in bytes; -1 when it comes in parts and the client did not say. */
    public long contentLength() {
        return inParts ? contentLength : body.length();
    }

    /**
     * When the client will be answered 504, bus time in ns; {@link Long#MAX_VALUE} for a WebSocket.
     */
    public long deadlineNs() {
        return deadlineMs == 0 ? Long.MAX_VALUE : receivedNs + deadlineMs * 1_000_000L;
    }

    /** Slot of its connection in the loop's connection table; -1 for none. */
    public int slot() {
        return slot;
    }

    /** Whether the client came over TLS. */
    public boolean https() {
        return https;
    }

    /**
     * Subject of the client's certificate, which has been verified, as in RFC 4514; empty without.
     */
    public String clientSubject() {
        return clientSubject.toString();
    }

    /**
     * Host, perhaps with a port, that a trusted proxy says the client asked for; empty without. It
     * is {@code HTTP_HOST} then.
     */
    public String forwardedHost() {
        return forwardedHost.toString();
    }

    /**
     * Whether this is a WebSocket's handshake that waits to be accepted or refused by a worker
     * ({@code headrace.websocket.accept=worker}).
     */
    public boolean awaitsAccept() {
        return awaitsAccept;
    }
}
