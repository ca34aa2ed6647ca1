// SPDX-License-Identifier: Apache-2.0
package io.headrace.message;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.HeadraceException;
import io.headrace.message.codec.ClosedBy;
import io.headrace.message.codec.FrameKind;
import io.headrace.message.codec.HttpDisconnectEncoder;
import io.headrace.message.codec.MessageHeaderEncoder;
import io.headrace.message.codec.WebSocketClientCloseEncoder;
import io.headrace.message.codec.WebSocketReceiveEncoder;
import io.headrace.testing.Samples;
import java.util.Arrays;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Messages that carry the keys of their request themselves, and where keys come from otherwise. */
class InlineRequestTest {

    private static final byte[] HTTP = Samples.message(Samples.record(MessageType.HTTP_REQUEST));
    private static final byte[] WEB_SOCKET =
            Samples.message(Samples.record(MessageType.WEB_SOCKET_CONNECTION));

    @Test
    void shouldFindTheRequestInsideAnHttpDisconnect() {
        final Message message = decoded(disconnect(HTTP));
        assertEquals(Message.NO_INDEX, message.requestIndex());
        final Request request = message.request();
        assertEquals("POST", request.method());
        assertEquals("/grüße", request.pathInfo());
        assertEquals("<p>€</p>", request.files().content(0).toString());
        assertEquals(Samples.REPLY_CHANNEL, request.replyChannel());
    }

    @Test
    void shouldFindTheConnectionInsideAWebSocketReceiveAndTheContentBehindIt() {
        final Message message = decoded(receive(WEB_SOCKET));
        assertEquals("ten bytes!", message.datagram().text());
        assertEquals(Samples.REPLY_CHANNEL, message.datagram().request().replyChannel());
        assertEquals("[a=1, a=2, näme=]", message.request().query().toList().toString());
        assertEquals("ten bytes!", message.datagram().text());
    }

    @Test
    void shouldFindTheConnectionInsideAClientCloseAndTheReasonBehindIt() {
        final Message message = decoded(clientClose(WEB_SOCKET));
        assertEquals("/app/grüße", message.close().request().path());
        assertEquals("tschüß", message.close().reason());
        assertEquals(Close.By.CLIENT, message.close().closedBy());
    }

    @Test
    void shouldForgetTheInlineRequestWithTheNextMessage() {
        final Request elsewhere = new Request();
        final Message message = new Message(event -> elsewhere);
        assertTrue(message.wrap(receive(WEB_SOCKET)).decode());
        assertEquals("/app/grüße", message.request().path());
        assertTrue(message.wrap(Samples.record(MessageType.WEB_SOCKET_RECEIVE)).decode());
        assertEquals(Samples.REQUEST_INDEX, message.requestIndex());
        assertSame(elsewhere, message.request());
    }

    @ParameterizedTest
    @EnumSource(
            value = MessageType.class,
            names = {
                "HTTP_RESPONSE",
                "WEB_SOCKET_SEND",
                "WEB_SOCKET_SERVER_CLOSE",
                "WEB_SOCKET_ACCEPT"
            })
    void shouldPointAtNoRequestInAReplyThatComesAfterAnEvent(MessageType reply) {
        final Message message = new Message();
        assertTrue(message.wrap(Samples.record(MessageType.WEB_SOCKET_RECEIVE)).decode());
        assertTrue(message.wrap(Samples.record(reply)).decode());
        assertEquals(Message.NO_INDEX, message.requestIndex());
        assertTrue(message.wrap(receive(WEB_SOCKET)).decode());
        assertTrue(message.wrap(Samples.record(reply)).decode());
        assertThrows(IllegalStateException.class, message::request);
    }

    @Test
    void shouldSayThatAReaderWithoutASourceResolvesNothing() {
        final Message message = decoded(Samples.record(MessageType.HTTP_DISCONNECT));
        assertThrows(IllegalStateException.class, message::request);
    }

    @Test
    void shouldRefuseAnInlineRequestCutAtAnyLength() {
        for (int length = 1; length < WEB_SOCKET.length; length++) {
            checkRefused(receive(Arrays.copyOf(WEB_SOCKET, length)), "cut at " + length);
        }
    }

    @Test
    void shouldRefuseAnInlineRequestOfAnUnknownTemplateOrSchema() {
        for (final int at : new int[] {2, 4}) {
            final byte[] foreign = WEB_SOCKET.clone();
            foreign[at] = 99;
            checkRefused(receive(foreign), "byte " + at);
        }
    }

    @Test
    void shouldRefuseAnInlineRequestWithABlockShorterThanItsFirstVersion() {
        final byte[] shorter = WEB_SOCKET.clone();
        shorter[0]--;
        checkRefused(receive(shorter), "shorter block");
    }

    @Test
    void shouldRefuseSomethingElseThanARequestInside() {
        checkRefused(
                receive(Samples.message(Samples.record(MessageType.HTTP_RESPONSE))), "a response");
        checkRefused(receive(Samples.message(receive(WEB_SOCKET))), "another datagram");
    }

    /**
     * Either the whole record is refused, or its request with the one exception of the cold path.
     */
    private static void checkRefused(UnsafeBuffer record, String what) {
        final Message message = new Message().wrap(record);
        if (message.decode()) {
            assertThrows(HeadraceException.class, message::request, what);
            assertEquals("ten bytes!", message.datagram().text());
        } else {
            assertFalse(message.problem().isBlank());
        }
    }

    private static Message decoded(UnsafeBuffer record) {
        assertTrue(Message.isWhole(record));
        final Message message = new Message().wrap(record);
        assertTrue(message.decode(), message::problem);
        return message;
    }

    private static UnsafeBuffer disconnect(byte[] request) {
        return Samples.record(
                8 + HttpDisconnectEncoder.BLOCK_LENGTH + 4 + request.length,
                (buffer, offset) -> {
                    final HttpDisconnectEncoder encoder = new HttpDisconnectEncoder();
                    encoder.wrapAndApplyHeader(buffer, offset, new MessageHeaderEncoder())
                            .requestIndex(Message.NO_INDEX)
                            .putRequest(request, 0, request.length);
                    return 8 + encoder.encodedLength();
                });
    }

    private static UnsafeBuffer receive(byte[] request) {
        return Samples.record(
                8 + WebSocketReceiveEncoder.BLOCK_LENGTH + 8 + request.length + 10,
                (buffer, offset) -> {
                    final WebSocketReceiveEncoder encoder = new WebSocketReceiveEncoder();
                    encoder.wrapAndApplyHeader(buffer, offset, new MessageHeaderEncoder())
                            .requestIndex(Message.NO_INDEX)
                            .binary(FrameKind.TEXT)
                            .putRequest(request, 0, request.length)
                            .putContent(Samples.DATAGRAM, 0, 10);
                    return 8 + encoder.encodedLength();
                });
    }

    private static UnsafeBuffer clientClose(byte[] request) {
        return Samples.record(
                8
                        + WebSocketClientCloseEncoder.BLOCK_LENGTH
                        + 5
                        + request.length
                        + Samples.REASON.length,
                (buffer, offset) -> {
                    final WebSocketClientCloseEncoder encoder = new WebSocketClientCloseEncoder();
                    encoder.wrapAndApplyHeader(buffer, offset, new MessageHeaderEncoder())
                            .requestIndex(Message.NO_INDEX)
                            .code(1001)
                            .closedBy(ClosedBy.CLIENT)
                            .putRequest(request, 0, request.length)
                            .putReason(Samples.REASON, 0, Samples.REASON.length);
                    return 8 + encoder.encodedLength();
                });
    }
}
