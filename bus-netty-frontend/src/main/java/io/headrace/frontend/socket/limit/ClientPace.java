// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket.limit;

/**
 * Whether the client of one connection keeps up. It is asked now and then, and compares what it
 * finds with what it found before, so it may be late by one round but is never early.
 */
public final class ClientPace {

    /** What is to be done about a client. */
    public enum Verdict {
        FINE,
        /** Answer 408: its headers do not end. */
        HEADERS_TOO_SLOW,
        /** Answer 408: its body does not end. */
        BODY_TOO_SLOW,
        /** Close: it has no request. */
        IDLE,
        /** Send a ping: it has been silent. */
        PING,
        /** Close: it has not even answered a ping. */
        NO_PONG,
        /** Close: it does not take what it asked for. */
        READS_TOO_SLOWLY
    }

    /** Where a connection is in its protocol. */
    public enum Phase {
        /** Between requests. */
        IDLE,
        HEADERS,
        BODY,
        /** A body that its worker gets in parts, and that may take any time. */
        UPLOAD,
        /** A request waits for its answer, and the next has not begun. */
        ANSWER,
        WEB_SOCKET
    }

    // Rates are over so long.
    static final long WINDOW_NS = 10_000_000_000L;

    private final Patience patience;
    private final long budgetLength;
    private Phase phase = Phase.IDLE;
    private long requestCount;
    private long phaseSinceNs;
    private long bodyWindowSinceNs;
    private long readAtWindow;
    private long readLength;
    private long readNs;
    private boolean pinged;
    private long takenLength;
    private long takenNs;
    private long overBudgetSinceNs;
    private long takenAtWindow;

    /**
     * @param budgetLength how much may wait for the client while it takes little.
     */
    public ClientPace(Patience patience, long budgetLength, long nowNs) {
        this.patience = patience;
        this.budgetLength = budgetLength;
        this.phaseSinceNs = nowNs;
        this.readNs = nowNs;
        this.takenNs = nowNs;
        this.overBudgetSinceNs = nowNs;
    }

    /**
     * Looks at what the client sends.
     *
     * @param now where the connection is.
     * @param requests how many requests have begun: a phase of another request is another phase.
     * @param read how many bytes the client has sent so far.
     * @param isReading whether its bytes are read; when they are not, nothing is its fault.
     */
    public Verdict onRead(long nowNs, Phase now, long requests, long read, boolean isReading) {
        if (now != phase || requests != requestCount || !isReading) {
            phase = now;
            requestCount = requests;
            phaseSinceNs = nowNs;
            bodyWindowSinceNs = nowNs;
            readAtWindow = read;
        }
        if (read != readLength || !isReading) {
            readLength = read;
            readNs = nowNs;
            pinged = false;
        }
        return switch (phase) {
            case HEADERS ->
                    Patience.isOver(patience.headersNs(), phaseSinceNs, nowNs)
                            ? Verdict.HEADERS_TOO_SLOW
                            : Verdict.FINE;
            case UPLOAD -> isRateLow(nowNs) ? Verdict.BODY_TOO_SLOW : Verdict.FINE;
            case BODY -> isBodySlow(nowNs) ? Verdict.BODY_TOO_SLOW : Verdict.FINE;
            case IDLE ->
                    Patience.isOver(patience.idleNs(), phaseSinceNs, nowNs)
                            ? Verdict.IDLE
                            : Verdict.FINE;
            case WEB_SOCKET -> onWebSocket(nowNs);
            case ANSWER -> Verdict.FINE;
        };
    }

    private boolean isBodySlow(long nowNs) {
        return Patience.isOver(patience.bodyNs(), phaseSinceNs, nowNs) || isRateLow(nowNs);
    }

    private boolean isRateLow(long nowNs) {
        if (nowNs - bodyWindowSinceNs < WINDOW_NS) {
            return false;
        }
        final boolean isSlow =
                isBelow(
                        patience.bodyRateMin(),
                        readLength - readAtWindow,
                        nowNs - bodyWindowSinceNs);
        bodyWindowSinceNs = nowNs;
        readAtWindow = readLength;
        return isSlow;
    }

    private Verdict onWebSocket(long nowNs) {
        if (!pinged) {
            pinged = Patience.isOver(patience.pingNs(), readNs, nowNs);
            // The pong's time begins now.
            readNs = pinged ? nowNs : readNs;
            return pinged ? Verdict.PING : Verdict.FINE;
        }
        return Patience.isOver(patience.pongNs(), readNs, nowNs) ? Verdict.NO_PONG : Verdict.FINE;
    }

    /**
     * Looks at what the client takes.
     *
     * @param written how many bytes have been written to it so far.
     * @param pending how many of them it has not taken.
     */
    public Verdict onWrite(long nowNs, long written, long pending) {
        final long taken = written - pending;
        if (taken != takenLength || pending == 0) {
            takenLength = taken;
            takenNs = nowNs;
        }
        if (pending <= budgetLength) {
            overBudgetSinceNs = nowNs;
            takenAtWindow = taken;
        }
        if (Patience.isOver(patience.idleNs(), takenNs, nowNs)) {
            return Verdict.READS_TOO_SLOWLY;
        }
        if (nowNs - overBudgetSinceNs < WINDOW_NS) {
            return Verdict.FINE;
        }
        final boolean isSlow =
                isBelow(
                        patience.outboundRateMin(),
                        taken - takenAtWindow,
                        nowNs - overBudgetSinceNs);
        overBudgetSinceNs = nowNs;
        takenAtWindow = taken;
        return isSlow ? Verdict.READS_TOO_SLOWLY : Verdict.FINE;
    }

    private static boolean isBelow(long rateMin, long length, long overNs) {
        return (double) length * 1e9 < (double) rateMin * overNs;
    }
}
