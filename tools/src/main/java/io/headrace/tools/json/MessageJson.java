// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.json;

import com.fasterxml.jackson.core.JsonGenerator;
import io.headrace.HeadraceException;
import io.headrace.message.Accept;
import io.headrace.message.Close;
import io.headrace.message.Datagram;
import io.headrace.message.DeadLetter;
import io.headrace.message.Field;
import io.headrace.message.Message;
import io.headrace.message.Pairs;
import io.headrace.message.Part;
import io.headrace.message.Request;
import io.headrace.message.Response;
import io.headrace.message.UploadedFiles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;

/** Writes the keys of messages, under the specification's own names and spelling. */
public final class MessageJson {

    private MessageJson() {}

    /**
     * Writes a decoded message as an object. Where its request's record has been deleted, {@code
     * problem} says so in place of the request's keys.
     */
    public static void write(JsonGenerator json, Message message) throws IOException {
        json.writeStartObject();
        try {
            writeAll(json, message);
        } catch (final HeadraceException gone) {
            json.writeStringField("problem", gone.getMessage());
        }
        json.writeEndObject();
    }

    /** Writes its keys, those of the request last, which may be gone. */
    private static void writeAll(JsonGenerator json, Message message) throws IOException {
        switch (message.type()) {
            case HTTP_REQUEST, HTTP_DISCONNECT -> {
                writeKeys(json, message.request());
                json.writeStringField("response_channel", message.request().replyChannel());
            }
            case HTTP_RESPONSE -> writeResponse(json, message.response());
            case WEB_SOCKET_CONNECTION -> {
                writeConnectionKeys(json, message.request());
                if (message.request().awaitsAccept()) {
                    json.writeBooleanField("awaits_accept", true);
                }
            }
            case WEB_SOCKET_RECEIVE -> {
                writeDatagram(json, message.datagram());
                writeConnectionKeys(json, message.request());
            }
            case WEB_SOCKET_CLIENT_CLOSE -> {
                writeClose(json, message.close());
                writeConnectionKeys(json, message.request());
            }
            case WEB_SOCKET_SEND -> writeDatagram(json, message.datagram());
            case WEB_SOCKET_SERVER_CLOSE -> writeClose(json, message.close());
            case WEB_SOCKET_ACCEPT -> writeAccept(json, message.accept());
            case GROUP_ADD, GROUP_DISCARD ->
                    json.writeStringField("group", message.groupOrder().group());
            case GROUP_SEND -> {
                json.writeStringField("group", message.groupOrder().group());
                writeBytes(json, "content", message.groupOrder().content());
                json.writeBooleanField("binary", message.groupOrder().binary());
            }
            case HTTP_RESPONSE_START -> writeResponse(json, message.response());
            case HTTP_RESPONSE_PART, HTTP_REQUEST_PART -> writePart(json, message.part());
            case DEAD_LETTER -> writeLetter(json, message.deadLetter());
            default -> throw new AssertionError(message.type());
        }
    }

    /**
     * Writes the keys of an HTTP Request, but for its response_channel, into the object that is
     * open.
     */
    public static void writeKeys(JsonGenerator json, Request request) throws IOException {
        writePairs(json, "GET", request.query());
        writePairs(json, "POST", request.form());
        writeCookiesMetaAndPaths(json, request);
        json.writeStringField("method", request.method());
        writeBytes(json, "body", request.body());
        writeFiles(json, request.files());
    }

    private static void writeConnectionKeys(JsonGenerator json, Request request)
            throws IOException {
        writePairs(json, "GET", request.query());
        writeCookiesMetaAndPaths(json, request);
        json.writeStringField("send_channel", request.replyChannel());
    }

    private static void writeCookiesMetaAndPaths(JsonGenerator json, Request request)
            throws IOException {
        writeMap(json, "COOKIES", request.cookies().toMap());
        writeMap(json, "META", request.meta());
        json.writeStringField("path", request.path());
        json.writeStringField("path_info", request.pathInfo());
    }

    private static void writeResponse(JsonGenerator json, Response response) throws IOException {
        writeBytes(json, "content", response.content());
        json.writeStringField("content_type", response.contentType().toString());
        json.writeNumberField("status_code", response.statusCode());
        writePairs(json, "headers", response.headers());
    }

    private static void writeDatagram(JsonGenerator json, Datagram datagram) throws IOException {
        writeBytes(json, "content", datagram.content());
        json.writeBooleanField("binary", datagram.binary());
    }

    private static void writeClose(JsonGenerator json, Close close) throws IOException {
        json.writeNumberField("code", close.code());
        json.writeStringField("reason", close.reason());
        json.writeStringField("closed_by", close.closedBy().name().toLowerCase(Locale.ROOT));
    }

    private static void writeAccept(JsonGenerator json, Accept accept) throws IOException {
        json.writeStringField("subprotocol", accept.subprotocol().toString());
        writePairs(json, "headers", accept.headers());
    }

    private static void writePart(JsonGenerator json, Part part) throws IOException {
        json.writeNumberField("number", part.number());
        json.writeStringField("state", part.state().name().toLowerCase(Locale.ROOT));
        writeBytes(json, "content", part.content());
    }

    private static void writeLetter(JsonGenerator json, DeadLetter letter) throws IOException {
        json.writeStringField("reason", letter.reason());
        json.writeNumberField("attempts", letter.attempts());
        final Message message = new Message();
        if (Message.isWhole(letter.record()) && message.wrap(letter.record()).decode()) {
            json.writeStringField("type", message.type().label());
            json.writeFieldName("message");
            write(json, message);
        }
    }

    private static void writePairs(JsonGenerator json, String name, Pairs pairs)
            throws IOException {
        json.writeArrayFieldStart(name);
        for (int i = 0; i < pairs.count(); i++) {
            json.writeStartArray();
            json.writeString(pairs.key(i).toString());
            json.writeString(pairs.value(i).toString());
            json.writeEndArray();
        }
        json.writeEndArray();
    }

    private static void writeMap(JsonGenerator json, String name, Map<String, String> map)
            throws IOException {
        json.writeObjectFieldStart(name);
        for (final Map.Entry<String, String> entry : map.entrySet()) {
            json.writeStringField(entry.getKey(), entry.getValue());
        }
        json.writeEndObject();
    }

    private static void writeFiles(JsonGenerator json, UploadedFiles files) throws IOException {
        json.writeArrayFieldStart("files");
        for (int i = 0; i < files.count(); i++) {
            json.writeStartObject();
            json.writeStringField("name", files.name(i).toString());
            json.writeStringField("file_name", files.fileName(i).toString());
            json.writeStringField("content_type", files.contentType(i).toString());
            writeBytes(json, "content", files.content(i));
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    /** Text as a string; bytes that are no valid UTF-8 as an object with their base64. */
    private static void writeBytes(JsonGenerator json, String name, Field field)
            throws IOException {
        final byte[] bytes = field.toBytes();
        json.writeFieldName(name);
        try {
            json.writeString(
                    StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
        } catch (final CharacterCodingException notText) {
            json.writeStartObject();
            json.writeBinaryField("base64", bytes);
            json.writeEndObject();
        }
    }
}
