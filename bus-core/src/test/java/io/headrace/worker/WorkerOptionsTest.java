// SPDX-License-Identifier: Apache-2.0
package io.headrace.worker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.HeadraceException;
import java.nio.file.Path;
import java.util.List;
import org.agrona.concurrent.BackoffIdleStrategy;
import org.agrona.concurrent.BusySpinIdleStrategy;
import org.agrona.concurrent.YieldingIdleStrategy;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The options of a worker: idle strategies, CPU lists, and what conclude says of bad values. */
class WorkerOptionsTest {

    private static final List<String> PROPERTIES =
            List.of(
                    WorkerContext.CONSUMERS_PROPERTY,
                    WorkerContext.CPUS_PROPERTY,
                    WorkerContext.CHANNELS_PROPERTY,
                    IdleStrategies.PROPERTY);

    @AfterEach
    void clearProperties() {
        PROPERTIES.forEach(System::clearProperty);
    }

    @Test
    void shouldMakeEachIdleStrategyByItsName() {
        assertInstanceOf(BusySpinIdleStrategy.class, IdleStrategies.byName("spin"));
        assertInstanceOf(YieldingIdleStrategy.class, IdleStrategies.byName("yield"));
        assertInstanceOf(BackoffIdleStrategy.class, IdleStrategies.byName("backoff"));
        assertNotSame(IdleStrategies.byName("backoff"), IdleStrategies.byName("backoff"));
        for (final String name : List.of("spin", "yield", "backoff", "doorbell")) {
            assertSame(name, IdleStrategies.check(name));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "'websocket.receive', ''",
        "'http.*, websocket.connect,websocket.disconnect', ''",
        "'*.receive', ''",
        "'websocket.*,api.websocket.receive', 'api.'",
        "'*.websocket.connect', '*.'"
    })
    void shouldRefuseSomeOfAPrefixesWebSocketChannelsWithoutTheOthers(
            String channels, String prefix) {
        assertEquals(
                "headrace.channels is '%s'; channels of WebSockets go together: take '%swebsocket.*'"
                        .formatted(channels, prefix),
                problem(context().channels(channels)));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "*",
                "http.*",
                "websocket.*",
                "api.*, *.websocket.*",
                "websocket.connect,websocket.receive,websocket.disconnect",
                "api.http.request"
            })
    void shouldTakeAllOfAPrefixesWebSocketChannelsOrNone(String channels) {
        assertEquals(channels, context().channels(channels).conclude().channels());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "SPIN", "spin ", "sleep", "backoffs"})
    void shouldRefuseAnUnknownIdleStrategyNamingTheKnownOnes(String name) {
        final String problem =
                assertThrows(HeadraceException.class, () -> IdleStrategies.byName(name))
                        .getMessage();
        assertTrue(problem.contains("'" + name + "'"), problem);
        assertTrue(problem.contains("[spin, yield, backoff, doorbell]"), problem);
        assertEquals(problem, problem(context().idle(name)));
    }

    @ParameterizedTest
    @CsvSource({
        "'', ''",
        "'  ', ''",
        "0, '0'",
        "2, '2'",
        "'2,4-6', '2, 4, 5, 6'",
        "' 2 , 4 - 6 ', '2, 4, 5, 6'",
        "3-3, '3'",
        "'1,1', '1, 1'",
        "'5,1', '5, 1'",
        "4095, '4095'"
    })
    void shouldReadAListOfCpus(String list, String cpus) {
        assertEquals("[" + cpus + "]", CpuAffinity.parse(list).toString());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "x",
                "-1",
                "1-",
                "-",
                "3-2",
                "1--2",
                "1-2-3",
                "1;2",
                "0x1",
                "1.5",
                "4096",
                "0-4096",
                "99999999999",
                ",",
                "1,",
                ",1",
                "1,,2",
                "1 2"
            })
    void shouldRefuseAListOfCpusThatIsMalformedSayingWhere(String list) {
        final String problem =
                assertThrows(HeadraceException.class, () -> CpuAffinity.parse(list)).getMessage();
        assertTrue(problem.contains("'" + list + "'"), problem);
        assertTrue(problem.contains("malformed at"), problem);
        assertEquals(problem, problem(context().cpus(list)));
    }

    @Test
    void shouldPinAThreadToACpuThatIsThereAndToNoOther() throws InterruptedException {
        final boolean[] pinned = new boolean[2];
        final Thread thread =
                new Thread(
                        () -> {
                            pinned[0] = CpuAffinity.pin(0);
                            pinned[1] = CpuAffinity.pin(4_095);
                        });
        thread.start();
        thread.join();
        assertTrue(pinned[0]);
        assertFalse(pinned[1]);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, -1, 65, Integer.MAX_VALUE, Integer.MIN_VALUE})
    void shouldRefuseANumberOfConsumersOutsideItsLimits(int count) {
        final String problem = problem(context().consumers(count));
        assertTrue(problem.contains("headrace.consumers is " + count), problem);
        assertTrue(problem.contains("1 to 64"), problem);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 64})
    void shouldTakeANumberOfConsumersAtItsLimits(int count) {
        assertEquals(count, context().consumers(count).conclude().consumers());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "x", "1.5", "99999999999"})
    void shouldRefuseANumberOfConsumersThatIsNone(String text) {
        System.setProperty(WorkerContext.CONSUMERS_PROPERTY, text);
        final String problem =
                assertThrows(HeadraceException.class, () -> context().conclude()).getMessage();
        assertTrue(problem.contains("headrace.consumers"), problem);
        assertTrue(problem.contains("'" + text + "'"), problem);
    }

    @Test
    void shouldRefuseAnApplicationWithoutHandlers() {
        final String problem = problem(new WorkerContext());
        assertTrue(problem.contains("no handler"), problem);
    }

    @Test
    void shouldTakeTheChannelsOfTheHandlersItHas() {
        assertEquals("http.*", context().conclude().channels());
        assertEquals(
                "http.*", new WorkerContext().onHttpDisconnect((c, r) -> {}).conclude().channels());
        assertEquals(
                "websocket.*",
                new WorkerContext().onWebSocketConnect((c, r, s) -> {}).conclude().channels());
        assertEquals(
                "websocket.*",
                new WorkerContext().onWebSocketReceive((c, m, s) -> {}).conclude().channels());
        assertEquals(
                "http.*,websocket.*",
                context().onWebSocketDisconnect((c, close) -> {}).conclude().channels());
        assertEquals("api.*", context().channels("api.*").conclude().channels());
        assertEquals("http.*", context().channels("  ").conclude().channels());
    }

    @Test
    void shouldTakeItsOptionsFromPropertiesUnlessTheyAreSet() {
        System.setProperty(WorkerContext.CONSUMERS_PROPERTY, "3");
        System.setProperty(WorkerContext.CPUS_PROPERTY, "1");
        System.setProperty(WorkerContext.CHANNELS_PROPERTY, "a.*");
        System.setProperty(IdleStrategies.PROPERTY, "spin");
        final WorkerContext taken = context().directory(Path.of("/x")).conclude();
        assertEquals(
                List.of(
                        "headrace.bus=/x",
                        "headrace.consumers=3",
                        "headrace.cpus=1",
                        "headrace.idle=spin",
                        "headrace.channels=a.*",
                        "headrace.blocking=0"),
                taken.toString().lines().toList());
        final WorkerContext set =
                context().consumers(2).cpus("").channels("b").idle("yield").conclude();
        assertEquals(2, set.consumers());
        assertEquals("", set.cpus());
        assertEquals("b", set.channels());
        assertEquals("yield", set.idle());
    }

    private static WorkerContext context() {
        return new WorkerContext().onHttpRequest((channel, request, reply) -> {});
    }

    private static String problem(WorkerContext context) {
        return assertThrows(HeadraceException.class, context::conclude).getMessage();
    }
}
