// SPDX-License-Identifier: Apache-2.0
/**
 * The members of a bus, which are its processes: one file each with heartbeat, counters and
 * distinct errors, for tools and for the other members to read, also after a crash. A leaf: it
 * knows no other part of the bus.
 */
package io.headrace.member;
