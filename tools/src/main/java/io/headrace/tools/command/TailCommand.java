// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.command;

import io.headrace.HeadraceException;
import io.headrace.channel.Bus;
import io.headrace.channel.name.ChannelName;
import io.headrace.channel.name.Glob;
import io.headrace.delivery.poll.Tap;
import io.headrace.tools.json.RecordPrinter;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.Predicate;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code headrace tail}: prints messages, oldest first, without claiming them. */
@Command(name = "tail", description = "Prints messages, oldest first, without claiming them.")
public final class TailCommand implements Callable<Integer> {

    private static final long FOLLOW_INTERVAL_MS = 20;

    /** Where to begin. */
    enum From {
        start,
        now
    }

    @Mixin private CommonOptions common;

    @Parameters(
            paramLabel = "CHANNEL",
            arity = "0..*",
            description = "Channels, also patterns such as 'http.*'. Default: all")
    private List<String> channels = new ArrayList<>();

    @Option(names = "--json", description = "One JSON object per line.")
    private boolean json;

    @Option(names = "--follow", description = "Wait for more messages.")
    private boolean follow;

    @Option(
            names = "--from",
            paramLabel = "start|now",
            description = "With the oldest message, or with those to come. Default: start")
    private From from = From.start;

    @Option(names = "--limit", paramLabel = "N", description = "Stop after so many messages.")
    private long limit = Long.MAX_VALUE;

    private long printed;

    @Override
    public Integer call() throws InterruptedException, IOException {
        final StopSignal stop = new StopSignal();
        try (Bus bus = Bus.open(common.directory());
                RecordPrinter printer = new RecordPrinter(bus, json);
                Tap tap = new Tap(bus, filter(), TailCommand::onBadLane)) {
            final Writer out =
                    new BufferedWriter(new OutputStreamWriter(System.out, StandardCharsets.UTF_8));
            if (from == From.now) {
                tap.poll((lane, nowNs) -> {}, Integer.MAX_VALUE);
            }
            final Tap.Handler print =
                    (lane, nowNs) -> {
                        try {
                            printer.print(lane, out);
                            printed++;
                        } catch (final IOException e) {
                            throw new UncheckedIOException(e);
                        }
                    };
            try {
                while (printed < limit && !stop.isStopped()) {
                    final int passed = tap.poll(print, (int) Math.min(limit - printed, 1_000));
                    if (passed == 0) {
                        out.flush();
                        if (!follow || stop.await(FOLLOW_INTERVAL_MS)) {
                            break;
                        }
                    }
                    if (System.out.checkError()) {
                        // The reader of our output has gone, as head does after its last line.
                        break;
                    }
                }
            } finally {
                // Also what was printed before a failure.
                out.flush();
            }
        }
        return 0;
    }

    private Predicate<String> filter() {
        if (channels.isEmpty()) {
            return name -> true;
        }
        for (final String channel : channels) {
            // A pattern is a name but for its stars.
            ChannelName.check(channel.replace('*', 'x'));
        }
        return channels.stream()
                .map(ChannelName::physical)
                .map(Glob::of)
                .reduce(name -> false, Predicate::or);
    }

    private static void onBadLane(HeadraceException problem) {
        System.err.println("headrace tail: " + problem.getMessage());
    }
}
