// SPDX-License-Identifier: Apache-2.0
package io.headrace.channel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.HeadraceException;
import io.headrace.channel.page.Allowance;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BusSettingsTest {

    private static final int DEFAULT_BLOCK_SIZE = 64 << 20;

    private static final String CHANNEL = "headrace.channel.http.request.";

    @TempDir Path directory;
    private Path bus;
    private Path file;

    @BeforeEach
    void makeBus() {
        bus = directory.resolve("bus");
        file = bus.resolve("bus.properties");
    }

    @AfterEach
    void clearProperties() {
        System.clearProperty(BusSettings.BLOCK_SIZE_PROPERTY);
        System.clearProperty(BusSettings.ROLL_CYCLE_PROPERTY);
        System.clearProperty(BusSettings.ROLL_SIZE_PROPERTY);
        System.clearProperty(Allowance.PROPERTY);
    }

    @Test
    void shouldReadBackTheDefaultsOfANewBus() {
        final BusSettings settings = open();
        assertEquals(BusSettings.VERSION, settings.version());
        assertTrue(settings.id().matches("[0-9a-z]{6}"), settings.id());
        assertEquals(DEFAULT_BLOCK_SIZE, settings.blockSize());
        assertEquals("FIVE_MINUTELY", settings.rollCycle());
        assertEquals(DEFAULT_BLOCK_SIZE, settings.rollSize());
        assertEquals("", settings.memoryMax());
        assertEquals(DEFAULT_BLOCK_SIZE / 4, settings.recordLengthMax());
        assertEquals(settings, open());
    }

    @ParameterizedTest
    @CsvSource({"1m, 1048576", "2097152, 2097152", "16384k, 16777216", "1g, 1073741824"})
    void shouldTakeTheBlockSizeOfANewBusFromItsProperty(String text, int bytes) {
        System.setProperty(BusSettings.BLOCK_SIZE_PROPERTY, text);
        assertEquals(bytes, open().blockSize());
    }

    @ParameterizedTest
    @ValueSource(strings = {"FAST_HOURLY", "TEN_MINUTELY", "FIVE_MINUTELY", "TEST_SECONDLY"})
    void shouldTakeTheRollCycleOfANewBusFromItsProperty(String name) {
        System.setProperty(BusSettings.ROLL_CYCLE_PROPERTY, name);
        assertEquals(name, open().rollCycle());
    }

    @ParameterizedTest
    @CsvSource({"256k, 262144", "300000, 300000", "64m, 67108864"})
    void shouldTakeTheRollSizeOfANewBusFromItsProperty(String text, int bytes) {
        System.setProperty(BusSettings.ROLL_SIZE_PROPERTY, text);
        assertEquals(bytes, open().rollSize());
        System.clearProperty(BusSettings.ROLL_SIZE_PROPERTY);
        assertEquals(bytes, open().rollSize());
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "255k", "65m", "2047m"})
    void shouldRefuseARollSizeThatIsNotFrom256KToTheBlockSize(String text) {
        System.setProperty(BusSettings.ROLL_SIZE_PROPERTY, text);
        assertTrue(problem().contains("takes 256k up to headrace.block.size"), problem());
    }

    @ParameterizedTest
    @ValueSource(strings = {"-1", "x", "4g", ""})
    void shouldNameTheSizesThatAreNone(String text) {
        final String is = " is '" + text + "'; it takes ";
        System.setProperty(BusSettings.ROLL_SIZE_PROPERTY, text);
        assertTrue(problem().startsWith("headrace.roll.size" + is), problem());
        System.clearProperty(BusSettings.ROLL_SIZE_PROPERTY);
        System.setProperty(BusSettings.BLOCK_SIZE_PROPERTY, text);
        assertTrue(problem().startsWith("headrace.block.size"), problem());
        assertEquals(text.equals("4g"), problem().contains("power of two"), problem());
    }

    @Test
    void shouldRefuseAProcessThatWantsAnotherRollSizeOrAllowanceSayingBoth() {
        System.setProperty(Allowance.PROPERTY, "50%");
        assertEquals("50%", open().memoryMax());
        System.setProperty(Allowance.PROPERTY, "512m");
        assertTrue(problem().contains("headrace.memory.max=50%"), problem());
        System.clearProperty(Allowance.PROPERTY);
        System.setProperty(BusSettings.ROLL_SIZE_PROPERTY, "1m");
        assertTrue(problem().contains("headrace.roll.size=67108864"), problem());
    }

    @Test
    void shouldTakeSettingsOfBeforeThereWereARollSizeAndAnAllowance() throws IOException {
        open();
        replace("(?m)^(roll.size|memory.max)=.*$", "");
        assertEquals(DEFAULT_BLOCK_SIZE, open().rollSize());
        assertEquals("", open().memoryMax());
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "1", "524288", "3m", "1048575", "1048577", "2g", "4g", "5g"})
    void shouldRefuseABlockSizeThatIsNoPowerOfTwoFrom1MTo1G(String text) {
        System.setProperty(BusSettings.BLOCK_SIZE_PROPERTY, text);
        assertTrue(problem().contains("power of two from 1m to 1g"), problem());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "x", "64mm", "6.4m", "m", "99999999999999999999", "9999999999g"})
    void shouldRefuseABlockSizeThatIsNoSizeNamingTheProperty(String text) {
        System.setProperty(BusSettings.BLOCK_SIZE_PROPERTY, text);
        assertTrue(problem().contains(BusSettings.BLOCK_SIZE_PROPERTY), problem());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "HOURLY", "fast_hourly", "DAILY"})
    void shouldRefuseAnUnknownRollCycleNamingTheKnownOnes(String name) {
        System.setProperty(BusSettings.ROLL_CYCLE_PROPERTY, name);
        assertTrue(problem().contains("FIVE_MINUTELY"), problem());
        assertTrue(problem().contains("'" + name + "'"), problem());
    }

    @ParameterizedTest
    @CsvSource({"headrace.block.size, 3m", "headrace.roll.cycle, DAILY", "headrace.block.size, x"})
    void shouldStillMakeTheBusAfterABadValueWasMended(String property, String value) {
        System.setProperty(property, value);
        assertThrows(RuntimeException.class, this::open);
        System.clearProperty(property);
        assertEquals(DEFAULT_BLOCK_SIZE, open().blockSize());
    }

    @Test
    void shouldRefuseAProcessThatWantsAnotherBlockSizeSayingBoth() {
        open();
        System.setProperty(BusSettings.BLOCK_SIZE_PROPERTY, "1m");
        final String problem = problem();
        assertTrue(problem.contains("headrace.block.size=67108864"), problem);
        assertTrue(problem.contains("1048576"), problem);
        assertTrue(problem.contains(bus.toString()), problem);
    }

    @Test
    void shouldRefuseAProcessThatWantsAnotherRollCycleSayingBoth() {
        open();
        System.setProperty(BusSettings.ROLL_CYCLE_PROPERTY, "FAST_HOURLY");
        final String problem = problem();
        assertTrue(problem.contains("headrace.roll.cycle=FIVE_MINUTELY"), problem);
        assertTrue(problem.contains("FAST_HOURLY"), problem);
    }

    @Test
    void shouldTakeAProcessThatWantsWhatTheBusHas() {
        System.setProperty(BusSettings.BLOCK_SIZE_PROPERTY, "1m");
        open();
        System.setProperty(BusSettings.BLOCK_SIZE_PROPERTY, "1024k");
        assertEquals(1 << 20, open().blockSize());
        System.clearProperty(BusSettings.BLOCK_SIZE_PROPERTY);
        assertEquals(1 << 20, open().blockSize());
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, -1, Integer.MAX_VALUE})
    void shouldRefuseABusOfAnotherVersionSayingBoth(int version) throws IOException {
        open();
        replace("version=2", "version=" + version);
        final String problem = problem();
        assertTrue(problem.contains("has version " + version + ","), problem);
        assertTrue(problem.contains("reads version 2"), problem);
    }

    @ParameterizedTest
    @ValueSource(strings = {"version", "id", "block.size", "roll.cycle"})
    void shouldRefuseSettingsThatLackAKeyNamingIt(String key) throws IOException {
        open();
        replace("(?m)^" + key + "=.*$", "");
        assertTrue(problem().contains("lack '" + key + "'"), problem());
        replace("\\z", key + "=  \n");
        assertTrue(problem().contains("lack '" + key + "'"), problem());
    }

    @ParameterizedTest
    @ValueSource(strings = {"version", "block.size"})
    void shouldRefuseANumberThatIsNoneNamingItsKey(String key) throws IOException {
        open();
        replace("(?m)^" + key + "=.*$", key + "=1x");
        final String problem = problem();
        assertTrue(problem.contains("'" + key + "'") && problem.contains("'1x'"), problem);
    }

    @Test
    void shouldRefuseEmptyAndUnreadableSettings() throws IOException {
        open();
        Files.writeString(file, "");
        assertTrue(problem().contains("lack 'version'"), problem());
        Files.writeString(file, "version=\\u12");
        assertTrue(problem().contains("cannot be read"), problem());
        Files.write(file, new byte[] {'v', (byte) 0xFF, (byte) 0xFE});
        assertTrue(problem().contains(file.toString()), problem());
        Files.delete(file);
        Files.createDirectory(file);
        assertTrue(problem().contains("cannot be read"), problem());
    }

    @Test
    void shouldPassOverKeysItDoesNotKnowAndSpacesAroundValues() throws IOException {
        open();
        replace("\\z", "newer.key=7\n");
        replace("version=2", "  version = 2  ");
        assertEquals(DEFAULT_BLOCK_SIZE, open().blockSize());
    }

    @Test
    void shouldRefuseABlockSizeInTheFileThatNoBusHas() throws IOException {
        open();
        replace("block.size=.*", "block.size=12");
        assertTrue(problem().contains("power of two"), problem());
        assertFalse(problem().isBlank());
    }

    @ParameterizedTest
    @CsvSource({
        "expiry, 60",
        "expiry, soon",
        "expiry, ''",
        "messages, many",
        "messages, 8k",
        "bytes, 1x",
        "redeliver, perhaps",
        "size, 1m"
    })
    void shouldRefuseASettingOfAChannelThatIsNone(String key, String text) {
        final String property = CHANNEL + key;
        System.setProperty(property, text);
        try {
            final String problem = problem();
            assertTrue(problem.contains("channel.http.request." + key + "=" + text), problem);
            assertTrue(problem.contains("not understood"), problem);
        } finally {
            System.clearProperty(property);
        }
    }

    @ParameterizedTest
    @CsvSource({"2s, 2000", "1500ms, 1500", "0, 0"})
    void shouldTakeTheExpiryOfAChannelFromItsProperty(String text, int ms) {
        System.setProperty(CHANNEL + "expiry", text);
        try {
            assertEquals(ms, open().channel("http.request").expiryMs());
        } finally {
            System.clearProperty(CHANNEL + "expiry");
        }
    }

    private BusSettings open() {
        try (Bus opened = Bus.openOrCreate(bus)) {
            return opened.settings();
        }
    }

    private String problem() {
        return assertThrows(HeadraceException.class, this::open).getMessage();
    }

    private void replace(String regex, String replacement) throws IOException {
        Files.writeString(file, Files.readString(file).replaceFirst(regex, replacement));
    }
}
