// SPDX-License-Identifier: Apache-2.0
package io.headrace.message;

import java.nio.charset.Charset;
import java.util.AbstractMap.SimpleImmutableEntry;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Map.Entry;
import org.agrona.DirectBuffer;

/**
 * A list of (key, value) of a message, in order, duplicates kept: GET, POST, COOKIES or headers.
 *
 * <p>{@link #key(int)} and {@link #value(int)} allocate nothing and return views that the next call
 * on this list moves; the {@code String} methods copy. Valid as long as the message is.
 */
public final class Pairs {

    private static final int INTS_PER_PAIR = 4;

    private final Field key;
    private final Field value;
    private DirectBuffer buffer;
    private int[] positions = new int[32 * INTS_PER_PAIR];
    private int count;

    Pairs(Charset charset) {
        key = new Field(charset);
        value = new Field(charset);
    }

    Pairs reset(DirectBuffer source) {
        buffer = source;
        count = 0;
        return this;
    }

    /** Adds one by the lengths and ends of its texts, as a decoder tells them. */
    void add(int keyLength, int keyEnd, int valueLength, int valueEnd) {
        Message.checkLength(keyLength | valueLength);
        final int at = count * INTS_PER_PAIR;
        if (at == positions.length) {
            positions = Arrays.copyOf(positions, 2 * at);
        }
        positions[at] = keyEnd - keyLength;
        positions[at + 1] = keyLength;
        positions[at + 2] = valueEnd - valueLength;
        positions[at + 3] = valueLength;
        count++;
    }

    public int count() {
        return count;
    }

    /** View of the key at {@code index}, moved by the next call. */
    public Field key(int index) {
        final int at = index * INTS_PER_PAIR;
        return key.wrap(buffer, positions[at], positions[at + 1]);
    }

    /** View of the value at {@code index}, moved by the next call. */
    public Field value(int index) {
        final int at = index * INTS_PER_PAIR;
        return value.wrap(buffer, positions[at + 2], positions[at + 3]);
    }

    /** Index of the first pair with this ASCII key, or -1; allocates nothing. */
    public int indexOf(CharSequence asciiKey) {
        for (int i = 0; i < count; i++) {
            if (key(i).contentEquals(asciiKey)) {
                return i;
            }
        }
        return -1;
    }

    /**
     * Index of the first pair with this ASCII key in any case, or -1; for headers; allocates
     * nothing.
     */
    public int indexOfIgnoreCase(CharSequence asciiKey) {
        for (int i = 0; i < count; i++) {
            if (key(i).equalsIgnoreCase(asciiKey)) {
                return i;
            }
        }
        return -1;
    }

    public boolean has(String name) {
        return !values(name).isEmpty();
    }

    /** The last value of this key, as Django's {@code QueryDict} gives it, or {@code absent}. */
    public String value(String name, String absent) {
        final List<String> values = values(name);
        return values.isEmpty() ? absent : values.get(values.size() - 1);
    }

    /** All values of this key, in order. */
    public List<String> values(String name) {
        final List<String> values = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            if (key(i).toString().equals(name)) {
                values.add(value(i).toString());
            }
        }
        return values;
    }

    /** All pairs, in order. */
    public List<Entry<String, String>> toList() {
        final List<Entry<String, String>> list = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            list.add(new SimpleImmutableEntry<>(key(i).toString(), value(i).toString()));
        }
        return list;
    }

    /** The last value of every key, in order of first appearance. */
    public Map<String, String> toMap() {
        final Map<String, String> map = new LinkedHashMap<>();
        for (int i = 0; i < count; i++) {
            map.put(key(i).toString(), value(i).toString());
        }
        return map;
    }
}
