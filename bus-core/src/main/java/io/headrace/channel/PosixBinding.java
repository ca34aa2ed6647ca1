// SPDX-License-Identifier: Apache-2.0
package io.headrace.channel;

import net.openhft.chronicle.core.Jvm;
import net.openhft.posix.PosixAPI;
import net.openhft.posix.internal.PosixAPIHolder;

/** Chronicle's binding to the C library: 0.1 s and 9 MB that a bus can do without. */
public final class PosixBinding {

    private PosixBinding() {}

    /**
     * Has the binding loaded by who calls it and not by Chronicle's first class; nor by the first
     * of its files to be closed, whose msync(2) would ask for nothing ({@code MS_ASYNC}).
     *
     * <p>For a program to call before it starts other threads: one that asked for the binding in
     * this moment would get one that does nothing.
     */
    public static void defer() {
        if (PosixAPIHolder.POSIX_API == null) {
            System.getProperties().putIfAbsent("mappedFile.defaultSyncMode", "NONE");
            PosixAPI.useNoOpPosixApi();
            try {
                Jvm.init();
            } finally {
                PosixAPIHolder.POSIX_API = null;
            }
        }
    }
}
