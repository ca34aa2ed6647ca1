// SPDX-License-Identifier: Apache-2.0
package io.headrace.message;

import java.util.Arrays;
import org.agrona.DirectBuffer;

/**
 * The files of a multipart form, in order. Accessors allocate nothing and return views that the
 * next call moves; valid as long as the message is.
 */
public final class UploadedFiles {

    private static final int INTS_PER_FILE = 8;

    private final Field field = new Field();
    private DirectBuffer buffer;
    private int[] positions = new int[INTS_PER_FILE];
    private int count;

    UploadedFiles() {}

    void reset(DirectBuffer source) {
        buffer = source;
        count = 0;
    }

    void start() {
        if (positions.length < (count + 1) * INTS_PER_FILE) {
            positions = Arrays.copyOf(positions, 2 * positions.length);
        }
        count++;
    }

    void add(int part, int length, int end) {
        Message.checkLength(length);
        final int at = (count - 1) * INTS_PER_FILE + 2 * part;
        positions[at] = end - length;
        positions[at + 1] = length;
    }

    public int count() {
        return count;
    }

    /** The form field the file was given in. */
    public Field name(int index) {
        return part(index, 0);
    }

    /** The base name the client gave the file. */
    public Field fileName(int index) {
        return part(index, 1);
    }

    public Field contentType(int index) {
        return part(index, 2);
    }

    public Field content(int index) {
        return part(index, 3);
    }

    private Field part(int index, int part) {
        final int at = index * INTS_PER_FILE + 2 * part;
        return field.wrap(buffer, positions[at], positions[at + 1]);
    }
}
