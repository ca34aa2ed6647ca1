// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;
import org.HdrHistogram.Histogram;

/** A plot of some lines as inline SVG: logarithmic times over percentiles, or over a size. */
final class Plot {

    private static final double WIDTH = 420;
    private static final double HEIGHT = 240;
    private static final double LEFT = 52;
    private static final double RIGHT = 12;
    private static final double TOP = 10;
    private static final double BOTTOM = 34;
    private static final double STEP = 0.05;
    private static final double NINES_MAX = 4;

    /** One contender's line. Its points are (x, ns). */
    private record Line(String label, int colour, double[] xs, double[] ns) {}

    private final String title;
    private final String xLabel;
    private final List<Line> lines = new ArrayList<>();
    private final List<double[]> ticks = new ArrayList<>();
    private final List<String> tickLabels = new ArrayList<>();
    private final boolean hasMarks;

    private Plot(String title, String xLabel, boolean hasMarks) {
        this.title = title;
        this.xLabel = xLabel;
        this.hasMarks = hasMarks;
    }

    /** Times over percentiles, whose distance to 100 is drawn logarithmically. */
    static Plot ofPercentiles(String title) {
        final Plot plot = new Plot(title, "percentile", false);
        for (int nines = 0; nines <= NINES_MAX; nines++) {
            plot.tick(
                    nines,
                    nines == 0 ? "0" : new String[] {"90", "99", "99.9", "99.99"}[nines - 1]);
        }
        plot.tick(Math.log10(2), "50");
        return plot;
    }

    /**
     * Times over a size, which is drawn logarithmically; 0 has the place of a tenth of the next.
     */
    static Plot ofCurve(String title, String xLabel) {
        return new Plot(title, xLabel, true);
    }

    private void tick(double at, String label) {
        ticks.add(new double[] {at});
        tickLabels.add(label);
    }

    void add(String label, int colour, Histogram ns) {
        final List<Double> xs = new ArrayList<>();
        for (double x = 0; x <= NINES_MAX; x += STEP) {
            // Beyond it, the percentile would be the maximum.
            if (ns.getTotalCount() * Math.pow(10, -x) >= 1) {
                xs.add(x);
            }
        }
        lines.add(
                new Line(
                        label,
                        colour,
                        xs.stream().mapToDouble(x -> x).toArray(),
                        xs.stream()
                                .mapToDouble(
                                        x ->
                                                Math.max(
                                                        1,
                                                        ns.getValueAtPercentile(
                                                                100 - 100 * Math.pow(10, -x))))
                                .toArray()));
    }

    void add(String label, int colour, double[] xs, double[] ns) {
        final double[] places = new double[xs.length];
        for (int i = 0; i < xs.length; i++) {
            final double next = xs.length > 1 ? xs[1] : 10;
            places[i] = Math.log10(xs[i] > 0 ? xs[i] : next / 10);
            if (lines.isEmpty()) {
                tick(places[i], size(xs[i]));
            }
        }
        lines.add(new Line(label, colour, places, ns));
    }

    boolean isEmpty() {
        return lines.stream().allMatch(line -> line.xs.length < 2);
    }

    /** A figure of HTML. */
    void write(StringBuilder html) {
        final double xMin = lines.stream().flatMapToDouble(Plot::xs).min().orElse(0);
        final double xMax = lines.stream().flatMapToDouble(Plot::xs).max().orElse(1);
        final double yMin =
                Math.floor(Math.log10(lines.stream().flatMapToDouble(Plot::ns).min().orElse(1)));
        final double yMax =
                Math.max(
                        yMin + 1,
                        Math.ceil(
                                Math.log10(
                                        lines.stream().flatMapToDouble(Plot::ns).max().orElse(1))));
        html.append("<figure><h3>")
                .append(Html.escape(title))
                .append("</h3><div class=\"legend\">");
        for (final Line line : lines) {
            html.append("<span>").append(Html.swatch(line.colour));
            html.append(Html.escape(line.label)).append("</span>");
        }
        html.append("</div><svg viewBox=\"0 0 ").append((int) WIDTH).append(' ');
        html.append((int) HEIGHT).append("\" role=\"img\" aria-label=\"");
        html.append(Html.escape(title)).append("\">");
        for (double y = yMin; y <= yMax; y++) {
            grid(html, LEFT, y(y, yMin, yMax), WIDTH - RIGHT, y(y, yMin, yMax));
            text(html, LEFT - 6, y(y, yMin, yMax) + 4, "end", time(Math.pow(10, y)));
        }
        for (int i = 0; i < ticks.size(); i++) {
            final double place = ticks.get(i)[0];
            if (place >= xMin - 1e-9 && place <= xMax + 1e-9) {
                final double x = x(place, xMin, xMax);
                grid(html, x, TOP, x, HEIGHT - BOTTOM);
                final String anchor = x > WIDTH - 2 * RIGHT ? "end" : "middle";
                text(html, x, HEIGHT - BOTTOM + 14, anchor, tickLabels.get(i));
            }
        }
        text(html, (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 4, "middle", xLabel);
        for (final Line line : lines) {
            html.append("<polyline class=\"c").append(line.colour).append("\" points=\"");
            for (int i = 0; i < line.xs.length; i++) {
                html.append(number(x(line.xs[i], xMin, xMax))).append(',');
                html.append(number(y(Math.log10(line.ns[i]), yMin, yMax))).append(' ');
            }
            html.append("\"><title>").append(Html.escape(line.label)).append("</title></polyline>");
            for (int i = 0; hasMarks && i < line.xs.length; i++) {
                html.append("<circle class=\"c").append(line.colour).append("\" r=\"3.5\" cx=\"");
                html.append(number(x(line.xs[i], xMin, xMax))).append("\" cy=\"");
                html.append(number(y(Math.log10(line.ns[i]), yMin, yMax))).append("\"><title>");
                html.append(Html.escape(line.label)).append(": ").append(time(line.ns[i]));
                html.append("</title></circle>");
            }
        }
        html.append("</svg></figure>\n");
    }

    private static DoubleStream xs(Line line) {
        return Arrays.stream(line.xs);
    }

    private static DoubleStream ns(Line line) {
        return Arrays.stream(line.ns);
    }

    private static double x(double place, double min, double max) {
        return LEFT + (place - min) / Math.max(1e-9, max - min) * (WIDTH - LEFT - RIGHT);
    }

    private static double y(double log, double min, double max) {
        return HEIGHT - BOTTOM - (log - min) / (max - min) * (HEIGHT - TOP - BOTTOM);
    }

    private static void grid(StringBuilder html, double x1, double y1, double x2, double y2) {
        html.append("<line class=\"grid\" x1=\"").append(number(x1)).append("\" y1=\"");
        html.append(number(y1)).append("\" x2=\"").append(number(x2)).append("\" y2=\"");
        html.append(number(y2)).append("\"/>");
    }

    private static void text(StringBuilder html, double x, double y, String anchor, String text) {
        html.append("<text x=\"").append(number(x)).append("\" y=\"").append(number(y));
        html.append("\" text-anchor=\"").append(anchor).append("\">");
        html.append(Html.escape(text)).append("</text>");
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.1f", value);
    }

    /** A time in the unit that suits it. */
    static String time(double ns) {
        if (ns < 1e3) {
            return trim(ns) + " ns";
        }
        if (ns < 1e6) {
            return trim(ns / 1e3) + " us";
        }
        return ns < 1e9 ? trim(ns / 1e6) + " ms" : trim(ns / 1e9) + " s";
    }

    private static String trim(double value) {
        return Report.number(value).replaceFirst("\\.0+$", "");
    }

    private static String size(double value) {
        final long whole = (long) value;
        if (whole >= 1 << 20 && whole % (1 << 20) == 0) {
            return (whole >> 20) + " Mi";
        }
        if (whole >= 1 << 10 && whole % (1 << 10) == 0) {
            return (whole >> 10) + " Ki";
        }
        return whole >= 1_000_000
                ? whole / 1_000_000 + "M"
                : whole >= 10_000 ? whole / 1_000 + "k" : Long.toString(whole);
    }
}
