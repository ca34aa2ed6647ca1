// SPDX-License-Identifier: Apache-2.0
package io.headrace.message;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.message.codec.MessageHeaderDecoder;
import io.headrace.testing.Samples;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Records of other versions: newer ones are read as far as they are known, foreign ones refused.
 */
class MessageVersionTest {

    private static final int BLOCK_LENGTH_OFFSET = DeliveryHeader.LENGTH;
    private static final int TEMPLATE_ID_OFFSET = DeliveryHeader.LENGTH + 2;
    private static final int SCHEMA_ID_OFFSET = DeliveryHeader.LENGTH + 4;
    private static final int VERSION_OFFSET = DeliveryHeader.LENGTH + 6;
    private static final int BODY_OFFSET = DeliveryHeader.LENGTH + 8;

    @ParameterizedTest
    @EnumSource(MessageType.class)
    void shouldReadANewerVersionWithALongerBlock(MessageType type) {
        final UnsafeBuffer known = Samples.record(type);
        assertEquals(
                walk(known),
                walk(
                        newer(
                                known,
                                known.getShort(BLOCK_LENGTH_OFFSET),
                                "new fields!".getBytes(StandardCharsets.US_ASCII))));
    }

    @ParameterizedTest
    @EnumSource(MessageType.class)
    void shouldReadANewerVersionWithMoreDataBehindTheKnown(MessageType type) {
        final UnsafeBuffer known = Samples.record(type);
        final byte[] more = {4, 0, 0, 0, 'm', 'o', 'r', 'e'};
        assertEquals(walk(known), walk(newer(known, known.capacity() - BODY_OFFSET, more)));
    }

    @Test
    void shouldReadANewerVersionWithLongerEntriesOfAGroup() {
        final ByteBuffer message = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);
        message.putShort((short) 2).putShort((short) 2).putShort((short) 7283).putShort((short) 1);
        message.putShort((short) 204);
        message.putShort((short) 3).putShort((short) 1).put(new byte[] {9, 9, 9});
        message.putShort((short) 1).put((byte) 'k').putShort((short) 2).put(new byte[] {'v', 'w'});
        message.put((byte) 0).putInt(3).put(new byte[] {'o', 'n', 'e'});
        final byte[] bytes = Arrays.copyOf(message.array(), message.position());
        final UnsafeBuffer record =
                Samples.record(
                        bytes.length,
                        (buffer, offset) -> {
                            buffer.putBytes(offset, bytes);
                            return bytes.length;
                        });
        final Message reader = new Message().wrap(record);
        assertTrue(reader.decode(), reader::problem);
        assertEquals(204, reader.response().statusCode());
        assertEquals("[k=vw]", reader.response().headers().toList().toString());
        assertEquals("one", reader.response().content().toString());
    }

    @ParameterizedTest
    @EnumSource(MessageType.class)
    void shouldRefuseABlockShorterThanItsFirstVersionHad(MessageType type) {
        for (int blockLength = 0; blockLength < type.blockLength(); blockLength++) {
            final UnsafeBuffer record = Samples.record(type);
            record.putShort(BLOCK_LENGTH_OFFSET, (short) blockLength);
            assertTrue(problem(record).contains(type.label()), "block of " + blockLength);
        }
    }

    @ParameterizedTest
    @EnumSource(MessageType.class)
    void shouldRefuseABlockLongerThanItsRecord(MessageType type) {
        final UnsafeBuffer record = Samples.record(type);
        for (final int blockLength : new int[] {record.capacity() - BODY_OFFSET, 0x7FFF, 0xFFFF}) {
            record.putShort(BLOCK_LENGTH_OFFSET, (short) blockLength);
            assertTrue(problem(record).contains(type.label()), "block of " + blockLength);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 9, 15, 24, 0x8000, 0xFFFF})
    void shouldRefuseAnUnknownTemplateIdAndNameIt(int templateId) {
        final UnsafeBuffer record = Samples.record(MessageType.HTTP_REQUEST);
        record.putShort(TEMPLATE_ID_OFFSET, (short) templateId);
        assertEquals("unknown template id " + templateId, problem(record));
        assertFalse(MessageType.isKnown(templateId));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 7282, 7284, 0xFFFF})
    void shouldRefuseAnUnknownSchemaAndNameIt(int schemaId) {
        final UnsafeBuffer record = Samples.record(MessageType.WEB_SOCKET_SEND);
        record.putShort(SCHEMA_ID_OFFSET, (short) schemaId);
        assertEquals("schema id " + schemaId + " is not 7283", problem(record));
    }

    @Test
    void shouldTakeEveryVersionOfItsOwnSchema() {
        final UnsafeBuffer record = Samples.record(MessageType.WEB_SOCKET_SEND);
        final String expected = walk(record);
        for (final int version : new int[] {1, 2, 0x7FFF, 0xFFFF}) {
            record.putShort(VERSION_OFFSET, (short) version);
            assertEquals(expected, walk(record));
        }
    }

    @Test
    void shouldRefuseARecordWithoutRoomForAnSbeHeader() {
        for (int length = 0; length < 8; length++) {
            final UnsafeBuffer record = Samples.record(MessageType.WEB_SOCKET_SEND);
            record.putInt(DeliveryHeader.FLAGS_LENGTH_OFFSET, length);
            assertFalse(Message.isWhole(record), "length " + length);
        }
    }

    @Test
    void shouldRefuseALengthOneGreaterThanTheRecord() {
        final UnsafeBuffer record = Samples.record(MessageType.WEB_SOCKET_SEND);
        final int length = DeliveryHeader.messageLength(record, 0);
        record.putInt(DeliveryHeader.FLAGS_LENGTH_OFFSET, length + 1);
        assertFalse(Message.isWhole(record));
        record.putInt(DeliveryHeader.FLAGS_LENGTH_OFFSET, DeliveryHeader.MESSAGE_LENGTH_MAX);
        assertFalse(Message.isWhole(record));
    }

    @Test
    void shouldReadTheLengthBesideFlagsOfANewerVersion() {
        final UnsafeBuffer record = Samples.record(MessageType.WEB_SOCKET_SEND);
        final String expected = walk(record);
        final int length = DeliveryHeader.messageLength(record, 0);
        record.putInt(DeliveryHeader.FLAGS_LENGTH_OFFSET, 0xFF00_0000 | length);
        assertEquals(0xFF, DeliveryHeader.flags(record, 0));
        assertEquals(length, DeliveryHeader.messageLength(record, 0));
        assertEquals(expected, walk(record));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "negative length of a datagram's content",
                "negative length of a request's body",
                "negative length of a form's key",
                "negative length of an inline request"
            })
    void shouldRefuseANegativeLength(String what) {
        final boolean isDatagram = what.contains("datagram");
        final boolean isInline = what.contains("inline");
        final MessageType type =
                isDatagram
                        ? MessageType.WEB_SOCKET_SEND
                        : isInline ? MessageType.HTTP_DISCONNECT : MessageType.HTTP_REQUEST;
        final UnsafeBuffer record = Samples.record(type);
        final int at;
        if (isDatagram) {
            at = record.capacity() - Samples.BODY.length - 4;
        } else if (what.contains("body")) {
            at = indexOf(record, Samples.REPLY_CHANNEL) + Samples.REPLY_CHANNEL.length();
        } else if (isInline) {
            at = record.capacity() - 4;
        } else {
            at = indexOf(record, "field") - 4;
        }
        for (final int length : new int[] {-1, -4, -12, -record.capacity(), Integer.MIN_VALUE}) {
            record.putInt(at, length);
            assertTrue(problem(record).contains(type.label()), what + " " + length);
        }
    }

    private static int indexOf(UnsafeBuffer record, String text) {
        final String bytes = new String(record.byteArray(), StandardCharsets.ISO_8859_1);
        return bytes.indexOf(text);
    }

    /** The record with bytes put into its body and a version that nobody knows yet. */
    private static UnsafeBuffer newer(UnsafeBuffer known, int bodyIndex, byte[] more) {
        final int at = BODY_OFFSET + bodyIndex;
        final UnsafeBuffer record = new UnsafeBuffer(new byte[known.capacity() + more.length]);
        record.putBytes(0, known, 0, at);
        record.putBytes(at, more);
        record.putBytes(at + more.length, known, at, known.capacity() - at);
        record.putInt(
                DeliveryHeader.FLAGS_LENGTH_OFFSET, record.capacity() - DeliveryHeader.LENGTH);
        if (at != known.capacity()) {
            final int blockLength = known.getShort(BLOCK_LENGTH_OFFSET) + more.length;
            record.putShort(BLOCK_LENGTH_OFFSET, (short) blockLength);
        }
        record.putShort(VERSION_OFFSET, (short) (MessageHeaderDecoder.SCHEMA_VERSION + 1));
        return record;
    }

    private static String problem(UnsafeBuffer record) {
        final Message message = new Message().wrap(record);
        assertFalse(message.decode());
        return message.problem();
    }

    private static String walk(UnsafeBuffer record) {
        final Message message = new Message().wrap(record);
        assertTrue(message.decode(), message::problem);
        return MessageWalk.of(message);
    }
}
