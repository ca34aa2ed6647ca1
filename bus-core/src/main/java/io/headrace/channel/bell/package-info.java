// SPDX-License-Identifier: Apache-2.0
/** Doorbells: threads that sleep in the kernel until a writer rings. */
package io.headrace.channel.bell;
