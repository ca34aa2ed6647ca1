// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import io.headrace.channel.LaneAppender;
import io.headrace.message.Field;
import io.headrace.message.Request;
import io.headrace.worker.Application;
import io.headrace.worker.Defer;
import io.headrace.worker.WorkerContext;
import io.headrace.worker.reply.HttpReply;
import io.headrace.worker.reply.ResponseStream;
import io.headrace.worker.reply.UploadReceiver;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Streams, late answers and bodies in parts that tests lead by other requests: {@code
 * /begin?name=N} begins a response, {@code /part?name=N}, {@code /end?name=N} and {@code
 * /abort?name=N} go on with it and answer with the code of the call. {@code /postpone} is answered
 * the second time, {@code /never} not before {@code /heal}.
 */
public final class StreamApplication implements Application {

    private static final String TEXT = "text/plain";
    private static final byte[] PART = new byte[4 << 10];

    private static final Map<String, ResponseStream> STREAMS = new HashMap<>();
    private static final Map<String, HttpReply> LATER = new ConcurrentHashMap<>();
    private static final Map<String, Upload> UPLOADS = new ConcurrentHashMap<>();
    private static final Map<String, Integer> WRITABLE = new ConcurrentHashMap<>();
    private static final Map<String, Integer> TRIES = new ConcurrentHashMap<>();
    private static final Set<String> GONE = ConcurrentHashMap.newKeySet();

    private static volatile boolean healed;

    @Override
    public void configure(WorkerContext context) {
        context.onHttpRequest((channel, request, reply) -> answer(request, reply))
                .onHttpDisconnect(
                        (channel, request) -> GONE.add(request.query().value("name", "")));
    }

    private static void answer(Request request, HttpReply reply) {
        final String name = request.query().value("name", "");
        final String value = request.query().value("value", "");
        switch (request.path()) {
            case "/begin" -> {
                final long length = value.isEmpty() ? -1 : Long.parseLong(value);
                begin(name, reply.header("X-Name", name), length);
            }
            case "/part" -> answer(reply, stream(name).send(value));
            case "/event" -> answer(reply, stream(name).event("kind", value));
            case "/large" -> answer(reply, stream(name).send(new byte[Integer.parseInt(value)]));
            case "/fill" -> reply.send(200, TEXT, fill(stream(name)));
            case "/watch" -> {
                stream(name).onWritable(() -> WRITABLE.merge(name, 1, Integer::sum));
                answer(reply, LaneAppender.OK);
            }
            case "/writable" -> answer(reply, WRITABLE.getOrDefault(name, 0));
            case "/end" -> answer(reply, stream(name).end());
            case "/abort" -> answer(reply, stream(name).abort());
            case "/open" -> answer(reply, stream(name).isOpen() ? 1 : 0);
            case "/hold" -> LATER.put(name, reply.later());
            case "/answer" -> answer(reply, LATER.get(name).send(200, TEXT, value));
            case "/address" -> answer(reply, reply.at(value).send(200, TEXT, "by address"));
            case "/gone" -> answer(reply, GONE.contains(name) ? 1 : 0);
            case "/upload" -> upload(request, reply, name, value);
            case "/progress" -> reply.send(200, TEXT, UPLOADS.get(name).progress());
            case "/release" -> {
                UPLOADS.get(name).gate.countDown();
                answer(reply, LaneAppender.OK);
            }
            case "/postpone" -> {
                if (!request.isRedelivered()) {
                    throw new Defer(Duration.ofSeconds(2), "another worker may");
                }
                reply.send(200, TEXT, "postponed once");
            }
            case "/never" -> {
                TRIES.merge(name, 1, Integer::sum);
                if (!healed) {
                    throw new Defer(Duration.ofMillis(1), "never now");
                }
                reply.send(200, TEXT, "healed");
            }
            case "/tries" -> answer(reply, TRIES.getOrDefault(name, 0));
            case "/heal" -> {
                healed = true;
                answer(reply, LaneAppender.OK);
            }
            case "/defer" -> throw new Defer(Duration.ofMillis(1), "never now");
            case "/halt" -> Runtime.getRuntime().halt(9);
            default -> reply.send(404, TEXT, "none");
        }
    }

    /** Its client has the head at once, and may ask for more before the stream is kept. */
    private static void begin(String name, HttpReply reply, long length) {
        synchronized (STREAMS) {
            STREAMS.put(name, reply.stream(200, TEXT, length));
        }
    }

    private static ResponseStream stream(String name) {
        synchronized (STREAMS) {
            return STREAMS.get(name);
        }
    }

    private static void answer(HttpReply reply, int code) {
        reply.send(200, TEXT, Integer.toString(code));
    }

    private static String fill(ResponseStream stream) {
        int count = 0;
        int code = stream.send(PART);
        while (code == LaneAppender.OK) {
            count++;
            code = stream.send(PART);
        }
        return (long) count * PART.length + " " + code;
    }

    private static void upload(Request request, HttpReply reply, String name, String mode) {
        final Upload upload = new Upload(mode, request.inParts(), request.contentLength());
        UPLOADS.put(name, upload);
        switch (mode) {
            case "early" -> reply.send(200, TEXT, "enough");
            case "defer" -> throw new Defer(Duration.ofMillis(1), "never now");
            case "ignore" -> {
                // Its parts are nobody's.
            }
            default -> reply.receive(upload);
        }
    }

    private static final class Upload implements UploadReceiver {

        private final CountDownLatch gate;
        private final String mode;
        private final boolean inParts;
        private final long contentLength;
        private int partCount;
        private long length;
        private int largest;
        private long sum;
        private String state = "receiving";

        Upload(String mode, boolean inParts, long contentLength) {
            this.mode = mode;
            this.inParts = inParts;
            this.contentLength = contentLength;
            this.gate = new CountDownLatch(mode.equals("gate") ? 1 : 0);
        }

        @Override
        public void onPart(Field content) throws InterruptedException {
            synchronized (this) {
                partCount++;
                length += content.length();
                largest = Math.max(largest, content.length());
                for (int i = 0; i < content.length(); i++) {
                    sum += content.byteAt(i);
                }
            }
            if (mode.equals("throw")) {
                throw new IllegalStateException("thrown by a receiver");
            }
            gate.await(60, TimeUnit.SECONDS);
        }

        @Override
        public void onEnd(HttpReply reply) {
            synchronized (this) {
                state = "complete";
            }
            reply.send(200, TEXT, progress());
        }

        @Override
        public synchronized void onAbandoned() {
            state = "abandoned";
        }

        synchronized String progress() {
            return "%s inParts=%s contentLength=%d bytes=%d sum=%d largest=%d"
                    .formatted(state, inParts, contentLength, length, sum, largest);
        }
    }
}
