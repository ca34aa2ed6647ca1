// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.codec;

/**
 * Why a decoder refused a request. All are negative and answered with 400 unless they say other.
 */
public final class Refusal {

    /** A request target, content type or multipart body that cannot be read. */
    public static final int MALFORMED = -1;

    /** More fields than allowed: Django's {@code DATA_UPLOAD_MAX_NUMBER_FIELDS}. */
    public static final int TOO_MANY_FIELDS = -2;

    /** More uploaded files than allowed: Django's {@code DATA_UPLOAD_MAX_NUMBER_FILES}. */
    public static final int TOO_MANY_FILES = -3;

    /** A urlencoded form in another character set than UTF-8, which Django 5 refuses too. */
    public static final int UNSUPPORTED_CHARSET = -4;

    /**
     * The path is not below the mount prefix, so no application is there: to be answered with 404.
     */
    public static final int OUTSIDE_MOUNT = -5;

    /**
     * A text that is longer than a message can say once it has been decoded: to be answered with
     * 431.
     */
    public static final int TOO_LONG = -6;

    private Refusal() {}

    /** The word for a log or for the header {@code Headrace-Reason}. */
    public static String word(int code) {
        return switch (code) {
            case MALFORMED -> "malformed";
            case TOO_MANY_FIELDS -> "too-many-fields";
            case TOO_MANY_FILES -> "too-many-files";
            case UNSUPPORTED_CHARSET -> "unsupported-charset";
            case OUTSIDE_MOUNT -> "outside-mount";
            case TOO_LONG -> "header-too-large";
            default -> throw new IllegalArgumentException("not a refusal: " + code);
        };
    }
}
