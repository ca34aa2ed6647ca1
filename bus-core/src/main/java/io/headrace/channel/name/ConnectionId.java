// SPDX-License-Identifier: Apache-2.0
package io.headrace.channel.name;

/**
 * A connection's identity on its bus, for all time:
 *
 * <pre>
 *   63           40 39     32 31                  0
 *  +---------------+---------+---------------------+
 *  | member number |  loop   |  connection number  |
 *  +---------------+---------+---------------------+
 * </pre>
 *
 * <p>The upper half names the front-end loop, and so the reply channel.
 */
public final class ConnectionId {

    /** Greatest member number. */
    public static final int MEMBER_MAX = (1 << 23) - 1;

    /** Greatest loop number. */
    public static final int LOOP_MAX = 255;

    private ConnectionId() {}

    public static long of(int member, int loop, int connection) {
        return (long) member << 40 | (long) loop << 32 | Integer.toUnsignedLong(connection);
    }

    /** The upper half: member number and loop. */
    public static int loopKey(long id) {
        return (int) (id >>> 32);
    }

    public static int loopKey(int member, int loop) {
        return member << 8 | loop;
    }

    public static int member(long id) {
        return (int) (id >>> 40);
    }

    public static int loop(long id) {
        return (int) (id >>> 32) & LOOP_MAX;
    }

    /** The number its loop gave it. */
    public static int number(long id) {
        return (int) id;
    }

    /** Member, loop and number, as tools print it: {@code 7-0-12}. */
    public static String toString(long id) {
        return member(id) + "-" + loop(id) + "-" + Integer.toUnsignedString(number(id));
    }
}
