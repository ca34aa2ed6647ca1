// SPDX-License-Identifier: Apache-2.0
package io.headrace;

/**
 * The one exception of the cold path: opening, configuring, starting. Its message is one line that
 * names the thing, its value and what to do. The message path never throws it; there, refusals are
 * named negative codes.
 */
public final class HeadraceException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    public HeadraceException(String message) {
        super(message);
    }

    public HeadraceException(String message, Throwable cause) {
        super(message, cause);
    }
}
