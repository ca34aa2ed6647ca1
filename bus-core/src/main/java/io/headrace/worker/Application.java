// SPDX-License-Identifier: Apache-2.0
package io.headrace.worker;

/**
 * What {@code headrace worker --app CLASS} runs: a class with a public constructor that takes
 * nothing.
 */
@FunctionalInterface
public interface Application {

    /** Registers the application's handlers; called once, before the worker starts. */
    void configure(WorkerContext context);
}
