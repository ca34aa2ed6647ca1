// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.harness;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.DataFormatException;
import org.HdrHistogram.Histogram;

/**
 * What the benchmark and a process of its own say to each other: one line, a word and then {@code
 * key=value}, without spaces in values. The answer's word is {@code ok} or {@code failed}.
 */
public record Command(String name, Map<String, String> values) {

    static final String OK = "ok";
    static final String FAILED = "failed";

    /** What a process does with a command. */
    @FunctionalInterface
    public interface Handler {

        /** Obeys, and returns the answer. */
        Command onCommand(Command command) throws Exception;
    }

    public static Command of(String name) {
        return new Command(name, new LinkedHashMap<>());
    }

    /** The answer that all is well. */
    public static Command ok() {
        return of(OK);
    }

    public Command with(String key, Object value) {
        values.put(key, value.toString());
        return this;
    }

    public Command with(String key, Histogram histogram) {
        final ByteBuffer bytes = ByteBuffer.allocate(histogram.getNeededByteBufferCapacity());
        histogram.encodeIntoCompressedByteBuffer(bytes);
        bytes.flip();
        return with(
                key, new String(Base64.getEncoder().encode(bytes).array(), StandardCharsets.UTF_8));
    }

    public String text(String key) {
        final String value = values.get(key);
        if (value == null) {
            throw new IllegalStateException("'" + this + "' lacks '" + key + "'");
        }
        return value;
    }

    public long number(String key) {
        return Long.parseLong(text(key));
    }

    public double real(String key) {
        return Double.parseDouble(text(key));
    }

    public Histogram histogram(String key) {
        try {
            return Histogram.decodeFromCompressedByteBuffer(
                    ByteBuffer.wrap(Base64.getDecoder().decode(text(key))), 0);
        } catch (final DataFormatException e) {
            throw new IllegalStateException("not a histogram: " + key, e);
        }
    }

    static Command parse(String line) {
        final String[] words = line.split(" ");
        final Command command = of(words[0]);
        if (words[0].equals(FAILED)) {
            return command.with("why", line.substring(FAILED.length()).strip());
        }
        for (int i = 1; i < words.length; i++) {
            final int at = words[i].indexOf('=');
            command.with(words[i].substring(0, at), words[i].substring(at + 1));
        }
        return command;
    }

    /** Obeys commands until standard input ends, as it does when the benchmark has ended. */
    public static void serve(Handler handler) throws IOException {
        final BufferedReader in =
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            System.out.println(answer(handler, line));
            System.out.flush();
        }
    }

    private static String answer(Handler handler, String line) {
        try {
            return handler.onCommand(parse(line)).toString();
        } catch (final Exception e) {
            e.printStackTrace();
            return FAILED + " " + e.toString().replace('\n', ' ');
        }
    }

    @Override
    public String toString() {
        final StringBuilder line = new StringBuilder(name);
        values.forEach((key, value) -> line.append(' ').append(key).append('=').append(value));
        return line.toString();
    }
}
