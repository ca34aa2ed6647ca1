// SPDX-License-Identifier: Apache-2.0
/**
 * Who is connected: the table that each event loop of a front end keeps of its open connections, in
 * shared memory, readable by everybody and after its death.
 */
package io.headrace.presence;
