// SPDX-License-Identifier: Apache-2.0
package io.headrace.message;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.headrace.testing.Samples;
import java.util.stream.Stream;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Records of any bytes, found by a fuzzer that sees what they make the decoder do. Without {@code
 * JAZZER_FUZZ} in the environment it only tries what is known.
 */
class MessageFuzzTest {

    static Stream<byte[]> records() {
        return Stream.of(MessageType.values())
                .map(
                        type -> {
                            final UnsafeBuffer record = Samples.record(type);
                            final byte[] bytes = new byte[record.capacity()];
                            record.getBytes(0, bytes);
                            return bytes;
                        });
    }

    @MethodSource("records")
    @FuzzTest(maxDuration = "5m")
    void shouldSurviveAnyRecord(byte[] bytes) {
        MessageDamageTest.checkDamaged(new UnsafeBuffer(bytes));
    }
}
