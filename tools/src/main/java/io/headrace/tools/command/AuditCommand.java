// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.command;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.headrace.channel.Bus;
import io.headrace.channel.Lane;
import io.headrace.delivery.ClaimWord;
import java.io.IOException;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * {@code headrace audit}: reads every record of every lane and checks that each message has exactly
 * one fate, or is claimed or pending, that each writer's sequence rises, and that the sums are
 * those the writers and the janitor counted.
 */
@Command(name = "audit", description = "Proves from the records what became of every message.")
public final class AuditCommand implements Callable<Integer> {

    private static final int UNEXPLAINED_SHOWN_MAX = 20;

    @Mixin private CommonOptions common;

    @Option(names = "--json", description = "One JSON object.")
    private boolean json;

    private final long[] byState = new long[ClaimWord.LOST + 1];
    private final List<String> unexplained = new ArrayList<>();
    private long messages;

    @Override
    public Integer call() throws IOException {
        try (Bus bus = Bus.open(common.directory())) {
            for (final Lane lane :
                    bus.lanes(name -> true, badLane -> unexplained.add(badLane.getMessage()))) {
                add(new LaneAudit(lane).read());
            }
        }
        System.out.println(json ? toJson() : toText());
        unexplained.stream()
                .limit(UNEXPLAINED_SHOWN_MAX)
                .forEach(line -> System.err.println("headrace audit: " + line));
        return unexplained.isEmpty() ? 0 : 1;
    }

    private void add(LaneAudit audit) {
        for (int state = 0; state < byState.length; state++) {
            byState[state] += audit.messages(state);
            messages += audit.messages(state);
        }
        unexplained.addAll(audit.unexplained());
    }

    private String toText() {
        final StringBuilder text = new StringBuilder("audit: " + messages + " messages");
        for (int state = ClaimWord.DONE; state <= ClaimWord.LOST; state++) {
            text.append(", ").append(byState[state]).append(' ').append(ClaimWord.label(state));
        }
        return text.append(
                        ", %d claimed, %d pending, %d unexplained"
                                .formatted(
                                        byState[ClaimWord.CLAIMED],
                                        byState[ClaimWord.FREE],
                                        unexplained.size()))
                .toString();
    }

    private String toJson() throws IOException {
        final StringWriter text = new StringWriter();
        try (JsonGenerator generator = new JsonFactory().createGenerator(text)) {
            generator.writeStartObject();
            generator.writeNumberField("messages", messages);
            for (int state = ClaimWord.DONE; state <= ClaimWord.LOST; state++) {
                generator.writeNumberField(ClaimWord.label(state), byState[state]);
            }
            generator.writeNumberField("claimed", byState[ClaimWord.CLAIMED]);
            generator.writeNumberField("pending", byState[ClaimWord.FREE]);
            generator.writeNumberField("unexplained", unexplained.size());
            generator.writeEndObject();
        }
        return text.toString();
    }
}
