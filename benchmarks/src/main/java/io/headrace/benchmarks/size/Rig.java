// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.size;

import io.headrace.benchmarks.harness.CaseResult;
import io.headrace.benchmarks.sample.NoReplies;
import io.headrace.benchmarks.sample.SampleMessages;
import io.headrace.benchmarks.sample.SocketlessFrontEnd;
import io.headrace.channel.LaneAppender;
import io.headrace.channel.WriterSequence;
import io.headrace.message.Field;
import io.headrace.message.Response;
import io.headrace.worker.Worker;
import io.headrace.worker.WorkerContext;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.HdrHistogram.Histogram;
import org.agrona.CloseHelper;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A front end without sockets and a worker that echoes bodies, both on the calling thread: a trip
 * is a request appended, one duty cycle of the consumer, and its reply delivered. What it costs is
 * work alone, without the cores' distance.
 */
final class Rig implements AutoCloseable {

    private static final int SERVED_TRIES_MAX = 1_000_000;

    private final SocketlessFrontEnd frontEnd;
    private final Worker worker;
    private final Agent consumer;
    private final Agent[] housekeeping;
    private final SampleMessages samples;
    private final UnsafeBuffer body;
    private final List<LaneAppender> idleLanes = new ArrayList<>();
    private int appended;
    private int answered;

    /**
     * @param bodyLength of requests and replies.
     */
    Rig(Path directory, int bodyLength) throws Exception {
        body = new UnsafeBuffer(new byte[bodyLength]);
        body.setMemory(0, bodyLength, (byte) 'b');
        worker =
                Worker.prepare(
                        new WorkerContext()
                                .directory(directory)
                                .consumers(1)
                                .onHttpRequest(
                                        (channel, request, reply) -> {
                                            final Field content = request.body();
                                            reply.send(
                                                    200,
                                                    "text/plain",
                                                    (UnsafeBuffer) content.buffer(),
                                                    content.offset(),
                                                    content.length());
                                        }));
        frontEnd =
                new SocketlessFrontEnd(
                        directory,
                        new NoReplies() {
                            @Override
                            public boolean onResponse(
                                    long connection, int order, Response response) {
                                return answer(order, response);
                            }
                        });
        samples = new SampleMessages(frontEnd.replyAddress());
        samples.keys().body(body, 0, bodyLength);
        consumer = worker.agents().get(1);
        consumer.onStart();
        housekeeping = new Agent[] {frontEnd.housekeeping(), worker.agents().get(0)};
        keepHouse();
    }

    private boolean answer(int order, Response response) {
        final int last = body.capacity() - 1;
        if (order != answered + 1
                || response.content().length() != body.capacity()
                || last >= 0 && response.content().byteAt(last) != 'b') {
            throw new IllegalStateException(
                    "after answer %d came %d, with %d bytes"
                            .formatted(answered, order, response.content().length()));
        }
        answered = order;
        return true;
    }

    /** Lets both find each other, and all lanes. */
    void keepHouse() throws Exception {
        for (int tries = 0; tries < 3 || !frontEnd.beginCycle(); tries++) {
            for (final Agent agent : housekeeping) {
                agent.doWork();
            }
            consumer.doWork();
            frontEnd.poll();
            if (tries > SERVED_TRIES_MAX) {
                throw new IllegalStateException("the worker is not seen");
            }
        }
    }

    /** Adds a lane that nothing will ever be written to. */
    void addIdleLane(String channel, String writer) {
        idleLanes.add(frontEnd.bus().newLane(channel, writer, new WriterSequence()));
    }

    /** Id of the front end's loop as a writer. */
    String writer() {
        return frontEnd.writer();
    }

    void append() {
        frontEnd.beginCycle();
        SocketlessFrontEnd.checked(
                frontEnd.ingress()
                        .appendRequest(samples.keys(), frontEnd.connection(), ++appended));
    }

    /** Measures trips: the reply that is waited for is that to the oldest request. */
    Histogram tripsNs(int count) throws Exception {
        final Histogram tripsNs = new Histogram(3);
        for (int i = 0; i < count; i++) {
            final int expected = answered + 1;
            final long startNs = System.nanoTime();
            append();
            while (answered != expected) {
                consumer.doWork();
                frontEnd.poll();
            }
            tripsNs.recordValue(System.nanoTime() - startNs);
        }
        return tripsNs;
    }

    /** Time of one duty cycle of the consumer that finds nothing: the median of some means. */
    double idleCycleNs(int count) throws Exception {
        final double[] means = new double[9];
        for (int i = 0; i < means.length; i++) {
            final long startNs = System.nanoTime();
            for (int k = 0; k < count; k++) {
                consumer.doWork();
            }
            means[i] = (System.nanoTime() - startNs) / (double) count;
        }
        return CaseResult.median(means);
    }

    @Override
    public void close() {
        CloseHelper.quietCloseAll(idleLanes);
        CloseHelper.quietCloseAll(frontEnd, worker);
    }
}
