// SPDX-License-Identifier: Apache-2.0
package io.headrace.worker;

import io.headrace.HeadraceException;
import java.util.ArrayList;
import java.util.List;
import net.openhft.affinity.Affinity;

/** CPU lists such as {@code 2,4-6}, and pinning the calling thread to one of them. */
public final class CpuAffinity {

    private static final int CPU_MAX = 4_095;

    private CpuAffinity() {}

    /** The CPUs of a list, in its order; empty for the empty list. */
    public static List<Integer> parse(String list) {
        final List<Integer> cpus = new ArrayList<>();
        if (list.isBlank()) {
            return cpus;
        }
        for (final String part : list.split(",", -1)) {
            final String[] ends = part.trim().split("-", 2);
            try {
                final int first = Integer.parseInt(ends[0].trim());
                final int last = ends.length == 1 ? first : Integer.parseInt(ends[1].trim());
                if (first < 0 || last < first || last > CPU_MAX) {
                    throw new NumberFormatException(part);
                }
                for (int cpu = first; cpu <= last; cpu++) {
                    cpus.add(cpu);
                }
            } catch (final NumberFormatException e) {
                throw new HeadraceException(
                        "CPU list '%s' is malformed at '%s'; write for example 2,4-6"
                                .formatted(list, part),
                        e);
            }
        }
        return cpus;
    }

    /**
     * Pins the calling thread.
     *
     * @return false when this machine has no such CPU or does not allow it: the thread then runs
     *     where it likes.
     */
    public static boolean pin(int cpu) {
        if (cpu >= Runtime.getRuntime().availableProcessors()) {
            return false;
        }
        try {
            Affinity.setAffinity(cpu);
        } catch (final IllegalStateException notAllowed) {
            return false;
        }
        return Affinity.getAffinity().get(cpu) && Affinity.getAffinity().cardinality() == 1;
    }
}
