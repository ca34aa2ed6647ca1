// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.headrace.frontend.testing.RawConnection;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;

/** A client of HTTP/2, frame by frame: sends no more data than the front end's windows let. */
final class RawStreams implements AutoCloseable {

    static final String PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    static final int NO_ERROR_YET = -1;

    private static final int HEAD_LENGTH = 9;
    private static final int FRAME_LENGTH_MAX = 16 << 10;
    private static final int SOCKET = 0;

    final RawConnection client;
    private final SteppedFrontend stepped;
    private final Map<Integer, Integer> windows = new HashMap<>(Map.of(SOCKET, 65_535));
    private final Map<Integer, StringBuilder> data = new HashMap<>();
    private final Map<Integer, Integer> resets = new HashMap<>();
    private byte[] read = new byte[0];
    private int windowLength = 65_535;
    private int pongCount;

    RawStreams(SteppedFrontend stepped) {
        this.stepped = stepped;
        client = stepped.connect().send(PREFACE + frame(4, 0, SOCKET, ""));
        sync();
    }

    /** RFC 9113, section 4.1. */
    static String frame(int type, int flags, int stream, String payload) {
        final int length = payload.length();
        return ""
                + (char) (length >> 16)
                + (char) (length >> 8 & 0xFF)
                + (char) (length & 0xFF)
                + (char) type
                + (char) flags
                + "\0\0\0"
                + (char) stream
                + payload;
    }

    /** A header that the client keeps in no table (RFC 7541, section 6.2.2). */
    static String header(String name, String value) {
        return "\0" + (char) name.length() + name + (char) value.length() + value;
    }

    void send(int type, int stream, String payload) {
        client.send(frame(type, 0, stream, payload));
    }

    /** Sends the headers of a request whose body is to follow. */
    void open(int stream, String headers) {
        windows.put(stream, windowLength);
        client.send(frame(1, 4, stream, headers));
    }

    void post(int stream, String path) {
        open(stream, "\203\206\1\1h\4" + (char) path.length() + path);
    }

    /** Sends a text as a stream's last data, which the windows must let through. */
    void end(int stream, String text) {
        if (Math.min(windows.get(SOCKET), windows.get(stream)) < text.length()) {
            throw new AssertionError("closed windows: " + windows);
        }
        client.send(frame(0, 1, stream, text));
    }

    /** Sends so much data, as far as the windows let; returns how much that was. */
    int send(int stream, int length) {
        int sent = 0;
        while (sent < length) {
            final int window = Math.min(windows.get(SOCKET), windows.get(stream));
            final int next = Math.min(Math.min(window, FRAME_LENGTH_MAX), length - sent);
            if (next <= 0) {
                break;
            }
            windows.merge(SOCKET, -next, Integer::sum);
            windows.merge(stream, -next, Integer::sum);
            send(0, stream, "x".repeat(next));
            sent += next;
        }
        return sent;
    }

    /** Cycles until the front end has seen all that was sent, and what it says to that is here. */
    void sync() {
        for (int i = 0; i < 2; i++) {
            final int before = pongCount;
            send(6, SOCKET, "pingping");
            stepped.cycleUntil(
                    "a pong",
                    () -> {
                        read();
                        return pongCount > before;
                    });
        }
    }

    /** What has come as data of a stream. */
    String data(int stream) {
        read();
        return data.getOrDefault(stream, new StringBuilder()).toString();
    }

    /** With which error the front end has reset a stream. */
    int reset(int stream) {
        read();
        return resets.getOrDefault(stream, NO_ERROR_YET);
    }

    private void read() {
        final byte[] more = client.readAvailable();
        final ByteBuffer all = ByteBuffer.allocate(read.length + more.length).put(read).put(more);
        all.flip();
        while (all.remaining() >= HEAD_LENGTH
                && all.remaining() >= HEAD_LENGTH + (all.getInt(all.position()) >>> 8)) {
            final byte[] payload = new byte[all.getInt(all.position()) >>> 8];
            all.position(all.position() + 3);
            final int type = all.get();
            final int flags = all.get();
            final int stream = all.getInt();
            all.get(payload);
            onFrame(type, flags, stream, ByteBuffer.wrap(payload));
        }
        read = new byte[all.remaining()];
        all.get(read);
    }

    private void onFrame(int type, int flags, int stream, ByteBuffer payload) {
        switch (type) {
            case 0 ->
                    data.computeIfAbsent(stream, first -> new StringBuilder())
                            .append(ISO_8859_1.decode(payload));
            case 3 -> resets.put(stream, payload.getInt());
            case 4 -> onSettings(flags, payload);
            case 6 -> pongCount += flags;
            case 7 -> throw new AssertionError("GOAWAY, error " + payload.getInt(4));
            case 8 -> windows.merge(stream, payload.getInt(), Integer::sum);
            default -> {
                // Nothing to this client.
            }
        }
    }

    private void onSettings(int flags, ByteBuffer payload) {
        if (flags == 0) {
            while (payload.hasRemaining()) {
                // SETTINGS_INITIAL_WINDOW_SIZE.
                if (payload.getShort() == 4) {
                    windowLength = payload.getInt();
                } else {
                    payload.getInt();
                }
            }
            client.send(frame(4, 1, SOCKET, ""));
        }
    }

    @Override
    public void close() {
        client.close();
    }
}
