// SPDX-License-Identifier: Apache-2.0
package io.headrace.message;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

class FieldTest {

    private static final UnsafeBuffer MEMORY =
            new UnsafeBuffer("<<Content-Type>>".getBytes(ISO_8859_1));

    private final Field field = new Field().wrap(MEMORY, 2, 12);

    @Test
    void shouldBeTheBytesItWasWrappedAround() {
        assertEquals("Content-Type", field.toString());
        assertEquals(12, field.length());
        assertEquals(2, field.offset());
        assertEquals(MEMORY, field.buffer());
        assertEquals('C', field.byteAt(0));
        assertEquals('e', field.byteAt(11));
    }

    @Test
    void shouldEqualOnlyTheWholeText() {
        assertTrue(field.contentEquals("Content-Type"));
        assertFalse(field.contentEquals("Content-Typ"));
        assertFalse(field.contentEquals("Content-Type>"));
        assertFalse(field.contentEquals("content-type"));
        assertFalse(field.contentEquals(""));
    }

    @Test
    void shouldStartWithItselfAndItsBeginningsOnly() {
        assertTrue(field.startsWith(""));
        assertTrue(field.startsWith("C"));
        assertTrue(field.startsWith("Content-Type"));
        assertFalse(field.startsWith("Content-Type>"));
        assertFalse(field.startsWith("<"));
        assertFalse(field.startsWith("Content_"));
    }

    @Test
    void shouldIgnoreTheCaseOfLettersAndOfNothingElse() {
        assertTrue(field.equalsIgnoreCase("CONTENT-TYPE"));
        assertTrue(field.equalsIgnoreCase("content-type"));
        assertFalse(field.equalsIgnoreCase("content-typ"));
        assertFalse(field.equalsIgnoreCase("content\rtype"));
        final Field signs = new Field().wrap(new UnsafeBuffer("@[`{".getBytes(UTF_8)), 0, 4);
        assertTrue(signs.equalsIgnoreCase("@[`{"));
        assertFalse(signs.equalsIgnoreCase("`{@["));
    }

    @Test
    void shouldNotTakeAWiderCharacterForTheByteItEndsWith() {
        final Field letter = new Field().wrap(new UnsafeBuffer(new byte[] {'A'}), 0, 1);
        assertFalse(letter.contentEquals("\u0141"));
        assertFalse(letter.startsWith("\u0141"));
        assertFalse(letter.equalsIgnoreCase("\u0141"));
        assertFalse(letter.equalsIgnoreCase("\u0161"));
    }

    @Test
    void shouldDecodeUtf8UnlessItIsAHeader() {
        final UnsafeBuffer bytes = new UnsafeBuffer(new byte[] {(byte) 0xC3, (byte) 0xBC});
        assertEquals("ü", new Field().wrap(bytes, 0, 2).toString());
        assertEquals("Ã¼", new Field(ISO_8859_1).wrap(bytes, 0, 2).toString());
    }

    @Test
    void shouldBeEmptyAtTheVeryEndOfItsBuffer() {
        final Field empty = new Field().wrap(MEMORY, MEMORY.capacity(), 0);
        assertEquals("", empty.toString());
        assertEquals(0, empty.toBytes().length);
        assertTrue(empty.contentEquals(""));
        assertTrue(empty.startsWith(""));
        assertTrue(empty.equalsIgnoreCase(""));
        assertFalse(empty.startsWith("x"));
    }

    @Test
    void shouldGiveCopiesThatLaterChangesDoNotReach() {
        final UnsafeBuffer memory = new UnsafeBuffer("abc".getBytes(UTF_8));
        final Field view = new Field().wrap(memory, 0, 3);
        final byte[] copy = view.toBytes();
        final String text = view.toString();
        memory.putByte(0, (byte) 'X');
        assertArrayEquals("abc".getBytes(UTF_8), copy);
        assertEquals("abc", text);
        assertEquals("Xbc", view.toString());
        assertNotSame(view.toBytes(), view.toBytes());
    }

    @Test
    void shouldCopyItselfAndNotOneByteMore() {
        final UnsafeBuffer target = new UnsafeBuffer(new byte[16]);
        target.setMemory(0, 16, (byte) '.');
        assertEquals(12, field.copyTo(target, 3));
        assertEquals("...Content-Type.", target.getStringWithoutLengthAscii(0, 16));
    }

    @Test
    void shouldRefuseToCopyToABufferOneByteTooSmall() {
        final UnsafeBuffer target = new UnsafeBuffer(new byte[11]);
        assertThrows(IndexOutOfBoundsException.class, () -> field.copyTo(target, 0));
    }
}
