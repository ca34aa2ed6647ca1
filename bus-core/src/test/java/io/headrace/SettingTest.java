// SPDX-License-Identifier: Apache-2.0
package io.headrace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SettingTest {

    private static final String PROPERTY = "headrace.setting.test";

    @AfterEach
    void clear() {
        System.clearProperty(PROPERTY);
    }

    private static void shouldRefuse(String problem, Executable what) {
        final HeadraceException e = assertThrows(HeadraceException.class, what);
        assertEquals(PROPERTY + " is " + problem, e.getMessage());
    }

    @Test
    void shouldGiveWhatIsAskedForWhenNothingIsSet() {
        assertEquals(-1, Setting.size(PROPERTY, -1));
        assertEquals(7, Setting.count(PROPERTY, 7));
        assertEquals(9, Setting.durationNs(PROPERTY, 9));
        assertTrue(Setting.isTrue(PROPERTY, true));
        assertFalse(Setting.isTrue(PROPERTY, false));
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "512, 512", "64k, 65536", "1m, 1048576", "2047m, 2146435072", "' 3 ', 3"})
    void shouldReadNumbers(String text, int value) {
        System.setProperty(PROPERTY, text);
        assertEquals(value, Setting.count(PROPERTY, -1));
        assertEquals(value, Setting.size(PROPERTY, -1));
    }

    @Test
    void shouldRefuseWhatDoesNotFitAnIntInsteadOfCuttingIt() {
        System.setProperty(PROPERTY, "4097m");
        assertEquals(4097L << 20, Setting.size(PROPERTY, 0));
        shouldRefuse("'4097m'; it takes at most 2147483647", () -> Setting.count(PROPERTY, 0));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "two", "4x", "1.5", "-1", "1.5m", "10s", "99999999999999999999"})
    void shouldNameANumberThatIsNone(String text) {
        System.setProperty(PROPERTY, text);
        final String problem =
                "'" + text + "'; it takes a whole number, also with k, m or g behind it";
        shouldRefuse(problem, () -> Setting.size(PROPERTY, 1));
        shouldRefuse(problem, () -> Setting.count(PROPERTY, 1));
    }

    @ParameterizedTest
    @CsvSource({"90s, 90000000000", "250ms, 250000000", "10us, 10000", "1ns, 1", "0s, 0", "0, 0"})
    void shouldReadDurations(String text, long ns) {
        System.setProperty(PROPERTY, text);
        assertEquals(ns, Setting.durationNs(PROPERTY, -1));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "60", "1", "10m", "24h", "s", "1.5s", "-1s"})
    void shouldNameADurationThatIsNone(String text) {
        System.setProperty(PROPERTY, text);
        shouldRefuse(
                "'" + text + "'; it takes a whole number with s, ms, us or ns behind it",
                () -> Setting.durationNs(PROPERTY, 1));
    }

    @Test
    void shouldKnowTrueAndFalseAndNothingElse() {
        System.setProperty(PROPERTY, "true");
        assertTrue(Setting.isTrue(PROPERTY, false));
        System.setProperty(PROPERTY, "false");
        assertFalse(Setting.isTrue(PROPERTY, true));
        System.setProperty(PROPERTY, "yes");
        shouldRefuse("'yes'; it takes one of [false, true]", () -> Setting.isTrue(PROPERTY, true));
    }

    @Test
    void shouldTakeTheEndsOfARangeAndNothingBeyond() {
        assertEquals(1, Setting.check(PROPERTY, 1, 1, 3));
        assertEquals(3, Setting.check(PROPERTY, 3, 1, 3));
        shouldRefuse("0; it takes 1 to 3", () -> Setting.check(PROPERTY, 0, 1, 3));
        shouldRefuse("4; it takes 1 to 3", () -> Setting.check(PROPERTY, 4, 1, 3));
        shouldRefuse(
                "-1; it takes 0 and more", () -> Setting.check(PROPERTY, -1, 0, Long.MAX_VALUE));
        assertEquals("on", Setting.check(PROPERTY, "on", List.of("off", "on")));
        shouldRefuse(
                "'On'; it takes one of [off, on]",
                () -> Setting.check(PROPERTY, "On", List.of("off", "on")));
    }
}
