// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.headrace.frontend.testing.RawConnection;
import io.headrace.frontend.testing.RunningFrontend;
import io.headrace.message.Datagram;
import io.headrace.worker.reply.WebSocket;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.agrona.CloseHelper;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A group with more members than are written to in one duty cycle. */
class LargeGroupTest {

    private static final int MEMBER_COUNT = 700;
    private static final String GROUP = "everybody";
    private static final int LARGE_LENGTH = 5 << 20;
    private static final String LARGE = "0123456789abcdef".repeat(LARGE_LENGTH / 16);

    private final List<RawConnection> members = new ArrayList<>();
    private RunningFrontend running;

    @BeforeEach
    void start() throws IOException {
        running =
                RunningFrontend.start(
                        Map.of(),
                        context ->
                                context.onHttpRequest((c, q, reply) -> reply.send(404, "", ""))
                                        .onWebSocketConnect((c, handshake, it) -> it.join(GROUP))
                                        .onWebSocketReceive((c, message, it) -> on(message, it)));
        for (int i = 0; i < MEMBER_COUNT; i++) {
            final RawConnection member = running.connect();
            member.get(
                    "/",
                    "Upgrade: websocket",
                    "Connection: Upgrade",
                    "Sec-WebSocket-Version: 13",
                    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==");
            assertEquals(101, member.answer().status());
            members.add(member);
        }
        // One connection's messages are handled in their order, and its join was the first.
        for (final RawConnection member : members) {
            shouldRead(send(member, "hello"), "hello");
        }
    }

    @AfterEach
    void stop() {
        CloseHelper.closeAll(members);
        running.close();
    }

    private static void on(Datagram message, WebSocket socket) {
        final String text = message.text().toString();
        switch (text) {
            case "ask" -> {
                socket.groups().send(GROUP, "one");
                socket.groups().send(GROUP, "two");
                socket.send("alone");
                socket.groups().send(GROUP, "three");
            }
            case "many" -> {
                for (int i = 0; i < 40; i++) {
                    socket.groups().send(GROUP, Integer.toString(i));
                }
            }
            case "join" -> {
                socket.join("some");
                socket.send("joined");
            }
            case "large" -> {
                socket.groups().send("some", LARGE);
                socket.groups().send("some", "small");
            }
            case "leave" -> {
                socket.groups().send(GROUP, "goodbye");
                socket.close();
            }
            case "exclude" -> {
                socket.groups().send(GROUP, "before");
                socket.leave(GROUP);
                socket.groups().send(GROUP, "after");
                socket.send("done");
            }
            default -> socket.send(text);
        }
    }

    private static RawConnection send(RawConnection client, String text) {
        final ByteArrayOutputStream frame = new ByteArrayOutputStream();
        frame.write(0x81);
        frame.write(0x80 | text.length());
        frame.writeBytes(new byte[4]);
        frame.writeBytes(text.getBytes(StandardCharsets.US_ASCII));
        return client.send(frame.toByteArray());
    }

    private static void shouldRead(RawConnection client, String... texts) throws IOException {
        for (final String text : texts) {
            final byte[] frame = client.read(2 + text.length());
            assertEquals(0x81, frame[0] & 0xFF, () -> Arrays.toString(frame));
            assertEquals(text, new String(frame, 2, frame.length - 2));
        }
    }

    @Test
    void shouldSendToAllInTheOrderInWhichItWasSaidAlsoWhatIsForOneAlone() throws IOException {
        for (final int asking : new int[] {0, 350, MEMBER_COUNT - 1}) {
            send(members.get(asking), "ask");
            for (int i = 0; i < MEMBER_COUNT; i++) {
                shouldRead(members.get(i), "one", "two");
                if (i == asking) {
                    shouldRead(members.get(i), "alone");
                }
                shouldRead(members.get(i), "three");
            }
        }
    }

    @Test
    void shouldSendMoreAtOnceThanItHoldsListsOfMembers() throws IOException {
        send(members.get(3), "many");
        for (final RawConnection member : members) {
            for (int i = 0; i < 40; i++) {
                shouldRead(member, Integer.toString(i));
            }
        }
    }

    @Test
    void shouldReachOneThatIsClosedBehindItAndGoOnWithoutOneThatIsGone() throws IOException {
        members.get(500).close();
        send(members.get(650), "leave");
        for (int i = 0; i < MEMBER_COUNT; i++) {
            if (i != 500) {
                shouldRead(members.get(i), "goodbye");
            }
        }
        assertEquals(0x88, members.get(650).read(4)[0] & 0xFF);
        send(members.get(7), "ask");
        for (int i = 0; i < MEMBER_COUNT; i++) {
            if (i != 500 && i != 650) {
                shouldRead(members.get(i), "one", "two");
            }
        }
    }

    @Test
    void shouldReachWhoLeavesTheGroupBehindItAndNotWhoHasLeftBefore() throws IOException {
        send(members.get(600), "exclude");
        for (int i = 0; i < MEMBER_COUNT; i++) {
            shouldRead(members.get(i), "before", i == 600 ? "done" : "after");
        }
    }

    @Test
    void shouldReachAllBeforeItLeaves() throws IOException {
        send(members.get(2), "ask");
        shouldRead(members.get(2), "one", "two", "alone");
        running.frontend().close();
        for (int i = 0; i < MEMBER_COUNT; i++) {
            if (i != 2) {
                shouldRead(members.get(i), "one", "two");
            }
        }
    }

    @Test
    void shouldSendAllOfAMessageOfWhichTheSystemTakesAPartAtATime() throws IOException {
        final List<RawConnection> some = members.subList(100, 170);
        for (final RawConnection member : some) {
            shouldRead(send(member, "join"), "joined");
        }
        send(members.get(0), "large");
        for (final RawConnection member : some) {
            final byte[] header = member.read(10);
            assertEquals(LARGE_LENGTH, ByteBuffer.wrap(header, 2, 8).getLong());
            final byte[] content = member.read(LARGE_LENGTH);
            assertEquals(LARGE, new String(content, StandardCharsets.US_ASCII));
            shouldRead(member, "small");
        }
    }
}
