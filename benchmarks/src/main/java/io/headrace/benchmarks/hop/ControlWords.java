// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.hop;

import com.sun.management.ThreadMXBean;
import io.headrace.benchmarks.harness.Child;
import java.io.File;
import java.lang.management.ManagementFactory;
import java.nio.MappedByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import org.agrona.BufferUtil;
import org.agrona.IoUtil;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Words in shared memory by which the measuring process tells the echoing one what to do, so that
 * the contender that is not measured does nothing at all. Two of them are the bare cache line,
 * whose trip tells how far the two cores are apart at the moment: where a machine is virtual, that
 * changes while it runs.
 *
 * <pre>
 *     0  command          128  command that is being obeyed
 *   256  ping             384  pong
 *   512  bytes that the echo's thread has allocated
 * </pre>
 */
final class ControlWords implements AutoCloseable {

    /** Do nothing and sleep. Contenders have the commands from 1. */
    static final int SLEEP = 0;

    /** Answer the cache line. */
    static final int LINE = -1;

    /** End. */
    static final int STOP = -2;

    /** Say when everything is open. */
    static final int OPEN = -3;

    private static final int LENGTH = 4096;
    private static final int COMMAND_OFFSET = 0;
    private static final int OBEYED_OFFSET = 128;
    private static final int PING_OFFSET = 256;
    private static final int PONG_OFFSET = 384;
    private static final int ALLOCATED_OFFSET = 512;
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final int PROBE_COUNT = 5;
    private static final int PROBE_TRIPS = 40;

    private final MappedByteBuffer mapped;
    private final UnsafeBuffer words;
    private Child echo;
    private long ping;

    ControlWords(Path path) {
        final File file = path.toFile();
        mapped =
                file.exists()
                        ? IoUtil.mapExistingFile(file, "control")
                        : IoUtil.mapNewFile(file, LENGTH);
        words = new UnsafeBuffer(mapped);
    }

    int command() {
        return words.getIntVolatile(COMMAND_OFFSET);
    }

    /** The echo's word that it does what it was told. */
    void obey(int command) {
        words.putLong(ALLOCATED_OFFSET, THREADS.getCurrentThreadAllocatedBytes());
        words.putIntVolatile(OBEYED_OFFSET, command);
    }

    /** The process that obeys. */
    void echo(Child process) {
        echo = process;
    }

    /** Tells the echo what to do, and waits until it does. */
    void command(int command) {
        command(command, Thread::onSpinWait);
    }

    /** The same, with something to do while waiting. */
    void command(int command, Runnable whileWaiting) {
        words.putIntVolatile(COMMAND_OFFSET, command);
        while (words.getIntVolatile(OBEYED_OFFSET) != command) {
            checkEcho();
            whileWaiting.run();
        }
        whileWaiting.run();
    }

    /** Bytes that both threads have allocated: this one, and the echo's up to its last command. */
    long allocated() {
        return THREADS.getCurrentThreadAllocatedBytes() + words.getLong(ALLOCATED_OFFSET);
    }

    /** Throws when there is no echo any more. */
    void checkEcho() {
        if (!echo.isAlive()) {
            throw new IllegalStateException("the echo of the hop ended");
        }
    }

    /** Answers the line once. */
    void answerLine() {
        words.putLongRelease(PONG_OFFSET, words.getLongVolatile(PING_OFFSET));
    }

    /** Time of one trip of the line and back: the median of a few means. */
    long lineTripNs() {
        final long[] means = new long[PROBE_COUNT];
        for (int i = 0; i < PROBE_COUNT; i++) {
            final long startNs = System.nanoTime();
            for (int k = 0; k < PROBE_TRIPS; k++) {
                words.putLongRelease(PING_OFFSET, ++ping);
                while (words.getLongVolatile(PONG_OFFSET) != ping) {
                    // Without a pause: the pause would be most of what is measured.
                }
            }
            means[i] = (System.nanoTime() - startNs) / PROBE_TRIPS;
        }
        Arrays.sort(means);
        return means[PROBE_COUNT / 2];
    }

    @Override
    public void close() {
        BufferUtil.free(mapped);
    }
}
