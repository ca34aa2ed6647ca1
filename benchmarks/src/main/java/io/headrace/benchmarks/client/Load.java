// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.client;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.headrace.benchmarks.harness.Command;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelOption;
import io.netty.channel.ManualIoEventLoop;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.HdrHistogram.Histogram;
import org.agrona.collections.LongArrayQueue;

/**
 * The client, a process of its own with one thread: many connections, and a load that is closed (a
 * connection sends when it has its answer), at a fixed rate, or a broadcast. It sleeps in epoll
 * when it has nothing to do. Every byte that comes back is compared with what it must be.
 *
 * <p>At a fixed rate, a request's time begins when it was to be sent, also when all connections
 * were waiting then: a server that stalls is charged for all who would have asked meanwhile.
 */
public final class Load {

    private static final int CONNECTS_AT_ONCE = 128;
    private static final long WAIT_NS = 5_000_000L;
    // What the kernel may oversleep, as it likes and when asked not to: that much is spent looking.
    private static final long SLACK_NS = 70_000L;
    private static final long NO_SLACK_NS = 25_000L;
    private static final long ANSWER_TIMEOUT_NS = 10_000_000_000L;

    private final ManualIoEventLoop loop =
            new ManualIoEventLoop(Thread.currentThread(), Sockets.handlerFactory());
    private final List<LoadConnection> connections = new ArrayList<>();
    private final List<LoadConnection> free = new ArrayList<>();
    private final LongArrayQueue late = new LongArrayQueue();
    private final long earlyNs = sleepExactly() ? NO_SLACK_NS : SLACK_NS;
    private Mode mode = Mode.ONCE;
    private Histogram latencyNs = new Histogram(3);
    private long answerCount;
    private long lastAnswerNs;
    private int waiting;
    private int messagesAtOnce;
    private boolean stopping;
    private boolean closing;
    private Throwable failure;

    private enum Mode {
        ONCE,
        CLOSED,
        RATE,
        BROADCAST
    }

    /** Its loop belongs to the thread that makes it. */
    Load() {}

    public static void main(String[] args) throws Exception {
        final Load load = new Load();
        Command.serve(load::obey);
        System.exit(0);
    }

    /** Asks the kernel not to let this thread sleep longer than it wants: see prctl(2). */
    private static boolean sleepExactly() {
        try {
            final Path thread = Files.readSymbolicLink(Path.of("/proc/thread-self"));
            final Path slack = Path.of("/proc", thread.getFileName().toString(), "timerslack_ns");
            Files.writeString(slack, "1", StandardOpenOption.WRITE);
            return Files.readString(slack).strip().equals("1");
        } catch (final IOException notAllowed) {
            return false;
        }
    }

    Command obey(Command command) {
        return switch (command.name()) {
            case "open" -> open(command);
            case "closed" -> closed(command.number("ms"), (int) command.number("active"));
            case "rate" -> rate(command.number("ms"), command.number("perSecond"));
            case "broadcast" -> broadcast(command.number("ms"), (int) command.number("atOnce"));
            case "close" -> close();
            default -> throw new IllegalArgumentException(command.toString());
        };
    }

    /** Opens more connections, and lets each have one answer. */
    private Command open(Command command) {
        final int count = (int) command.number("connections");
        final String kind = command.text("kind");
        final int first = connections.size();
        mode = Mode.ONCE;
        while (connections.size() < first + count) {
            connectSome(
                    (int) command.number("port"),
                    Math.min(CONNECTS_AT_ONCE, first + count - connections.size()));
        }
        final List<LoadConnection> opened = connections.subList(first, connections.size());
        if (kind.equals("small") || kind.equals("browser")) {
            startHttp(opened, kind.equals("small") ? Wire.SMALL_REQUEST : Wire.BROWSER_REQUEST);
        } else {
            startWebSockets(opened, kind.equals("echo") ? Wire.ECHO_UPGRADE : Wire.CHAT_UPGRADE);
        }
        return Command.ok();
    }

    private void connectSome(int port, int count) {
        final List<ChannelFuture> futures = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            final LoadConnection connection = new LoadConnection(this::onAnswer, this::onFailure);
            connections.add(connection);
            futures.add(
                    new Bootstrap()
                            .group(loop)
                            .channel(Sockets.tcpClient())
                            .option(ChannelOption.TCP_NODELAY, true)
                            // Thousands of closed connections would use up the ports.
                            .option(ChannelOption.SO_LINGER, 0)
                            .handler(connection)
                            .connect(new InetSocketAddress("127.0.0.1", port)));
        }
        for (final ChannelFuture future : futures) {
            runUntil(future::isDone);
            if (!future.isSuccess()) {
                throw new IllegalStateException(future.cause());
            }
        }
    }

    private void startHttp(List<LoadConnection> opened, ByteBuf request) {
        final LoadConnection first = opened.get(0);
        first.expect(request, Unpooled.EMPTY_BUFFER);
        sendAll(List.of(first));
        final ByteBuf answer = first.learned();
        final String text = answer.toString(US_ASCII);
        if (!text.startsWith("HTTP/1.1 200 OK\r\n") || !text.endsWith("\r\n\r\n" + Wire.HELLO)) {
            throw new IllegalStateException("not the answer to /hello: " + text);
        }
        opened.forEach(each -> each.expect(request, answer));
        sendAll(opened);
    }

    private void startWebSockets(List<LoadConnection> opened, ByteBuf upgrade) {
        opened.forEach(each -> each.expect(upgrade, Unpooled.EMPTY_BUFFER));
        for (final LoadConnection each : opened) {
            sendAll(List.of(each));
            if (!each.learned().toString(US_ASCII).startsWith("HTTP/1.1 101 ")) {
                throw new IllegalStateException(
                        "not upgraded: " + each.learned().toString(US_ASCII));
            }
        }
        opened.forEach(each -> each.expect(Wire.CLIENT_FRAME, Wire.SERVER_FRAME));
    }

    private void sendAll(List<LoadConnection> some) {
        waiting = some.size();
        some.forEach(each -> each.send(System.nanoTime()));
        runUntil(() -> waiting == 0);
    }

    private interface Condition {
        boolean holds();
    }

    private void runUntil(Condition condition) {
        final long deadlineNs = System.nanoTime() + ANSWER_TIMEOUT_NS;
        while (!condition.holds()) {
            loop.run(WAIT_NS);
            checkFailure();
            if (System.nanoTime() - deadlineNs > 0) {
                throw new IllegalStateException("no answer within 10 s");
            }
        }
    }

    private void checkFailure() {
        if (failure != null) {
            final Throwable thrown = failure;
            failure = null;
            throw new IllegalStateException(thrown);
        }
    }

    private void begin(Mode next) {
        mode = next;
        latencyNs = new Histogram(3);
        answerCount = 0;
        stopping = false;
    }

    private Command end(long startNs) {
        stopping = true;
        runUntil(() -> waiting == 0);
        mode = Mode.ONCE;
        return Command.ok()
                .with("answers", answerCount)
                .with("elapsedNs", lastAnswerNs - startNs)
                .with("latency", latencyNs);
    }

    private Command closed(long ms, int active) {
        begin(Mode.CLOSED);
        final long startNs = System.nanoTime();
        waiting = active;
        connections.subList(0, active).forEach(each -> each.send(System.nanoTime()));
        run(startNs + ms * 1_000_000L);
        return end(startNs);
    }

    private void run(long untilNs) {
        for (long nowNs = System.nanoTime(); nowNs < untilNs; nowNs = System.nanoTime()) {
            loop.run(Math.min(WAIT_NS, untilNs - nowNs));
            checkFailure();
        }
    }

    private Command rate(long ms, long perSecond) {
        begin(Mode.RATE);
        free.clear();
        free.addAll(connections);
        final long intervalNs = 1_000_000_000L / perSecond;
        final long count = ms * 1_000_000L / intervalNs;
        final long startNs = System.nanoTime() + intervalNs;
        for (long i = 0; i < count; i++) {
            final long intendedNs = startNs + i * intervalNs;
            waitUntil(intendedNs);
            waiting++;
            if (free.isEmpty()) {
                late.addLong(intendedNs);
            } else {
                free.remove(free.size() - 1).send(intendedNs);
            }
        }
        return end(startNs);
    }

    private void waitUntil(long ns) {
        for (long leftNs = ns - System.nanoTime(); leftNs > 0; leftNs = ns - System.nanoTime()) {
            if (leftNs > earlyNs) {
                loop.run(leftNs - earlyNs);
            } else {
                loop.runNow();
            }
            checkFailure();
        }
    }

    private Command broadcast(long ms, int atOnce) {
        begin(Mode.BROADCAST);
        messagesAtOnce = atOnce;
        final long startNs = System.nanoTime();
        sendBroadcast();
        run(startNs + ms * 1_000_000L);
        return end(startNs);
    }

    /** One member sends, all of them must get it. */
    private void sendBroadcast() {
        waiting = connections.size() * messagesAtOnce;
        for (int i = 0; i < messagesAtOnce; i++) {
            connections.get(0).send(System.nanoTime());
        }
    }

    private void onAnswer(LoadConnection connection) {
        if (mode == Mode.ONCE) {
            waiting--;
            return;
        }
        lastAnswerNs = System.nanoTime();
        final long sentNs =
                mode == Mode.BROADCAST ? connections.get(0).startNs : connection.startNs;
        latencyNs.recordValue(lastAnswerNs - sentNs);
        answerCount++;
        switch (mode) {
            case CLOSED -> {
                if (stopping) {
                    waiting--;
                } else {
                    connection.send(lastAnswerNs);
                }
            }
            case RATE -> {
                waiting--;
                if (late.isEmpty()) {
                    free.add(connection);
                } else {
                    connection.send(late.pollLong());
                }
            }
            default -> {
                if (--waiting == 0 && !stopping) {
                    sendBroadcast();
                }
            }
        }
    }

    private void onFailure(Throwable thrown) {
        if (!closing) {
            if (failure == null) {
                failure = thrown;
            }
        }
    }

    private Command close() {
        closing = true;
        connections.forEach(LoadConnection::close);
        connections.clear();
        for (int i = 0; i < CONNECTS_AT_ONCE; i++) {
            loop.runNow();
        }
        closing = false;
        failure = null;
        return Command.ok();
    }
}
