// SPDX-License-Identifier: Apache-2.0
package io.headrace.channel.name;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.HeadraceException;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Reply addresses and the connection ids in them. */
class ReplyAddressTest {

    private static final String BUS_ID = "q3k1z9";

    @Property
    void shouldReadBackWhatItWrote(
            @ForAll @IntRange(min = 1, max = ConnectionId.MEMBER_MAX) int member,
            @ForAll @IntRange(max = ConnectionId.LOOP_MAX) int loop,
            @ForAll int number,
            @ForAll int order) {
        final String channel = ReplyAddress.channel("f" + member + "-" + BUS_ID, loop);
        final ReplyAddress address =
                new ReplyAddress(channel, ConnectionId.of(member, loop, number), order);
        final String text = address.toString();
        assertEquals(text, ChannelName.check(text));
        assertEquals(channel, ChannelName.physical(text));
        assertEquals(address, ReplyAddress.parse(text));
        assertEquals("f" + member + "-" + BUS_ID, ReplyAddress.frontEnd(channel));
        assertEquals(ConnectionId.loopKey(member, loop), ReplyAddress.loopKey(channel));
    }

    @Property
    void shouldKeepTheThreePartsOfAConnectionIdApart(
            @ForAll @IntRange(max = ConnectionId.MEMBER_MAX) int member,
            @ForAll @IntRange(max = ConnectionId.LOOP_MAX) int loop,
            @ForAll int number) {
        final long id = ConnectionId.of(member, loop, number);
        assertEquals(member, ConnectionId.member(id));
        assertEquals(loop, ConnectionId.loop(id));
        assertEquals(number, ConnectionId.number(id));
        assertEquals(ConnectionId.loopKey(member, loop), ConnectionId.loopKey(id));
        assertTrue(id >= 0, "a connection id is no negative number");
    }

    @Test
    void shouldWriteNumbersWithoutASign() {
        final String channel = ReplyAddress.channel("f8388607-" + BUS_ID, 255);
        final long id = ConnectionId.of(ConnectionId.MEMBER_MAX, ConnectionId.LOOP_MAX, -1);
        assertEquals(
                "reply.f8388607-q3k1z9-255!4294967295.4294967295",
                new ReplyAddress(channel, id, -1).toString());
        assertEquals("8388607-255-4294967295", ConnectionId.toString(id));
        assertEquals("7-0-12", ConnectionId.toString(ConnectionId.of(7, 0, 12)));
    }

    @ParameterizedTest
    @CsvSource({
        "reply.f7-q3k1z9-0!12.3, 7, 0, 12, 3",
        "reply.f1-x-255!0.0, 1, 255, 0, 0",
        "reply.f8388607-x-1!4294967295.4294967295, 8388607, 1, -1, -1",
        "reply.f1-x-1!2147483648.2147483647, 1, 1, -2147483648, 2147483647"
    })
    void shouldReadAnAddress(String text, int member, int loop, int number, int order) {
        final ReplyAddress address = ReplyAddress.parse(text);
        assertEquals(ConnectionId.of(member, loop, number), address.connection());
        assertEquals(order, address.order());
        assertEquals(text.substring(0, text.indexOf('!')), address.channel());
        assertEquals(text, address.toString());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "reply.f7-q3k1z9-0",
                "reply.f7-q3k1z9-0!12",
                "reply.f7-q3k1z9-0!.3",
                "reply.f7-q3k1z9-0!12.",
                "reply.f7-q3k1z9-0!12.x",
                "reply.f7-q3k1z9-0!x.3",
                "reply.f7-q3k1z9-0!-1.3",
                "reply.f7-q3k1z9-0!12.-3",
                "reply.f7-q3k1z9-0!1.2.3",
                "reply.f7-q3k1z9-0!4294967296.0",
                "reply.f7-q3k1z9-0!0.4294967296",
                "reply.f7-q3k1z9-!1.2",
                "reply.f7-q3k1z9-x!1.2",
                "reply.f-q3k1z9-0!1.2",
                "reply.fx-q3k1z9-0!1.2",
                "reply.7-q3k1z9-0!1.2",
                "reply.!1.2",
                "reply.x!1.2",
                "reply!1.2",
                "http.request!1.2",
                "http.request"
            })
    void shouldRefuseWhatIsNoAddressAndRepeatIt(String text) {
        final String problem = problem(text);
        assertTrue(problem.contains(text), problem);
        assertTrue(problem.contains("no reply address"), problem);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "!", "reply.f7-x-0!1.2!", "reply.f7-x-0!1 .2", "../x-7-0!1.2"})
    void shouldRefuseWhatIsNotEvenAName(String text) {
        problem(text);
    }

    @Test
    void shouldRefuseAnAddressOfAnotherKindOfChannel() {
        problem("upload.7-q3k1z9-0!1.2");
        problem("replyxf7-q3k1z9-0!1.2");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "reply.f8388608-q3k1z9-0!1.2",
                "reply.f99999999999-q3k1z9-0!1.2",
                "reply.f7-q3k1z9-256!1.2",
                "reply.f7-q3k1z9-99999!1.2"
            })
    void shouldRefuseAMemberOrLoopThatNoConnectionIdCanSay(String text) {
        problem(text);
    }

    private static String problem(String text) {
        return assertThrows(HeadraceException.class, () -> ReplyAddress.parse(text)).getMessage();
    }
}
