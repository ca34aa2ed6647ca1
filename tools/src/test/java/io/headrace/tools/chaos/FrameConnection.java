// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.chaos;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.agrona.collections.LongArrayList;

/**
 * A client's WebSocket that sends numbered text frames, from 1, and expects each echoed in order. A
 * thread of its own reads; {@code send} is for one other thread.
 */
final class FrameConnection implements AutoCloseable {

    private static final int TEXT = 0x81;
    private static final int CLOSE = 0x88;
    private static final int MASKED = 0x80;
    private static final int ANSWER_TIMEOUT_S = 90;

    /** An echo as it came. */
    record Echo(int number, long pid, long ns) {}

    private final String key;
    private final Socket socket;
    private final DataInputStream in;
    private final Thread reader;
    // Numbers, not objects: see Answers.
    private final LongArrayList sentNs = new LongArrayList();
    private final LongArrayList echoNumbers = new LongArrayList();
    private final LongArrayList echoPids = new LongArrayList();
    private final LongArrayList echoNs = new LongArrayList();
    private final List<String> problems = new ArrayList<>();
    private int lastEchoed;
    private boolean closing;
    private boolean closed;

    /** Opens {@code /?key=KEY} as a WebSocket. */
    FrameConnection(int port, String key) throws IOException {
        this.key = key;
        socket = new Socket("127.0.0.1", port);
        socket.setTcpNoDelay(true);
        in = new DataInputStream(new BufferedInputStream(socket.getInputStream()));
        final String request =
                "GET /?key="
                        + key
                        + " HTTP/1.1\r\nHost: chaos\r\nUpgrade: websocket\r\n"
                        + "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                        + "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
        socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
        final StringBuilder answer = new StringBuilder();
        while (answer.indexOf("\r\n\r\n") < 0) {
            answer.append((char) in.readUnsignedByte());
        }
        if (!answer.toString().startsWith("HTTP/1.1 101 ")) {
            socket.close();
            throw new IOException("no WebSocket: " + answer);
        }
        reader = new Thread(this::read, "frames-" + key);
        reader.setDaemon(true);
        reader.start();
    }

    /** Sends the next frame, on which a handler works for so long. */
    void send(int ms) throws IOException {
        final int number;
        synchronized (this) {
            sentNs.addLong(System.nanoTime());
            number = sentNs.size();
        }
        final String text = key + "." + number + "/" + ms;
        write(TEXT, text.getBytes(StandardCharsets.US_ASCII));
    }

    private void write(int opcode, byte[] payload) throws IOException {
        // RFC 6455, section 5.3: a mask of zeros changes nothing.
        final ByteBuffer frame = ByteBuffer.allocate(6 + payload.length);
        frame.put((byte) opcode).put((byte) (MASKED | payload.length)).putInt(0).put(payload);
        socket.getOutputStream().write(frame.array());
    }

    private void read() {
        try {
            while (true) {
                final int opcode = in.readUnsignedByte();
                final byte[] payload = new byte[length()];
                in.readFully(payload);
                if (opcode == TEXT) {
                    onEcho(new String(payload, StandardCharsets.US_ASCII));
                } else if (opcode == CLOSE) {
                    onEnd("close frame " + (payload.length < 2 ? 1005 : code(payload)));
                    return;
                } else {
                    onEnd("frame of type " + opcode);
                    return;
                }
            }
        } catch (final IOException e) {
            onEnd(e.toString());
        }
    }

    private static int code(byte[] payload) {
        return ByteBuffer.wrap(payload).getShort() & 0xFFFF;
    }

    private int length() throws IOException {
        final int length = in.readUnsignedByte();
        return length == 126 ? in.readUnsignedShort() : length;
    }

    private synchronized void onEcho(String text) {
        final int dot = text.indexOf('.');
        final int at = text.indexOf('@');
        if (!text.startsWith(key + ".")) {
            problems.add(key + " got another's frame: " + text);
            return;
        }
        final int number = Integer.parseInt(text.substring(dot + 1, at));
        final long pid = Long.parseLong(text.substring(at + 1));
        echoNumbers.addLong(number);
        echoPids.addLong(pid);
        echoNs.addLong(System.nanoTime());
        lastEchoed = Math.max(lastEchoed, number);
        notifyAll();
    }

    private synchronized void onEnd(String how) {
        closed = true;
        if (!closing) {
            problems.add(key + " was closed: " + how);
        }
        notifyAll();
    }

    /** How many frames are on their way, or were lost after the last echo. */
    synchronized int outstanding() {
        return sentNs.size() - lastEchoed;
    }

    /** How long the client has been waiting for an echo. */
    synchronized long silentNs() {
        final long now = System.nanoTime();
        return outstanding() == 0
                ? 0
                : Math.min(
                        now - sentNs.getLong(lastEchoed),
                        echoNs.isEmpty() ? now : now - echoNs.getLong(echoNs.size() - 1));
    }

    /** Waits until the last frame has come back; false when it has not for a long time. */
    synchronized boolean awaitLastEcho() throws InterruptedException {
        final long deadlineNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(ANSWER_TIMEOUT_S);
        while (outstanding() > 0 && !closed && System.nanoTime() < deadlineNs) {
            wait(100);
        }
        return outstanding() == 0;
    }

    String key() {
        return key;
    }

    synchronized boolean isClosed() {
        return closed;
    }

    /** When each frame was sent; the first has number 1. */
    synchronized List<Long> sentNs() {
        return List.copyOf(sentNs);
    }

    synchronized List<Echo> echoes() {
        final List<Echo> echoes = new ArrayList<>();
        for (int i = 0; i < echoNumbers.size(); i++) {
            echoes.add(
                    new Echo((int) echoNumbers.getLong(i), echoPids.getLong(i), echoNs.getLong(i)));
        }
        return echoes;
    }

    /** What should not have happened: foreign frames, a close that the client did not begin. */
    synchronized List<String> problems() {
        return List.copyOf(problems);
    }

    /** Closes with code 1000 and waits for the front end's answer. */
    @Override
    public void close() throws IOException {
        synchronized (this) {
            closing = true;
        }
        try {
            write(CLOSE, new byte[] {0x03, (byte) 0xE8});
            reader.join(TimeUnit.SECONDS.toMillis(ANSWER_TIMEOUT_S));
        } catch (final IOException alreadyGone) {
            // Then there is nothing to close.
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            socket.close();
        }
    }
}
