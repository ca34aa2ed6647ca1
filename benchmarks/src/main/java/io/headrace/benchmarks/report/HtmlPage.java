// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.report;

import io.headrace.benchmarks.harness.CaseResult;
import io.headrace.benchmarks.harness.Figure;
import io.headrace.benchmarks.harness.Results;
import io.headrace.benchmarks.harness.Row;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** One page that needs nothing else: tables, percentile plots and curves, for light and dark. */
public final class HtmlPage {

    private static final int COLOURS = 8;
    private static final long PLOTTED_MIN = 50;

    private final Report report;
    private final StringBuilder html = new StringBuilder();

    private HtmlPage(Report report) {
        this.report = report;
    }

    public static String write(Report report) throws IOException {
        return new HtmlPage(report).write();
    }

    private String write() throws IOException {
        html.append("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">");
        html.append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">");
        html.append("<title>Headrace bench</title>\n<style>\n").append(style());
        html.append("</style></head>\n<body><main>\n<h1>Headrace bench</h1>\n");
        html.append("<p>Medians over rounds in which every contender had its turn; ratios are");
        html.append(" medians of the ratios within rounds.");
        html.append(report.quick() ? " A quick run: rough figures." : "").append("</p>\n<dl>");
        report.machine()
                .forEach(
                        (name, value) ->
                                html.append("<dt>")
                                        .append(Html.escape(name))
                                        .append("</dt><dd>")
                                        .append(Html.escape(value))
                                        .append("</dd>"));
        html.append("</dl>\n");
        writeWarnings();
        writeTargets();
        for (final Row row : report.rows()) {
            html.append("<h2>").append(Html.escape(row.name())).append("</h2>\n<p>");
            html.append(Html.escape(row.about())).append("</p>\n");
            writePlots(row);
            writeTable(report.cases(row));
        }
        return html.append("</main></body></html>\n").toString();
    }

    private static String style() throws IOException {
        try (InputStream css = HtmlPage.class.getResourceAsStream("page.css")) {
            return new String(css.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private void writeWarnings() {
        if (!report.warnings().isEmpty()) {
            html.append("<div class=\"warnings\"><ul>");
            report.warnings()
                    .forEach(text -> html.append("<li>").append(Html.escape(text)).append("</li>"));
            html.append("</ul></div>\n");
        }
    }

    private void writeTargets() {
        final List<Target> targets = Target.of(report.results());
        if (targets.isEmpty()) {
            return;
        }
        html.append("<div class=\"scroll\"><table><tr><th class=\"text\">figure to reach</th>");
        html.append("<th>measured</th><th>limit</th><th></th></tr>\n");
        for (final Target target : targets) {
            html.append("<tr>").append(Html.cell("text", Html.escape(target.what())));
            html.append(
                    Html.cell(
                            "",
                            Report.number(target.measured()) + " " + Html.escape(target.unit())));
            html.append(Html.cell("", Html.escape(target.limitText())));
            html.append(target.isMet() ? Html.cell("met", "met") : Html.cell("not", "not met"));
            html.append("</tr>\n");
        }
        html.append("</table></div>\n");
    }

    private void writePlots(Row row) {
        html.append("<div class=\"plots\">\n");
        final Set<String> curves = new LinkedHashSet<>();
        for (final CaseResult each : report.cases(row)) {
            if (!each.curve().isEmpty()) {
                curves.add(each.curve());
                continue;
            }
            final Plot plot = Plot.ofPercentiles(each.name());
            for (final String contender : each.contenders()) {
                if (each.latencyNs(contender).getTotalCount() >= PLOTTED_MIN) {
                    plot.add(contender, colour(row, contender), each.latencyNs(contender));
                }
            }
            if (!plot.isEmpty()) {
                plot.write(html);
            }
        }
        for (final String curve : curves) {
            writeCurve(row, curve);
        }
        html.append("</div>\n");
    }

    private void writeCurve(Row row, String curve) {
        final List<CaseResult> points =
                report.cases(row).stream().filter(each -> each.curve().equals(curve)).toList();
        final Plot plot = Plot.ofCurve("p50 over " + curve, curve);
        for (final String contender : points.get(0).contenders()) {
            final List<CaseResult> own =
                    points.stream()
                            .filter(each -> Double.isFinite(each.median(contender, Figure.P50)))
                            .toList();
            plot.add(
                    contender,
                    colour(row, contender),
                    own.stream().mapToDouble(CaseResult::x).toArray(),
                    own.stream().mapToDouble(each -> each.median(contender, Figure.P50)).toArray());
        }
        if (!plot.isEmpty()) {
            plot.write(html);
        }
    }

    /** The same in all cases of a row. */
    private int colour(Row row, String contender) {
        final List<String> all =
                report.cases(row).stream()
                        .flatMap(each -> each.contenders().stream())
                        .distinct()
                        .toList();
        final List<String> products =
                all.stream().filter(name -> name.startsWith(Results.PRODUCT)).toList();
        // The first two colours are the product's; others begin behind them.
        return products.contains(contender)
                ? products.size() <= 2
                        ? products.indexOf(contender)
                        : products.indexOf(contender) == 0
                                ? 0
                                : Math.min(COLOURS - 1, 2 + products.indexOf(contender))
                : Math.min(
                        COLOURS - 1,
                        2
                                + (int)
                                        all.stream()
                                                .filter(name -> !products.contains(name))
                                                .toList()
                                                .indexOf(contender));
    }

    private void writeTable(List<CaseResult> cases) {
        final List<Figure> figures =
                Arrays.stream(Figure.values())
                        .filter(figure -> cases.stream().anyMatch(each -> has(each, figure)))
                        .toList();
        html.append("<div class=\"scroll\"><table><tr><th class=\"text\">case</th>");
        html.append("<th class=\"text\">contender</th>");
        for (final Figure figure : figures) {
            html.append("<th>").append(figure.label()).append("</th>");
        }
        html.append("<th>headrace / this</th><th class=\"text\">more</th></tr>\n");
        for (final CaseResult each : cases) {
            boolean first = true;
            for (final String contender : each.contenders()) {
                html.append(first ? "<tr class=\"first\">" : "<tr>");
                html.append(Html.cell("text", first ? Html.escape(each.name()) : ""));
                writeLine(each, contender, figures);
                first = false;
            }
        }
        html.append("</table></div>\n");
    }

    private static boolean has(CaseResult each, Figure figure) {
        return each.contenders().stream()
                .anyMatch(contender -> Double.isFinite(each.median(contender, figure)));
    }

    private void writeLine(CaseResult each, String contender, List<Figure> figures) {
        final Row row =
                report.rows().stream()
                        .filter(candidate -> candidate.name().equals(each.row()))
                        .findFirst()
                        .orElseThrow();
        html.append(
                Html.cell("text", Html.swatch(colour(row, contender)) + Html.escape(contender)));
        for (final Figure figure : figures) {
            final double value = each.median(contender, figure);
            final String text = text(figure, value);
            if (figure == each.main() && Double.isFinite(value)) {
                final double most =
                        each.contenders().stream()
                                .mapToDouble(other -> each.median(other, figure))
                                .filter(Double::isFinite)
                                .max()
                                .orElse(value);
                html.append(
                        String.format(
                                Locale.ROOT,
                                "<td class=\"main\" style=\"--w:%.0f%%\">%s</td>",
                                100 * value / most,
                                text));
            } else {
                html.append(Html.cell("", text));
            }
        }
        final double ratio = each.ratio(Results.PRODUCT, contender, each.main());
        html.append(
                Html.cell(
                        "",
                        contender.equals(Results.PRODUCT) || !Double.isFinite(ratio)
                                ? ""
                                : Report.number(ratio)));
        final StringBuilder more = new StringBuilder();
        for (final String name : each.more(contender)) {
            more.append("<span>").append(Html.escape(name)).append(" <b>");
            more.append(Report.number(each.median(contender, name))).append("</b></span> ");
        }
        html.append(Html.cell("text wide", more.toString())).append("</tr>\n");
    }

    private static String text(Figure figure, double value) {
        if (!Double.isFinite(value)) {
            return "";
        }
        return figure.isLatency() ? Plot.time(value) : Report.number(value);
    }
}
