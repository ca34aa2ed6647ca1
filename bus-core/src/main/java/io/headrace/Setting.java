// SPDX-License-Identifier: Apache-2.0
package io.headrace;

import java.util.Collection;
import java.util.List;
import java.util.function.ToLongBiFunction;
import org.agrona.SystemUtil;

/**
 * System properties as numbers, durations and words. What does not fit is refused by a line that
 * names the property, its value and what it takes.
 */
public final class Setting {

    private static final String SIZE = "a whole number, also with k, m or g behind it";
    private static final String DURATION = "a whole number with s, ms, us or ns behind it";

    private Setting() {}

    /** A number; with {@code k}, {@code m} or {@code g} behind it so many times 1,024. */
    public static long size(String property, long otherwise) {
        return number(property, otherwise, Long.MAX_VALUE, SystemUtil::parseSize, SIZE);
    }

    /** The same where there may be no more than fit into an int. */
    public static int count(String property, int otherwise) {
        return (int) number(property, otherwise, Integer.MAX_VALUE, SystemUtil::parseSize, SIZE);
    }

    /** A duration such as {@code 90s} or {@code 250ms}, in nanoseconds; see {@link #parseNs}. */
    public static long durationNs(String property, long otherwise) {
        return number(property, otherwise, Long.MAX_VALUE, Setting::parseNs, DURATION);
    }

    /**
     * Reads a duration, which has a unit unless it is 0: whoever writes 60 hardly means
     * nanoseconds.
     *
     * @throws NumberFormatException when it is none.
     */
    public static long parseNs(String property, String text) {
        final long ns = SystemUtil.parseDuration(property, text);
        if (ns != 0 && Character.isDigit(text.charAt(text.length() - 1))) {
            throw new NumberFormatException(text);
        }
        return ns;
    }

    private static long number(
            String property,
            long otherwise,
            long max,
            ToLongBiFunction<String, String> parser,
            String takes) {
        final String text = System.getProperty(property);
        if (text == null) {
            return otherwise;
        }
        try {
            final long value = parser.applyAsLong(property, text.trim());
            if (value > max) {
                throw refused(property, "'" + text + "'", "at most " + max, null);
            }
            return value;
        } catch (final NumberFormatException e) {
            throw refused(property, "'" + text + "'", takes, e);
        }
    }

    /** Whether a property that is {@code true} or {@code false} is {@code true}. */
    public static boolean isTrue(String property, boolean otherwise) {
        final String text = System.getProperty(property, Boolean.toString(otherwise));
        return check(property, text, List.of("false", "true")).equals("true");
    }

    /** Returns a word that must be one of these. */
    public static String check(String property, String word, Collection<String> words) {
        if (!words.contains(word)) {
            throw refused(property, "'" + word + "'", "one of " + words, null);
        }
        return word;
    }

    /** Returns a number that must be in this range, its ends included. */
    public static long check(String property, long value, long min, long max) {
        if (value < min || value > max) {
            final String range = max == Long.MAX_VALUE ? min + " and more" : min + " to " + max;
            throw refused(property, Long.toString(value), range, null);
        }
        return value;
    }

    private static HeadraceException refused(
            String property, String value, String takes, Throwable cause) {
        return new HeadraceException(property + " is " + value + "; it takes " + takes, cause);
    }
}
