// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.chaos;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/**
 * A client's keep-alive connection, one request after the other. What does not belong to the
 * request just sent would be read as the answer to it, and is told by its key. One thread.
 */
final class HttpConnection implements AutoCloseable {

    private static final int ANSWER_TIMEOUT_MS = 90_000;

    /**
     * What came back for a request.
     *
     * @param reason the header Headrace-Reason, empty when there is none.
     */
    record Answer(
            String key, long sentNs, long answeredNs, int status, String reason, String body) {

        long latencyMs() {
            return (answeredNs - sentNs) / 1_000_000L;
        }

        /** Whether the application answered, and answered this request. */
        boolean isOwn() {
            return status == 200 && body.startsWith(key + "@");
        }

        /** The worker that answered, when {@link #isOwn()}. */
        long pid() {
            return Long.parseLong(body.substring(body.indexOf('@') + 1));
        }
    }

    private final Socket socket;
    private final InputStream in;

    HttpConnection(int port) throws IOException {
        socket = new Socket("127.0.0.1", port);
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(ANSWER_TIMEOUT_MS);
        in = new BufferedInputStream(socket.getInputStream());
    }

    /** Sends a request that a handler works on for so long, and waits for the answer. */
    Answer get(String key, int ms) throws IOException {
        final String request =
                "GET /?key=%s&ms=%d HTTP/1.1\r\nHost: chaos\r\n\r\n".formatted(key, ms);
        final long sentNs = System.nanoTime();
        socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
        final String statusLine = line();
        int length = 0;
        String reason = "";
        for (String header = line(); !header.isEmpty(); header = line()) {
            final String value = header.substring(header.indexOf(':') + 1).trim();
            if (header.regionMatches(true, 0, "content-length:", 0, 15)) {
                length = Integer.parseInt(value);
            } else if (header.regionMatches(true, 0, "headrace-reason:", 0, 16)) {
                reason = value;
            }
        }
        final String body = new String(in.readNBytes(length), StandardCharsets.US_ASCII);
        return new Answer(
                key,
                sentNs,
                System.nanoTime(),
                Integer.parseInt(statusLine.split(" ")[1]),
                reason,
                body);
    }

    private String line() throws IOException {
        final StringBuilder line = new StringBuilder();
        for (int next = in.read(); next != '\n'; next = in.read()) {
            if (next < 0) {
                throw new EOFException("closed by the front end");
            }
            line.append((char) next);
        }
        return line.toString().trim();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
