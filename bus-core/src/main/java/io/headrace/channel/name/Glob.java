// SPDX-License-Identifier: Apache-2.0
package io.headrace.channel.name;

import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Channel patterns: names in which {@code *} stands for any characters, several separated by
 * commas.
 */
public final class Glob {

    private Glob() {}

    /** A test for names that match one of the comma-separated patterns. */
    public static Predicate<String> of(String patterns) {
        return Stream.of(patterns.split(","))
                .map(String::trim)
                .filter(pattern -> !pattern.isEmpty())
                .map(Glob::toRegex)
                .map(Pattern::asMatchPredicate)
                .reduce(name -> false, Predicate::or);
    }

    private static Pattern toRegex(String pattern) {
        final StringBuilder regex = new StringBuilder();
        for (final String part : pattern.split("\\*", -1)) {
            regex.append(regex.isEmpty() ? "" : ".*").append(Pattern.quote(part));
        }
        return Pattern.compile(regex.toString());
    }
}
