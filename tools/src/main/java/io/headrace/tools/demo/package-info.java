// SPDX-License-Identifier: Apache-2.0
/**
 * The demo application: a page with a live echo and a chat, and a few paths to try from a terminal.
 */
package io.headrace.tools.demo;
