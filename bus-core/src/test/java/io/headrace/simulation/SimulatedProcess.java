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
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.CompositeAgent;

/** A member of the bus with its housekeeping, and the consumers or the loop it consists of. */
final class SimulatedProcess {

    /** What unwinds a thread of a process that has been killed. */
    static final class Killed extends Error {
        private static final long serialVersionUID = 1L;

        Killed(SimulatedProcess process) {
            super(process.id(), null, false, false);
        }
    }

    /** An agent that may leave things behind. */
    interface Part extends Agent {

        /** Fails when it has no room for messages though all have ended. */
        default void checkRoom(long nowNs) {}

        /** Lets go of what the operating system takes from a process that is killed. */
        void onKilled();
    }

    private static final int STATE_OFFSET = 40;

    final Bus bus;
    private final Member.Kind kind;
    private final String channels;
    private final int consumerCount;
    private final Retention retention;
    private final List<Agent> agents = new ArrayList<>();
    private final List<Agent> agentsRunning = new ArrayList<>();
    private final List<Part> parts = new ArrayList<>();
    int firstConsumerId;
    Member member;
    LiveMembers liveMembers;
    private Janitor janitor;
    private boolean isUp;
    private boolean isDead;
    private boolean isStopped;

    SimulatedProcess(
            Bus bus, Member.Kind kind, String channels, int consumerCount, Retention retention) {
        this.bus = bus;
        this.kind = kind;
        this.channels = channels;
        this.consumerCount = consumerCount;
        this.retention = retention;
    }

    /** As {@code Worker} and {@code Frontend} start. */
    void start(Consumer<SimulatedProcess> addParts) {
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
        liveMembers = new LiveMembers(bus, retention.hungNs(), Simulation::fail);
        janitor = new Janitor(bus, member, liveMembers, retention, firstConsumerId + consumerCount);
        agents.add(new CompositeAgent(member, liveMembers, janitor));
        addParts.accept(this);
        member.announce();
        bus.raiseLaneVersion();
        isUp = true;
    }

    void add(Part part) {
        agents.add(part);
        parts.add(part);
    }

    String id() {
        return member == null ? "a starting " + kind : member.id();
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

    /** Something that is done once, and may be interrupted as a duty cycle may. */
    static Agent once(Runnable action) {
        return new Agent() {
            @Override
            public int doWork() {
                action.run();
                return 1;
            }

            @Override
            public String roleName() {
                return "once";
            }
        };
    }

    /** One duty cycle, or its start or end; false when it is dead after it. */
    boolean run(Agent agent) {
        agentsRunning.add(agent);
        try {
            agent.doWork();
        } catch (final Killed killed) {
            if (!isDead) {
                throw killed;
            }
        } catch (final Exception e) {
            throw new AssertionError(id() + ": " + e, e);
        } finally {
            agentsRunning.remove(agent);
        }
        if (isDead) {
            bury();
        }
        return !isDead;
    }

    /** As kill -9 does; what is running unwinds when it is its turn again. */
    void kill() {
        isDead = true;
        if (member != null) {
            member.close();
            deny();
        }
        bury();
    }

    /** Takes back the word that it left: all that says so is a lock that nobody holds. */
    private void deny() {
        for (final String suffix : List.of(".new", ".member")) {
            final Path file = bus.membersDirectory().resolve(member.id() + suffix);
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
                channel.write(ByteBuffer.allocate(Integer.BYTES), STATE_OFFSET);
            } catch (final NoSuchFileException other) {
                // It has one of the two names.
                continue;
            } catch (final IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private void bury() {
        if (agentsRunning.isEmpty()) {
            parts.forEach(Part::onKilled);
            parts.clear();
            if (janitor != null) {
                liveMembers.onClose();
                // The operating system lets the lock of the election go.
                janitor.onClose();
            }
        }
    }

    void checkRoom() {
        parts.forEach(part -> part.checkRoom(bus.clock().nanoTime()));
    }

    /** Whether it is not in the middle of something. */
    boolean isIdle() {
        return agentsRunning.isEmpty();
    }

    /** Its agents that are not in the middle of something. */
    List<Agent> idleAgents() {
        final List<Agent> idle = new ArrayList<>();
        if (isUp) {
            idle.addAll(agents);
            idle.removeAll(agentsRunning);
        }
        return idle;
    }

    /** Leaves in good order, between messages. */
    void close() {
        isUp = false;
        member.leave();
        bus.raiseLaneVersion();
        parts.forEach(Agent::onClose);
        parts.clear();
        liveMembers.onClose();
        janitor.onClose();
        member.close();
        isDead = true;
    }
}
