// SPDX-License-Identifier: Apache-2.0
/** The program {@code headrace}: its main class. */
package io.headrace.tools;
