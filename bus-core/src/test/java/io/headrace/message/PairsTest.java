// SPDX-License-Identifier: Apache-2.0
package io.headrace.message;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

class PairsTest {

    private final StringBuilder memory = new StringBuilder("before");
    private final List<int[]> positions = new ArrayList<>();
    private final Pairs pairs = new Pairs(UTF_8);

    @Test
    void shouldBeEmptyAtFirst() {
        read();
        assertEquals(0, pairs.count());
        assertFalse(pairs.has(""));
        assertEquals("absent", pairs.value("a", "absent"));
        assertEquals(List.of(), pairs.values("a"));
        assertEquals(List.of(), pairs.toList());
        assertEquals(Map.of(), pairs.toMap());
        assertEquals(-1, pairs.indexOf("a"));
        assertEquals(-1, pairs.indexOfIgnoreCase("a"));
    }

    @Test
    void shouldKeepDuplicatesInTheirOrder() {
        read("a", "1", "b", "2", "a", "3", "A", "4");
        assertEquals(4, pairs.count());
        assertEquals("[a=1, b=2, a=3, A=4]", pairs.toList().toString());
        assertEquals(List.of("1", "3"), pairs.values("a"));
        assertEquals(List.of("4"), pairs.values("A"));
    }

    @Test
    void shouldGiveTheLastValueOfAKeyAsDjangoDoes() {
        read("a", "1", "b", "2", "a", "3");
        assertEquals("3", pairs.value("a", "absent"));
        assertEquals("{a=3, b=2}", pairs.toMap().toString());
    }

    @Test
    void shouldTellAnEmptyValueFromNone() {
        read("a", "", "", "x");
        assertTrue(pairs.has("a"));
        assertEquals("", pairs.value("a", "absent"));
        assertTrue(pairs.has(""));
        assertEquals("x", pairs.value("", "absent"));
    }

    @Test
    void shouldFindTheFirstOfAName() {
        read("Host", "h", "X-Tag", "1", "x-tag", "2");
        assertEquals(2, pairs.indexOf("x-tag"));
        assertEquals(1, pairs.indexOfIgnoreCase("x-tag"));
        assertEquals(1, pairs.indexOfIgnoreCase("X-TAG"));
        assertEquals(-1, pairs.indexOf("X-TAG"));
        assertEquals(-1, pairs.indexOfIgnoreCase("x-ta"));
    }

    @Test
    void shouldFindNamesThatAreNotAscii() {
        read("näme", "wért");
        assertEquals(List.of("wért"), pairs.values("näme"));
    }

    @Test
    void shouldMoveTheViewWithTheNextCallAndReuseIt() {
        read("a", "1", "b", "2");
        final Field view = pairs.key(0);
        assertEquals("a", view.toString());
        assertSame(view, pairs.key(1));
        assertEquals("b", view.toString());
        final Field value = pairs.value(0);
        assertEquals("1", value.toString());
        assertEquals("b", view.toString());
    }

    @Test
    void shouldHoldAnyNumberOfPairs() {
        for (final int count : new int[] {31, 32, 33, 64, 65, 1000}) {
            final String[] texts = new String[2 * count];
            for (int i = 0; i < count; i++) {
                texts[2 * i] = "key" + i;
                texts[2 * i + 1] = "value" + i;
            }
            read(texts);
            assertEquals(count, pairs.count());
            for (int i = 0; i < count; i++) {
                assertEquals("key" + i, pairs.key(i).toString());
                assertEquals("value" + i, pairs.value(i).toString());
            }
        }
    }

    @Test
    void shouldForgetItsPairsWhenItIsReset() {
        read("a", "1");
        read("b", "2");
        assertEquals("[b=2]", pairs.toList().toString());
        assertFalse(pairs.has("a"));
    }

    private void read(String... texts) {
        positions.clear();
        for (final String text : texts) {
            final int offset = memory.toString().getBytes(UTF_8).length;
            positions.add(new int[] {offset, text.getBytes(UTF_8).length});
            memory.append(text);
        }
        pairs.reset(new UnsafeBuffer(memory.toString().getBytes(UTF_8)));
        for (int i = 0; i < texts.length; i += 2) {
            final int[] key = positions.get(i);
            final int[] value = positions.get(i + 1);
            pairs.add(key[1], key[0] + key[1], value[1], value[0] + value[1]);
        }
    }
}
