// SPDX-License-Identifier: Apache-2.0
package io.headrace.simulation;

import io.headrace.channel.name.ConnectionId;
import java.util.ArrayList;
import java.util.List;

/** Who there is on the bus, and who was. */
final class SimulatedProcesses {

    private final List<SimulatedProcess> frontEnds = new ArrayList<>();
    private final SimulatedProcess[] workers;
    private final List<SimulatedProcess> dead = new ArrayList<>();

    SimulatedProcesses(int workerCountMax) {
        workers = new SimulatedProcess[workerCountMax];
    }

    List<SimulatedProcess> frontEnds() {
        return frontEnds;
    }

    void addFrontEnd(SimulatedProcess process) {
        frontEnds.add(process);
    }

    /** Where no worker is, or -1. */
    int freePlace() {
        for (int i = 0; i < workers.length; i++) {
            if (workers[i] == null) {
                return i;
            }
        }
        return -1;
    }

    void addWorker(int place, SimulatedProcess process) {
        workers[place] = process;
    }

    List<SimulatedProcess> workers() {
        final List<SimulatedProcess> living = new ArrayList<>();
        for (final SimulatedProcess process : workers) {
            if (process != null) {
                living.add(process);
            }
        }
        return living;
    }

    List<SimulatedProcess> all() {
        final List<SimulatedProcess> all = new ArrayList<>(frontEnds);
        all.addAll(workers());
        return all;
    }

    /** It has died. */
    void remove(SimulatedProcess process) {
        frontEnds.remove(process);
        for (int i = 0; i < workers.length; i++) {
            if (workers[i] == process) {
                workers[i] = null;
            }
        }
        if (!dead.contains(process)) {
            dead.add(process);
        }
    }

    void forgetDead() {
        dead.clear();
    }

    boolean isDead(int consumerId) {
        return dead.stream().anyMatch(process -> process.has(consumerId));
    }

    /** Whether a connection's front end is alive. */
    boolean isOpen(long connection) {
        final String start = "f" + ConnectionId.member(connection) + "-";
        return frontEnds.stream().anyMatch(process -> process.id().startsWith(start));
    }
}
