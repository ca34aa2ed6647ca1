// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.chaos;

import io.headrace.tools.chaos.Faults.Fault;
import io.headrace.tools.chaos.Faults.Kind;
import io.headrace.tools.chaos.FrameConnection.Echo;
import io.headrace.tools.chaos.HttpConnection.Answer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Compares what the clients sent and got with what the workers' journals say and with what was done
 * to the workers. Everything that no fault explains is a problem.
 *
 * <p>A stall counts when no dead or stopped worker held the request, or an earlier frame of the
 * same connection; those of frames are told apart by what was done at that time to any worker, who
 * may have owned their shard.
 */
final class Verdict {

    private static final long STALL_MS = 50;
    private static final long BEFORE_NS = 60_000_000L;

    private final Map<Long, List<Fault>> faultsByPid = new HashMap<>();
    private final Map<Long, Long> firstNsByPid = new HashMap<>();
    private final List<Fault> faults;
    private final Map<String, Journal.Entry> began = new HashMap<>();
    private final Map<String, Journal.Entry> ended = new HashMap<>();
    private final List<String> problems = new ArrayList<>();
    private final List<String> stalls = new ArrayList<>();

    final Map<String, Integer> refusedByReason = new TreeMap<>();
    long stallsFromNs = Long.MIN_VALUE;
    int requestsAnswered;
    int framesSent;
    int framesEchoed;
    int framesLost;
    int duplicates;
    int reordered;
    int closed;
    long longestRequestMs;
    long longestFrameMs;
    long longestFrameAfterKillMs;
    long longestFrameAfterStopMs;
    long longestUntilRefusedMs;

    Verdict(List<Fault> faults, List<Journal.Entry> journal) {
        faults.forEach(
                fault ->
                        faultsByPid
                                .computeIfAbsent(fault.pid(), pid -> new ArrayList<>())
                                .add(fault));
        this.faults = faults;
        final Map<String, String> lastKey = new HashMap<>();
        for (final Journal.Entry entry : journal) {
            if (entry.kind() == Journal.Kind.BEGAN) {
                firstNsByPid.putIfAbsent(entry.pid(), entry.ns());
                if (began.put(entry.key(), entry) != null) {
                    duplicates++;
                    problems.add(entry.key() + " was handled twice");
                }
                checkOrder(entry, lastKey);
            } else if (entry.kind() == Journal.Kind.ENDED) {
                ended.put(entry.key(), entry);
            }
        }
    }

    /** Frames of a connection are handled one at a time, in order, whichever workers do it. */
    private void checkOrder(Journal.Entry entry, Map<String, String> lastKeys) {
        final int dot = entry.key().indexOf('.');
        if (dot < 0) {
            return;
        }
        final String last = lastKeys.put(entry.key().substring(0, dot), entry.key());
        if (last == null) {
            return;
        }
        if (number(last) > number(entry.key())) {
            reordered++;
            problems.add("%s was handled after %s".formatted(entry.key(), last));
        }
        final boolean over =
                ended.containsKey(last)
                        || fault(Kind.KILL, began.get(last).pid(), 0, entry.ns()) != null;
        if (!over) {
            reordered++;
            problems.add("%s was handled while %s was".formatted(entry.key(), last));
        }
    }

    private static int number(String key) {
        return Integer.parseInt(key.substring(key.indexOf('.') + 1));
    }

    /** What was done to a worker within a time, or null. */
    private Fault fault(Kind kind, long pid, long fromNs, long toNs) {
        for (final Fault fault : faultsByPid.getOrDefault(pid, List.of())) {
            if (fault.kind() == kind && fault.fromNs() <= toNs && fault.toNs() >= fromNs) {
                return fault;
            }
        }
        return null;
    }

    /** Whether this was done to any worker within a time. */
    private boolean isAny(Kind kind, long fromNs, long toNs) {
        return faults.stream()
                .filter(fault -> fault.kind() == kind)
                .anyMatch(fault -> fault.fromNs() <= toNs && fault.toNs() >= fromNs);
    }

    void requests(List<Answer> answers) {
        final Set<String> keys = new HashSet<>();
        for (final Answer answer : answers) {
            requestsAnswered++;
            if (!keys.add(answer.key())) {
                duplicates++;
                problems.add(answer.key() + " was answered twice");
            }
            if (answer.isOwn()) {
                if (answer.sentNs() >= stallsFromNs
                        && fault(Kind.STOP, answer.pid(), answer.sentNs(), answer.answeredNs())
                                == null) {
                    longestRequestMs = Math.max(longestRequestMs, answer.latencyMs());
                    if (answer.latencyMs() > STALL_MS) {
                        stall(answer.key(), answer.sentNs(), answer.answeredNs());
                    }
                }
            } else if (answer.status() >= 500 && !answer.reason().isEmpty()) {
                refusedByReason.merge(answer.status() + " " + answer.reason(), 1, Integer::sum);
                if (answer.status() == 502) {
                    lost(answer);
                }
            } else {
                duplicates++;
                problems.add("foreign answer: " + answer);
            }
        }
    }

    /** Where the time went: sent, begun and ended by a worker of some age, answered. */
    private void stall(String key, long sentNs, long answeredNs) {
        final Journal.Entry start = began.get(key);
        if (start == null) {
            return;
        }
        final long ageNs = start.ns() - firstNsByPid.get(start.pid());
        final Journal.Entry end = ended.getOrDefault(key, start);
        final StringBuilder text =
                new StringBuilder(
                        "%s: begun after ms %d, ended %d, answered %d, %d ms after the first message of its worker %d"
                                .formatted(
                                        key,
                                        (start.ns() - sentNs) / 1_000_000L,
                                        (end.ns() - sentNs) / 1_000_000L,
                                        (answeredNs - sentNs) / 1_000_000L,
                                        ageNs / 1_000_000L,
                                        start.pid()));
        for (final Fault fault : faults) {
            if (fault.fromNs() <= answeredNs && fault.toNs() >= sentNs - BEFORE_NS) {
                text.append(
                        "; %s %d from %d to %d"
                                .formatted(
                                        fault.kind(),
                                        fault.pid(),
                                        (fault.fromNs() - sentNs) / 1_000_000L,
                                        (fault.toNs() - sentNs) / 1_000_000L));
            }
        }
        stalls.add(text.toString());
    }

    private void lost(Answer answer) {
        final Journal.Entry holder = began.get(answer.key());
        final Fault kill =
                holder == null
                        ? null
                        : fault(Kind.KILL, holder.pid(), answer.sentNs(), answer.answeredNs());
        if (kill != null) {
            longestUntilRefusedMs =
                    Math.max(
                            longestUntilRefusedMs,
                            (answer.answeredNs() - kill.fromNs()) / 1_000_000L);
        } else if (holder != null || !isAny(Kind.KILL, answer.sentNs(), answer.answeredNs())) {
            problems.add("no worker that held it died: " + answer);
        }
    }

    void frames(FrameConnection connection) {
        final List<Long> sentNs = connection.sentNs();
        framesSent += sentNs.size();
        closed += connection.problems().isEmpty() ? 0 : 1;
        int last = 0;
        // Until when an earlier frame of the connection was held by a dead or stopped worker.
        long heldUntilNs = 0;
        for (final Echo echo : connection.echoes()) {
            final String what = connection.key() + "." + echo.number();
            framesEchoed++;
            if (echo.number() == last) {
                duplicates++;
                problems.add(what + " came twice");
            } else if (echo.number() < last) {
                reordered++;
                problems.add(what + " came after " + last);
            }
            for (int number = last + 1; number < echo.number(); number++) {
                lostFrame(connection.key() + "." + number, sentNs.get(number - 1), echo.ns());
                heldUntilNs = echo.ns();
            }
            last = Math.max(last, echo.number());
            final long sent = sentNs.get(echo.number() - 1);
            if (fault(Kind.STOP, echo.pid(), sent, echo.ns()) != null) {
                heldUntilNs = echo.ns();
            } else if (sent > heldUntilNs && sent >= stallsFromNs) {
                frameStall(what, sent, echo.ns());
            }
        }
        for (int number = last + 1; number <= sentNs.size(); number++) {
            lostFrame(connection.key() + "." + number, sentNs.get(number - 1), System.nanoTime());
        }
    }

    /** A frame that nobody held has waited; its shard may have been a dead or stopped worker's. */
    private void frameStall(String key, long sentNs, long echoedNs) {
        final long ms = (echoedNs - sentNs) / 1_000_000L;
        if (isAny(Kind.STOP, sentNs, echoedNs)) {
            longestFrameAfterStopMs = Math.max(longestFrameAfterStopMs, ms);
            return;
        }
        if (ms > STALL_MS) {
            stall(key, sentNs, echoedNs);
        }
        if (isAny(Kind.KILL, sentNs, echoedNs)) {
            longestFrameAfterKillMs = Math.max(longestFrameAfterKillMs, ms);
        } else {
            longestFrameMs = Math.max(longestFrameMs, ms);
        }
    }

    private void lostFrame(String key, long sentNs, long goneNs) {
        framesLost++;
        final Journal.Entry holder = began.get(key);
        final boolean explained =
                holder == null
                        ? isAny(Kind.KILL, sentNs, goneNs)
                        : !ended.containsKey(key)
                                && fault(Kind.KILL, holder.pid(), sentNs, goneNs) != null;
        if (!explained) {
            problems.add(
                    "%s was lost though no worker that held it died; handled %s to %s"
                            .formatted(key, holder, ended.get(key)));
        }
    }

    Journal.Entry began(String key) {
        return began.get(key);
    }

    /** Stalls of more than 50 ms, one line each. */
    List<String> stalls() {
        return stalls;
    }

    List<String> problems() {
        return problems;
    }
}
