// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.size;

import com.sun.management.UnixOperatingSystemMXBean;
import io.headrace.benchmarks.harness.Figure;
import io.headrace.benchmarks.harness.Results;
import io.headrace.benchmarks.harness.Row;
import io.headrace.benchmarks.harness.Run;
import io.headrace.benchmarks.harness.Sample;
import io.headrace.benchmarks.http.IdleConnections;
import io.headrace.benchmarks.http.Servers;
import io.headrace.channel.name.ChannelName;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.HdrHistogram.Histogram;
import org.agrona.IoUtil;

/** What a trip costs while there is more and more around it. */
public final class SizeRow implements Row {

    private static final int[] CHANNELS = {1, 10, 50, 100, 200};
    private static final int[] LANES = {1, 2, 4, 8, 16, 32, 64};
    private static final int[] LENGTHS = {16, 256, 4 << 10, 64 << 10, 1 << 20};
    private static final int[] BACKLOGS = {0, 100, 10_000, 100_000, 1_000_000};
    private static final int[] CONNECTIONS = {10, 100, 1_000, 10_000, 20_000};
    // What both ends of a connection need beside it.
    private static final int OTHER_FILES = 400;
    private static final long BYTES_PER_POINT = 96L << 20;
    private static final String CHRONICLE = "chronicle";
    // Many may wait: the product's own limit would refuse them.
    private static final String[] LIMITS = {
        "headrace.channel.http.request.messages", "4000000",
        "headrace.channel.http.request.bytes", "8g",
        "headrace.channel.http.request.expiry", "3600s"
    };

    private final Servers servers;

    public SizeRow(Servers servers) {
        this.servers = servers;
    }

    @Override
    public String name() {
        return "size";
    }

    @Override
    public String about() {
        return "Curves: a request and its reply through a front end without sockets and a consumer,"
                + " on one thread, with idle channels, idle lanes, longer bodies (chronicle: as many"
                + " bytes through two bare queues) or a backlog; and a client's request while other"
                + " connections are open and idle.";
    }

    @Override
    public int cores() {
        return 2;
    }

    @Override
    public void run(Run run) throws Exception {
        warmUp(run);
        final int rounds = Math.min(run.plan().rounds(), 2);
        for (int round = 1; round <= rounds; round++) {
            measureChannels(run, round);
            measureLanes(run, round);
            measureLengths(run, round);
            measureBacklogs(run, round);
        }
        measureConnections(run);
    }

    /** Points of a curve up to what there is time for. */
    private static int[] most(Run run, int[] points, int quick, int trial) {
        final long most = run.plan().choose(Integer.MAX_VALUE, quick, trial);
        return Arrays.stream(points).filter(point -> point <= most).toArray();
    }

    private interface WithRig {
        void run(Rig rig) throws Exception;
    }

    private static void withRig(Run run, int bodyLength, WithRig task) throws Exception {
        final Path directory = run.newDirectory("size");
        try (Rig rig = new Rig(directory, bodyLength)) {
            task.run(rig);
        }
        IoUtil.delete(directory.toFile(), true);
    }

    private static void warmUp(Run run) throws Exception {
        withRig(
                run,
                256,
                rig -> {
                    rig.tripsNs((int) run.plan().choose(30_000, 30_000, 500));
                    rig.idleCycleNs(10_000);
                });
    }

    private static void measureChannels(Run run, int round) throws Exception {
        withRig(
                run,
                256,
                rig -> {
                    int there = 1;
                    for (final int count : most(run, CHANNELS, 200, 10)) {
                        for (; there < count; there++) {
                            rig.addIdleLane("http.route-" + there, rig.writer());
                        }
                        measure(run, rig, "channels", count, round);
                    }
                });
    }

    private static void measureLanes(Run run, int round) throws Exception {
        withRig(
                run,
                256,
                rig -> {
                    int there = 1;
                    for (final int count : most(run, LANES, 64, 4)) {
                        for (; there < count; there++) {
                            rig.addIdleLane(ChannelName.HTTP_REQUEST, "idle-" + there);
                        }
                        measure(run, rig, "lanes", count, round);
                    }
                });
    }

    private static void measure(Run run, Rig rig, String curve, int x, int round) throws Exception {
        rig.keepHouse();
        rig.tripsNs(500);
        final Histogram tripsNs = rig.tripsNs(4_000);
        add(
                run,
                curve,
                x,
                Results.PRODUCT,
                round,
                Sample.ofLatency(tripsNs).with("idle cycle ns", rig.idleCycleNs(2_000)));
    }

    private static void measureLengths(Run run, int round) throws Exception {
        for (final int length : most(run, LENGTHS, 1 << 20, 4 << 10)) {
            final int count = (int) Math.min(4_000, BYTES_PER_POINT / length);
            withRig(
                    run,
                    length,
                    rig -> {
                        rig.tripsNs(count / 8);
                        add(
                                run,
                                "message bytes",
                                length,
                                Results.PRODUCT,
                                round,
                                Sample.ofLatency(rig.tripsNs(count)));
                    });
            final Path directory = run.newDirectory("size");
            try (QueueTrip queues = new QueueTrip(directory, length)) {
                queues.tripsNs(count / 8);
                final Sample sample = Sample.ofLatency(queues.tripsNs(count));
                add(run, "message bytes", length, CHRONICLE, round, sample);
            }
            IoUtil.delete(directory.toFile(), true);
        }
    }

    private static void measureBacklogs(Run run, int round) throws Exception {
        for (int i = 0; i < LIMITS.length; i += 2) {
            System.setProperty(LIMITS[i], LIMITS[i + 1]);
        }
        try {
            for (final int count : most(run, BACKLOGS, 100_000, 100)) {
                withRig(
                        run,
                        16,
                        rig -> {
                            rig.tripsNs(500);
                            for (int i = 0; i < count; i++) {
                                rig.append();
                            }
                            rig.keepHouse();
                            rig.tripsNs(500);
                            final Sample sample = Sample.ofLatency(rig.tripsNs(4_000));
                            add(run, "backlog", count, Results.PRODUCT, round, sample);
                        });
            }
        } finally {
            for (int i = 0; i < LIMITS.length; i += 2) {
                System.clearProperty(LIMITS[i]);
            }
        }
    }

    /** Each server once: thousands of connections take a while to come. */
    private void measureConnections(Run run) throws Exception {
        final UnixOperatingSystemMXBean system =
                (UnixOperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        final int most = (int) Math.min(20_000, system.getMaxFileDescriptorCount() - OTHER_FILES);
        final List<Integer> counts =
                Arrays.stream(most(run, CONNECTIONS, 5_000, 100))
                        .map(count -> Math.min(count, most))
                        .boxed()
                        .distinct()
                        .toList();
        IdleConnections.measure(
                run,
                servers.withoutProxy(run),
                counts,
                (server, count, sample) ->
                        add(run, "connections", count, server.name(), 1, sample));
    }

    private static void add(
            Run run, String curve, int x, String contender, int round, Sample sample) {
        run.results()
                .add("size", curve + " " + x, Figure.P50, contender, round, sample)
                .at(curve, x);
    }
}
