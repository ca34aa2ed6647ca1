// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket;

import io.headrace.delivery.ClaimWord;
import io.headrace.frontend.socket.body.UploadOptions;
import io.headrace.message.Part;
import io.headrace.presence.ConnectionTable;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import org.agrona.concurrent.UnsafeBuffer;

/** The bodies of one loop that go to their workers in parts. */
final class Uploads {

    // About as many microseconds: each is a look at a record.
    private static final int LOOKS_PER_POLL = 32;
    private static final UnsafeBuffer NOTHING = new UnsafeBuffer(new byte[0]);

    private final Connections connections;
    private final ConnectionTable table;
    private final UploadOptions options;
    private final UnsafeBuffer scratch = new UnsafeBuffer(new byte[Part.LENGTH_MAX]);
    private final List<Exchange> exchanges = new ArrayList<>();
    // Those whose worker is not known yet, the one that was looked at longest ago first.
    private final Queue<Exchange> unclaimed = new ArrayDeque<>();

    Uploads(Connections connections, ConnectionTable table, UploadOptions options) {
        this.connections = connections;
        this.table = table;
        this.options = options;
    }

    UploadOptions options() {
        return options;
    }

    boolean isWaiting() {
        return !exchanges.isEmpty() || !unclaimed.isEmpty();
    }

    /** A request has been appended whose body comes in parts. */
    void begin(Exchange exchange) {
        unclaimed.add(exchange);
    }

    /** Appends what has come, as far as the workers have got; returns the number of parts. */
    int poll() {
        findHolders();
        int work = 0;
        for (int i = exchanges.size() - 1; i >= 0; i--) {
            final Exchange exchange = exchanges.get(i);
            final int count = append(exchange);
            if (count > 0) {
                work += count;
                exchange.connection.exchanges().onUploadMoved(exchange);
            }
            if (exchange.upload.hasEnded()) {
                // Unless it has been abandoned: more of it has been read at once, and was too much.
                exchanges.remove(exchange);
            }
        }
        return work;
    }

    private void findHolders() {
        for (int left = Math.min(LOOKS_PER_POLL, unclaimed.size()); left > 0; left--) {
            final Exchange exchange = unclaimed.poll();
            (findHolder(exchange) ? exchanges : unclaimed).add(exchange);
        }
    }

    private int append(Exchange exchange) {
        return exchange.upload.append(
                table.consumed(exchange.slot),
                scratch,
                (number, state, content, length) ->
                        appendPart(exchange, number, state, content, length));
    }

    private boolean findHolder(Exchange exchange) {
        if (exchange.holder == 0) {
            final int word = exchange.ingress.requests().word(exchange.index);
            // It may be done already: what handles the parts is the receiver that it registered.
            if (ClaimWord.state(word) == ClaimWord.CLAIMED
                    || ClaimWord.state(word) == ClaimWord.DONE) {
                exchange.holder = ClaimWord.consumer(word);
            }
        }
        return exchange.holder != 0;
    }

    private long appendPart(
            Exchange exchange, int number, Part.State state, UnsafeBuffer content, int length) {
        return exchange.ingress
                .parts()
                .append(
                        exchange.connection.id(),
                        exchange.order,
                        exchange.holder,
                        number,
                        state,
                        content,
                        length);
    }

    /** The client has left, or is answered before all of its body has come. */
    void abandon(Exchange exchange) {
        exchanges.remove(exchange);
        unclaimed.remove(exchange);
        final int number = exchange.upload.abandon();
        if (exchange.index != Exchange.NOT_APPENDED
                && number >= 0
                && !exchange.ingress.requests().cancel(exchange.index)
                && findHolder(exchange)) {
            connections.owe(() -> appendPart(exchange, number, Part.State.BROKEN, NOTHING, 0));
        }
    }
}
