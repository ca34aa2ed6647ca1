// SPDX-License-Identifier: Apache-2.0
package io.headrace.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.channel.Bus;
import io.headrace.channel.LanePoller;
import io.headrace.channel.name.ConnectionId;
import io.headrace.delivery.ClaimWord;
import io.headrace.delivery.poll.Tap;
import io.headrace.member.MemberReader;
import io.headrace.member.Members;
import io.headrace.message.DeliveryHeader;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * What became of every request, told by the records themselves: the claim words of the requests,
 * and the replies, of which each consumer writes its own in the order of its handling.
 */
final class Ledger {

    private final Bus bus;
    private final int loopCount;
    private final int countPerLoop;
    private final BitSet answered = new BitSet();
    private final Map<Integer, String> consumerByRequest = new HashMap<>();
    private final Map<String, Integer> lastByConsumerAndLoop = new HashMap<>();
    private final Map<String, Integer> countByConsumer = new TreeMap<>();
    private final int[] countByState = new int[16];

    Ledger(Bus bus, int loopCount, int countPerLoop) {
        this.bus = bus;
        this.loopCount = loopCount;
        this.countPerLoop = countPerLoop;
    }

    int answeredCount() {
        return answered.cardinality();
    }

    int count(int state) {
        return countByState[state];
    }

    /** Takes a reply: none was there before, and none to a later request of its loop. */
    void onReply(LanePoller lane, long nowNs) {
        final long connection = DeliveryHeader.connection(lane.record(), 0);
        final int loop = ConnectionId.loop(connection);
        final int number = ConnectionId.number(connection);
        final String consumer = lane.lane().writer();
        final int request = loop * countPerLoop + number;
        assertTrue(loop < loopCount && number < countPerLoop, "reply to nobody: " + connection);
        assertTrue(!answered.get(request), () -> "second reply to " + loop + "/" + number);
        answered.set(request);
        consumerByRequest.put(request, consumer);
        countByConsumer.merge(consumer, 1, Integer::sum);
        final Integer last = lastByConsumerAndLoop.put(consumer + " " + loop, number);
        assertTrue(
                last == null || last < number,
                () -> consumer + " answered " + loop + "/" + number + " after " + last);
    }

    /** How many requests have not ended; asks nothing more, so workers may be busy with them. */
    int openCount() {
        final int[] open = {0};
        try (Tap tap = new Tap(bus, "http.request"::equals, Ledger::bad)) {
            tap.poll(
                    (lane, nowNs) ->
                            open[0] += ClaimWord.hasEnded(ClaimWord.read(lane.record())) ? 0 : 1,
                    Integer.MAX_VALUE);
        }
        return open[0];
    }

    /**
     * Reads and checks all requests; returns how many have not ended. All replies must have been
     * read before, and no worker may be busy: a request that ended in between would be done without
     * a reply.
     */
    int readRequests() {
        java.util.Arrays.fill(countByState, 0);
        final Map<Integer, String> writerByConsumer = new HashMap<>();
        final Map<String, Long> claimedByConsumerAndLane = new HashMap<>();
        final Map<String, Integer> nextByLane = new HashMap<>();
        try (Tap tap = new Tap(bus, "http.request"::equals, Ledger::bad)) {
            tap.poll(
                    (lane, nowNs) -> {
                        final String writer = lane.lane().writer();
                        final int number = nextByLane.merge(writer, 1, Integer::sum) - 1;
                        final int loop = ConnectionId.loop(connection(lane));
                        assertEquals(number, ConnectionId.number(connection(lane)), writer);
                        final int word = ClaimWord.read(lane.record());
                        countByState[ClaimWord.state(word)]++;
                        if (ClaimWord.state(word) == ClaimWord.DONE) {
                            final int request = loop * countPerLoop + number;
                            checkConsumer(request, ClaimWord.consumer(word), writerByConsumer);
                            checkTimes(
                                    lane,
                                    ClaimWord.consumer(word) + " " + writer,
                                    claimedByConsumerAndLane);
                        }
                    },
                    Integer.MAX_VALUE);
        }
        assertEquals(loopCount, nextByLane.size(), nextByLane.toString());
        nextByLane.forEach((lane, next) -> assertEquals(countPerLoop, next, lane));
        return countByState[ClaimWord.FREE]
                + countByState[ClaimWord.CLAIMED]
                + countByState[ClaimWord.REDELIVERED];
    }

    /** Who says in the claim word that it is done has answered, under one name. */
    private void checkConsumer(int request, int consumer, Map<Integer, String> writerByConsumer) {
        final String writer = consumerByRequest.get(request);
        assertTrue(writer != null, () -> "request " + request + " is done without a reply");
        final String same = writerByConsumer.putIfAbsent(consumer, writer);
        assertTrue(
                same == null || same.equals(writer),
                () -> "request " + request + ": " + same + " claimed, " + writer + " answered");
    }

    /** A consumer claims the records of a lane in their order, and times only go on. */
    private static void checkTimes(
            LanePoller lane, String consumerAndLane, Map<String, Long> claimedByConsumerAndLane) {
        final long receivedNs = DeliveryHeader.receivedNs(lane.record(), 0);
        final long appendedNs = DeliveryHeader.appendedNs(lane.record(), 0);
        final long claimedNs = DeliveryHeader.claimedNs(lane.record(), 0);
        final long doneNs = DeliveryHeader.doneNs(lane.record(), 0);
        final Long before = claimedByConsumerAndLane.put(consumerAndLane, claimedNs);
        assertTrue(
                receivedNs <= appendedNs
                        && appendedNs <= claimedNs
                        && claimedNs <= doneNs
                        && (before == null || before <= claimedNs),
                () ->
                        "%s: received %d appended %d claimed %d done %d, before %d"
                                .formatted(
                                        consumerAndLane,
                                        receivedNs,
                                        appendedNs,
                                        claimedNs,
                                        doneNs,
                                        before));
    }

    private static long connection(LanePoller lane) {
        return DeliveryHeader.connection(lane.record(), 0);
    }

    /** The sum of the counters of all members whose labels end like this. */
    long counted(String labelEnd) {
        final long[] sum = {0};
        try (Members members = new Members(bus.membersDirectory(), Ledger::bad)) {
            members.refresh();
            for (final MemberReader member : members.all()) {
                member.counters()
                        .forEach((label, value) -> sum[0] += label.endsWith(labelEnd) ? value : 0);
            }
        }
        return sum[0];
    }

    /** Everything that helps to understand a failed run. */
    String describe() {
        final StringBuilder text = new StringBuilder("answered " + answeredCount() + ", by ");
        text.append(countByConsumer).append("\nrequests:");
        for (int state = 0; state < countByState.length; state++) {
            if (countByState[state] != 0) {
                text.append(' ').append(ClaimWord.label(state)).append('=');
                text.append(countByState[state]);
            }
        }
        bus.lanes(name -> true, Ledger::bad)
                .forEach(
                        lane ->
                                text.append("\nlane ")
                                        .append(lane)
                                        .append(" appended ")
                                        .append(lane.appendedCount()));
        try (Members members = new Members(bus.membersDirectory(), Ledger::bad)) {
            members.refresh();
            for (final MemberReader member : members.all()) {
                text.append("\nmember ").append(member.id()).append(" alive ");
                text.append(member.isAlive()).append(' ').append(member.counters());
                member.errors().forEach((error, count) -> text.append("\n" + count + "x " + error));
            }
        }
        return text.toString();
    }

    private static void bad(RuntimeException e) {
        throw e;
    }
}
