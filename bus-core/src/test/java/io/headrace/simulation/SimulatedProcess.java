// SPDX-License-Identifier: Apache-2.0
package io.headrace.simulation;

import io.headrace.channel.Bus;
import io.headrace.delivery.LiveMembers;
import io.headrace.janitor.Janitor;
import io.headrace.janitor.Retention;
import io.headrace.member.Member;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.CompositeAgent;

/** A member of the bus with its housekeeping, and the consumers or the loop it consists of. */
final class SimulatedProcess {

    /** What unwinds a thread of a process that has been killed. */
    static final class Killed extends Error {
        private static final long serialVersionUID = 1L;

        Killed(SimulatedProcess process) {
            super(process.member.id(), null, false, false);
        }
    }

    /** An agent that may leave things behind. */
    interface Part extends Agent {

        /** Lets go of what the operating system takes from a process that is killed. */
        void onKilled();
    }

    private static final int STATE_OFFSET = 40;

    final Member member;
    final LiveMembers liveMembers;
    final int firstConsumerId;
    final List<Agent> agents = new ArrayList<>();
    private final List<Part> parts = new ArrayList<>();
    private final Path file;
    private final Janitor janitor;
    private final int consumerCount;
    private int running;
    private boolean isDead;
    private boolean isStopped;

    SimulatedProcess(
            Bus bus, Member.Kind kind, String channels, int consumerCount, Retention retention) {
        this.consumerCount = consumerCount;
        firstConsumerId = bus.nextConsumerIds(consumerCount + 1);
        member =
                Member.register(
                        bus.membersDirectory(),
                        kind,
                        kind.memberId(bus.nextMemberNumber(), bus.settings().id()),
                        channels,
                        firstConsumerId,
                        consumerCount,
                        bus.clock());
        file = bus.membersDirectory().resolve(member.id() + ".member");
        liveMembers = new LiveMembers(bus, retention.hungNs(), Simulation::fail);
        janitor = new Janitor(bus, member, liveMembers, retention, firstConsumerId + consumerCount);
        agents.add(new CompositeAgent(member, liveMembers, janitor));
    }

    void add(Part part) {
        agents.add(part);
        parts.add(part);
    }

    boolean isDead() {
        return isDead;
    }

    boolean isStopped() {
        return isStopped;
    }

    /** As SIGSTOP and SIGCONT do. */
    void stop(boolean stopped) {
        isStopped = stopped;
    }

    boolean has(int consumerId) {
        return consumerId >= firstConsumerId && consumerId < firstConsumerId + consumerCount;
    }

    /** One duty cycle; false when the process was killed in it. */
    boolean run(Agent agent) {
        running++;
        try {
            agent.doWork();
        } catch (final Killed killed) {
            if (!isDead) {
                throw killed;
            }
        } catch (final Exception e) {
            throw new AssertionError(member.id() + ": " + e, e);
        } finally {
            running--;
        }
        if (isDead) {
            bury();
        }
        return !isDead;
    }

    /** As kill -9 does; what is running unwinds when it is its turn again. */
    void kill() {
        isDead = true;
        member.close();
        // Without the word that it left: all that says so is a lock that nobody holds.
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.allocate(Integer.BYTES), STATE_OFFSET);
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
        bury();
    }

    private void bury() {
        if (running == 0) {
            parts.forEach(Part::onKilled);
            parts.clear();
            liveMembers.onClose();
            // The operating system lets the lock of the election go.
            janitor.onClose();
        }
    }

    /** Whether it is not in the middle of something. */
    boolean isIdle() {
        return running == 0;
    }

    /** Leaves in good order, between messages. */
    void close() {
        isDead = true;
        parts.forEach(Agent::onClose);
        parts.clear();
        liveMembers.onClose();
        janitor.onClose();
        member.close();
    }
}
