// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket.limit;

import static io.headrace.frontend.socket.limit.ClientPace.Phase.ANSWER;
import static io.headrace.frontend.socket.limit.ClientPace.Phase.BODY;
import static io.headrace.frontend.socket.limit.ClientPace.Phase.HEADERS;
import static io.headrace.frontend.socket.limit.ClientPace.Phase.IDLE;
import static io.headrace.frontend.socket.limit.ClientPace.Phase.WEB_SOCKET;
import static io.headrace.frontend.socket.limit.ClientPace.Verdict.BODY_TOO_SLOW;
import static io.headrace.frontend.socket.limit.ClientPace.Verdict.FINE;
import static io.headrace.frontend.socket.limit.ClientPace.Verdict.HEADERS_TOO_SLOW;
import static io.headrace.frontend.socket.limit.ClientPace.Verdict.NO_PONG;
import static io.headrace.frontend.socket.limit.ClientPace.Verdict.PING;
import static io.headrace.frontend.socket.limit.ClientPace.Verdict.READS_TOO_SLOWLY;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.headrace.frontend.socket.limit.ClientPace.Phase;
import io.headrace.frontend.socket.limit.ClientPace.Verdict;
import org.junit.jupiter.api.Test;

/** When a client is too slow: never a nanosecond early, with a time that is wound by hand. */
class ClientPaceTest {

    private static final long S = 1_000_000_000L;
    private static final long BUDGET = 1_000;
    private static final Patience PATIENCE =
            new Patience(10 * S, 300 * S, 100, 60 * S, 20 * S, 30 * S, 50);

    private final ClientPace pace = new ClientPace(PATIENCE, BUDGET, 0);
    private long nowNs;
    private long requests;
    private long read;
    private boolean isReading = true;

    private Verdict at(long timeNs, Phase phase) {
        nowNs = timeNs;
        return pace.onRead(nowNs, phase, requests, read, isReading);
    }

    @Test
    void shouldGiveHeadersTheirTimeFromWhenTheyBeganHoweverManyBytesCome() {
        assertEquals(FINE, at(50 * S, IDLE));
        assertEquals(FINE, at(51 * S, HEADERS));
        for (long time = 52; time <= 61; time++) {
            read++;
            assertEquals(FINE, at(time * S, HEADERS));
        }
        assertEquals(HEADERS_TOO_SLOW, at(61 * S + 1, HEADERS));
    }

    @Test
    void shouldGiveTheNextRequestsHeadersTheirOwnTime() {
        assertEquals(FINE, at(1, HEADERS));
        requests++;
        assertEquals(FINE, at(10 * S, HEADERS));
        assertEquals(FINE, at(20 * S, HEADERS));
        assertEquals(HEADERS_TOO_SLOW, at(20 * S + 1, HEADERS));
    }

    @Test
    void shouldWantABodysRateInEachWindow() {
        at(0, BODY);
        read = 100_000;
        assertEquals(FINE, at(10 * S - 1, BODY));
        assertEquals(FINE, at(10 * S, BODY));
        // What came early is no credit.
        read += 1_000;
        assertEquals(FINE, at(20 * S, BODY));
        read += 999;
        assertEquals(FINE, at(30 * S - 1, BODY));
        assertEquals(BODY_TOO_SLOW, at(30 * S, BODY));
    }

    @Test
    void shouldGiveABodyNoMoreThanItsTimeHoweverFastItIs() {
        at(0, BODY);
        for (long time = 1; time <= 300; time++) {
            read += 10_000;
            assertEquals(FINE, at(time * S, BODY));
        }
        assertEquals(BODY_TOO_SLOW, at(300 * S + 1, BODY));
    }

    @Test
    void shouldNotBlameAClientThatIsNotRead() {
        at(0, BODY);
        isReading = false;
        assertEquals(FINE, at(1_000 * S, BODY));
        assertEquals(FINE, at(1_000 * S, HEADERS));
        assertEquals(FINE, at(2_000 * S, HEADERS));
        assertEquals(FINE, at(3_000 * S, WEB_SOCKET));
        assertEquals(FINE, at(4_000 * S, WEB_SOCKET));
        isReading = true;
        assertEquals(FINE, at(4_020 * S, WEB_SOCKET));
        assertEquals(PING, at(4_020 * S + 1, WEB_SOCKET));
    }

    @Test
    void shouldCloseAnIdleConnectionButNoneThatWaitsForItsAnswer() {
        assertEquals(FINE, at(60 * S, IDLE));
        assertEquals(Verdict.IDLE, at(60 * S + 1, IDLE));
        requests++;
        assertEquals(FINE, at(61 * S, IDLE));
        assertEquals(FINE, at(121 * S, IDLE));
        assertEquals(FINE, at(122 * S, ANSWER));
        assertEquals(FINE, at(1_000 * S, ANSWER));
        assertEquals(FINE, at(1_001 * S, IDLE));
        assertEquals(FINE, at(1_061 * S, IDLE));
        assertEquals(Verdict.IDLE, at(1_061 * S + 1, IDLE));
    }

    @Test
    void shouldPingASilentWebSocketOnceAndThenWaitForAnyByte() {
        assertEquals(FINE, at(20 * S, WEB_SOCKET));
        assertEquals(PING, at(21 * S, WEB_SOCKET));
        assertEquals(FINE, at(51 * S, WEB_SOCKET));
        assertEquals(NO_PONG, at(51 * S + 1, WEB_SOCKET));
    }

    @Test
    void shouldTakeAnyByteForALifeSign() {
        assertEquals(PING, at(21 * S, WEB_SOCKET));
        read++;
        assertEquals(FINE, at(51 * S, WEB_SOCKET));
        assertEquals(FINE, at(71 * S, WEB_SOCKET));
        assertEquals(PING, at(71 * S + 1, WEB_SOCKET));
    }

    @Test
    void shouldLetAClientTakeItsTimeWithinItsBudget() {
        for (long time = 0; time < 1_000; time++) {
            // One byte a second.
            assertEquals(FINE, pace.onWrite(time * S, BUDGET + time, BUDGET));
        }
    }

    @Test
    void shouldCloseOneThatTakesNothingForTheIdleTimeHoweverLittleWaits() {
        assertEquals(FINE, pace.onWrite(S, 1, 1));
        assertEquals(FINE, pace.onWrite(60 * S, 1, 1));
        assertEquals(READS_TOO_SLOWLY, pace.onWrite(60 * S + 1, 1, 1));
        assertEquals(FINE, pace.onWrite(62 * S, 1, 0));
        assertEquals(FINE, pace.onWrite(122 * S, 1, 0));
    }

    @Test
    void shouldWantALeastRateWhileMoreThanTheBudgetWaits() {
        assertEquals(FINE, pace.onWrite(0, 100_000, 100_000));
        assertEquals(FINE, pace.onWrite(10 * S - 1, 100_000, 100_000 - 499));
        assertEquals(READS_TOO_SLOWLY, pace.onWrite(10 * S, 100_000, 100_000 - 499));

        final ClientPace fast = new ClientPace(PATIENCE, BUDGET, 0);
        assertEquals(FINE, fast.onWrite(0, 100_000, 100_000));
        assertEquals(FINE, fast.onWrite(10 * S, 100_000, 100_000 - 500));
        assertEquals(FINE, fast.onWrite(20 * S, 100_000, 100_000 - 1_000));
        assertEquals(READS_TOO_SLOWLY, fast.onWrite(30 * S, 100_000, 100_000 - 1_001));
    }

    @Test
    void shouldBeginAgainWhenLittleWaitsForAMoment() {
        pace.onWrite(0, 100_000, 100_000);
        assertEquals(FINE, pace.onWrite(9 * S, 100_000, BUDGET));
        assertEquals(FINE, pace.onWrite(9 * S + 1, 200_000, 100_000 + BUDGET));
        assertEquals(FINE, pace.onWrite(19 * S - 1, 200_000, 100_000 + BUDGET));
        assertEquals(READS_TOO_SLOWLY, pace.onWrite(19 * S, 200_000, 100_000 + BUDGET));
    }

    @Test
    void shouldKnowNoLimitThatIsNought() {
        final ClientPace patient = new ClientPace(new Patience(0, 0, 0, 0, 0, 0, 0), BUDGET, 0);
        for (final Phase phase : Phase.values()) {
            assertEquals(FINE, patient.onRead(0, phase, 0, 0, true));
            assertEquals(FINE, patient.onRead(Long.MAX_VALUE / 2, phase, 0, 0, true));
        }
        assertEquals(FINE, patient.onWrite(0, 100_000, 100_000));
        assertEquals(FINE, patient.onWrite(Long.MAX_VALUE / 2, 100_000, 100_000));
    }
}
