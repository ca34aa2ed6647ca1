// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.hop;

import io.headrace.benchmarks.sample.Records;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import org.agrona.CloseHelper;
import org.agrona.concurrent.UnsafeBuffer;

/** A Unix domain socket, the JDK's own, that is either asked again and again or waited for. */
final class SocketSide extends Side {

    private static final int SPINNING_TRIPS = 200;
    private static final int BLOCKING_TRIPS = 100;

    private final boolean isBlocking;
    private final ServerSocketChannel server;
    private final Records records;
    private final ByteBuffer in;
    private SocketChannel socket;
    private int expected;

    SocketSide(Path directory, boolean isEcho, boolean isBlocking) {
        super(isEcho);
        this.isBlocking = isBlocking;
        records = new Records(isEcho);
        in = records.in().byteBuffer().duplicate();
        clear();
        final UnixDomainSocketAddress address =
                UnixDomainSocketAddress.of(
                        directory.resolve(isBlocking ? "blocking.sock" : "spinning.sock"));
        try {
            if (isEcho) {
                server = null;
                socket = SocketChannel.open(address);
                socket.configureBlocking(isBlocking);
            } else {
                server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
                server.bind(address);
                server.configureBlocking(false);
            }
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void clear() {
        final int offset = records.in().wrapAdjustment();
        in.limit(offset + records.in().capacity()).position(offset);
    }

    @Override
    int tripsPerSlice() {
        return isBlocking ? BLOCKING_TRIPS : SPINNING_TRIPS;
    }

    @Override
    void assist() {
        try {
            if (socket == null) {
                socket = server.accept();
                if (socket != null) {
                    socket.configureBlocking(isBlocking);
                }
            }
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    void prepare(int messageCount) {
        expected = messageCount;
    }

    @Override
    void send(int number) {
        final UnsafeBuffer record = records.out(number);
        final int offset = record.wrapAdjustment();
        final ByteBuffer out = record.byteBuffer();
        out.limit(offset + record.capacity()).position(offset);
        try {
            while (out.hasRemaining()) {
                socket.write(out);
            }
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    int poll() {
        // After the last one, the control words are to be looked at.
        if (expected == 0) {
            return 0;
        }
        try {
            if (socket.read(in) < 0) {
                throw new EOFException("the other process has closed its socket");
            }
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
        if (in.hasRemaining()) {
            return 0;
        }
        clear();
        expected--;
        onRead(records.number(), records.isWhole());
        return 1;
    }

    @Override
    public void close() {
        CloseHelper.closeAll(socket, server);
    }
}
