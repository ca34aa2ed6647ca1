// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.demo;

import io.headrace.channel.LaneAppender;
import io.headrace.message.Field;
import io.headrace.message.Request;
import io.headrace.worker.reply.HttpReply;
import io.headrace.worker.reply.ResponseStream;
import io.headrace.worker.reply.UploadReceiver;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.HexFormat;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * What the demo answers in parts, or later: {@code /clock}, a server-sent event every second;
 * {@code /download?bytes=N}; {@code /later?ms=N}, which holds no consumer meanwhile; {@code POST
 * /upload}, of any length, answered with its length and SHA-256.
 */
final class DemoStreams {

    private static final String TEXT = "text/plain";
    private static final String BYTES = "application/octet-stream";
    private static final String EVENTS = "text/event-stream";
    private static final int PART_LENGTH = 64 << 10;
    private static final long BYTES_MAX = 1L << 40;
    private static final long LATER_MAX_MS = 600_000;

    private final ScheduledExecutorService timer =
            Executors.newSingleThreadScheduledExecutor(
                    task -> {
                        final Thread thread = new Thread(task, "demo-timer");
                        thread.setDaemon(true);
                        return thread;
                    });

    /** Whether it has answered a request, or will. */
    boolean answer(Request request, HttpReply reply) {
        final Field path = request.pathField();
        if (path.contentEquals("/clock")) {
            clock(reply);
        } else if (path.contentEquals("/download")) {
            download(request, reply);
        } else if (path.contentEquals("/later")) {
            later(request, reply);
        } else if (path.contentEquals("/upload")) {
            upload(request, reply);
        } else {
            return false;
        }
        return true;
    }

    private void clock(HttpReply reply) {
        final ResponseStream stream = reply.header("Cache-Control", "no-store").stream(200, EVENTS);
        final ScheduledFuture<?>[] ticks = new ScheduledFuture<?>[1];
        ticks[0] =
                timer.scheduleAtFixedRate(
                        () -> {
                            if (stream.event("", Instant.now().toString()) == LaneAppender.CLOSED) {
                                ticks[0].cancel(false);
                            }
                        },
                        0,
                        1,
                        TimeUnit.SECONDS);
    }

    private static void download(Request request, HttpReply reply) {
        final long length = number(request, "bytes", 1_000_000, BYTES_MAX);
        if (length < 0) {
            reply.send(400, TEXT, "400 bytes takes a number from 0 to " + BYTES_MAX + "\n");
            return;
        }
        new Download(reply.stream(200, BYTES, length), length).run();
    }

    /** Sends as much as the client takes and memory lets, then waits until that is more. */
    private static final class Download implements Runnable {
        private static final UnsafeBuffer PART = new UnsafeBuffer(new byte[PART_LENGTH]);

        private final ResponseStream stream;
        private long left;

        private Download(ResponseStream stream, long length) {
            this.stream = stream;
            this.left = length;
        }

        @Override
        public void run() {
            int code = LaneAppender.OK;
            while (left > 0 && code == LaneAppender.OK) {
                final int length = (int) Math.min(left, PART_LENGTH);
                code = stream.send(PART, 0, length);
                left -= code == LaneAppender.OK ? length : 0;
            }
            code = code == LaneAppender.OK ? stream.end() : code;
            if (code == LaneAppender.BACK_PRESSURED || code == LaneAppender.MEMORY_HIGH) {
                stream.onWritable(this);
            }
        }
    }

    private void later(Request request, HttpReply reply) {
        final long ms = number(request, "ms", 1_000, LATER_MAX_MS);
        if (ms < 0) {
            reply.send(400, TEXT, "400 ms takes a number from 0 to " + LATER_MAX_MS + "\n");
            return;
        }
        final HttpReply later = reply.later();
        timer.schedule(
                () -> later.send(200, TEXT, "answered after " + ms + " ms\n"),
                ms,
                TimeUnit.MILLISECONDS);
    }

    private static void upload(Request request, HttpReply reply) {
        final Upload upload = new Upload();
        if (request.inParts()) {
            reply.receive(upload);
        } else {
            upload.onPart(request.body());
            upload.onEnd(reply);
        }
    }

    private static final class Upload implements UploadReceiver {
        private final MessageDigest digest = sha256();
        private long length;

        @Override
        public void onPart(Field content) {
            digest.update(content.toBytes());
            length += content.length();
        }

        @Override
        public void onEnd(HttpReply reply) {
            reply.send(
                    200,
                    "application/json",
                    "{\"bytes\":%d,\"sha256\":\"%s\"}"
                            .formatted(length, HexFormat.of().formatHex(digest.digest())));
        }

        private static MessageDigest sha256() {
            try {
                return MessageDigest.getInstance("SHA-256");
            } catch (final NoSuchAlgorithmException e) {
                throw new AssertionError("every Java platform has SHA-256", e);
            }
        }
    }

    /** A number of the query string; negative when it is none, or too large. */
    private static long number(Request request, String key, long absent, long max) {
        try {
            final long value = Long.parseLong(request.query().value(key, Long.toString(absent)));
            return value > max ? -1 : value;
        } catch (final NumberFormatException e) {
            return -1;
        }
    }
}
