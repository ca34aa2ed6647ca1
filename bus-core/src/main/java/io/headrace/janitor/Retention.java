// SPDX-License-Identifier: Apache-2.0
package io.headrace.janitor;

import io.headrace.Setting;
import java.util.concurrent.TimeUnit;

/**
 * How long things are kept and waited for.
 *
 * @param retentionMs how long messages that have ended stay readable ({@code headrace.retention},
 *     default 10 minutes).
 * @param hungNs how old a claim may grow before its consumer is taken for hung ({@code
 *     headrace.claim.timeout}, default 30 s).
 */
public record Retention(long retentionMs, long hungNs) {

    public static final String RETENTION_PROPERTY = "headrace.retention";
    public static final String CLAIM_TIMEOUT_PROPERTY = "headrace.claim.timeout";

    // What is kept for so long is kept for a little longer: a look at all the files is expensive.
    private static final int CLEANS_PER_RETENTION = 16;
    private static final long CLEAN_INTERVAL_MIN_NS = 1_000_000_000L;
    private static final long CLEAN_INTERVAL_MAX_NS = 5_000_000_000L;

    public Retention {
        Setting.check(RETENTION_PROPERTY + " (ms)", retentionMs, 0, Long.MAX_VALUE);
        Setting.check(CLAIM_TIMEOUT_PROPERTY + " (ns)", hungNs, 1_000_000L, Long.MAX_VALUE);
    }

    /** How often it is looked for what is over. */
    long cleanIntervalNs() {
        return Math.max(
                CLEAN_INTERVAL_MIN_NS,
                Math.min(retentionMs * 1_000_000L / CLEANS_PER_RETENTION, CLEAN_INTERVAL_MAX_NS));
    }

    /** System properties, else defaults. */
    public static Retention fromProperties() {
        return new Retention(
                TimeUnit.NANOSECONDS.toMillis(
                        Setting.durationNs(RETENTION_PROPERTY, TimeUnit.MINUTES.toNanos(10))),
                Setting.durationNs(CLAIM_TIMEOUT_PROPERTY, TimeUnit.SECONDS.toNanos(30)));
    }
}
