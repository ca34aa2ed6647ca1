// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import io.headrace.channel.Bus;
import io.headrace.delivery.poll.Tap;
import io.headrace.tools.json.RecordPrinter;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/**
 * What is in a bus's lanes, read by a tap. Every call reads from the start, and so sees each
 * message's latest fate.
 */
final class Lanes implements AutoCloseable {

    private final Bus bus;

    /** One message. */
    record Seen(Map<String, Object> json) {

        String type() {
            return (String) json.get("type");
        }

        String connection() {
            return (String) json.get("connection");
        }

        long order() {
            return (Long) json.get("order");
        }

        String fate() {
            return (String) json.get("fate");
        }

        /** One of the message's keys. */
        Object key(String... names) {
            return Json.at(message(), names);
        }

        @SuppressWarnings("unchecked")
        Map<String, Object> message() {
            return (Map<String, Object>) json.get("message");
        }

        /** Path and query string of the request it is or is about; none for a reply. */
        String target() {
            if (!message().containsKey("path")) {
                return "";
            }
            final Object query = key("META", "QUERY_STRING");
            return key("path") + (query.equals("") ? "" : "?" + query);
        }
    }

    Lanes(Path directory) {
        this.bus = Bus.open(directory);
    }

    /** All messages of the channels that match, oldest first; {@code *} stands for any text. */
    List<Seen> all(String channels) {
        final String regex = channels.replace(".", "\\.").replace("*", ".*");
        final List<Seen> all = new ArrayList<>();
        try (Tap tap =
                        new Tap(
                                bus,
                                name -> name.matches(regex),
                                badLane -> {
                                    throw badLane;
                                });
                RecordPrinter printer = new RecordPrinter(bus, true)) {
            tap.poll(
                    (lane, nowNs) -> {
                        final StringWriter line = new StringWriter();
                        try {
                            printer.print(lane, line);
                        } catch (final IOException e) {
                            throw new UncheckedIOException(e);
                        }
                        all.add(new Seen(Json.object(line.toString())));
                    },
                    Integer.MAX_VALUE);
        }
        return all;
    }

    /** Messages about this target, oldest first. */
    List<Seen> about(String target, String channels) {
        return all(channels).stream().filter(seen -> seen.target().equals(target)).toList();
    }

    /** Waits for a message about this target, and returns the first. */
    Seen await(String target, String channels) {
        return await(target, channels, seen -> true);
    }

    /** Waits for a message about this target that passes, and returns the first. */
    Seen await(String target, String channels, Predicate<Seen> test) {
        return Await.value(
                "a message about " + target + " in " + channels,
                () -> about(target, channels).stream().filter(test).findFirst());
    }

    /** Waits until a request is being handled, if it is not done already. */
    void awaitTaken(String target) {
        await(target, "http.request", seen -> !seen.fate().equals("pending"));
    }

    /** Fate of the only request for this target, once it is final. */
    String awaitFate(String target) {
        return Await.value(
                "the end of " + target,
                () ->
                        about(target, "http.request").stream()
                                .map(Seen::fate)
                                .filter(fate -> !fate.equals("pending") && !fate.equals("claimed"))
                                .reduce(
                                        (a, b) -> {
                                            throw new AssertionError(
                                                    "several requests for " + target);
                                        }));
    }

    @Override
    public void close() {
        bus.close();
    }
}
