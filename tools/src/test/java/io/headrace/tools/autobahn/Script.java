// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.autobahn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.tools.system.Frame;
import io.headrace.tools.system.WebSocketClient;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/**
 * Octets that a client sends in one breath, and what must come back: answers and then, when the
 * client asks for it, a clean close; or a close with one of a few codes. Such a close may overtake
 * answers, because an echo goes through a worker and a close does not, but nothing else may come
 * before it, and nothing at all behind it.
 */
final class Script implements Consumer<WebSocketClient> {

    /** All frames with one write. */
    private static final int WHOLE = 0;

    /** Each frame with a write of its own. */
    private static final int BY_FRAME = -1;

    private static final int NORMAL = 1000;

    private final Frame[] sent;
    private int chopLength = WHOLE;
    private List<Frame> answers = List.of();
    private List<Integer> codes = List.of();

    private Script(Frame... sent) {
        this.sent = sent;
    }

    static Script sends(Frame... frames) {
        return new Script(frames);
    }

    /** A message in fragments that are that long, or shorter at its end. */
    static Frame[] fragments(int opcode, byte[] content, int length) {
        final int count = Math.max(1, (content.length + length - 1) / length);
        final Frame[] fragments = new Frame[count];
        for (int i = 0; i < count; i++) {
            fragments[i] =
                    Frame.part(
                            i == count - 1,
                            i == 0 ? opcode : Frame.CONTINUATION,
                            Arrays.copyOfRange(
                                    content,
                                    i * length,
                                    Math.min(content.length, (i + 1) * length)));
        }
        return fragments;
    }

    /** Sends each frame with a write of its own. */
    Script byFrame() {
        chopLength = BY_FRAME;
        return this;
    }

    /** Sends so many octets with a write, whatever frames they belong to. */
    Script chopped(int length) {
        chopLength = length;
        return this;
    }

    /** What comes back, in this order. */
    Script answered(Frame... frames) {
        answers = List.of(frames);
        return this;
    }

    /** The server closes, with one of these codes. */
    Script closed(Integer... oneOf) {
        codes = List.of(oneOf);
        return this;
    }

    @Override
    public void accept(WebSocketClient client) {
        send(client);
        if (codes.isEmpty()) {
            answers.forEach(client::shouldReceive);
            closeCleanly(client);
        } else {
            shouldBeClosed(client);
        }
    }

    /** Closes from the client's side. */
    static void closeCleanly(WebSocketClient client) {
        client.send(Frame.close(NORMAL, ""));
        client.shouldReceive(Frame.close(NORMAL, ""));
        client.shouldEnd();
    }

    private void shouldBeClosed(WebSocketClient client) {
        int count = 0;
        Frame frame = client.receive();
        for (; frame.opcode() != Frame.CLOSE; frame = client.receive()) {
            assertTrue(count < answers.size(), "more than all answers: " + frame);
            assertEquals(answers.get(count++), frame);
        }
        assertTrue(codes.contains(frame.code()), "closed with " + frame + ", and not " + codes);
        client.shouldEnd();
    }

    private void send(WebSocketClient client) {
        if (chopLength == BY_FRAME) {
            for (final Frame frame : sent) {
                client.send(frame);
            }
            return;
        }
        final ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (final Frame frame : sent) {
            all.writeBytes(frame.masked());
        }
        final byte[] bytes = all.toByteArray();
        final int length = chopLength == WHOLE ? Math.max(1, bytes.length) : chopLength;
        for (int from = 0; from < bytes.length; from += length) {
            client.send(Arrays.copyOfRange(bytes, from, Math.min(bytes.length, from + length)));
        }
    }
}
