// SPDX-License-Identifier: Apache-2.0
package io.headrace.message;

import io.headrace.message.codec.HttpResponseDecoder;
import io.headrace.message.codec.HttpResponseStartDecoder;
import java.nio.charset.StandardCharsets;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * HTTP Response: a whole response to a client, or the start of one whose content comes in parts.
 * Valid as long as its record.
 */
public final class Response {

    private final Field contentType = new Field();
    private final Field content = new Field();
    private final Pairs headers = new Pairs(StandardCharsets.ISO_8859_1);
    private int statusCode;
    private long contentLength;

    Response() {}

    void wrap(UnsafeBuffer buffer, HttpResponseDecoder decoder) {
        statusCode = decoder.statusCode();
        headers.reset(buffer);
        for (HttpResponseDecoder.HeadersDecoder group = decoder.headers(); group.hasNext(); ) {
            headers.add(
                    group.next().skipKey(), decoder.limit(), group.skipValue(), decoder.limit());
        }
        final int typeLength = decoder.skipContentType();
        contentType.wrap(buffer, decoder.limit() - typeLength, typeLength);
        final int length = decoder.skipContent();
        content.wrap(buffer, decoder.limit() - length, length);
        contentLength = length;
    }

    void wrapStart(UnsafeBuffer buffer, HttpResponseStartDecoder decoder) {
        statusCode = decoder.statusCode();
        contentLength = decoder.contentLength();
        headers.reset(buffer);
        for (HttpResponseStartDecoder.HeadersDecoder group = decoder.headers(); group.hasNext(); ) {
            headers.add(
                    group.next().skipKey(), decoder.limit(), group.skipValue(), decoder.limit());
        }
        final int typeLength = decoder.skipContentType();
        contentType.wrap(buffer, decoder.limit() - typeLength, typeLength);
        content.wrap(buffer, decoder.limit(), 0);
    }

    /** Length of the content in bytes; -1 when it comes in parts and is not known. */
    public long contentLength() {
        return contentLength;
    }

    /** Key {@code status_code}. */
    public int statusCode() {
        return statusCode;
    }

    /** Key {@code content_type}. */
    public Field contentType() {
        return contentType;
    }

    /** Key {@code headers}: in order, names may repeat. */
    public Pairs headers() {
        return headers;
    }

    /** Key {@code content}. */
    public Field content() {
        return content;
    }
}
