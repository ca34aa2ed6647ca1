// SPDX-License-Identifier: Apache-2.0
package io.headrace.testing;

import io.headrace.channel.Bus;
import io.headrace.member.Member;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Members of a bus that a test plays itself. */
public final class TestMembers {

    private static final int HEARTBEAT_OFFSET = 24;

    private TestMembers() {}

    /** A front end that others see. */
    public static Member frontEnd(Bus bus) {
        return announced(bus, Member.Kind.FRONT_END, "", 0, 0);
    }

    /** A worker that others see. */
    public static Member worker(Bus bus, String channels, int consumerCount) {
        final int first = bus.nextConsumerIds(consumerCount);
        return announced(bus, Member.Kind.WORKER, channels, first, consumerCount);
    }

    private static Member announced(
            Bus bus, Member.Kind kind, String channels, int firstConsumerId, int consumerCount) {
        final Member member =
                Member.register(
                        bus.membersDirectory(),
                        kind,
                        kind.memberId(bus.nextMemberNumber(), bus.settings().id()),
                        channels,
                        firstConsumerId,
                        consumerCount,
                        bus.clock());
        member.announce();
        bus.raiseLaneVersion();
        return member;
    }

    /** Where a member's file is. */
    public static Path file(Bus bus, String id) {
        return bus.membersDirectory().resolve(id + ".member");
    }

    /**
     * Writes a heartbeat into a member's file, as if it had stopped then. Not for a member of this
     * very process that another process looks at: closing the file lets its lock go.
     */
    public static void heartbeat(Bus bus, String id, long heartbeatNs) {
        try (FileChannel channel = FileChannel.open(file(bus, id), StandardOpenOption.WRITE)) {
            final ByteBuffer bytes = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
            channel.write(bytes.putLong(0, heartbeatNs), HEARTBEAT_OFFSET);
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
