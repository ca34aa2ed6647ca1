// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A WebSocket's client that sends exactly the frames it is given. */
public final class WebSocketClient implements AutoCloseable {

    // The example of RFC 6455, section 1.3.
    static final String KEY = "dGhlIHNhbXBsZSBub25jZQ==";
    private static final String ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

    private final HttpConnection connection;
    private final HttpAnswer answer;

    /** Opens a WebSocket. */
    public WebSocketClient(RunningBus bus, String target, String... headers) {
        this(bus.connect(), target, headers);
    }

    /** Opens a WebSocket on a connection. */
    WebSocketClient(HttpConnection connection, String target, String... headers) {
        this.connection = connection;
        answer = request(connection, target, headers).answerWithoutBody();
        assertEquals(101, answer.status(), answer::toString);
        assertEquals(Optional.of(ACCEPT), answer.header("sec-websocket-accept"));
    }

    /** One that is open already. */
    WebSocketClient(HttpConnection connection, HttpAnswer answer) {
        this.connection = connection;
        this.answer = answer;
    }

    /** Sends the request to open one. */
    static HttpConnection request(HttpConnection connection, String target, String... headers) {
        final List<String> all = new ArrayList<>(List.of(headers));
        all.add("Upgrade: websocket");
        all.add("Connection: Upgrade");
        all.add("Sec-WebSocket-Key: " + KEY);
        all.add("Sec-WebSocket-Version: 13");
        return connection.request("GET " + target + " HTTP/1.1", all.toArray(String[]::new));
    }

    /** The response that opened it. */
    public HttpAnswer handshake() {
        return answer;
    }

    /** Sends frames with one write. */
    public WebSocketClient send(Frame... frames) {
        final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (final Frame frame : frames) {
            bytes.writeBytes(frame.masked());
        }
        return send(bytes.toByteArray());
    }

    public WebSocketClient send(byte[] bytes) {
        connection.send(bytes);
        return this;
    }

    public Frame receive() {
        return Frame.read(connection);
    }

    public void shouldReceive(Frame expected) {
        assertEquals(expected, receive());
    }

    /** Asserts that a text comes back as it is. */
    void shouldEcho(String text) {
        send(Frame.text(text));
        shouldReceive(Frame.text(text));
    }

    /** Asserts that the server sends a close frame with this code. */
    Frame shouldBeClosed(int code) {
        final Frame close = receive();
        assertEquals(Frame.CLOSE, close.opcode(), close::toString);
        assertEquals(code, close.code(), close::toString);
        return close;
    }

    /** Asserts that the server closes the connection and says nothing more. */
    public void shouldEnd() {
        assertEquals("", connection.readToEnd());
    }

    void reset() {
        connection.reset();
    }

    /** Leaves without a close frame. */
    @Override
    public void close() {
        connection.close();
    }
}
