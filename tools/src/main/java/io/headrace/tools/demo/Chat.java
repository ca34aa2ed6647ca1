// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.demo;

import io.headrace.channel.Bus;
import io.headrace.channel.LanePoller;
import io.headrace.channel.name.ChannelName;
import io.headrace.channel.name.ReplyAddress;
import io.headrace.delivery.poll.Tap;
import io.headrace.message.Datagram;
import io.headrace.message.Field;
import io.headrace.message.Message;
import io.headrace.message.MessageType;
import io.headrace.message.Request;
import io.headrace.worker.WebSocket;
import io.headrace.worker.WorkerContext;
import java.util.LinkedHashSet;
import java.util.Set;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The demo's chat: every frame goes, unchanged, to every member. A worker handles only some of the
 * connections, so it learns of all of them from a tap on the connects and disconnects, those from
 * before it started included.
 */
final class Chat {

    private final WorkerContext context;
    private final Message message = new Message();
    private final Set<String> members = new LinkedHashSet<>();
    private Tap tap;

    Chat(WorkerContext context) {
        this.context = context;
    }

    /** Sends a datagram to all members; the worker's consumers take turns. */
    synchronized void broadcast(Datagram datagram, WebSocket socket) {
        findMembers();
        final Field content = datagram.content();
        members.removeIf(
                member ->
                        socket.at(member)
                                        .send(
                                                datagram.binary(),
                                                (UnsafeBuffer) content.buffer(),
                                                content.offset(),
                                                content.length())
                                < 0);
    }

    private void findMembers() {
        if (tap == null) {
            final Bus bus = Bus.open(context.directory());
            tap =
                    new Tap(
                            bus,
                            name ->
                                    name.equals(ChannelName.WEBSOCKET_CONNECT)
                                            || name.equals(ChannelName.WEBSOCKET_DISCONNECT),
                            badLane -> {});
        }
        tap.poll((lane, nowNs) -> onRecord(lane), Integer.MAX_VALUE);
    }

    private void onRecord(LanePoller lane) {
        if (!Message.isWhole(lane.record()) || !message.wrap(lane.record()).decode()) {
            return;
        }
        if (message.type() == MessageType.WEB_SOCKET_CONNECTION) {
            final Request request = message.request();
            if (request.pathField().startsWith("/ws/chat")) {
                members.add(request.replyChannel());
            }
        } else {
            members.removeIf(
                    member -> ReplyAddress.parse(member).connection() == message.connection());
        }
    }
}
