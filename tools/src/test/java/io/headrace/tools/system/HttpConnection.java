// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Map.Entry;

/** A client's socket: sends exactly the bytes it is given, and reads answers one by one. */
final class HttpConnection implements AutoCloseable {

    private final Socket socket;
    private final InputStream input;

    HttpConnection(int port) {
        this(open(port));
    }

    private static Socket open(int port) {
        try {
            return new Socket(InetAddress.getLoopbackAddress(), port);
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Over a socket that is open, perhaps of another kind. */
    HttpConnection(Socket socket) {
        this.socket = socket;
        try {
            socket.setTcpNoDelay(true);
            socket.setSoTimeout((int) Await.DEADLINE_MS);
            input = new BufferedInputStream(socket.getInputStream(), 1 << 16);
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    int localPort() {
        return socket.getLocalPort();
    }

    /** Sends a text whose characters are bytes. */
    HttpConnection send(String latin1) {
        return send(latin1.getBytes(StandardCharsets.ISO_8859_1));
    }

    HttpConnection send(byte[] bytes) {
        try {
            socket.getOutputStream().write(bytes);
            return this;
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Sends what the front end may not want to have any more: it may have closed its end. */
    HttpConnection trySend(byte[] bytes) {
        try {
            return send(bytes);
        } catch (final UncheckedIOException closed) {
            return this;
        }
    }

    /** Sends a request without a body, whose lines are these and {@code Host}. */
    HttpConnection request(String requestLine, String... headers) {
        return send(head(requestLine, headers));
    }

    static String head(String requestLine, String... headers) {
        final StringBuilder head = new StringBuilder(requestLine).append("\r\nHost: localhost\r\n");
        for (final String header : headers) {
            head.append(header).append("\r\n");
        }
        return head.append("\r\n").toString();
    }

    HttpAnswer get(String target, String... headers) {
        return request("GET " + target + " HTTP/1.1", headers).answer();
    }

    HttpAnswer post(String target, byte[] body, String... headers) {
        final List<String> all = new ArrayList<>(List.of(headers));
        all.add("Content-Length: " + body.length);
        send(head("POST " + target + " HTTP/1.1", all.toArray(String[]::new)));
        return send(body).answer();
    }

    /** Reads an answer with its body. */
    HttpAnswer answer() {
        return answer(true);
    }

    /** Reads an answer to a {@code HEAD}. */
    HttpAnswer answerWithoutBody() {
        return answer(false);
    }

    private HttpAnswer answer(boolean withBody) {
        try {
            final String statusLine = line();
            final List<Entry<String, String>> headers = new ArrayList<>();
            int length = 0;
            boolean isChunked = false;
            for (String line = line(); !line.isEmpty(); line = line()) {
                final int colon = line.indexOf(':');
                final String name = line.substring(0, colon).toLowerCase(Locale.ROOT);
                final String value = line.substring(colon + 1).trim();
                headers.add(Map.entry(name, value));
                if (name.equals("content-length")) {
                    length = Integer.parseInt(value);
                }
                isChunked |= name.equals("transfer-encoding") && value.equals("chunked");
            }
            final byte[] body = isChunked && withBody ? chunks() : read(withBody ? length : 0);
            return new HttpAnswer(statusLine, headers, body);
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private byte[] chunks() throws IOException {
        final ByteArrayOutputStream body = new ByteArrayOutputStream();
        for (byte[] chunk = chunk(); chunk.length > 0; chunk = chunk()) {
            body.write(chunk);
        }
        return body.toByteArray();
    }

    /** Reads one chunk of a body (RFC 9112, section 7.1), which is empty at its end. */
    byte[] chunk() {
        try {
            final byte[] chunk = read(Integer.parseInt(line(), 16));
            line();
            return chunk;
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Reads the head of an answer whose body is read in some other way. */
    HttpAnswer answerHead() {
        return answer(false);
    }

    private String line() throws IOException {
        final ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int b = input.read(); b != '\n'; b = input.read()) {
            if (b < 0) {
                throw new EOFException("closed after '" + line + "'");
            }
            line.write(b);
        }
        final String text = line.toString(StandardCharsets.ISO_8859_1);
        if (!text.endsWith("\r")) {
            throw new IOException("line without CR: " + text);
        }
        return text.substring(0, text.length() - 1);
    }

    /** Reads exactly so many bytes. */
    byte[] read(int length) {
        try {
            final byte[] bytes = input.readNBytes(length);
            if (bytes.length < length) {
                throw new EOFException("closed after " + bytes.length + " of " + length + " bytes");
            }
            return bytes;
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Waits for the front end to close, and returns what it sent before. */
    String readToEnd() {
        try {
            return new String(input.readAllBytes(), StandardCharsets.ISO_8859_1);
        } catch (final SocketException reset) {
            return "";
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Leaves without a goodbye: the front end sees a reset connection. */
    void reset() {
        try {
            socket.setSoLinger(true, 0);
            socket.close();
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
