// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.channel.Bus;
import io.headrace.channel.name.ChannelName;
import io.headrace.channel.name.ConnectionId;
import io.headrace.delivery.ClaimWord;
import io.headrace.delivery.FateCounters;
import io.headrace.delivery.LiveMembers;
import io.headrace.delivery.poll.RecordReader;
import io.headrace.frontend.exchange.Ingresses;
import io.headrace.frontend.exchange.LoopCounters;
import io.headrace.frontend.exchange.Refused;
import io.headrace.frontend.proxy.ForwardedHeaders;
import io.headrace.frontend.proxy.TrustedProxies;
import io.headrace.frontend.route.Routes;
import io.headrace.frontend.socket.body.Compression;
import io.headrace.frontend.socket.body.UploadOptions;
import io.headrace.frontend.socket.limit.Admission;
import io.headrace.frontend.socket.limit.Gate;
import io.headrace.frontend.socket.limit.Limits;
import io.headrace.frontend.socket.limit.Patience;
import io.headrace.frontend.socket.listen.Listener;
import io.headrace.frontend.socket.listen.Reservation;
import io.headrace.frontend.socket.listen.Transport;
import io.headrace.frontend.socket.websocket.WebSocketOptions;
import io.headrace.frontend.testing.RawConnection;
import io.headrace.janitor.Retention;
import io.headrace.member.Member;
import io.headrace.presence.ConnectionTable;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.agrona.CloseHelper;

/** A loop's connections at a time that the test winds, with workers that it plays itself. */
final class WoundLoop implements AutoCloseable {

    static final long HANDSHAKE_NS = 300_000_000L;
    static final long RESPONSE_NS = 1_700_000_000L;

    private final List<Member> members = new ArrayList<>();
    private final Bus bus;
    private final RecordReader records;
    private final String writer;
    private final int number;
    private final LiveMembers liveMembers;
    private final LoopCounters counters;
    private final Ingresses ingresses;
    private final Connections connections;
    private final Listener listener;
    private final InetSocketAddress address;
    private int connectionCount;
    private long nowNs = 1_700_000_000_000_000_000L;

    /** A worker with one consumer. */
    record Worker(Member member, int consumer) {}

    WoundLoop(Path directory) {
        bus = Bus.openOrCreate(directory, () -> nowNs);
        records = new RecordReader(bus);
        number = bus.nextMemberNumber();
        final int consumerId = bus.nextConsumerIds(1);
        final Member member = register(Member.Kind.FRONT_END, number, "", consumerId);
        liveMembers = new LiveMembers(bus, Long.MAX_VALUE, unreadable -> {});
        writer = member.id() + "-0";
        counters = new LoopCounters(member, writer);
        ingresses =
                new Ingresses(
                        Routes.all(),
                        bus,
                        writer,
                        consumerId,
                        liveMembers,
                        Retention.fromProperties(),
                        new FateCounters(member, writer));
        final LoopOptions options = options();
        final Admission admission = Admission.fromProperties(TrustedProxies.of(""));
        connections =
                new Connections(
                        bus,
                        writer,
                        number,
                        0,
                        "reply." + writer,
                        member,
                        ingresses,
                        ConnectionTable.create(bus, writer),
                        counters,
                        options,
                        Gate.of(admission, options.patience(), 1, counters, ingresses::nowNs),
                        Optional.empty());
        try (Reservation reservation =
                new Reservation(List.of(new InetSocketAddress("127.0.0.1", 0)), false)) {
            address = (InetSocketAddress) reservation.addresses().get(0);
        }
        listener =
                new Listener(
                        new Transport(false),
                        List.of(address),
                        new Pipeline(connections, Optional.empty()));
        listener.start(Thread.currentThread());
        listener.poll();
    }

    private static LoopOptions options() {
        final Limits limits = Limits.fromProperties();
        return new LoopOptions(
                new Limits(
                        limits.bodyLengthMax(),
                        limits.headerLengthMax(),
                        limits.headerCountMax(),
                        limits.fieldCountMax(),
                        limits.webSocketMessageLengthMax(),
                        1 << 30,
                        RESPONSE_NS,
                        limits.requestCountMax(),
                        limits.membershipMaxNs(),
                        Integer.MAX_VALUE),
                Patience.fromProperties(),
                new WebSocketOptions(true, origin -> true, List.of(), false, HANDSHAKE_NS),
                UploadOptions.fromProperties().paths("/upload"),
                Compression.fromProperties(),
                "",
                new ForwardedHeaders(TrustedProxies.of(""), ForwardedHeaders.DEFAULT),
                false);
    }

    private Member register(Member.Kind kind, int memberNumber, String channels, int consumerId) {
        final Member member =
                Member.register(
                        bus.membersDirectory(),
                        kind,
                        kind.memberId(memberNumber, bus.settings().id()),
                        channels,
                        consumerId,
                        1,
                        bus.clock());
        member.announce();
        members.add(member);
        return member;
    }

    /** A worker comes that consumes everything. */
    Worker addWorker() {
        final int consumer = bus.nextConsumerIds(1);
        final Worker worker =
                new Worker(
                        register(Member.Kind.WORKER, bus.nextMemberNumber(), "*", consumer),
                        consumer);
        noticeMembers();
        return worker;
    }

    /** A worker dies; what it has claimed stays claimed. */
    void kill(Worker worker) {
        worker.member.close();
        noticeMembers();
    }

    private void noticeMembers() {
        bus.raiseLaneVersion();
        liveMembers.doWork();
    }

    /** Time goes on, and a duty cycle begins; what is due is not done yet. */
    void wind(long ns) {
        nowNs += ns;
        if (ingresses.beginCycle()) {
            connections.onMembersChanged();
        }
    }

    RawConnection connect() {
        final RawConnection client = new RawConnection(address.getPort());
        connectionCount++;
        while (connections.count() < connectionCount) {
            listener.poll();
        }
        return client;
    }

    /** Takes in what clients have sent until so many requests have come in all. */
    void read(int requestCount) {
        while (counters.requests().get() < requestCount) {
            listener.poll();
        }
    }

    void awaitLeft() {
        while (connections.count() > 0) {
            listener.poll();
        }
    }

    Connections connections() {
        return connections;
    }

    /** The exchanges of a connection, counted from 1 in the order they came. */
    Exchanges exchanges(int connection) {
        return connections.byId(ConnectionId.of(number, 0, connection)).exchanges();
    }

    /** A worker claims a request. */
    void claim(Worker worker, Exchange exchange) {
        assertTrue(
                ClaimWord.tryClaim(
                        records.read(ChannelName.HTTP_REQUEST, writer, exchange.index),
                        worker.consumer));
    }

    int poll() {
        return connections.answers().poll(ingresses.nowNs());
    }

    long refused(Refused refused) {
        return counters.refused(refused).get();
    }

    @Override
    public void close() {
        connections.closeAll();
        listener.close();
        connections.release();
        records.close();
        ingresses.close();
        liveMembers.onClose();
        CloseHelper.quietCloseAll(members);
        bus.close();
    }
}
