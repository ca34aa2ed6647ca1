// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.codec;

import java.math.BigInteger;
import java.nio.charset.Charset;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The name of an uploaded file, as Django makes it from what the client says: character references
 * decoded, what stands behind the last slash and backslash, printable characters only ({@code
 * MultiPartParser.sanitize_file_name}), at most 255 of them ({@code UploadedFile.name}).
 *
 * <p>Of HTML's 2,231 named references only those are known that HTML accepts without semicolon too,
 * and {@code &apos;}. That is different from Django; browsers send numeric ones only.
 */
final class UploadName {

    private static final int LENGTH_MAX = 255;

    // The pattern and what is done with a match: Python's html.unescape, which follows HTML's
    // section 13.2.5.72 on.
    private static final Pattern REFERENCE =
            Pattern.compile("&(#[0-9]+;?|#[xX][0-9a-fA-F]+;?|[^\\t\\n\\f <&#;]{1,32};?)");
    private static final Charset WINDOWS_1252 = Charset.forName("windows-1252");
    private static final Map<String, String> NAMED = new HashMap<>();

    static {
        // In the order of ISO-8859-1, from U+00A0.
        final String[] names =
                """
                nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr
                deg plusmn sup2 sup3 acute micro para middot cedil sup1 ordm raquo frac14 frac12
                frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute
                Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml
                times Oslash Ugrave Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc
                atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc iuml
                eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml
                yacute thorn yuml
                """
                        .strip()
                        .split("\\s");
        for (int i = 0; i < names.length; i++) {
            add(names[i], Character.toString(0xA0 + i));
        }
        for (final String name : List.of("amp&", "lt<", "gt>", "quot\"", "copy©", "reg®")) {
            final int end = name.length() - 1;
            add(name.substring(0, end), name.substring(end));
            add(name.substring(0, end).toUpperCase(Locale.ROOT), name.substring(end));
        }
        NAMED.put("apos;", "'");
    }

    private UploadName() {}

    private static void add(String name, String character) {
        NAMED.put(name, character);
        NAMED.put(name + ";", character);
    }

    /** The name, or an empty text when nothing of it is left. */
    static String of(String clientName) {
        String name = REFERENCE.matcher(clientName).replaceAll(UploadName::unescape);
        name = name.substring(Math.max(name.lastIndexOf('/'), name.lastIndexOf('\\')) + 1);
        final int[] printable = name.codePoints().filter(UploadName::isPrintable).toArray();
        name = new String(printable, 0, printable.length);
        return name.equals(".") || name.equals("..") ? "" : truncate(name);
    }

    private static String unescape(MatchResult match) {
        return Matcher.quoteReplacement(dereference(match.group(1)));
    }

    private static String dereference(String reference) {
        if (reference.charAt(0) == '#') {
            final String number = reference.replace(";", "").substring(1);
            final boolean hex = (number.charAt(0) | 0x20) == 'x';
            return numeric(new BigInteger(number.substring(hex ? 1 : 0), hex ? 16 : 10));
        }
        for (int i = reference.length(); i > 1; i--) {
            final String character = NAMED.get(reference.substring(0, i));
            if (character != null) {
                return character + reference.substring(i);
            }
        }
        return "&" + reference;
    }

    private static String numeric(BigInteger number) {
        final int codePoint = number.bitLength() > 21 ? 0 : number.intValue();
        if (codePoint == 0 || codePoint > 0x10FFFF || codePoint >= 0xD800 && codePoint <= 0xDFFF) {
            return "\uFFFD";
        }
        if (codePoint >= 0x80 && codePoint <= 0x9F) {
            final String text = new String(new byte[] {(byte) codePoint}, WINDOWS_1252);
            return text.equals("\uFFFD") ? "" : text;
        }
        return Character.toString(codePoint);
    }

    /** Python's {@code str.isprintable}. */
    private static boolean isPrintable(int codePoint) {
        return switch (Character.getType(codePoint)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.PRIVATE_USE,
                    Character.UNASSIGNED,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR ->
                    false;
            case Character.SPACE_SEPARATOR -> codePoint == ' ';
            default -> true;
        };
    }

    /** Keeps the extension: what follows the last dot, unless there are only dots before it. */
    private static String truncate(String name) {
        final int length = name.codePointCount(0, name.length());
        if (length <= LENGTH_MAX) {
            return name;
        }
        int dot = name.lastIndexOf('.');
        if (dot < 0 || name.substring(0, dot).replace(".", "").isEmpty()) {
            dot = name.length();
        }
        final String extension = first(LENGTH_MAX, name.substring(dot));
        final int rest = LENGTH_MAX - extension.codePointCount(0, extension.length());
        return first(rest, name.substring(0, dot)) + extension;
    }

    private static String first(int count, String text) {
        final int length = text.codePointCount(0, text.length());
        return text.substring(0, text.offsetByCodePoints(0, Math.min(count, length)));
    }
}
