// SPDX-License-Identifier: Apache-2.0
/** Messages as people and scripts read them: JSON and one-line text. */
package io.headrace.tools.json;
