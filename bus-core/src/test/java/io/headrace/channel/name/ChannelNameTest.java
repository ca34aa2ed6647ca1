// SPDX-License-Identifier: Apache-2.0
package io.headrace.channel.name;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.HeadraceException;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.StringLength;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ChannelNameTest {

    private static final String ALLOWED =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a",
                "-",
                "_",
                "0",
                "...",
                ".a",
                "a.",
                "http.request",
                "a!b",
                "reply.f7-q3k1z9-0!12.3",
                "a!.",
                "a!..",
                ALLOWED
            })
    void shouldAcceptAName(String name) {
        assertEquals(name, ChannelName.check(name));
        assertTrue(ChannelName.isValid(name));
    }

    @Test
    void shouldAcceptEveryAllowedCharacterAloneButTheDot() {
        for (final char c : ALLOWED.toCharArray()) {
            assertEquals(c != '.', ChannelName.isValid(String.valueOf(c)), "character " + c);
        }
    }

    @Test
    void shouldRefuseEveryOtherCharacterSayingWhereItIs() {
        for (int c = 0; c <= Character.MAX_VALUE; c++) {
            if (ALLOWED.indexOf(c) < 0 && c != '!') {
                final String problem = problem("ab" + (char) c + "d");
                assertTrue(problem.contains("position 2"), problem);
            }
        }
    }

    @Test
    void shouldRefuseAnEmptyName() {
        assertTrue(problem("").contains("empty"));
        assertTrue(problem("").contains("1 to 200"));
    }

    @Test
    void shouldAcceptA200CharacterName() {
        assertTrue(ChannelName.isValid("n".repeat(200)));
        assertTrue(ChannelName.isValid("n".repeat(100) + "!" + "n".repeat(99)));
        assertEquals(200, ChannelName.LENGTH_MAX);
    }

    @Test
    void shouldRefuseA201CharacterNameSayingItsLength() {
        final String problem = problem("n".repeat(201));
        assertTrue(problem.contains("201 characters"), problem);
        assertTrue(problem.contains("limit is 200"), problem);
        assertTrue(problem.length() < 201, "the whole name is repeated: " + problem);
        assertTrue(problem("n".repeat(1_000_000)).contains("1000000 characters"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"!", "!a", "a!", "!a!", "a!!", "a!!b", "a!b!c", "!!"})
    void shouldRefuseALocalSeparatorFirstOrLastOrTwice(String name) {
        assertTrue(problem(name).contains("one '!', neither first nor last"), name);
    }

    @ParameterizedTest
    @ValueSource(strings = {".", "..", ".!a", "..!a"})
    void shouldRefuseAPath(String name) {
        assertTrue(problem(name).contains("path"), name);
    }

    @ParameterizedTest
    @ValueSource(strings = {"../x", "a/b", "/a", "a\\b", "a\0b", "a b", "ä", "a\n", "%2e"})
    void shouldRefuseWhatCouldLeaveItsFolder(String name) {
        assertFalse(ChannelName.isValid(name));
    }

    @Property
    void shouldSayInOneLineWhatIsWrong(@ForAll @StringLength(max = 300) String name) {
        if (!ChannelName.isValid(name)) {
            final String problem = problem(name);
            assertTrue(
                    problem.chars().allMatch(c -> c >= ' ' && c < 0x7F),
                    () -> "unprintable: " + problem);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"a!\n!", "a\n!", "!\u001B[31m", "\r\n..!!"})
    void shouldNotRepeatControlCharactersOfARefusedName(String name) {
        assertTrue(problem(name).chars().allMatch(c -> c >= ' ' && c < 0x7F), problem(name));
        final String longName = name + "n".repeat(200);
        assertTrue(problem(longName).chars().allMatch(c -> c >= ' ' && c < 0x7F));
    }

    @Test
    void shouldTakeWhatPrecedesTheSeparatorForThePhysicalChannel() {
        assertEquals("reply.f7-x-0", ChannelName.physical("reply.f7-x-0!12.3"));
        assertEquals("http.request", ChannelName.physical("http.request"));
        assertEquals("a", ChannelName.physical("a!b"));
    }

    private static String problem(String name) {
        return assertThrows(HeadraceException.class, () -> ChannelName.check(name)).getMessage();
    }
}
