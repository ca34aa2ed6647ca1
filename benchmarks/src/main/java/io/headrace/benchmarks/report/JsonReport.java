// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.report;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.headrace.benchmarks.harness.CaseResult;
import io.headrace.benchmarks.harness.Figure;
import java.io.IOException;
import java.io.StringWriter;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Map;

/**
 * What {@code headrace bench --json} prints: one object. Beside the contract's keys, each row says
 * which figure {@code ratioTo} is of ({@code ratioOf}), has the ratios of all its figures ({@code
 * ratios}), and figures of its own ({@code more}).
 */
public final class JsonReport {

    private JsonReport() {}

    public static String write(Report report) throws IOException {
        final StringWriter text = new StringWriter();
        try (JsonGenerator json = new JsonFactory().createGenerator(text)) {
            json.useDefaultPrettyPrinter();
            json.writeStartObject();
            json.writeObjectFieldStart("machine");
            for (final Map.Entry<String, String> fact : report.machine().entrySet()) {
                json.writeStringField(fact.getKey(), fact.getValue());
            }
            json.writeEndObject();
            json.writeStringField("commit", report.machine().get("commit"));
            json.writeBooleanField("quick", report.quick());
            json.writeArrayFieldStart("warnings");
            for (final String warning : report.warnings()) {
                json.writeString(warning);
            }
            json.writeEndArray();
            json.writeArrayFieldStart("rows");
            for (final CaseResult each : report.results().all()) {
                for (final String contender : each.contenders()) {
                    writeRow(json, each, contender);
                }
            }
            json.writeEndArray();
            json.writeArrayFieldStart("targets");
            for (final Target target : Target.of(report.results())) {
                json.writeStartObject();
                json.writeStringField("what", target.what());
                json.writeStringField("limit", target.limitText());
                writeNumber(json, "measured", target.measured());
                json.writeBooleanField("met", target.isMet());
                json.writeEndObject();
            }
            json.writeEndArray();
            json.writeEndObject();
        }
        return text.toString();
    }

    private static void writeRow(JsonGenerator json, CaseResult each, String contender)
            throws IOException {
        json.writeStartObject();
        json.writeStringField("row", each.row());
        json.writeStringField("case", each.name());
        json.writeStringField("contender", contender);
        json.writeNumberField("rounds", each.rounds(contender));
        for (final Figure figure : Figure.values()) {
            writeNumber(json, figure.key(), each.median(contender, figure));
        }
        json.writeStringField("ratioOf", each.main().key());
        writeRatios(json, "ratioTo", each, contender, each.main());
        json.writeObjectFieldStart("ratios");
        for (final Figure figure : Figure.values()) {
            if (Double.isFinite(each.median(contender, figure))) {
                writeRatios(json, figure.key(), each, contender, figure);
            }
        }
        json.writeEndObject();
        json.writeObjectFieldStart("more");
        for (final String more : each.more(contender)) {
            writeNumber(json, more, each.median(contender, more));
        }
        json.writeEndObject();
        json.writeEndObject();
    }

    private static void writeRatios(
            JsonGenerator json, String key, CaseResult each, String contender, Figure figure)
            throws IOException {
        json.writeObjectFieldStart(key);
        for (final String other : each.contenders()) {
            final double ratio = each.ratio(contender, other, figure);
            if (!other.equals(contender) && Double.isFinite(ratio)) {
                writeNumber(json, other, ratio);
            }
        }
        json.writeEndObject();
    }

    /** A number with four significant digits, or null when there is none. */
    private static void writeNumber(JsonGenerator json, String key, double value)
            throws IOException {
        if (!Double.isFinite(value)) {
            json.writeNullField(key);
        } else if (Math.abs(value) >= 1_000 || value == Math.rint(value)) {
            json.writeNumberField(key, Math.round(value));
        } else {
            json.writeNumberField(key, new BigDecimal(value).round(new MathContext(4)));
        }
    }
}
