// SPDX-License-Identifier: Apache-2.0
/**
 * The janitor: one process of a bus, elected by an OS file lock, that resolves what the dead left
 * behind, says how far lanes have ended, and deletes what nobody needs.
 */
package io.headrace.janitor;
