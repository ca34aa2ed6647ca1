// SPDX-License-Identifier: Apache-2.0
package io.headrace.message.encode;

import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The keys of one request while a front end collects them, before {@link EventEncoder} writes them
 * into a lane. One instance is reused for all requests of an event loop; texts are slices of {@link
 * #text()}.
 *
 * <p>Texts must be valid UTF-8 ({@link TextBuffer#endUtf8()}), except headers, which stay the
 * client's own bytes.
 */
public final class RequestKeys {

    private final TextBuffer text = new TextBuffer();
    private final PairList get = new PairList();
    private final PairList post = new PairList();
    private final PairList cookies = new PairList();
    private final PairList headers = new PairList();
    // An uploaded file is two entries here: (form field, file name) and (content type, content).
    private final PairList files = new PairList();
    private final UnsafeBuffer body = new UnsafeBuffer(0, 0);

    private long method;
    private long path;
    private long pathInfo;
    private long queryString;
    private long remoteAddr;
    private long serverName;
    private long replyChannel;
    private long clientSubject;
    private long forwardedHost;
    private int remotePort;
    private int serverPort;
    private int httpVersion;
    private boolean https;
    private boolean awaitsAccept;
    private boolean inParts;
    private int slot;
    private int deadlineMs;
    private long contentLength;

    public TextBuffer text() {
        return text;
    }

    public PairList get() {
        return get;
    }

    public PairList post() {
        return post;
    }

    public PairList cookies() {
        return cookies;
    }

    public PairList headers() {
        return headers;
    }

    public PairList files() {
        return files;
    }

    public void addFile(long key, long fileName, long contentType, long content) {
        files.add(key, fileName);
        files.add(contentType, content);
    }

    public int fileCount() {
        return files.count() / 2;
    }

    /** The raw body; it must stay where it is until the request has been encoded. */
    public UnsafeBuffer body() {
        return body;
    }

    public RequestKeys body(DirectBuffer buffer, int offset, int length) {
        body.wrap(buffer, offset, length);
        return this;
    }

    public RequestKeys method(long slice) {
        method = slice;
        return this;
    }

    public long method() {
        return method;
    }

    public RequestKeys path(long slice) {
        path = slice;
        return this;
    }

    public long path() {
        return path;
    }

    public RequestKeys pathInfo(long slice) {
        pathInfo = slice;
        return this;
    }

    public long pathInfo() {
        return pathInfo;
    }

    public RequestKeys queryString(long slice) {
        queryString = slice;
        return this;
    }

    public long queryString() {
        return queryString;
    }

    /** The client's address and port: {@code REMOTE_ADDR}, {@code REMOTE_PORT}. */
    public RequestKeys remote(long addr, int port) {
        remoteAddr = addr;
        remotePort = port;
        return this;
    }

    public long remoteAddr() {
        return remoteAddr;
    }

    public int remotePort() {
        return remotePort;
    }

    /** The address and port the client reached: {@code SERVER_NAME}, {@code SERVER_PORT}. */
    public RequestKeys server(long name, int port) {
        serverName = name;
        serverPort = port;
        return this;
    }

    public long serverName() {
        return serverName;
    }

    public int serverPort() {
        return serverPort;
    }

    /** Major times ten plus minor: 10, 11 or 20. */
    public RequestKeys httpVersion(int version) {
        httpVersion = version;
        return this;
    }

    public int httpVersion() {
        return httpVersion;
    }

    public RequestKeys https(boolean value) {
        https = value;
        return this;
    }

    public boolean https() {
        return https;
    }

    /** Subject of the client's verified certificate, {@code SSL_CLIENT_S_DN}; empty without. */
    public RequestKeys clientSubject(long slice) {
        clientSubject = slice;
        return this;
    }

    public long clientSubject() {
        return clientSubject;
    }

    /** Host that a trusted proxy says the client asked for; empty without. */
    public RequestKeys forwardedHost(long slice) {
        forwardedHost = slice;
        return this;
    }

    public long forwardedHost() {
        return forwardedHost;
    }

    /** Whether a WebSocket's handshake waits for a worker's accept. */
    public RequestKeys awaitsAccept(boolean value) {
        awaitsAccept = value;
        return this;
    }

    public boolean awaitsAccept() {
        return awaitsAccept;
    }

    /** Whether the body comes in parts, and is not here. */
    public RequestKeys inParts(boolean value) {
        inParts = value;
        return this;
    }

    public boolean inParts() {
        return inParts;
    }

    /** Length of the body in bytes; -1 when it is not known. */
    public RequestKeys contentLength(long length) {
        contentLength = length;
        return this;
    }

    public long contentLength() {
        return contentLength;
    }

    /** Slot in the loop's connection table; -1 for none. */
    public RequestKeys slot(int number) {
        slot = number;
        return this;
    }

    public int slot() {
        return slot;
    }

    /** How long after it was received a request is answered 504. */
    public RequestKeys deadlineMs(int value) {
        deadlineMs = value;
        return this;
    }

    public int deadlineMs() {
        return deadlineMs;
    }

    /** The key {@code response_channel} of a request, {@code send_channel} of a WebSocket. */
    public RequestKeys replyChannel(long slice) {
        replyChannel = slice;
        return this;
    }

    public long replyChannel() {
        return replyChannel;
    }

    /** Forgets everything. */
    public void clear() {
        text.clear();
        get.clear();
        post.clear();
        cookies.clear();
        headers.clear();
        files.clear();
        body.wrap(0, 0);
        method = path = pathInfo = queryString = TextBuffer.EMPTY;
        remoteAddr = serverName = replyChannel = TextBuffer.EMPTY;
        clientSubject = forwardedHost = TextBuffer.EMPTY;
        remotePort = serverPort = 0;
        httpVersion = 11;
        https = awaitsAccept = inParts = false;
        slot = -1;
        deadlineMs = 0;
        contentLength = -1;
    }
}
