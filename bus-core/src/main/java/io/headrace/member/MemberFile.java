// SPDX-License-Identifier: Apache-2.0
package io.headrace.member;

import io.headrace.HeadraceException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import org.agrona.BufferUtil;
import org.agrona.concurrent.AtomicBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.status.CountersReader;

/**
 * Layout of {@code members/ID.member}.
 *
 * <pre>
 *       0  int32   layout version, written last      4  int32  kind
 *       8  int64   pid                              16  int64  start, bus time ns
 *      24  int64   heartbeat, bus time ns           32  int32  first consumer id   36  int32  consumer count
 *      40  int32   state: 0 running, 1 closed          44  int32  leaving: 1 when its consumers only finish
 *     128  int32   length, then channel patterns it consumes, ASCII
 *    4096  64 x 64 bytes    when each consumer was on duty last, bus time ns
 *    8192  65,536 bytes     distinct error log
 *   73728  524,288 bytes    metadata of 1,024 counters
 *  598016  131,072 bytes    values of 1,024 counters
 * </pre>
 *
 * <p>Its process holds an OS lock on the file for as long as it lives.
 */
final class MemberFile {

    static final int VERSION = 1;

    static final int VERSION_OFFSET = 0;
    static final int KIND_OFFSET = 4;
    static final int PID_OFFSET = 8;
    static final int START_NS_OFFSET = 16;
    static final int HEARTBEAT_NS_OFFSET = 24;
    static final int FIRST_CONSUMER_OFFSET = 32;
    static final int CONSUMER_COUNT_OFFSET = 36;
    static final int STATE_OFFSET = 40;
    static final int LEAVING_OFFSET = 44;
    static final int CHANNELS_OFFSET = 128;
    static final int CHANNELS_LENGTH_MAX = 3_900;
    static final int DUTY_OFFSET = 4_096;
    static final int DUTY_LENGTH = 64;
    static final int DUTY_COUNT_MAX = 64;
    static final int ERROR_LOG_OFFSET = DUTY_OFFSET + DUTY_COUNT_MAX * DUTY_LENGTH;
    static final int ERROR_LOG_LENGTH = 65_536;
    static final int COUNTERS_METADATA_OFFSET = ERROR_LOG_OFFSET + ERROR_LOG_LENGTH;
    static final int COUNTER_COUNT_MAX = 1_024;
    static final int COUNTERS_METADATA_LENGTH = COUNTER_COUNT_MAX * CountersReader.METADATA_LENGTH;
    static final int COUNTERS_VALUES_OFFSET = COUNTERS_METADATA_OFFSET + COUNTERS_METADATA_LENGTH;
    static final int COUNTERS_VALUES_LENGTH = COUNTER_COUNT_MAX * CountersReader.COUNTER_LENGTH;
    static final int LENGTH = COUNTERS_VALUES_OFFSET + COUNTERS_VALUES_LENGTH;

    static final String SUFFIX = ".member";

    /** What it is called until it is announced. */
    static final String NEW_SUFFIX = ".new";

    private MemberFile() {}

    /** Maps a whole member file; a shorter one is refused before anything of it is touched. */
    static MappedByteBuffer map(FileChannel channel, Path path) throws IOException {
        if (channel.size() < LENGTH) {
            throw new HeadraceException(
                    "member file %s is truncated: %d of %d bytes"
                            .formatted(path, channel.size(), LENGTH));
        }
        return channel.map(FileChannel.MapMode.READ_WRITE, 0, LENGTH);
    }

    /** Takes all the memory of the file, or fails. */
    static void fill(FileChannel channel) throws IOException {
        final ByteBuffer zeros = ByteBuffer.allocate(LENGTH);
        while (zeros.hasRemaining()) {
            channel.write(zeros, zeros.position());
        }
    }

    static FileChannel open(Path path, boolean create) throws IOException {
        return create
                ? FileChannel.open(
                        path,
                        Set.of(
                                StandardOpenOption.CREATE_NEW,
                                StandardOpenOption.READ,
                                StandardOpenOption.WRITE),
                        ownerOnly(path))
                : FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
    }

    private static FileAttribute<?>[] ownerOnly(Path path) {
        return path.getFileSystem().supportedFileAttributeViews().contains("posix")
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString("rw-------"))
                }
                : new FileAttribute<?>[0];
    }

    static AtomicBuffer errorLog(MappedByteBuffer mapped) {
        return new UnsafeBuffer(mapped, ERROR_LOG_OFFSET, ERROR_LOG_LENGTH);
    }

    static AtomicBuffer countersMetadata(MappedByteBuffer mapped) {
        return new UnsafeBuffer(mapped, COUNTERS_METADATA_OFFSET, COUNTERS_METADATA_LENGTH);
    }

    static AtomicBuffer countersValues(MappedByteBuffer mapped) {
        return new UnsafeBuffer(mapped, COUNTERS_VALUES_OFFSET, COUNTERS_VALUES_LENGTH);
    }

    static void writeChannels(UnsafeBuffer header, String channels) {
        final byte[] bytes = channels.getBytes(StandardCharsets.US_ASCII);
        if (bytes.length > CHANNELS_LENGTH_MAX) {
            throw new HeadraceException(
                    "channel patterns have %d characters, the limit is %d"
                            .formatted(bytes.length, CHANNELS_LENGTH_MAX));
        }
        header.putInt(CHANNELS_OFFSET, bytes.length);
        header.putBytes(CHANNELS_OFFSET + 4, bytes);
    }

    static String readChannels(UnsafeBuffer header) {
        final int length = header.getInt(CHANNELS_OFFSET);
        if (length < 0 || length > CHANNELS_LENGTH_MAX) {
            return "";
        }
        return header.getStringWithoutLengthAscii(CHANNELS_OFFSET + 4, length);
    }

    static void unmap(MappedByteBuffer mapped) {
        BufferUtil.free(mapped);
    }
}
