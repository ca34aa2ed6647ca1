// SPDX-License-Identifier: Apache-2.0
/**
 * The eight messages, as readers see them: the delivery header, and views over a record's bytes
 * that give the keys of the specification. Generated SBE codecs are touched here and in {@code
 * encode} only.
 */
package io.headrace.message;
