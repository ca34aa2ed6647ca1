// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.admin;

import java.util.Map;
import java.util.TreeMap;

/** Prometheus' text format, version 0.0.4: samples of one name together, behind their type. */
final class Exposition {

    private final Map<String, StringBuilder> byName = new TreeMap<>();

    /** A value that goes up and down. */
    void gauge(String name, double value, String... labels) {
        add(name, "gauge", value, labels);
    }

    /** A value that only rises while its process lives; its name gets the suffix for that. */
    void counter(String name, double value, String... labels) {
        add(name + "_total", "counter", value, labels);
    }

    /**
     * @param labels names and values in turn.
     */
    private void add(String name, String type, double value, String... labels) {
        final String valid = name.replaceAll("[^a-zA-Z0-9_]", "_");
        final StringBuilder lines =
                byName.computeIfAbsent(
                        valid, absent -> new StringBuilder("# TYPE " + valid + " " + type + "\n"));
        lines.append(valid);
        for (int i = 0; i < labels.length; i += 2) {
            lines.append(i == 0 ? '{' : ',').append(labels[i]).append("=\"");
            lines.append(labels[i + 1].replace("\\", "\\\\").replace("\"", "\\\"")).append('"');
        }
        lines.append(labels.length == 0 ? " " : "} ");
        final boolean isWhole = value == Math.rint(value) && Math.abs(value) < 1L << 53;
        lines.append(isWhole ? Long.toString((long) value) : Double.toString(value)).append('\n');
    }

    @Override
    public String toString() {
        return String.join("", byName.values());
    }
}
