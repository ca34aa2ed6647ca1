// SPDX-License-Identifier: Apache-2.0
package io.headrace.testing;

import io.headrace.HeadraceException;
import io.headrace.channel.Bus;
import io.headrace.channel.bell.DeathWatch;
import io.headrace.member.Member;
import io.headrace.member.Members;
import java.nio.file.Path;
import java.util.Optional;
import org.agrona.CloseHelper;
import org.agrona.concurrent.AgentRunner;
import org.agrona.concurrent.SleepingMillisIdleStrategy;

/**
 * A child that is a member of a bus, a worker with two consumers: it prints its id, then its first
 * consumer's, and leaves the bus in good order when its stdin ends. Told {@code probe ID}, it is no
 * member, but prints whether the member ID lives.
 */
public final class MemberChild {

    private MemberChild() {}

    /** Starts one with these channel patterns. */
    public static ChildJvm start(Path bus, String channels) {
        return ChildJvm.start(MemberChild.class, bus, channels);
    }

    /** Whether another process takes the member for alive. */
    public static boolean isAliveForOthers(Path bus, String id) {
        try (ChildJvm probe = ChildJvm.start(MemberChild.class, bus, "probe", id)) {
            return Boolean.parseBoolean(probe.readLine());
        }
    }

    public static void main(String[] arguments) {
        try (Bus bus = Bus.open(Path.of(arguments[0]))) {
            if (arguments.length == 3) {
                System.out.println(Members.isAlive(bus.membersDirectory(), arguments[2]));
                return;
            }
            final int first = bus.nextConsumerIds(2);
            final String id =
                    Member.Kind.WORKER.memberId(bus.nextMemberNumber(), bus.settings().id());
            final Member member =
                    Member.register(
                            bus.membersDirectory(),
                            Member.Kind.WORKER,
                            id,
                            arguments[1],
                            first,
                            2,
                            bus.clock());
            member.onDuty(0, bus.clock().nanoTime());
            member.onDuty(1, bus.clock().nanoTime());
            member.counter("apples").set(3);
            member.counter("pears").increment();
            for (int i = 0; i < 5; i++) {
                member.errorLog().record(new HeadraceException("it broke"));
            }
            member.errorLog().record(new HeadraceException("it broke again"));
            final Optional<DeathWatch> watch = bus.bells().watch(first);
            member.announce();
            bus.raiseLaneVersion();
            final AgentRunner heart =
                    new AgentRunner(
                            new SleepingMillisIdleStrategy(5),
                            Throwable::printStackTrace,
                            null,
                            member);
            AgentRunner.startOnThread(heart);
            System.out.println(id);
            System.out.println(first);
            ChildJvm.awaitEndOfInput();
            CloseHelper.closeAll(heart, watch.orElse(null), member);
        }
    }
}
