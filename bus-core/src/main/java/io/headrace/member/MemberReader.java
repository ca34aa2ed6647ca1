// SPDX-License-Identifier: Apache-2.0
package io.headrace.member;

import io.headrace.HeadraceException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.agrona.CloseHelper;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.errors.ErrorLogReader;
import org.agrona.concurrent.status.CountersReader;

/** Reads another process's member file, whether that process lives or not. One thread. */
public final class MemberReader implements AutoCloseable {

    private static final Member.Kind[] KINDS = Member.Kind.values();

    private final Path path;
    private final String id;
    // Absent for a member of this very process: its file is not opened a second time, see Member.
    private final FileChannel channel;
    private final MappedByteBuffer mapped;
    private final UnsafeBuffer header;

    private MemberReader(Path path, FileChannel channel, MappedByteBuffer mapped) {
        this.path = path;
        final String name = path.getFileName().toString();
        this.id = name.substring(0, name.lastIndexOf('.'));
        this.channel = channel;
        this.mapped = mapped;
        this.header = new UnsafeBuffer(mapped, 0, MemberFile.ERROR_LOG_OFFSET);
    }

    /**
     * Opens a member's file.
     *
     * @throws HeadraceException for one that is truncated, half made or of another version.
     */
    public static MemberReader open(Path path) {
        final Optional<MappedByteBuffer> own = Member.ownMapping(path);
        if (own.isPresent()) {
            return new MemberReader(path, null, own.get());
        }
        FileChannel channel = null;
        MappedByteBuffer mapped = null;
        try {
            channel = MemberFile.open(path, false);
            mapped = MemberFile.map(channel, path);
            final MemberReader reader = new MemberReader(path, channel, mapped);
            final int version = reader.header.getIntVolatile(MemberFile.VERSION_OFFSET);
            if (version != MemberFile.VERSION) {
                throw new HeadraceException(
                        "member file %s has version %d, not %d"
                                .formatted(path, version, MemberFile.VERSION));
            }
            return reader;
        } catch (final IOException | HeadraceException e) {
            CloseHelper.quietClose(channel);
            if (mapped != null) {
                MemberFile.unmap(mapped);
            }
            throw e instanceof HeadraceException refused
                    ? refused
                    : new HeadraceException("member file " + path + " cannot be read: " + e, e);
        }
    }

    /** Whether a file was left before it was whole: nobody holds its lock. */
    static boolean isHalfMade(Path path) throws IOException {
        if (Member.isOwn(path)) {
            return false;
        }
        try (FileChannel channel = MemberFile.open(path, false);
                FileLock lock = channel.tryLock()) {
            final ByteBuffer version = ByteBuffer.allocate(Integer.BYTES);
            channel.read(version, MemberFile.VERSION_OFFSET);
            return lock != null && version.getInt(0) == 0;
        } catch (final OverlappingFileLockException lookedAt) {
            return false;
        }
    }

    public String id() {
        return id;
    }

    public Path path() {
        return path;
    }

    /** Whether its process counts on being counted on: not while it is still making its lanes. */
    public boolean isAnnounced() {
        return path.toString().endsWith(MemberFile.SUFFIX);
    }

    public Member.Kind kind() {
        final int kind = header.getInt(MemberFile.KIND_OFFSET);
        return KINDS[Math.max(0, Math.min(kind, KINDS.length - 1))];
    }

    public long pid() {
        return header.getLong(MemberFile.PID_OFFSET);
    }

    /** Bus time of its start. */
    public long startNs() {
        return header.getLong(MemberFile.START_NS_OFFSET);
    }

    /** Bus time of its last heartbeat. */
    public long heartbeatNs() {
        return header.getLongVolatile(MemberFile.HEARTBEAT_NS_OFFSET);
    }

    /** Patterns of the channels it consumes. */
    public String channels() {
        return MemberFile.readChannels(header);
    }

    /** Bus time at which a consumer, counted from 0, went round last; 0 when it has not yet. */
    public long dutyNs(int consumer) {
        return header.getLongVolatile(MemberFile.DUTY_OFFSET + consumer * MemberFile.DUTY_LENGTH);
    }

    /** Whether its consumers only finish what they have. */
    public boolean isLeaving() {
        return header.getIntVolatile(MemberFile.LEAVING_OFFSET) != 0;
    }

    public int firstConsumerId() {
        return header.getInt(MemberFile.FIRST_CONSUMER_OFFSET);
    }

    public int consumerCount() {
        return header.getInt(MemberFile.CONSUMER_COUNT_OFFSET);
    }

    /**
     * Whether its process exists: it holds its file's lock. The operating system lets go of that
     * lock when a process ends, in whatever way; no pid is asked, so a reused pid or another
     * container's cannot deceive.
     */
    public boolean isAlive() {
        if (header.getIntVolatile(MemberFile.STATE_OFFSET) != 0) {
            return false;
        }
        if (channel == null) {
            return Member.isOpen(mapped);
        }
        // Shared, so that two processes that look at the same time do not take each other for the
        // member.
        try (FileLock lock = channel.tryLock(0, Long.MAX_VALUE, true)) {
            return lock == null;
        } catch (final OverlappingFileLockException heldByThisJvm) {
            return true;
        } catch (final IOException e) {
            throw new HeadraceException("member file " + path + " cannot be locked: " + e, e);
        }
    }

    /** Labels and values of its counters. */
    public Map<String, Long> counters() {
        final Map<String, Long> values = new LinkedHashMap<>();
        final CountersReader reader =
                new CountersReader(
                        MemberFile.countersMetadata(mapped), MemberFile.countersValues(mapped));
        reader.forEach((value, counterId, label) -> values.merge(label, value, Long::sum));
        return values;
    }

    /** Its distinct errors, as one text each: count and stack trace. */
    public Map<String, Integer> errors() {
        final Map<String, Integer> errors = new LinkedHashMap<>();
        ErrorLogReader.read(
                MemberFile.errorLog(mapped),
                (count, firstMs, lastMs, text) -> errors.merge(text, count, Integer::sum));
        return errors;
    }

    @Override
    public void close() {
        if (channel != null) {
            CloseHelper.quietClose(channel);
            MemberFile.unmap(mapped);
        }
    }
}
