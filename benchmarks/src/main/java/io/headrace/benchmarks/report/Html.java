// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.report;

/** Small pieces of HTML. */
final class Html {

    private Html() {}

    static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }

    /** A square in a contender's colour. */
    static String swatch(int colour) {
        return "<span class=\"swatch c" + colour + "\"></span>";
    }

    /** A cell of a table. */
    static String cell(String classes, String content) {
        return "<td"
                + (classes.isEmpty() ? "" : " class=\"" + classes + "\"")
                + ">"
                + content
                + "</td>";
    }
}
