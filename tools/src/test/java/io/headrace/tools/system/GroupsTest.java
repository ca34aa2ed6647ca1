// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Rooms of the demo: groups of WebSockets on two loops of a front end, and two workers. */
class GroupsTest {

    @RegisterExtension
    static final RunningBus bus =
            new RunningBus(
                    it -> {
                        final HeadraceProcess frontEnd = it.startFrontEnd("-Dheadrace.loops=2");
                        it.demoWorker("--consumers", "2");
                        it.demoWorker("--consumers", "2");
                        it.awaitListening(frontEnd);
                        it.awaitServed();
                    });

    @AfterAll
    static void shouldExplainEveryMessage() {
        bus.shouldExplainEveryMessage();
    }

    private static String publish(String room, String text) {
        try (HttpConnection client = bus.connect()) {
            return client.post("/publish/" + room, text.getBytes(StandardCharsets.UTF_8)).text();
        }
    }

    private static List<WebSocketClient> join(String room, int count) {
        final List<WebSocketClient> members = new ArrayList<>();
        final int before = members(room).size();
        for (int i = 0; i < count; i++) {
            members.add(new WebSocketClient(bus, "/ws/room/" + room));
        }
        awaitMembers(room, before + count);
        return members;
    }

    private static List<String> members(String room) {
        final String json = bus.get("/members/" + room).text();
        return json.equals("[]")
                ? List.of()
                : List.of(json.substring(1, json.length() - 1).split(","));
    }

    private static void awaitMembers(String room, int count) {
        Await.until(count + " members of " + room, () -> members(room).size() == count);
    }

    @Test
    void shouldSendWhatIsPublishedUnchangedAndOnceToEveryMemberAndNobodyElse() {
        final List<WebSocketClient> members = join("a", 12);
        final List<WebSocketClient> others = join("b", 2);
        final String large = "größer ".repeat(20_000);
        assertEquals("sent to 12 members\n", publish("a", "first"));
        publish("a", large);
        publish("a", "");
        assertEquals("sent to 2 members\n", publish("b", "other"));
        for (final WebSocketClient member : members) {
            member.shouldReceive(Frame.text("first"));
            member.shouldReceive(Frame.text(large));
            member.shouldReceive(Frame.text(""));
        }
        for (final WebSocketClient other : others) {
            other.shouldReceive(Frame.text("other"));
        }
        members.forEach(WebSocketClient::close);
        others.forEach(WebSocketClient::close);
        awaitMembers("a", 0);
        awaitMembers("b", 0);
    }

    @Test
    void shouldSendFramesOfAMemberToAllInTheirOrder() {
        final List<WebSocketClient> members = join("ordered", 3);
        for (int i = 0; i < 100; i++) {
            members.get(0).send(Frame.text("frame " + i));
        }
        for (final WebSocketClient member : members) {
            for (int i = 0; i < 100; i++) {
                member.shouldReceive(Frame.text("frame " + i));
            }
            member.close();
        }
    }

    @Test
    void shouldEndAMembershipWithItsConnectionInWhateverWay() {
        final List<WebSocketClient> members = join("ends", 3);
        members.get(0).send(Frame.close(1000, "bye"));
        members.get(1).reset();
        awaitMembers("ends", 1);
        assertEquals("sent to 1 members\n", publish("ends", "still"));
        members.get(2).shouldReceive(Frame.text("still"));
        members.forEach(WebSocketClient::close);
        awaitMembers("ends", 0);
        assertEquals("sent to 0 members\n", publish("ends", "nobody"));
    }

    @Test
    void shouldRefuseANameThatIsNoChannelName() {
        final String longest = "n".repeat(200);
        join(longest, 1).forEach(WebSocketClient::close);
        try (WebSocketClient client = new WebSocketClient(bus, "/ws/room/n" + longest)) {
            client.shouldBeClosed(4400);
        }
        assertTrue(publish("n" + longest, "x").startsWith("400 "));
        assertEquals(List.of(), members("n" + longest));
    }

    @Test
    void shouldListWhoIsConnectedAndInWhichGroups() {
        final List<WebSocketClient> members = join("listed", 2);
        try (WebSocketClient other = new WebSocketClient(bus, "/ws/echo?listed")) {
            other.shouldEcho("open");
            final List<String> all = bus.start("who").shouldExit(0).stdout();
            assertEquals(2, all.stream().filter(line -> line.endsWith(" in listed")).count());
            assertEquals(1, all.stream().filter(line -> line.contains(" /ws/echo ")).count());
            final List<String> json =
                    bus.start("who", "--group", "listed", "--json").shouldExit(0).stdout();
            assertEquals(2, json.size());
            for (final String line : json) {
                assertEquals("/ws/room/listed", Json.object(line).get("path"));
                assertEquals(List.of("listed"), Json.object(line).get("groups"));
                assertEquals("127.0.0.1", Json.object(line).get("remote_addr"));
            }
        }
        members.forEach(WebSocketClient::close);
        awaitMembers("listed", 0);
        assertEquals(List.of(), bus.start("who", "--group", "listed").shouldExit(0).stdout());
    }
}
