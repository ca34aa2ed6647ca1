// SPDX-License-Identifier: Apache-2.0
/**
 * The rows {@code http} and {@code websocket}: Headrace's processes, a Netty server and a proxy
 * written with Netty in front of it, under load.
 */
package io.headrace.benchmarks.http;
