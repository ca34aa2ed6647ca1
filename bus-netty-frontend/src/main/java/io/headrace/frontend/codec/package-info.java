// SPDX-License-Identifier: Apache-2.0
/**
 * Stops 2 and 8 of a request, the HTTP codec: turns the bytes of a client into the keys {@code
 * GET}, {@code POST}, {@code COOKIES}, {@code path}, {@code path_info} and {@code FILES} that
 * Django's {@code request} has for the same bytes, and replies into bytes again. The measure is
 * Django 5.2 behind a WSGI server, read from its source and compared with it; where a decoder
 * differs, its Javadoc says so.
 */
package io.headrace.frontend.codec;
