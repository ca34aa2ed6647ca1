// SPDX-License-Identifier: Apache-2.0
package io.headrace.channel;

import io.headrace.HeadraceException;
import io.headrace.Setting;
import io.headrace.channel.name.Glob;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.agrona.SystemUtil;

/**
 * What holds for the channels whose names match a pattern: lines {@code channel.PATTERN.KEY=VALUE}
 * of the bus's settings, such as {@code channel.http.*.expiry=30s}. For a new bus they come from
 * system properties of that name after {@code headrace.}.
 *
 * @param expiryMs how long a message waits for a consumer ({@code expiry}, default 60 s; 0 is for
 *     ever).
 * @param messagesMax how many messages of one writer may wait ({@code messages}, default 8,192).
 * @param bytesMax how many bytes of one writer may wait ({@code bytes}, default 64 MiB).
 * @param redeliver what happens to a message whose consumer died ({@code redeliver}, default
 *     never).
 */
public record ChannelSettings(int expiryMs, int messagesMax, long bytesMax, Redeliver redeliver) {

    /** Whether a message whose consumer died is given to another one. */
    public enum Redeliver {
        NEVER,
        /** Only HTTP requests whose method is idempotent (RFC 9110, section 9.2.2). */
        IDEMPOTENT,
        ALWAYS
    }

    static final ChannelSettings DEFAULT =
            new ChannelSettings(60_000, 8_192, 64L << 20, Redeliver.NEVER);

    private static final String PREFIX = "channel.";
    private static final String PROPERTY_PREFIX = "headrace.";

    /** The settings of one pattern, as text. */
    static Map<String, String> fromSystemProperties() {
        final Map<String, String> lines = new TreeMap<>();
        System.getProperties()
                .forEach(
                        (key, value) -> {
                            final String name = key.toString();
                            if (name.startsWith(PROPERTY_PREFIX + PREFIX)) {
                                lines.put(
                                        name.substring(PROPERTY_PREFIX.length()), value.toString());
                            }
                        });
        return lines;
    }

    /** The lines of a settings file that are about channels. */
    static Map<String, String> fromFile(Properties properties) {
        final Map<String, String> lines = new TreeMap<>();
        for (final String name : properties.stringPropertyNames()) {
            if (name.startsWith(PREFIX)) {
                lines.put(name, properties.getProperty(name).trim());
            }
        }
        return lines;
    }

    /** What holds for a channel: defaults, then matching patterns, the longest last. */
    static ChannelSettings of(Map<String, String> lines, String channel) {
        final Map<String, String> byLength = new LinkedHashMap<>();
        lines.keySet().stream()
                .sorted((a, b) -> Integer.compare(a.length(), b.length()))
                .forEach(name -> byLength.put(name, lines.get(name)));
        ChannelSettings settings = DEFAULT;
        for (final Map.Entry<String, String> line : byLength.entrySet()) {
            final int keyAt = line.getKey().lastIndexOf('.');
            final String pattern =
                    line.getKey().substring(PREFIX.length(), Math.max(keyAt, PREFIX.length()));
            if (Glob.of(pattern).test(channel)) {
                settings =
                        settings.with(
                                line.getKey(), line.getKey().substring(keyAt + 1), line.getValue());
            }
        }
        return settings;
    }

    /** Refuses a line that is not understood. */
    static void check(String line, String value) {
        DEFAULT.with(line, line.substring(line.lastIndexOf('.') + 1), value);
    }

    private ChannelSettings with(String line, String key, String value) {
        try {
            return switch (key) {
                case "expiry" ->
                        new ChannelSettings(
                                Math.toIntExact(
                                        TimeUnit.NANOSECONDS.toMillis(
                                                Setting.parseNs(line, value))),
                                messagesMax,
                                bytesMax,
                                redeliver);
                case "messages" ->
                        new ChannelSettings(expiryMs, Integer.parseInt(value), bytesMax, redeliver);
                case "bytes" ->
                        new ChannelSettings(
                                expiryMs,
                                messagesMax,
                                SystemUtil.parseSize(line, value),
                                redeliver);
                case "redeliver" ->
                        new ChannelSettings(
                                expiryMs,
                                messagesMax,
                                bytesMax,
                                Redeliver.valueOf(value.toUpperCase(Locale.ROOT)));
                default -> throw new IllegalArgumentException(key);
            };
        } catch (final IllegalArgumentException | ArithmeticException e) {
            throw new HeadraceException(
                    "setting %s=%s is not understood; keys are expiry (with s, ms, us or ns), messages, bytes and redeliver (never, idempotent, always)"
                            .formatted(line, value),
                    e);
        }
    }
}
