// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.report;

import io.headrace.benchmarks.harness.CaseResult;
import io.headrace.benchmarks.harness.Figure;
import io.headrace.benchmarks.harness.Results;
import java.util.ArrayList;
import java.util.List;

/**
 * One of the figures to reach, and what was measured.
 *
 * @param limit at most, or at least.
 */
record Target(String what, double limit, boolean isAtMost, String unit, double measured) {

    /** Whether it was reached; not when it was not measured. */
    boolean isMet() {
        return isAtMost ? measured <= limit : measured >= limit;
    }

    String limitText() {
        return (isAtMost ? "at most " : "at least ") + Report.number(limit);
    }

    @Override
    public String toString() {
        return "%-3s  %s: %s %s, %s"
                .formatted(
                        isMet() ? "met" : "NOT", what, Report.number(measured), unit, limitText());
    }

    /** All figures to reach that were measured. */
    static List<Target> of(Results results) {
        final List<Target> found = new ArrayList<>();
        final Finder finder = new Finder(results, found);
        for (final String name : List.of("1KB", "1KB, far cores")) {
            finder.atMost(1.25, "hop", name, "chronicle", Figure.P50);
            finder.atMost(0.3, "hop", name, "chronicle", Figure.P99);
            finder.atMost(0.5, "hop", name, "chronicle", Figure.P999);
            finder.sixtyFourLanes(name);
        }
        for (final String row : List.of("http", "websocket")) {
            for (final String name : List.of("closed 32", "closed 256")) {
                finder.atLeast(0.8, row, name, "netty", Figure.PER_SECOND);
                finder.atLeast(2.5, row, name, "proxy", Figure.PER_SECOND);
                finder.atLeast(2.5, row, name, "nginx", Figure.PER_SECOND);
            }
        }
        for (final int members : List.of(1_000, 10_000)) {
            final String name = "broadcast " + members;
            finder.atLeast(0.95, "websocket", name, "netty", Figure.PER_SECOND);
            finder.atLeast(0.95, "websocket", name, "nchan", Figure.PER_SECOND);
            finder.atLeast(2, "websocket", name + ", 10 at once", "netty", Figure.PER_SECOND);
            finder.duringBroadcast("rate 200 during " + name);
        }
        finder.atMost(1.4, "http", "closed 32", "netty", Figure.CPU);
        finder.atMost(1.3, "http", "closed 1", "netty", Figure.P50);
        finder.atMost(1.3, "http", "rate 200", "netty", Figure.P50);
        finder.atMost(2, "http", "rate 200", "netty", Figure.CPU);
        finder.idle();
        return found;
    }

    private record Finder(Results results, List<Target> found) {

        void atMost(double limit, String row, String name, String to, Figure figure) {
            ratio(limit, true, row, name, to, figure);
        }

        void atLeast(double limit, String row, String name, String to, Figure figure) {
            ratio(limit, false, row, name, to, figure);
        }

        private void ratio(
                double limit, boolean atMost, String row, String name, String to, Figure figure) {
            results.find(row, name)
                    .ifPresent(
                            each ->
                                    add(
                                            row + ", " + name + ", " + figure.label(),
                                            limit,
                                            atMost,
                                            "x " + to,
                                            each.ratio(Results.PRODUCT, to, figure)));
        }

        void duringBroadcast(String name) {
            results.find("websocket", name)
                    .ifPresent(
                            each ->
                                    add(
                                            "websocket, " + name + ", p99",
                                            20,
                                            true,
                                            "ms",
                                            each.median(Results.PRODUCT, Figure.P99) / 1e6));
        }

        void sixtyFourLanes(String name) {
            results.find("hop", name)
                    .ifPresent(
                            each -> {
                                final String many = Results.PRODUCT + ", 64 lanes";
                                final double ratio = each.ratio(many, Results.PRODUCT, Figure.P50);
                                add(
                                        "hop, " + name + ", 64 lanes, p50",
                                        1.3,
                                        true,
                                        "x 1 lane",
                                        ratio);
                                final double bytes = each.median(Results.PRODUCT, Figure.BYTES);
                                // A new page or file of a lane may cost less than one.
                                final String what = "hop, " + name + ", allocation";
                                add(what, 1, true, "bytes a trip", bytes);
                            });
        }

        void idle() {
            results.find("idle", "idle")
                    .ifPresent(
                            each -> {
                                for (final String which : List.of("front end", "worker")) {
                                    more(each, which + " CPU %", 0.5);
                                    more(each, which + " MB", 120);
                                }
                            });
            results.find("idle", "first answer after 1 s")
                    .ifPresent(
                            each ->
                                    add(
                                            "idle, first answer after 1 s",
                                            150,
                                            true,
                                            "us over netty",
                                            (each.median(Results.PRODUCT, Figure.P50)
                                                            - each.median("netty", Figure.P50))
                                                    / 1_000));
            results.find("idle", "worker start")
                    .ifPresent(
                            each ->
                                    add(
                                            "idle, worker start to first answer",
                                            0.6,
                                            true,
                                            "s",
                                            each.median(Results.PRODUCT, Figure.P50) / 1e9));
        }

        private void more(CaseResult each, String name, double limit) {
            final String unit = name.substring(name.lastIndexOf(' ') + 1);
            add("idle, " + name, limit, true, unit, each.median(Results.PRODUCT, name));
        }

        private void add(String what, double limit, boolean atMost, String unit, double measured) {
            if (Double.isFinite(measured)) {
                found.add(new Target(what, limit, atMost, unit, measured));
            }
        }
    }
}
