// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.hop;

import java.nio.file.Path;

/** Who takes part; the order is that of the commands to the echo. */
enum Contender {
    HEADRACE("headrace"),
    HEADRACE_64_LANES("headrace, 64 lanes"),
    CHRONICLE("chronicle"),
    AERON("aeron"),
    AGRONA("agrona"),
    UDS("uds"),
    UDS_BLOCKING("uds blocking");

    private static final int MANY_LANES = 64;

    private final String label;

    Contender(String label) {
        this.label = label;
    }

    String label() {
        return label;
    }

    /** The command to the echo that it is this contender's turn. */
    int command() {
        return ordinal() + 1;
    }

    /** One process's side of it. */
    Side open(Path directory, boolean isEcho) {
        final Path bus = directory.resolve("bus-" + ordinal());
        return switch (this) {
            case HEADRACE -> isEcho ? new WorkerSide(bus) : new FrontEndSide(bus, 1);
            case HEADRACE_64_LANES ->
                    isEcho ? new WorkerSide(bus) : new FrontEndSide(bus, MANY_LANES);
            case CHRONICLE -> new ChronicleSide(directory, isEcho);
            case AERON -> new AeronSide(directory, isEcho);
            case AGRONA -> new RingSide(directory, isEcho);
            case UDS -> new SocketSide(directory, isEcho, false);
            case UDS_BLOCKING -> new SocketSide(directory, isEcho, true);
        };
    }
}
