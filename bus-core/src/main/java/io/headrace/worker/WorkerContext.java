// SPDX-License-Identifier: Apache-2.0
package io.headrace.worker;

import io.headrace.HeadraceException;
import io.headrace.Setting;
import io.headrace.channel.Bus;
import io.headrace.channel.name.ChannelName;
import io.headrace.channel.name.Glob;
import java.nio.file.Path;
import java.util.List;
import java.util.StringJoiner;
import java.util.function.Predicate;

/**
 * The options and handlers of a worker. A word without an argument reads an option, with one it
 * sets it; each option has a system property, and a default. {@link #conclude()} checks them once.
 */
public final class WorkerContext {

    /** System property of {@link #consumers(int)}. */
    public static final String CONSUMERS_PROPERTY = "headrace.consumers";

    /** System property of {@link #cpus(String)}. */
    public static final String CPUS_PROPERTY = "headrace.cpus";

    /** System property of {@link #channels(String)}. */
    public static final String CHANNELS_PROPERTY = "headrace.channels";

    /** System property of {@link #blocking(int)}. */
    public static final String BLOCKING_PROPERTY = "headrace.blocking";

    private static final List<String> WEBSOCKET_CHANNELS =
            List.of(
                    ChannelName.WEBSOCKET_CONNECT,
                    ChannelName.WEBSOCKET_RECEIVE,
                    ChannelName.WEBSOCKET_DISCONNECT);
    private static final int CONSUMERS_MAX = 64;
    private static final int BLOCKING_MAX = 10_000;

    private Path directory = Bus.defaultDirectory();
    private int consumers = Setting.count(CONSUMERS_PROPERTY, 1);
    private String cpus = System.getProperty(CPUS_PROPERTY, "");
    private String idle = System.getProperty(IdleStrategies.PROPERTY, IdleStrategies.DEFAULT);
    private String channels = System.getProperty(CHANNELS_PROPERTY, "");
    private int blocking = Setting.count(BLOCKING_PROPERTY, 0);

    private boolean handlesHttp;
    private boolean handlesWebSocket;
    private Handlers.OnHttpRequest onHttpRequest = (channel, request, reply) -> {};
    private Handlers.OnHttpDisconnect onHttpDisconnect = (channel, request) -> {};
    private Handlers.OnWebSocketConnect onWebSocketConnect =
            (channel, request, socket) -> socket.accept();
    private Handlers.OnWebSocketReceive onWebSocketReceive = (channel, message, socket) -> {};
    private Handlers.OnWebSocketDisconnect onWebSocketDisconnect = (channel, close) -> {};

    /** The bus's directory ({@code headrace.bus}). */
    public WorkerContext directory(Path path) {
        directory = path;
        return this;
    }

    public Path directory() {
        return directory;
    }

    /**
     * Number of consumers, each a pinned thread of its own: 1 to 64 ({@code headrace.consumers},
     * default 1).
     */
    public WorkerContext consumers(int count) {
        consumers = count;
        return this;
    }

    public int consumers() {
        return consumers;
    }

    /**
     * CPUs to pin the consumers to, in turn, for example {@code 2,4-6}; empty lets the system
     * choose ({@code headrace.cpus}). One that the machine lacks is reported in the error log and
     * passed over.
     */
    public WorkerContext cpus(String list) {
        cpus = list;
        return this;
    }

    public String cpus() {
        return cpus;
    }

    /** What a consumer does without work: see {@link IdleStrategies} ({@code headrace.idle}). */
    public WorkerContext idle(String name) {
        idle = name;
        return this;
    }

    public String idle() {
        return idle;
    }

    /**
     * Patterns of the channels to consume, comma-separated, {@code *} standing for anything ({@code
     * headrace.channels}). Default: {@code http.*} when there is a handler for HTTP, {@code
     * websocket.*} when there is one for WebSockets. All of a prefix's WebSocket channels or none.
     */
    public WorkerContext channels(String patterns) {
        channels = patterns;
        return this;
    }

    public String channels() {
        return channels;
    }

    /**
     * How many messages each consumer hands to threads of their own at a time, for handlers that
     * block: 1 to 10,000; 0 runs them on the consumer's thread, which is fastest ({@code
     * headrace.blocking}, default 0). The threads are virtual from JDK 21 on. Messages of one
     * connection are still handled one at a time and in order.
     */
    public WorkerContext blocking(int count) {
        blocking = count;
        return this;
    }

    public int blocking() {
        return blocking;
    }

    public WorkerContext onHttpRequest(Handlers.OnHttpRequest handler) {
        onHttpRequest = handler;
        handlesHttp = true;
        return this;
    }

    Handlers.OnHttpRequest onHttpRequest() {
        return onHttpRequest;
    }

    public WorkerContext onHttpDisconnect(Handlers.OnHttpDisconnect handler) {
        onHttpDisconnect = handler;
        handlesHttp = true;
        return this;
    }

    Handlers.OnHttpDisconnect onHttpDisconnect() {
        return onHttpDisconnect;
    }

    public WorkerContext onWebSocketConnect(Handlers.OnWebSocketConnect handler) {
        onWebSocketConnect = handler;
        handlesWebSocket = true;
        return this;
    }

    Handlers.OnWebSocketConnect onWebSocketConnect() {
        return onWebSocketConnect;
    }

    public WorkerContext onWebSocketReceive(Handlers.OnWebSocketReceive handler) {
        onWebSocketReceive = handler;
        handlesWebSocket = true;
        return this;
    }

    Handlers.OnWebSocketReceive onWebSocketReceive() {
        return onWebSocketReceive;
    }

    public WorkerContext onWebSocketDisconnect(Handlers.OnWebSocketDisconnect handler) {
        onWebSocketDisconnect = handler;
        handlesWebSocket = true;
        return this;
    }

    Handlers.OnWebSocketDisconnect onWebSocketDisconnect() {
        return onWebSocketDisconnect;
    }

    /** Checks the options and fills in what depends on others. */
    WorkerContext conclude() {
        Setting.check(CONSUMERS_PROPERTY, consumers, 1, CONSUMERS_MAX);
        Setting.check(BLOCKING_PROPERTY, blocking, 0, BLOCKING_MAX);
        IdleStrategies.check(idle);
        CpuAffinity.parse(cpus);
        if (!handlesHttp && !handlesWebSocket) {
            throw new HeadraceException(
                    "the application registers no handler; call onHttpRequest or another on...");
        }
        if (channels.isBlank()) {
            final StringJoiner patterns = new StringJoiner(",");
            if (handlesHttp) {
                patterns.add("http.*");
            }
            if (handlesWebSocket) {
                patterns.add("websocket.*");
            }
            channels = patterns.toString();
        }
        checkWebSocketChannels();
        return this;
    }

    /** All that a WebSocket sends goes to whoever has its shard, or its closes reach nobody. */
    private void checkWebSocketChannels() {
        final Predicate<String> consumed = Glob.of(channels);
        for (final String pattern : ("websocket.," + channels).split(",")) {
            // Without a prefix, and with those that the patterns name.
            final int prefixLength = Math.max(0, pattern.indexOf("websocket."));
            final String prefix = pattern.substring(0, prefixLength).trim();
            final long count =
                    WEBSOCKET_CHANNELS.stream()
                            .filter(name -> consumed.test(prefix.replace('*', 'x') + name))
                            .count();
            if (count != 0 && count != WEBSOCKET_CHANNELS.size()) {
                throw new HeadraceException(
                        "%s is '%s'; channels of WebSockets go together: take '%swebsocket.*'"
                                .formatted(CHANNELS_PROPERTY, channels, prefix));
            }
        }
    }

    List<Integer> cpuList() {
        return CpuAffinity.parse(cpus);
    }

    /** The effective options, one per line. */
    @Override
    public String toString() {
        return "%s=%s\n%s=%d\n%s=%s\n%s=%s\n%s=%s\n%s=%d"
                .formatted(
                        Bus.DIRECTORY_PROPERTY,
                        directory,
                        CONSUMERS_PROPERTY,
                        consumers,
                        CPUS_PROPERTY,
                        cpus,
                        IdleStrategies.PROPERTY,
                        idle,
                        CHANNELS_PROPERTY,
                        channels,
                        BLOCKING_PROPERTY,
                        blocking);
    }
}
