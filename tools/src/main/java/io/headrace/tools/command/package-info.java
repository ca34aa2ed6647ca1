// SPDX-License-Identifier: Apache-2.0
/** The commands of {@code headrace}, one class each, and the options they share. */
package io.headrace.tools.command;
