// SPDX-License-Identifier: Apache-2.0
package io.headrace.member;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.channel.Bus;
import io.headrace.testing.ChildJvm;
import io.headrace.testing.MemberChild;
import io.headrace.testing.TestMembers;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.Map;
import java.util.Map.Entry;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Members that are real processes: alive, gone, and killed in the middle of their work. */
class MemberProcessTest {

    @TempDir Path directory;
    private Path path;
    private Bus bus;

    @BeforeEach
    void openBus() {
        path = directory.resolve("bus");
        bus = Bus.openOrCreate(path);
    }

    @AfterEach
    void close() {
        bus.close();
    }

    @Test
    void shouldLiveUntilItsProcessIsKilledAndBeReadableAfterwards() {
        try (ChildJvm child = MemberChild.start(path, "http.*")) {
            final String id = child.readLine();
            child.readLine();
            try (MemberReader reader = MemberReader.open(TestMembers.file(bus, id))) {
                assertTrue(reader.isAlive());
                assertTrue(Members.isAlive(bus.membersDirectory(), id));
                assertEquals(child.pid(), reader.pid());
                assertEquals("http.*", reader.channels());
                child.kill();
                assertFalse(reader.isAlive());
                checkCountersAndErrors(reader);
            }
            assertFalse(Members.isAlive(bus.membersDirectory(), id));
            try (MemberReader later = MemberReader.open(TestMembers.file(bus, id))) {
                assertFalse(later.isAlive());
                checkCountersAndErrors(later);
            }
        }
    }

    @Test
    void shouldKeepItsFileThoughItIsStoppedBeforeThatIsWhole() throws IOException {
        try (ChildJvm child = MemberChild.start(path, "http.*")) {
            final Path half = bus.membersDirectory().resolve("w9-x.new");
            Files.move(TestMembers.file(bus, child.readLine()), half);
            try (FileChannel file = FileChannel.open(half, StandardOpenOption.WRITE)) {
                file.write(ByteBuffer.allocate(Integer.BYTES), MemberFile.VERSION_OFFSET);
            }
            Files.setLastModifiedTime(half, FileTime.fromMillis(0));
            Members.deleteHalfMade(bus.membersDirectory());
            assertTrue(Files.exists(half));
            child.kill();
            Members.deleteHalfMade(bus.membersDirectory());
            assertFalse(Files.exists(half));
        }
    }

    @Test
    void shouldLiveUntilItsProcessLeavesTheBus() {
        try (ChildJvm child = MemberChild.start(path, "http.*")) {
            final String id = child.readLine();
            child.readLine();
            try (MemberReader reader = MemberReader.open(TestMembers.file(bus, id))) {
                assertTrue(reader.isAlive());
                assertEquals(0, child.end(), child.errors());
                assertFalse(reader.isAlive());
                checkCountersAndErrors(reader);
            }
        }
    }

    @Test
    void shouldStayAliveForOthersHoweverOftenItsOwnProcessLooks() throws Exception {
        final Path link = Files.createSymbolicLink(directory.resolve("link"), path);
        try (Member member = TestMembers.frontEnd(bus)) {
            for (final Path way : new Path[] {path, link, path.resolve("../bus")}) {
                assertTrue(Members.isAlive(way.resolve("members"), member.id()), way.toString());
                assertTrue(MemberChild.isAliveForOthers(path, member.id()), way.toString());
            }
        }
    }

    private static void checkCountersAndErrors(MemberReader reader) {
        assertEquals(Map.of("apples", 3L, "pears", 1L), reader.counters());
        assertEquals(2, reader.errors().size(), reader.errors().toString());
        for (final Entry<String, Integer> error : reader.errors().entrySet()) {
            assertTrue(error.getKey().contains("HeadraceException: it broke"), error.getKey());
            assertEquals(error.getKey().contains("it broke again") ? 1 : 5, error.getValue());
        }
    }
}
