// SPDX-License-Identifier: Apache-2.0
package io.headrace.message;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

/** The layout as it is drawn, as its constants say it, and as its verbs use it: all three agree. */
class DeliveryHeaderTest {

    private static final Path SOURCE =
            Path.of(
                    System.getProperty("basedir", ""),
                    "src/main/java/io/headrace/message/DeliveryHeader.java");

    @Test
    void shouldDrawExactlyTheOffsetsOfItsConstants() throws Exception {
        final List<Integer> expected = new ArrayList<>(constants().keySet());
        expected.add(DeliveryHeader.LENGTH);
        final List<Integer> drawn = new ArrayList<>();
        for (final Row row : drawing()) {
            // The end of the first row is the beginning of the second one.
            drawn.addAll(row.offsets);
        }
        assertEquals(expected, drawn);
    }

    @Test
    void shouldNameEachFieldInItsCellOfTheDrawing() throws Exception {
        final List<String> cells = new ArrayList<>();
        for (final Row row : drawing()) {
            cells.addAll(row.cells);
        }
        final Map<Integer, String> constants = constants();
        assertEquals(constants.size(), cells.size());
        int i = 0;
        for (final String name : constants.values()) {
            for (final String word : name.toLowerCase(Locale.ROOT).split("_")) {
                final String cell = cells.get(i);
                assertTrue(cell.contains(word), () -> name + " is drawn as '" + cell + "'");
            }
            i++;
        }
    }

    @Test
    void shouldDrawEachOffsetAboveTheEdgeOfItsCell() throws IOException {
        for (final Row row : drawing()) {
            for (int i = 0; i < row.offsets.size(); i++) {
                final int column = row.columns.get(i);
                final int nearest =
                        row.edges.stream()
                                .min(Comparator.comparingInt(edge -> Math.abs(edge - column)))
                                .orElseThrow();
                assertEquals(row.edges.get(i), nearest, "offset " + row.offsets.get(i));
            }
        }
    }

    @Test
    void shouldSayTheWidthsOfFlagsAndLength() throws IOException {
        final String cell = drawing().get(0).cells.get(1);
        assertTrue(cell.contains("flags 8") && cell.contains("length 24"), cell);
        assertEquals((1 << 24) - 1, DeliveryHeader.MESSAGE_LENGTH_MAX);
        assertEquals(64, DeliveryHeader.LENGTH);
    }

    @Test
    void shouldWriteEveryByteOfDirtyMemoryAndNotOneMore() {
        final UnsafeBuffer dirty = new UnsafeBuffer(new byte[8 + 64 + 8]);
        final UnsafeBuffer clean = new UnsafeBuffer(new byte[8 + 64 + 8]);
        dirty.setMemory(0, dirty.capacity(), (byte) 0xAA);
        write(dirty, 8);
        write(clean, 8);
        for (int i = 8; i < 72; i++) {
            assertEquals(clean.getByte(i), dirty.getByte(i), "byte " + (i - 8));
        }
        assertEquals(0xAAAA_AAAA_AAAA_AAAAL, dirty.getLong(0));
        assertEquals(0xAAAA_AAAA_AAAA_AAAAL, dirty.getLong(72));
    }

    @Test
    void shouldReadBackTheExtremesOfEveryField() {
        final UnsafeBuffer buffer = new UnsafeBuffer(new byte[64]);
        for (final long extreme : new long[] {0, 1, -1, Long.MIN_VALUE, Long.MAX_VALUE}) {
            final int small = (int) extreme;
            DeliveryHeader.write(
                    buffer,
                    0,
                    DeliveryHeader.MESSAGE_LENGTH_MAX,
                    extreme,
                    extreme,
                    small,
                    small,
                    extreme,
                    extreme);
            assertEquals(
                    DeliveryHeader.MESSAGE_LENGTH_MAX, DeliveryHeader.messageLength(buffer, 0));
            assertEquals(0, DeliveryHeader.flags(buffer, 0));
            assertEquals(extreme, DeliveryHeader.sequence(buffer, 0));
            assertEquals(extreme, DeliveryHeader.connection(buffer, 0));
            assertEquals(small, DeliveryHeader.order(buffer, 0));
            assertEquals(small, DeliveryHeader.expiryMs(buffer, 0));
            assertEquals(extreme, DeliveryHeader.receivedNs(buffer, 0));
            assertEquals(extreme, DeliveryHeader.appendedNs(buffer, 0));
        }
    }

    @Test
    void shouldChangeNothingButItsTimeWhenAConsumerWritesOne() {
        final UnsafeBuffer buffer = new UnsafeBuffer(new byte[64]);
        write(buffer, 0);
        final byte[] before = buffer.byteArray().clone();
        DeliveryHeader.claimedNs(buffer, 0, -7);
        DeliveryHeader.doneNs(buffer, 0, -8);
        assertEquals(-7, DeliveryHeader.claimedNs(buffer, 0));
        assertEquals(-8, DeliveryHeader.doneNs(buffer, 0));
        for (int i = 0; i < DeliveryHeader.CLAIMED_NS_OFFSET; i++) {
            assertEquals(before[i], buffer.getByte(i), "byte " + i);
        }
    }

    private static void write(UnsafeBuffer buffer, int offset) {
        DeliveryHeader.write(buffer, offset, 5, 6, 7, 8, 9, 10, 11);
    }

    /** Names of the constants without {@code _OFFSET}, by offset. */
    private static Map<Integer, String> constants() throws IllegalAccessException {
        final Map<Integer, String> constants = new TreeMap<>();
        for (final Field field : DeliveryHeader.class.getDeclaredFields()) {
            if (field.getName().endsWith("_OFFSET") && Modifier.isPublic(field.getModifiers())) {
                constants.put(field.getInt(null), field.getName().replace("_OFFSET", ""));
            }
        }
        return constants;
    }

    /** A row of boxes: the ruler above it, its edges, and what stands in the cells. */
    private record Row(
            List<Integer> offsets,
            List<Integer> columns,
            List<Integer> edges,
            List<String> cells) {}

    private static List<Row> drawing() throws IOException {
        final String source = Files.readString(SOURCE);
        final String drawing = source.substring(source.indexOf("<pre>"), source.indexOf("</pre>"));
        final List<Row> rows = new ArrayList<>();
        String border = "";
        for (final String line : drawing.lines().toList()) {
            if (line.matches(" \\* +0?[0-9 ]+")) {
                rows.add(
                        new Row(
                                new ArrayList<>(),
                                new ArrayList<>(),
                                new ArrayList<>(),
                                new ArrayList<>()));
                readRuler(line, rows.get(rows.size() - 1));
                border = "";
            } else if (line.contains("+--") && border.isEmpty()) {
                border = line;
                readEdges(line, rows.get(rows.size() - 1));
            } else if (line.contains("|")) {
                readCells(line, rows.get(rows.size() - 1));
            }
        }
        assertEquals(2, rows.size(), drawing);
        return rows;
    }

    private static void readRuler(String line, Row row) {
        for (int i = 0; i < line.length(); i++) {
            if (Character.isDigit(line.charAt(i)) && !Character.isDigit(line.charAt(i - 1))) {
                row.offsets.add(Integer.parseInt(line.substring(i).trim().split(" ")[0]));
                row.columns.add(i);
            }
        }
    }

    private static void readEdges(String line, Row row) {
        for (int i = 0; i < line.length(); i++) {
            if (line.charAt(i) == '+') {
                row.edges.add(i);
            }
        }
    }

    private static void readCells(String line, Row row) {
        for (int i = 0; i + 1 < row.edges.size(); i++) {
            final int to = Math.min(line.length(), row.edges.get(i + 1));
            final String part = line.substring(row.edges.get(i) + 1, to).trim();
            if (row.cells.size() <= i) {
                row.cells.add(part);
            } else {
                row.cells.set(i, row.cells.get(i) + " " + part);
            }
        }
    }
}
