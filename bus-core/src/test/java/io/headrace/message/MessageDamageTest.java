// SPDX-License-Identifier: Apache-2.0
package io.headrace.message;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.testing.Samples;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Damaged records: {@link Message#decode} answers false or gives views that stay within the record;
 * it never throws and never reads outside. Proven by decoding each record twice, in memory full of
 * zeros and full of ones: who reads outside, reads something else.
 */
class MessageDamageTest {

    private static final int MARGIN = 4096;

    @ParameterizedTest
    @EnumSource(MessageType.class)
    void shouldRefuseARecordCutAtAnyLength(MessageType type) {
        final UnsafeBuffer whole = Samples.record(type);
        for (int length = 0; length < whole.capacity(); length++) {
            final UnsafeBuffer cut = surrounded(whole, length, 0);
            assertFalse(Message.isWhole(cut), "cut at " + length);
        }
        assertTrue(Message.isWhole(whole));
    }

    @ParameterizedTest
    @EnumSource(MessageType.class)
    void shouldRefuseAMessageCutAtAnyLengthThatSaysSoItself(MessageType type) {
        final UnsafeBuffer whole = Samples.record(type);
        for (int length = 0; length < Samples.message(whole).length; length++) {
            final UnsafeBuffer cut = surrounded(whole, DeliveryHeader.LENGTH + length, 0);
            cut.putInt(DeliveryHeader.FLAGS_LENGTH_OFFSET, length);
            assertFalse(decodes(cut), "cut at " + length);
        }
    }

    @ParameterizedTest
    @EnumSource(MessageType.class)
    void shouldReadTheSameWithTheThreeBytesOfPaddingBehindIt(MessageType type) {
        final UnsafeBuffer whole = Samples.record(type);
        final String expected = walk(whole);
        for (int padding = 1; padding <= 3; padding++) {
            final UnsafeBuffer padded = new UnsafeBuffer(new byte[whole.capacity() + padding]);
            padded.putBytes(0, whole, 0, whole.capacity());
            assertEquals(expected, walk(padded));
        }
    }

    @ParameterizedTest
    @EnumSource(MessageType.class)
    void shouldSurviveEverySingleFlippedBit(MessageType type) {
        final UnsafeBuffer record = Samples.record(type);
        for (int bit = 0; bit < record.capacity() * 8; bit++) {
            flip(record, bit);
            checkDamaged(record);
            flip(record, bit);
        }
    }

    @Property(tries = 5_000)
    void shouldSurviveAnyDamage(@ForAll("damagedRecords") UnsafeBuffer record) {
        checkDamaged(record);
    }

    @Property(tries = 2_000)
    void shouldSurviveAnyBytesBehindAKnownTemplateId(
            @ForAll MessageType type, @ForAll byte[] body) {
        final UnsafeBuffer sample = Samples.record(type);
        final int length = 8 + body.length;
        final UnsafeBuffer record = new UnsafeBuffer(new byte[DeliveryHeader.LENGTH + length]);
        record.putBytes(0, sample, 0, DeliveryHeader.LENGTH + 8);
        record.putInt(DeliveryHeader.FLAGS_LENGTH_OFFSET, length);
        record.putBytes(DeliveryHeader.LENGTH + 8, body);
        checkDamaged(record);
    }

    @Test
    void shouldReadAWholeRecordAgainAfterADamagedOne() {
        final Message message = new Message();
        final UnsafeBuffer damaged = Samples.record(MessageType.HTTP_REQUEST);
        final int groups = DeliveryHeader.LENGTH + 8 + damaged.getShort(DeliveryHeader.LENGTH);
        damaged.putShort(groups, (short) -1);
        assertFalse(message.wrap(damaged).decode());
        final UnsafeBuffer whole = Samples.record(MessageType.HTTP_REQUEST);
        assertTrue(message.wrap(whole).decode());
        assertEquals(walk(whole), MessageWalk.of(message));
    }

    @Provide
    Arbitrary<UnsafeBuffer> damagedRecords() {
        final Arbitrary<Integer> values =
                Arbitraries.of(0, 1, -1, -4, -8, 0xFFFF, Integer.MIN_VALUE, Integer.MAX_VALUE, 254)
                        .injectDuplicates(0.2);
        final Arbitrary<int[]> damage =
                Combinators.combine(
                                Arbitraries.integers().between(0, 1 << 20),
                                Arbitraries.oneOf(values, Arbitraries.integers()),
                                Arbitraries.of(1, 2, 4))
                        .as((at, value, width) -> new int[] {at, value, width});
        return Combinators.combine(
                        Arbitraries.of(MessageType.class), damage.list().ofMinSize(1).ofMaxSize(4))
                .as(
                        (type, damages) -> {
                            final UnsafeBuffer record = Samples.record(type);
                            damages.forEach(each -> damage(record, each));
                            return record;
                        });
    }

    /** Overwrites 1, 2 or 4 bytes anywhere behind the SBE header. */
    private static void damage(UnsafeBuffer record, int[] damage) {
        final int first = DeliveryHeader.LENGTH + 8;
        final int at = first + damage[0] % (record.capacity() - first - 4);
        switch (damage[2]) {
            case 1 -> record.putByte(at, (byte) damage[1]);
            case 2 -> record.putShort(at, (short) damage[1]);
            default -> record.putInt(at, damage[1]);
        }
    }

    static void checkDamaged(UnsafeBuffer record) {
        final UnsafeBuffer zeros = surrounded(record, record.capacity(), 0);
        final UnsafeBuffer ones = surrounded(record, record.capacity(), 0xFF);
        final boolean decodes = decodes(zeros);
        assertEquals(decodes, decodes(ones));
        if (decodes) {
            assertEquals(walk(zeros), walk(ones));
        }
    }

    private static boolean decodes(UnsafeBuffer record) {
        if (!Message.isWhole(record)) {
            return false;
        }
        final Message message = new Message().wrap(record);
        final boolean decodes = message.decode();
        assertFalse(!decodes && message.problem().isBlank());
        return decodes;
    }

    private static String walk(UnsafeBuffer record) {
        final Message message = new Message().wrap(record);
        assertTrue(message.decode(), message::problem);
        return MessageWalk.of(message);
    }

    /** A copy of the first bytes of a record, in the middle of other memory. */
    private static UnsafeBuffer surrounded(UnsafeBuffer record, int length, int filling) {
        final UnsafeBuffer memory = new UnsafeBuffer(new byte[MARGIN + length + MARGIN]);
        memory.setMemory(0, memory.capacity(), (byte) filling);
        memory.putBytes(MARGIN, record, 0, length);
        return new UnsafeBuffer(memory, MARGIN, length);
    }

    private static void flip(UnsafeBuffer record, int bit) {
        record.putByte(bit >>> 3, (byte) (record.getByte(bit >>> 3) ^ 1 << (bit & 7)));
    }
}
