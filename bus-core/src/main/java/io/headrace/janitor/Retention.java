// SPDX-License-Identifier: Apache-2.0
package io.headrace.janitor;

import io.headrace.HeadraceException;
import java.util.concurrent.TimeUnit;
import org.agrona.SystemUtil;

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

    public Retention {
        if (retentionMs < 0 || hungNs < 1_000_000L) {
            throw new HeadraceException(
                    "%s is %d ms and %s is %d ns; they take 0 and more, 1 ms and more"
                            .formatted(
                                    RETENTION_PROPERTY,
                                    retentionMs,
                                    CLAIM_TIMEOUT_PROPERTY,
                                    hungNs));
        }
    }

    /** System properties, else defaults. */
    public static Retention fromProperties() {
        return new Retention(
                TimeUnit.NANOSECONDS.toMillis(
                        SystemUtil.getDurationInNanos(
                                RETENTION_PROPERTY, TimeUnit.MINUTES.toNanos(10))),
                SystemUtil.getDurationInNanos(
                        CLAIM_TIMEOUT_PROPERTY, TimeUnit.SECONDS.toNanos(30)));
    }
}
