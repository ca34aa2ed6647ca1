// SPDX-License-Identifier: Apache-2.0
package io.headrace.simulation;

import io.headrace.channel.Bus;
import io.headrace.channel.name.ReplyAddress;
import io.headrace.delivery.LiveMembers;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/** What the dead have left on a bus that the living should have taken away by now. */
final class Leftovers {

    private static final String REPLIES = "reply.";
    private static final int LANE_ENTRY_LENGTH = 512;

    private final Bus bus;
    private final Set<String> living;
    private final List<String> found = new ArrayList<>();

    private Leftovers(Bus bus, Set<String> living) {
        this.bus = bus;
        this.living = living;
    }

    /**
     * @param living ids of the members there are.
     */
    static List<String> of(Bus bus, Set<String> living) throws IOException {
        final Leftovers leftovers = new Leftovers(bus, living);
        leftovers.lookAtMembers();
        leftovers.lookAtChannels();
        leftovers.lookAtLanes();
        return leftovers.found;
    }

    private void lookAtMembers() throws IOException {
        try (Stream<Path> files = Files.list(bus.membersDirectory())) {
            files.map(file -> file.getFileName().toString())
                    // Half a member file stays for some seconds of the system's time.
                    .filter(name -> !name.endsWith(".new"))
                    .filter(name -> !living.contains(name.split("[.]")[0].replaceAll("-\\d+$", "")))
                    .forEach(name -> found.add("members/" + name));
        }
    }

    private void lookAtChannels() {
        bus.channels(name -> name.startsWith(REPLIES)).stream()
                .filter(name -> !living.contains(ReplyAddress.frontEnd(name)))
                .forEach(found::add);
    }

    /** Each lane is a living one's or leads to one, and the lane table has those and no other. */
    private void lookAtLanes() throws IOException {
        final Set<Long> present = new TreeSet<>();
        for (final Path lane : bus.lanePaths()) {
            final String channel = lane.getParent().getFileName().toString();
            final boolean isLiving =
                    channel.startsWith(REPLIES)
                            ? living.contains(ReplyAddress.frontEnd(channel))
                            : living.contains(LiveMembers.memberOf(lane.getFileName().toString()));
            final Properties properties = new Properties();
            try (var reader = Files.newBufferedReader(lane.resolve("lane.properties"))) {
                properties.load(reader);
                present.add(Long.parseLong(properties.getProperty("number")));
            } catch (final IOException notReadable) {
                found.add(lane + " cannot be read");
            }
            if (!isLiving) {
                found.add(lane.toString());
            }
        }
        final Set<Long> listed = new TreeSet<>();
        final ByteBuffer table =
                ByteBuffer.wrap(Files.readAllBytes(bus.file("lanes.dat")))
                        .order(ByteOrder.nativeOrder());
        for (int at = 0; at < table.capacity(); at += LANE_ENTRY_LENGTH) {
            if (table.getLong(at) != 0) {
                listed.add(table.getLong(at));
            }
        }
        if (!listed.equals(present)) {
            found.add("the lane table has " + listed + " where " + present + " are there");
        }
    }
}
