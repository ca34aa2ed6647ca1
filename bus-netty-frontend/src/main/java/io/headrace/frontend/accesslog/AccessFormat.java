// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.accesslog;

import io.headrace.Setting;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;

/** How a line of the access log looks. */
public enum AccessFormat {
    /**
     * Apache's: {@code 127.0.0.1 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.1" 200 2326
     * "referer" "user agent"}; what is no printable ASCII is {@code \xhh}.
     */
    COMBINED {
        @Override
        void append(AccessEntry.Answered answered, StringBuilder line) {
            final AccessEntry entry = answered.entry();
            line.append(entry.remoteAddr().isEmpty() ? "-" : entry.remoteAddr()).append(" - - [");
            TIME.formatTo(instant(entry.receivedNs()), line);
            line.append("] \"");
            escape(entry.method(), line);
            line.append(' ');
            escape(entry.target(), line);
            line.append(' ').append(entry.protocol()).append("\" ").append(answered.status());
            line.append(' ');
            if (answered.contentLength() == 0) {
                line.append('-');
            } else {
                line.append(answered.contentLength());
            }
            line.append(" \"");
            escape(entry.referer().isEmpty() ? "-" : entry.referer(), line);
            line.append("\" \"");
            escape(entry.userAgent().isEmpty() ? "-" : entry.userAgent(), line);
            line.append("\"\n");
        }

        private void escape(String text, StringBuilder line) {
            for (int i = 0; i < text.length(); i++) {
                final char c = text.charAt(i);
                if (c == '"' || c == '\\') {
                    line.append('\\').append(c);
                } else if (c < ' ' || c > '~') {
                    line.append("\\x%02x".formatted((int) c));
                } else {
                    line.append(c);
                }
            }
        }
    },

    /** One object with the same and more: host, duration, and why an answer is a refusal. */
    JSON {
        @Override
        void append(AccessEntry.Answered answered, StringBuilder line) {
            final AccessEntry entry = answered.entry();
            line.append("{\"time\":\"").append(instant(entry.receivedNs())).append('"');
            member("remote", entry.remoteAddr(), line);
            member("method", entry.method(), line);
            member("target", entry.target(), line);
            member("protocol", entry.protocol(), line);
            line.append(",\"status\":").append(answered.status());
            line.append(",\"bytes\":").append(answered.contentLength());
            line.append(",\"durationUs\":")
                    .append((answered.answeredNs() - entry.receivedNs()) / 1_000);
            member("host", entry.host(), line);
            member("referer", entry.referer(), line);
            member("userAgent", entry.userAgent(), line);
            member("reason", answered.reason(), line);
            line.append("}\n");
        }

        private void member(String name, String value, StringBuilder line) {
            line.append(",\"").append(name).append("\":\"");
            for (int i = 0; i < value.length(); i++) {
                final char c = value.charAt(i);
                if (c == '"' || c == '\\') {
                    line.append('\\').append(c);
                } else if (c < ' ' || c > '~') {
                    line.append("\\u%04x".formatted((int) c));
                } else {
                    line.append(c);
                }
            }
            line.append('"');
        }
    };

    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("dd/MMM/yyyy:HH:mm:ss Z", Locale.ENGLISH)
                    .withZone(ZoneId.systemDefault());

    /** Appends a line with its end. */
    abstract void append(AccessEntry.Answered answered, StringBuilder line);

    private static Instant instant(long ns) {
        return Instant.ofEpochSecond(0, ns / 1_000_000L * 1_000_000L);
    }

    /**
     * The format of this name.
     *
     * @throws io.headrace.HeadraceException when there is none.
     */
    public static AccessFormat of(String name) {
        Setting.check("headrace.access.log.format", name, List.of("combined", "json"));
        return valueOf(name.toUpperCase(Locale.ROOT));
    }
}
