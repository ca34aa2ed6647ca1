// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.command;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.headrace.channel.Bus;
import io.headrace.channel.Lane;
import io.headrace.channel.LaneMark;
import io.headrace.channel.LanePoller;
import io.headrace.delivery.ClaimWord;
import io.headrace.message.Message;
import java.io.IOException;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.agrona.concurrent.UnsafeBuffer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * {@code headrace audit}: reads every record of every lane and checks that each message has exactly
 * one fate, or is claimed or pending, that each writer's sequence rises, and that the sums are
 * those the writers and the janitor counted.
 */
@Command(name = "audit", description = "Proves from the records what became of every message.")
public final class AuditCommand implements Callable<Integer> {

    private static final int UNEXPLAINED_SHOWN_MAX = 20;

    @Mixin private CommonOptions common;

    @Option(names = "--json", description = "One JSON object.")
    private boolean json;

    private final long[] byState = new long[ClaimWord.LOST + 1];
    private final List<String> unexplained = new ArrayList<>();
    private long messages;

    @Override
    public Integer call() throws IOException {
        try (Bus bus = Bus.open(common.directory())) {
            for (final Lane lane :
                    bus.lanes(name -> true, badLane -> unexplained.add(badLane.getMessage()))) {
                audit(lane);
            }
        }
        System.out.println(json ? toJson() : toText());
        unexplained.stream()
                .limit(UNEXPLAINED_SHOWN_MAX)
                .forEach(line -> System.err.println("headrace audit: " + line));
        return unexplained.isEmpty() ? 0 : 1;
    }

    private void audit(Lane lane) {
        final LaneMark mark = new LaneMark();
        lane.readMark(mark);
        // Read before the records: a record may come after, never go.
        final long appended = lane.appendedCount();
        final long[] upToMark = new long[ClaimWord.LOST + 1];
        long behindMark = 0;
        long present = 0;
        long lastSequence = 0;
        try (LanePoller poller = lane.poller()) {
            while (poller.peek()) {
                final UnsafeBuffer record = poller.record();
                final int state = state(lane, poller.index(), record);
                byState[state]++;
                present++;
                if (mark.lastEnded() != 0 && poller.index() <= mark.lastEnded()) {
                    upToMark[state]++;
                } else {
                    behindMark++;
                }
                if (poller.sequence() <= lastSequence && Message.isWhole(record)) {
                    explainNot(
                            lane,
                            poller.index(),
                            "sequence " + poller.sequence() + " does not rise");
                }
                lastSequence = Math.max(lastSequence, poller.sequence());
                poller.advance();
            }
        }
        messages += present;
        checkSums(lane, mark, appended, upToMark, present, behindMark);
    }

    private int state(Lane lane, long index, UnsafeBuffer record) {
        if (!Message.isWhole(record)) {
            return ClaimWord.FAILED;
        }
        final int word = ClaimWord.read(record);
        final int state = ClaimWord.ledgerState(word);
        if (state > ClaimWord.LOST) {
            explainNot(lane, index, "state " + state + " is none");
            return ClaimWord.FAILED;
        }
        return state;
    }

    private void checkSums(
            Lane lane,
            LaneMark mark,
            long appended,
            long[] upToMark,
            long present,
            long behindMark) {
        final long counted = mark.endedCount() + behindMark;
        if (counted < appended) {
            unexplained.add(
                    "lane %s: %d messages appended, %d accounted for"
                            .formatted(lane, appended, counted));
        }
        if (upToMark[ClaimWord.FREE] + upToMark[ClaimWord.CLAIMED] > 0) {
            unexplained.add(
                    "lane %s: %d messages have no fate, though all up to the mark should"
                            .formatted(
                                    lane, upToMark[ClaimWord.FREE] + upToMark[ClaimWord.CLAIMED]));
        }
        // Files that are over may have been deleted: of what they held, only the janitor's count is
        // left.
        final boolean isComplete = present == counted;
        for (int state = ClaimWord.DONE; state <= ClaimWord.LOST; state++) {
            final long kept = mark.ended(state - ClaimWord.DONE);
            if (isComplete ? upToMark[state] != kept : upToMark[state] > kept) {
                unexplained.add(
                        "lane %s: %d messages are %s, %d were counted"
                                .formatted(lane, upToMark[state], ClaimWord.label(state), kept));
            }
        }
    }

    private void explainNot(Lane lane, long index, String what) {
        unexplained.add("lane %s, record 0x%x: %s".formatted(lane, index, what));
    }

    private String toText() {
        final StringBuilder text = new StringBuilder("audit: " + messages + " messages");
        for (int state = ClaimWord.DONE; state <= ClaimWord.LOST; state++) {
            text.append(", ").append(byState[state]).append(' ').append(ClaimWord.label(state));
        }
        return text.append(
                        ", %d claimed, %d pending, %d unexplained"
                                .formatted(
                                        byState[ClaimWord.CLAIMED],
                                        byState[ClaimWord.FREE],
                                        unexplained.size()))
                .toString();
    }

    private String toJson() throws IOException {
        final StringWriter text = new StringWriter();
        try (JsonGenerator generator = new JsonFactory().createGenerator(text)) {
            generator.writeStartObject();
            generator.writeNumberField("messages", messages);
            for (int state = ClaimWord.DONE; state <= ClaimWord.LOST; state++) {
                generator.writeNumberField(ClaimWord.label(state), byState[state]);
            }
            generator.writeNumberField("claimed", byState[ClaimWord.CLAIMED]);
            generator.writeNumberField("pending", byState[ClaimWord.FREE]);
            generator.writeNumberField("unexplained", unexplained.size());
            generator.writeEndObject();
        }
        return text.toString();
    }
}
