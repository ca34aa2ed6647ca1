// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.autobahn;

import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.function.Function;

/**
 * What is compressed, in the order of the list: a few hundred kilobytes of each kind, always the
 * same. Text is ASCII, so that it may be cut anywhere.
 */
enum Contents {
    JSON(true, random -> text(random, Contents::record)),
    PICTURE(false, Contents::picture),
    PROSE(false, random -> text(random, Contents::sentence)),
    HTML(true, random -> text(random, Contents::paragraph)),
    /** As a document that holds compressed parts. */
    DOCUMENT(false, Contents::document);

    private static final int LENGTH = 256 << 10;

    private final boolean isText;
    private final byte[] bytes;

    Contents(boolean isText, Function<Random, byte[]> source) {
        this.isText = isText;
        this.bytes = source.apply(new Random(ordinal()));
    }

    boolean isText() {
        return isText;
    }

    /** The content of a message: each goes on where the last one of that length ended. */
    byte[] slice(int number, int length) {
        final byte[] slice = new byte[length];
        int from = (int) ((long) number * length % bytes.length);
        for (int done = 0; done < length; from = 0) {
            final int count = Math.min(length - done, bytes.length - from);
            System.arraycopy(bytes, from, slice, done, count);
            done += count;
        }
        return slice;
    }

    private static byte[] text(Random random, Function<Random, String> line) {
        final StringBuilder text = new StringBuilder();
        while (text.length() < LENGTH) {
            text.append(line.apply(random)).append('\n');
        }
        return text.toString().getBytes(StandardCharsets.US_ASCII);
    }

    private static String word(Random random) {
        final String[] syllables = {
            "wa", "ter", "mill", "ra", "ce", "flo", "we", "sto", "ne", "en"
        };
        final StringBuilder word = new StringBuilder();
        for (int i = 0; i <= random.nextInt(3); i++) {
            word.append(syllables[random.nextInt(syllables.length)]);
        }
        return word.toString();
    }

    private static String sentence(Random random) {
        final StringBuilder sentence = new StringBuilder("The");
        for (int i = 0; i < 4 + random.nextInt(12); i++) {
            sentence.append(' ').append(word(random));
        }
        return sentence.append('.').toString();
    }

    private static String record(Random random) {
        return "{\"id\": %d, \"name\": \"%s\", \"at\": [%d, %d], \"open\": %s},"
                .formatted(
                        random.nextInt(1_000_000),
                        word(random),
                        random.nextInt(1_000),
                        random.nextInt(1_000),
                        random.nextBoolean());
    }

    private static String paragraph(Random random) {
        return "<p class=\"%s\"><a href=\"/%s\">%s</a> %s</p>"
                .formatted(word(random), word(random), word(random), sentence(random));
    }

    /** Grey values of 512 columns, with a little noise. */
    private static byte[] picture(Random random) {
        final byte[] picture = new byte[LENGTH];
        for (int i = 0; i < picture.length; i++) {
            final int x = i % 512;
            final int y = i / 512;
            picture[i] = (byte) (128 + 90 * Math.sin(x / 60.0) * Math.cos(y / 45.0));
            picture[i] += (byte) random.nextInt(4);
        }
        return picture;
    }

    /** Mostly what cannot be made shorter, with readable parts between. */
    private static byte[] document(Random random) {
        final byte[] document = text(random, Contents::sentence);
        final byte[] noise = new byte[7 << 10];
        for (int from = 1 << 10; from + noise.length < document.length; from += 8 << 10) {
            random.nextBytes(noise);
            System.arraycopy(noise, 0, document, from, noise.length);
        }
        return document;
    }
}
