// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.codec;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.headrace.message.encode.RequestKeys;
import io.headrace.message.encode.TextBuffer;
import io.netty.buffer.search.AbstractSearchProcessorFactory;
import io.netty.buffer.search.KmpSearchProcessorFactory;
import java.nio.charset.Charset;
import java.util.Optional;
import java.util.regex.Pattern;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Decodes a {@code multipart/form-data} body (RFC 7578) that is in memory, with the results of
 * Django's {@code MultiPartParser}. Its rules, which are not those of MIME:
 *
 * <pre>
 *   ------B CRLF header CRLF header CRLF CRLF content CRLF ------B CRLF ... ------B-- CRLF
 *          |_______________ part ___________________|       |_ part _|      |_ part _|
 * </pre>
 *
 * <ul>
 *   <li>Whatever stands between two separators ({@code --} and the boundary, wherever they are) is
 *       a part, and so are the preamble and the epilogue. It is a field or file if it has a header
 *       {@code Content-Disposition} with a name, else it is skipped. A header block is at most
 *       1,024 bytes long.
 *   <li>A file has a non-empty {@code filename}; {@code filename=""}, as browsers send for an empty
 *       input, makes a field. A file also needs a field name, a {@link UploadName} of which
 *       something is left, and something behind the separator that ends it: a truncated file is
 *       dropped.
 *   <li>The content type is without parameters and in lower case.
 * </ul>
 *
 * <p>Netty's {@code HttpPostMultipartRequestDecoder} cannot give these results: it takes quotes,
 * backslashes, colons and commas out of names, fails on parts without a name or with {@code
 * base64}, unfolds {@code multipart/mixed}, lets each part choose its character set, and copies the
 * body twice. Its search is used.
 *
 * <p>Different from Django: a skipped part is skipped as a whole, where Django takes what it has
 * not read of it (beyond 64 KiB, or behind which the body is cut off) for another part; and {@code
 * base64} in files is decoded as a whole instead of in chunks of 64 KiB, which matters if there is
 * more in it than base64.
 */
final class MultipartDecoder {

    private static final Pattern BOUNDARY = Pattern.compile("[ -~]{0,200}[!-~]");
    private static final String BASE64 =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    private static final int HEADER_LENGTH_MAX = 1024;
    private static final int CHUNK_LENGTH = 8192;

    private final byte[] chunk = new byte[CHUNK_LENGTH];
    private final int fieldCountMax;
    private final int fileCountMax;

    private int fieldCount;
    private int fileCount;

    // The header of the current part.
    private Optional<HeaderParameters> disposition = Optional.empty();
    private String contentType = "";
    private boolean base64;

    MultipartDecoder(int fieldCountMax, int fileCountMax) {
        this.fieldCountMax = fieldCountMax;
        this.fileCountMax = fileCountMax;
    }

    /** Decodes the keys' body; returns 0 or a code of {@link Refusal}. */
    int decode(String boundary, Charset charset, RequestKeys keys) {
        if (!BOUNDARY.matcher(boundary).matches()) {
            return Refusal.MALFORMED;
        }
        final byte[] separator = ("--" + boundary).getBytes(US_ASCII);
        final KmpSearchProcessorFactory.Processor search =
                AbstractSearchProcessorFactory.newKmpSearchProcessorFactory(separator)
                        .newSearchProcessor();
        final UnsafeBuffer body = keys.body();
        final int length = body.capacity();
        fieldCount = 0;
        fileCount = 0;
        int code = 0;
        for (int from = 0, next; from < length && code == 0; from = next) {
            search.reset();
            int i = from;
            while (i < length && search.process(body.getByte(i))) {
                i++;
            }
            int to = length;
            next = length;
            if (i < length) {
                next = i + 1;
                to = next - separator.length;
                to -= to > from && body.getByte(to - 1) == '\n' ? 1 : 0;
                to -= to > from && body.getByte(to - 1) == '\r' ? 1 : 0;
            }
            code = decodePart(from, to, next < length, charset, keys);
        }
        return code;
    }

    private int decodePart(int from, int to, boolean complete, Charset charset, RequestKeys keys) {
        final int headerLength = readHeader(keys.body(), from, to);
        if (headerLength < 0) {
            return Refusal.MALFORMED;
        }
        final Optional<String> fileName =
                disposition.flatMap(d -> d.parameter("filename")).filter(n -> !n.isEmpty());
        if (fileName.isEmpty() && ++fieldCount - 2 > fieldCountMax) {
            // Two more, as in Django: preamble and epilogue are counted.
            return Refusal.TOO_MANY_FIELDS;
        }
        final Optional<String> name = disposition.flatMap(d -> d.parameter("name"));
        if (name.isEmpty()) {
            return 0;
        }
        final String fieldName = recode(stripAscii(name.get()), charset);
        final int content = from + headerLength;
        if (fileName.isEmpty()) {
            final long key = put(fieldName, keys.text());
            keys.post().add(key, fieldValue(keys, content, to, charset));
            return 0;
        }
        if (++fileCount > fileCountMax) {
            return Refusal.TOO_MANY_FILES;
        }
        final String uploadName = UploadName.of(recode(fileName.get(), charset));
        if (uploadName.isEmpty()) {
            return 0;
        }
        final TextBuffer text = keys.text();
        text.begin();
        if (!base64) {
            copy(keys, content, to);
        } else if (!decodeBase64(keys, content, to)) {
            return Refusal.MALFORMED;
        }
        final long bytes = text.end();
        if (complete && !fieldName.isEmpty()) {
            keys.addFile(
                    put(fieldName, text), put(uploadName, text), put(contentType, text), bytes);
        }
        return 0;
    }

    /**
     * Reads the header block of a part; returns its length, 0 if there is none, -1 if it has no
     * end.
     */
    private int readHeader(UnsafeBuffer body, int from, int to) {
        disposition = Optional.empty();
        contentType = "";
        base64 = false;
        final int length = Math.min(to - from, HEADER_LENGTH_MAX);
        body.getBytes(from, chunk, 0, length);
        int end = 0;
        while (end < length && !(isLineEnd(end, length) && isLineEnd(end + 2, length))) {
            end++;
        }
        if (end == length) {
            return length < HEADER_LENGTH_MAX ? 0 : -1;
        }
        for (int line = 0, i = 0; i <= end; i++) {
            if (i == end || isLineEnd(i, end)) {
                if (TextBuffer.firstInvalid(chunk, line, i) == i) {
                    readHeaderLine(new String(chunk, line, i - line, UTF_8));
                }
                line = i + 2;
                i++;
            }
        }
        return end + 4;
    }

    private boolean isLineEnd(int i, int to) {
        return i + 1 < to && chunk[i] == '\r' && chunk[i + 1] == '\n';
    }

    private void readHeaderLine(String line) {
        final HeaderParameters header = HeaderParameters.parse(line);
        final int colon = header.value().indexOf(':');
        if (colon < 0) {
            return;
        }
        final String value = HeaderParameters.strip(header.value().substring(colon + 1));
        switch (header.value().substring(0, colon)) {
            case "content-disposition" -> disposition = Optional.of(header);
            case "content-type" -> contentType = value;
            case "content-transfer-encoding" -> base64 = value.equals("base64");
            default -> {}
        }
    }

    private long fieldValue(RequestKeys keys, int from, int to, Charset charset) {
        final TextBuffer text = keys.text();
        text.begin();
        if (!base64 || !decodeBase64(keys, from, to)) {
            // A field that is no base64 after all is taken as it is.
            text.begin();
            copy(keys, from, to);
        }
        if (charset.equals(UTF_8)) {
            return text.endUtf8();
        }
        final long raw = text.end();
        final int offset = TextBuffer.offset(raw);
        return put(new String(text.array(), offset, TextBuffer.length(raw), charset), text);
    }

    private void copy(RequestKeys keys, int from, int to) {
        final UnsafeBuffer body = keys.body();
        for (int i = from; i < to; i += CHUNK_LENGTH) {
            final int length = Math.min(CHUNK_LENGTH, to - i);
            body.getBytes(i, chunk, 0, length);
            keys.text().put(chunk, 0, length);
        }
    }

    /**
     * Python's {@code base64.b64decode}, which the JDK's lenient decoder is not: what is not of the
     * alphabet is skipped, everything behind a complete padding too, and a missing padding is an
     * error, for which {@code false} is returned.
     */
    private static boolean decodeBase64(RequestKeys keys, int from, int to) {
        final UnsafeBuffer body = keys.body();
        int bits = 0;
        int count = 0;
        int padding = 0;
        for (int i = from; i < to; i++) {
            final byte b = body.getByte(i);
            if (b == '=') {
                if (count >= 2 && count + ++padding >= 4) {
                    return true;
                }
                continue;
            }
            final int value = BASE64.indexOf(b);
            if (value < 0) {
                continue;
            }
            padding = 0;
            bits = bits << 6 | value;
            if (count > 0) {
                keys.text().put((byte) (bits >> 6 - 2 * count));
            }
            count = count + 1 & 3;
        }
        return count == 0;
    }

    /** Python's {@code bytes.strip}. */
    private static String stripAscii(String name) {
        return name.replaceAll("\\A[ \\t-\\r]+|[ \\t-\\r]+\\z", "");
    }

    /** Django takes the UTF-8 of names and file names for text in the form's character set. */
    private static String recode(String name, Charset charset) {
        return charset.equals(UTF_8) ? name : new String(name.getBytes(UTF_8), charset);
    }

    private static long put(String value, TextBuffer text) {
        final byte[] bytes = value.getBytes(UTF_8);
        text.begin();
        text.put(bytes, 0, bytes.length);
        return text.end();
    }
}
