// SPDX-License-Identifier: Apache-2.0
package io.headrace.channel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.HeadraceException;
import io.headrace.channel.page.Allowance;
import io.headrace.testing.TinyFileSystem;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AllowanceTest {

    private static final long MIB = 1 << 20;

    @TempDir Path directory;

    @ParameterizedTest
    @ValueSource(strings = {"", "1%", "99%", "1m", "1048576", "512m", "9g"})
    void shouldTakeASizeAPercentageAndNothing(String setting) {
        Allowance.check(setting);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "0", "0%", "100%", "-1%", "%", "x%", "1.5%", "x", "1023k", "-1m", "1mm", " "
            })
    void shouldRefuseWhatIsNeitherNamingTheProperty(String setting) {
        final HeadraceException e =
                assertThrows(HeadraceException.class, () -> Allowance.check(setting));
        assertTrue(e.getMessage().contains("headrace.memory.max is '" + setting), e.getMessage());
        assertTrue(e.getMessage().contains("1m and more, or 1% to 99%"), e.getMessage());
    }

    @Test
    void shouldMeasureASizeByWhatTheLanesHave() {
        final Allowance allowance = new Allowance(directory, "8m");
        assertTrue(allowance.isSize());
        assertEquals(Allowance.OK, allowance.level(0));
        assertEquals(Allowance.OK, allowance.level(6 * MIB));
        assertEquals(Allowance.TIGHT, allowance.level(6 * MIB + 1));
        assertEquals(Allowance.TIGHT, allowance.level(8 * MIB));
        assertEquals(Allowance.HIGH, allowance.level(8 * MIB + 1));
    }

    @ParameterizedTest
    @CsvSource({"'', 80", "50%, 50", "90%, 90", "1g, 80"})
    void shouldMeasureTheFileSystemWhoeverFillsIt(String setting, int highAtPercent) {
        try (TinyFileSystem memory = TinyFileSystem.mount("20m")) {
            final Allowance allowance = new Allowance(memory.directory(), setting);
            final long total = 20 * MIB;
            int percent = 0;
            for (; percent < 100; percent++) {
                memory.take(total * percent / 100 - (total - memory.usableBytes()));
                final int level = allowance.level(0);
                final int expected =
                        percent > highAtPercent
                                ? Allowance.HIGH
                                : percent > highAtPercent * 3 / 4 + 1
                                        ? Allowance.TIGHT
                                        : Allowance.OK;
                if (percent != highAtPercent && percent != highAtPercent * 3 / 4 + 1) {
                    assertEquals(expected, level, setting + " at " + percent);
                }
            }
            memory.free();
            assertEquals(Allowance.OK, allowance.level(0));
        }
    }
}
