// SPDX-License-Identifier: Apache-2.0
/** Pages: of lanes' files, got from the kernel ahead of their use, and how many a bus may have. */
package io.headrace.channel.page;
