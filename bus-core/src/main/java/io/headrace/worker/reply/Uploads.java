// SPDX-License-Identifier: Apache-2.0
package io.headrace.worker.reply;

import io.headrace.HeadraceException;
import io.headrace.message.Message;
import io.headrace.message.Part;
import io.headrace.presence.ConnectionTable;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;

/**
 * The bodies in parts that one consumer is receiving. Any thread, but one at a time for a
 * connection.
 *
 * <p>Parts come in the channel {@code http.part}, each addressed to the consumer that has claimed
 * the request; how much of them has been consumed is written into the loop's connection table.
 */
public final class Uploads {

    /** For replies that nothing can be received with. */
    static final Uploads NONE = new Uploads(null);

    private record Key(long connection, int order) {}

    private static final class Upload {
        private final int slot;
        private final UploadReceiver receiver;
        private long consumed;
        private int nextNumber;

        private Upload(int slot, UploadReceiver receiver) {
            this.slot = slot;
            this.receiver = receiver;
        }
    }

    private final Map<Key, Upload> uploads = new ConcurrentHashMap<>();
    private final Replies replies;

    /**
     * @param replies knows the tables of the front ends' loops.
     */
    public Uploads(Replies replies) {
        this.replies = replies;
    }

    void receive(long connection, int order, int slot, UploadReceiver receiver) {
        if (replies == null) {
            throw new HeadraceException(
                    "the parts of a body are received by the handler of its request, not later");
        }
        uploads.put(new Key(connection, order), new Upload(slot, receiver));
    }

    /** A request that will not be handled after all, or whose client has left. */
    public void forget(long connection, int order) {
        uploads.remove(new Key(connection, order));
    }

    /**
     * Ends what comes from front ends that have died.
     *
     * @param executor runs what it is given behind all messages of the connection.
     */
    public void onMembersChanged(BiConsumer<Long, Callable<Void>> executor) {
        for (final Key key : List.copyOf(uploads.keySet())) {
            if (replies.table(key.connection) == null) {
                executor.accept(key.connection, () -> abandon(key));
            }
        }
    }

    private Void abandon(Key key) throws Exception {
        final Upload upload = uploads.remove(key);
        if (upload != null) {
            upload.receiver.onAbandoned();
        }
        return null;
    }

    /** Gives a part to its receiver; one that nobody receives is dropped. */
    public void onPart(Message message, HttpReply reply) throws Exception {
        final Key key = new Key(message.connection(), message.order());
        final Part part = message.part();
        final Upload upload = uploads.get(key);
        if (upload == null) {
            return;
        }
        if (part.number() != upload.nextNumber++) {
            uploads.remove(key);
            upload.receiver.onAbandoned();
            throw new HeadraceException(
                    "part %d of a body came where %d was due"
                            .formatted(part.number(), upload.nextNumber - 1));
        }
        if (part.state() != Part.State.MORE) {
            uploads.remove(key);
        }
        if (part.content().length() > 0) {
            upload.receiver.onPart(part.content());
        }
        upload.consumed += part.content().length();
        final ConnectionTable table = replies.table(key.connection);
        if (table != null && table.connection(upload.slot) == key.connection) {
            table.consumed(upload.slot, upload.consumed);
        }
        switch (part.state()) {
            case LAST -> upload.receiver.onEnd(reply.to(key.connection, key.order, upload.slot));
            case BROKEN -> upload.receiver.onAbandoned();
            default -> {
                // More will come.
            }
        }
    }
}
