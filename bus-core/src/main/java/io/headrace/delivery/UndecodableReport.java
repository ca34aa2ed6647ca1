// SPDX-License-Identifier: Apache-2.0
package io.headrace.delivery;

import io.headrace.HeadraceException;
import io.headrace.channel.Lane;
import java.util.HashSet;
import java.util.Set;
import org.agrona.concurrent.errors.DistinctErrorLog;

/** Reports records that cannot be decoded to the error log, once per lane and problem. Cold. */
public final class UndecodableReport {

    private final DistinctErrorLog errorLog;
    private final Set<String> reported = new HashSet<>();

    public UndecodableReport(DistinctErrorLog errorLog) {
        this.errorLog = errorLog;
    }

    void onUndecodable(Lane lane, String problem) {
        final String line = "lane " + lane + ": skipped an undecodable record: " + problem;
        if (reported.add(line)) {
            errorLog.record(new HeadraceException(line));
        }
    }
}
