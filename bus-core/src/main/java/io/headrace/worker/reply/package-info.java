// SPDX-License-Identifier: Apache-2.0
/** What handlers answer with (stop 6 of a request's way). */
package io.headrace.worker.reply;
