// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.hop;

import io.headrace.benchmarks.sample.Housekeeping;
import io.headrace.benchmarks.sample.SampleMessages;
import io.headrace.message.MessageType;
import io.headrace.worker.Worker;
import io.headrace.worker.WorkerContext;
import java.nio.file.Path;
import org.agrona.CloseHelper;
import org.agrona.concurrent.Agent;

/**
 * Headrace's worker, the product's own: its consumer polls, claims and decodes the HTTP Request,
 * its handler looks at the keys and replies.
 */
final class WorkerSide extends Side {

    private final SampleMessages samples = new SampleMessages("reply.f1-abc123-0!1.0");
    private final long expected = samples.expected(MessageType.HTTP_REQUEST);
    private final Worker worker;
    private final Agent consumer;
    private final Housekeeping housekeeping;
    private final Housekeeping pages;

    WorkerSide(Path directory) {
        super(true);
        worker =
                Worker.prepare(
                        new WorkerContext()
                                .directory(directory)
                                .consumers(1)
                                .onHttpRequest(
                                        (channel, request, reply) -> {
                                            if (SampleMessages.fingerprint(request) != expected) {
                                                throw new IllegalStateException("not as sent");
                                            }
                                            samples.send(reply);
                                        }));
        housekeeping = Housekeeping.of(worker.agents().get(0));
        pages = Housekeeping.pages(worker.bus());
        consumer = worker.agents().get(1);
        consumer.onStart();
    }

    @Override
    void prepare(int messageCount) {
        housekeeping.measured(true);
        pages.measured(true);
    }

    @Override
    void rest() {
        housekeeping.measured(false);
        pages.measured(false);
    }

    @Override
    void send(int number) {
        throw new IllegalStateException("the handler replies");
    }

    @Override
    int poll() {
        try {
            return consumer.doWork();
        } catch (final Exception e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        CloseHelper.quietCloseAll(housekeeping, pages, worker);
    }
}
