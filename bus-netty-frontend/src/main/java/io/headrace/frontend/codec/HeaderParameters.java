// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.codec;

import java.nio.charset.Charset;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * A header value with parameters, as in {@code form-data; name="a"; filename*=UTF-8''b}, read as by
 * Django's {@code parse_header_parameters}: value and names in lower case, of repeated names the
 * last, which makes {@code filename} and {@code filename*} (RFC 8187) one.
 *
 * <p>Different is only what makes Django fail with 500: an extended parameter of an unknown
 * character set is ignored.
 */
final class HeaderParameters {

    private final Map<String, String> parameters = new HashMap<>();
    private String value = "";

    private HeaderParameters() {}

    static HeaderParameters parse(String line) {
        final HeaderParameters result = new HeaderParameters();
        boolean first = true;
        boolean quoted = false;
        int from = 0;
        for (int i = 0; i <= line.length(); i++) {
            final char c = i < line.length() ? line.charAt(i) : ';';
            if (i == line.length() || c == ';' && !quoted) {
                final String part = strip(line.substring(from, i));
                if (first) {
                    result.value = part.toLowerCase(Locale.ROOT);
                } else {
                    result.add(part);
                }
                first = false;
                quoted = false;
                from = i + 1;
            } else if (c == '"' && (i == from || line.charAt(i - 1) != '\\')) {
                quoted = !quoted;
            }
        }
        return result;
    }

    /** What stands before the first parameter, in lower case. */
    String value() {
        return value;
    }

    Optional<String> parameter(String name) {
        return Optional.ofNullable(parameters.get(name));
    }

    private void add(String part) {
        final int equals = part.indexOf('=');
        if (equals < 0) {
            return;
        }
        String name = strip(part.substring(0, equals)).toLowerCase(Locale.ROOT);
        String text = strip(part.substring(equals + 1));
        if (text.length() >= 2 && text.startsWith("\"") && text.endsWith("\"")) {
            text = text.substring(1, text.length() - 1).replace("\\\\", "\\").replace("\\\"", "\"");
        }
        if (name.endsWith("*")) {
            name = name.substring(0, name.length() - 1);
            // RFC 8187 section 3.2.1: charset ' language ' percent-encoded text.
            if (part.chars().filter(c -> c == '\'').count() == 2) {
                final String[] fields = text.split("'", -1);
                final Optional<Charset> charset = charset(fields[0]);
                if (fields.length != 3 || charset.isEmpty() && fields[2].indexOf('%') >= 0) {
                    return;
                }
                text =
                        charset.isEmpty()
                                ? fields[2]
                                : PercentEscape.unquote(fields[2], charset.get());
            }
        }
        parameters.put(name, text);
    }

    /** The character set of this name, if there is one. */
    static Optional<Charset> charset(String name) {
        try {
            return Optional.of(Charset.forName(name));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    /** Python's {@code str.strip}. */
    static String strip(String text) {
        int from = 0;
        int to = text.length();
        while (from < to && isSpace(text.charAt(from))) {
            from++;
        }
        while (from < to && isSpace(text.charAt(to - 1))) {
            to--;
        }
        return text.substring(from, to);
    }

    /** Python's {@code str.isspace}, which neither of the JDK's two definitions is. */
    static boolean isSpace(int codePoint) {
        return Character.isSpaceChar(codePoint)
                || codePoint >= '\t' && codePoint <= '\r'
                || codePoint >= 0x1C && codePoint <= 0x1F
                || codePoint == 0x85;
    }
}
