// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.hop;

import io.aeron.Aeron;
import io.aeron.ExclusivePublication;
import io.aeron.Subscription;
import io.aeron.driver.MediaDriver;
import io.aeron.driver.ThreadingMode;
import io.aeron.logbuffer.FragmentHandler;
import io.headrace.benchmarks.sample.Records;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.agrona.CloseHelper;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Aeron IPC, one exclusive publication each way. Its driver wants three cores, or one, that are not
 * there: on two it would take from both sides what it gives. So the driver and the clients'
 * conductors run in the measured threads, between slices, and cost Aeron nothing while it is
 * measured; a slice fits into the flow-control window. That is the best case for it.
 */
final class AeronSide extends Side {

    private static final String CHANNEL = "aeron:ipc";
    private static final int TERM_LENGTH = 8 << 20;
    // Larger than a record, so that none is fragmented.
    private static final int MTU_LENGTH = 8 << 10;
    // Nobody is to be taken for dead while others are measured.
    private static final long TIMEOUT_NS = TimeUnit.HOURS.toNanos(1);

    private final MediaDriver driver;
    private final Aeron aeron;
    private final ExclusivePublication publication;
    private final Subscription subscription;
    private final Records records;
    private final FragmentHandler onFragment;

    AeronSide(Path directory, boolean isEcho) {
        super(isEcho);
        records = new Records(isEcho);
        final String path = directory.resolve("aeron").toString();
        driver = isEcho ? null : MediaDriver.launch(driverContext(path));
        final Aeron.Context context =
                new Aeron.Context()
                        .aeronDirectoryName(path)
                        .useConductorAgentInvoker(true)
                        .driverTimeoutMs(TimeUnit.NANOSECONDS.toMillis(TIMEOUT_NS));
        if (!isEcho) {
            context.driverAgentInvoker(driver.sharedAgentInvoker());
        }
        aeron = Aeron.connect(context);
        publication = aeron.addExclusivePublication(CHANNEL, isEcho ? 2 : 1);
        subscription = aeron.addSubscription(CHANNEL, isEcho ? 1 : 2);
        onFragment =
                (buffer, offset, length, header) -> {
                    records.copyIn(buffer, offset, length);
                    onRead(records.number(), records.isWhole());
                };
    }

    private static MediaDriver.Context driverContext(String path) {
        return new MediaDriver.Context()
                .aeronDirectoryName(path)
                .threadingMode(ThreadingMode.INVOKER)
                .dirDeleteOnStart(true)
                .dirDeleteOnShutdown(true)
                .ipcTermBufferLength(TERM_LENGTH)
                .ipcMtuLength(MTU_LENGTH)
                .clientLivenessTimeoutNs(TIMEOUT_NS)
                .publicationUnblockTimeoutNs(2 * TIMEOUT_NS)
                .driverTimeoutMs(TimeUnit.NANOSECONDS.toMillis(TIMEOUT_NS));
    }

    @Override
    void prepare(int messageCount) {
        assist();
    }

    @Override
    void assist() {
        if (driver != null) {
            driver.sharedAgentInvoker().invoke();
        }
        aeron.conductorAgentInvoker().invoke();
    }

    @Override
    void send(int number) {
        final UnsafeBuffer record = records.out(number);
        while (publication.offer(record, 0, record.capacity()) < 0) {
            assist();
        }
    }

    @Override
    int poll() {
        return subscription.poll(onFragment, 1);
    }

    @Override
    public void close() {
        CloseHelper.closeAll(publication, subscription, aeron, driver);
    }
}
