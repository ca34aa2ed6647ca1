// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.testing;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** A client's socket: sends exactly the bytes it is given, and reads answers one by one. */
public final class RawConnection implements AutoCloseable {

    private static final int DEADLINE_MS = 60_000;

    private final Socket socket;
    private final InputStream input;

    /** A response; header names in lower case. */
    public record Answer(int status, Map<String, String> headers, String body) {

        /** The header of this name, or an empty text. */
        public String header(String lowerCaseName) {
            return headers.getOrDefault(lowerCaseName, "");
        }

        /** The word of the header that refusals have. */
        public String reason() {
            return header("headrace-reason");
        }
    }

    public RawConnection(int port) {
        this(port, 0);
    }

    /**
     * @param receiveLength of the socket's buffer in bytes; 0 leaves it to the system.
     */
    public RawConnection(int port, int receiveLength) {
        try {
            socket = new Socket();
            if (receiveLength > 0) {
                socket.setReceiveBufferSize(receiveLength);
            }
            socket.connect(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), port));
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(DEADLINE_MS);
            input = new BufferedInputStream(socket.getInputStream());
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Sends a text whose characters are bytes; what the other end does not want any more is lost.
     */
    public RawConnection send(String latin1) {
        return send(latin1.getBytes(StandardCharsets.ISO_8859_1));
    }

    public RawConnection send(byte[] bytes) {
        try {
            socket.getOutputStream().write(bytes);
        } catch (final IOException closed) {
            // Then the answer says why.
            return this;
        }
        return this;
    }

    public RawConnection get(String target, String... headers) {
        final StringBuilder head = new StringBuilder("GET " + target + " HTTP/1.1\r\nHost: h\r\n");
        for (final String header : headers) {
            head.append(header).append("\r\n");
        }
        return send(head.append("\r\n").toString());
    }

    /** Reads the next response with its body. */
    public Answer answer() {
        try {
            final String statusLine = line();
            final Map<String, String> headers = new TreeMap<>();
            for (String line = line(); !line.isEmpty(); line = line()) {
                final int colon = line.indexOf(':');
                headers.merge(
                        line.substring(0, colon).toLowerCase(Locale.ROOT),
                        line.substring(colon + 1).trim(),
                        (a, b) -> a + ", " + b);
            }
            final int length = Integer.parseInt(headers.getOrDefault("content-length", "0"));
            return new Answer(
                    Integer.parseInt(statusLine.split(" ")[1]),
                    headers,
                    new String(read(length), StandardCharsets.UTF_8));
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String line() throws IOException {
        final ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int b = input.read(); b != '\n'; b = input.read()) {
            if (b < 0) {
                throw new EOFException("closed after '" + line + "'");
            }
            line.write(b);
        }
        return line.toString(StandardCharsets.ISO_8859_1).replaceFirst("\r\\z", "");
    }

    /** Reads exactly so many bytes. */
    public byte[] read(int length) throws IOException {
        final byte[] bytes = input.readNBytes(length);
        if (bytes.length < length) {
            throw new EOFException("closed after " + bytes.length + " of " + length + " bytes");
        }
        return bytes;
    }

    /** Waits for the other end to close, and returns what it sent before. */
    public String readToEnd() {
        final ByteArrayOutputStream all = new ByteArrayOutputStream();
        try {
            input.transferTo(all);
        } catch (final SocketException reset) {
            // As good as an end.
            return all.toString(StandardCharsets.ISO_8859_1);
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
        return all.toString(StandardCharsets.ISO_8859_1);
    }

    /** Reads what is there; nothing when there is nothing. */
    public byte[] readAvailable() {
        try {
            return input.readNBytes(input.available());
        } catch (final IOException closed) {
            return new byte[0];
        }
    }

    /** Reads so many bytes of what is there, if it is. */
    public void tryRead(int length) {
        try {
            for (int i = 0; i < length && input.available() > 0; i++) {
                input.read();
            }
        } catch (final IOException closed) {
            // Then there is none.
            return;
        }
    }

    /** What the other end has sent, to its end or as far as a whole answer. */
    public String readToEndOrAnswer() {
        try {
            return answer().status() + " OK";
        } catch (final UncheckedIOException closed) {
            return "";
        }
    }

    public int localPort() {
        return socket.getLocalPort();
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
