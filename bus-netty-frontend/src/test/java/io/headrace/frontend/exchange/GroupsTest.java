// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.exchange;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.channel.Bus;
import io.headrace.presence.GroupTable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who is in which group, as the loop sees it and as other processes do. */
class GroupsTest {

    private static final String LONGEST = "g".repeat(200);

    @TempDir Path directory;
    private Bus bus;
    private Groups<String> groups;
    private final List<String> leaving = new ArrayList<>();
    private boolean closing;

    @BeforeEach
    void open() {
        bus = Bus.openOrCreate(directory.resolve("bus"));
        groups = new Groups<>(bus, "f7-loop-0", this::onLeave);
    }

    @AfterEach
    void close() {
        groups.close();
        bus.close();
    }

    @Test
    void shouldHaveMembersUntilTheyLeaveOrTheirConnectionEnds() {
        assertTrue(groups.add("room.a", 1, "one", 0));
        assertTrue(groups.add("room.a", 2, "two", 0));
        assertTrue(groups.add("room.b", 1, "one", 0));
        assertEquals(Set.of("one", "two"), members("room.a"));
        groups.discard("room.a", 1);
        assertEquals(Set.of("two"), members("room.a"));
        groups.discardAll(1);
        assertEquals(Set.of(), members("room.b"));
        assertEquals(1, groups.members("room.a").size());
        assertEquals(0, groups.members("room.b").size());
        assertEquals(Map.of("room.a", Set.of(2L)), published());
    }

    @Test
    void shouldDoNothingForAMemberThatIsOneAndForOneThatIsNone() {
        groups.discard("room", 1);
        groups.discardAll(1);
        groups.add("room", 1, "one", 0);
        groups.add("room", 1, "one", 0);
        assertEquals(1, groups.members("room").size());
        groups.discard("room", 2);
        groups.discard("other", 1);
        assertEquals(1, groups.members("room").size());
        groups.discard("room", 1);
        groups.discard("room", 1);
        assertEquals(Map.of(), published());
    }

    @Test
    void shouldPublishTheLongestNameWhole() {
        groups.add(LONGEST, Long.MAX_VALUE, "m", 0);
        assertEquals(Map.of(LONGEST, Set.of(Long.MAX_VALUE)), published());
    }

    @Test
    void shouldReachEveryMemberOnceThoughSomeLeaveMeanwhile() {
        for (int i = 1; i <= 10; i++) {
            groups.add("room", i, "" + i, 0);
        }
        final List<String> reached = new ArrayList<>();
        groups.members("room")
                .forEach(
                        member -> {
                            reached.add(member);
                            final int number = Integer.parseInt(member);
                            if (number % 3 == 0) {
                                groups.discardAll(number);
                            }
                        });
        assertEquals(10, reached.size());
        assertEquals(10, Set.copyOf(reached).size());
        assertEquals(7, groups.members("room").size());
    }

    @Test
    void shouldEndMembershipsThatAreTooOldAndNoOthers() {
        groups.add("room", 1, "one", 100);
        groups.add("hall", 1, "one", 200);
        groups.add("room", 2, "two", 200);
        groups.expire(100);
        assertEquals(2, groups.members("room").size());
        groups.expire(101);
        assertEquals(Map.of("room", Set.of(2L), "hall", Set.of(1L)), published());
        groups.expire(201);
        assertEquals(Map.of(), published());
        assertTrue(groups.add("room", 1, "one", 300));
    }

    @Test
    void shouldAlwaysBeWhatAModelIsWhateverComesAndGoes() {
        final long seed = Long.getLong("headrace.seed", System.nanoTime() % 1_000_000);
        final Random random = new Random(seed);
        final Map<String, Set<Long>> model = new HashMap<>();
        for (int step = 0; step < 30_000; step++) {
            final String name = "room." + random.nextInt(12);
            final long connection = 1 + random.nextInt(200);
            final int dice = random.nextInt(10);
            if (dice < 5) {
                assertTrue(groups.add(name, connection, "" + connection, 0));
                model.computeIfAbsent(name, n -> new TreeSet<>()).add(connection);
            } else if (dice < 8) {
                groups.discard(name, connection);
                model.getOrDefault(name, new TreeSet<>()).remove(connection);
            } else {
                groups.discardAll(connection);
                model.values().forEach(members -> members.remove(connection));
            }
            model.values().removeIf(Set::isEmpty);
            final int at = step;
            if (step % 100 == 0) {
                assertEquals(model, published(), () -> "seed " + seed + " step " + at);
                model.forEach(
                        (room, ids) -> {
                            assertEquals(ids.size(), groups.members(room).size());
                            final Set<Long> reached = new TreeSet<>();
                            groups.members(room)
                                    .forEach(m -> assertTrue(reached.add(Long.valueOf(m))));
                            assertEquals(ids, reached);
                        });
            }
        }
        assertFalse(model.isEmpty());
    }

    @Test
    void shouldTellOfEachThatLeavesWhileItIsAMemberYet() {
        groups.add("room", 1, "1", 100);
        groups.add("room", 2, "2", 200);
        groups.add("hall", 2, "2", 300);
        groups.discard("hall", 1);
        assertFalse(groups.isMember("hall", 1));
        groups.discard("room", 1);
        groups.expire(201);
        assertEquals(List.of("1 of 2", "2 of 1"), leaving);
        assertFalse(groups.isMember("room", 2));
        assertTrue(groups.isMember("hall", 2));
    }

    @Test
    void shouldLetOneLeaveOnceThatIsClosedWhenItIsTold() {
        closing = true;
        for (int i = 1; i <= 4; i++) {
            groups.add("room", i, "" + i, i);
            groups.add("hall", i, "" + i, i);
        }
        groups.discard("room", 1);
        groups.expire(3);
        assertEquals(Map.of("room", Set.of(3L, 4L), "hall", Set.of(3L, 4L)), published());
        assertEquals(Set.of("3", "4"), members("room"));
    }

    private void onLeave(String member) {
        leaving.add(member + " of " + groups.members("room").size());
        if (closing) {
            closing = false;
            groups.discardAll(Long.parseLong(member));
            closing = true;
        }
    }

    private Set<String> members(String name) {
        return new TreeSet<>(groups.members(name));
    }

    /** Members by group, as another process reads them. */
    private Map<String, Set<Long>> published() {
        final Map<String, Set<Long>> members = new TreeMap<>();
        try (GroupTable table = GroupTable.of(bus, "f7-loop").get(0)) {
            final Map<Integer, String> names = new HashMap<>();
            table.forEachGroup(
                    (slot, name, count) -> {
                        assertTrue(count > 0, name);
                        names.put(slot, name);
                    });
            table.forEachMember(
                    (group, connection) ->
                            assertTrue(
                                    members.computeIfAbsent(names.get(group), n -> new TreeSet<>())
                                            .add(connection)));
            table.forEachGroup(
                    (slot, name, count) -> assertEquals(count, members.get(name).size(), name));
        }
        return members;
    }
}
