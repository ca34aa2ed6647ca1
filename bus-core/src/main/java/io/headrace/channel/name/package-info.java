// SPDX-License-Identifier: Apache-2.0
/** Names and addresses: of channels, connections and replies, and patterns of names. */
package io.headrace.channel.name;
