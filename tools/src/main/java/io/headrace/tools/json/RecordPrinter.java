// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.json;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.headrace.HeadraceException;
import io.headrace.channel.Bus;
import io.headrace.channel.LanePoller;
import io.headrace.channel.name.ChannelName;
import io.headrace.channel.name.ConnectionId;
import io.headrace.channel.name.ReplyAddress;
import io.headrace.delivery.ClaimWord;
import io.headrace.delivery.RequestResolver;
import io.headrace.member.MemberReader;
import io.headrace.member.Members;
import io.headrace.message.DeliveryHeader;
import io.headrace.message.Message;
import io.headrace.message.Request;
import java.io.IOException;
import java.io.StringWriter;
import java.io.Writer;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.Map;
import org.agrona.concurrent.UnsafeBuffer;

/** Prints records of lanes, a line each. */
public final class RecordPrinter implements AutoCloseable {

    private final boolean asJson;
    private final JsonFactory factory = new JsonFactory();
    private final RequestResolver resolver;
    private final Message message;
    private final Members members;
    private final Map<Integer, String> consumers = new HashMap<>();

    /**
     * @param asJson as a JSON object; otherwise as text for people.
     */
    public RecordPrinter(Bus bus, boolean asJson) {
        this.asJson = asJson;
        this.resolver = new RequestResolver(bus);
        this.message = new Message(resolver);
        this.members = new Members(bus.membersDirectory(), unreadable -> {});
    }

    /** Prints the record at the lane's head. */
    public void print(LanePoller lane, Writer out) throws IOException {
        resolver.lane(lane.lane());
        final UnsafeBuffer record = lane.record();
        final boolean whole = Message.isWhole(record);
        final boolean decoded = whole && message.wrap(record).decode();
        if (asJson) {
            printJson(lane, record, whole, decoded, out);
        } else {
            printText(lane, record, whole, decoded, out);
        }
        out.write('\n');
    }

    private void printJson(
            LanePoller lane, UnsafeBuffer record, boolean whole, boolean decoded, Writer out)
            throws IOException {
        // A line at a time, so that a record that cannot be printed leaves no half line.
        final StringWriter line = new StringWriter();
        try (JsonGenerator json = factory.createGenerator(line)) {
            json.writeStartObject();
            json.writeStringField("channel", lane.lane().channel());
            json.writeStringField("type", type(decoded));
            json.writeStringField("lane", lane.lane().writer());
            json.writeStringField("index", "0x" + Long.toHexString(lane.index()));
            if (whole) {
                writeEnvelope(json, lane.lane().channel(), record);
            }
            if (decoded) {
                json.writeFieldName("message");
                MessageJson.write(json, message);
            } else {
                json.writeStringField("problem", problem(record, whole));
            }
            json.writeEndObject();
        }
        out.write(line.toString());
    }

    private void writeEnvelope(JsonGenerator json, String channel, UnsafeBuffer record)
            throws IOException {
        final int word = ClaimWord.read(record);
        if (channel.startsWith(ChannelName.REPLY_PREFIX)) {
            json.writeStringField(
                    "to",
                    new ReplyAddress(channel, message.connection(), message.order()).toString());
        }
        json.writeNumberField("sequence", message.sequence());
        json.writeStringField("connection", ConnectionId.toString(message.connection()));
        json.writeNumberField("order", Integer.toUnsignedLong(message.order()));
        json.writeStringField("fate", ClaimWord.label(ClaimWord.state(word)));
        json.writeFieldName("consumer");
        if (ClaimWord.consumer(word) == 0) {
            json.writeNull();
        } else {
            json.writeString(consumer(ClaimWord.consumer(word)));
        }
        json.writeBooleanField("redelivered", DeliveryHeader.redeliveries(record, 0) > 0);
        json.writeObjectFieldStart("times");
        writeTime(json, "received", DeliveryHeader.receivedNs(record, 0));
        writeTime(json, "appended", DeliveryHeader.appendedNs(record, 0));
        // While it is deferred, it says until when.
        final boolean isPending = ClaimWord.isPending(word);
        writeTime(json, "claimed", isPending ? 0 : DeliveryHeader.claimedNs(record, 0));
        writeTime(json, "done", DeliveryHeader.doneNs(record, 0));
        json.writeEndObject();
    }

    private static void writeTime(JsonGenerator json, String name, long timeNs) throws IOException {
        if (timeNs == 0) {
            json.writeNullField(name);
        } else {
            json.writeNumberField(name, timeNs);
        }
    }

    private void printText(
            LanePoller lane, UnsafeBuffer record, boolean whole, boolean decoded, Writer out)
            throws IOException {
        out.write(whole ? time(DeliveryHeader.appendedNs(record, 0)) : "-");
        out.write(' ' + lane.lane().channel() + ' ' + type(decoded));
        if (whole) {
            out.write(" #" + message.sequence());
            out.write(" connection " + ConnectionId.toString(message.connection()));
            out.write('.' + Integer.toUnsignedString(message.order()));
            out.write(' ' + ClaimWord.label(ClaimWord.state(ClaimWord.read(record))));
        }
        out.write(": " + (decoded ? summary() : problem(record, whole)));
    }

    private static String time(long timeNs) {
        return Instant.EPOCH.plus(timeNs, ChronoUnit.NANOS).toString();
    }

    private String type(boolean decoded) {
        return decoded ? message.type().label() : "Undecodable";
    }

    private String problem(UnsafeBuffer record, boolean whole) {
        return whole ? message.problem() : "truncated record of " + record.capacity() + " bytes";
    }

    private String summary() {
        return switch (message.type()) {
            case HTTP_REQUEST, HTTP_DISCONNECT, WEB_SOCKET_CONNECTION -> requestLine();
            case HTTP_RESPONSE ->
                    message.response().statusCode()
                            + " "
                            + message.response().contentType()
                            + ", "
                            + message.response().content().length()
                            + " bytes";
            case WEB_SOCKET_RECEIVE, WEB_SOCKET_SEND ->
                    (message.datagram().binary() ? "binary, " : "text, ")
                            + message.datagram().content().length()
                            + " bytes";
            case WEB_SOCKET_CLIENT_CLOSE, WEB_SOCKET_SERVER_CLOSE ->
                    message.close().code() + " " + message.close().reason();
            case WEB_SOCKET_ACCEPT -> "accept " + message.accept().subprotocol();
            case GROUP_ADD, GROUP_DISCARD -> message.groupOrder().group();
            case GROUP_SEND ->
                    message.groupOrder().group()
                            + ", "
                            + message.groupOrder().content().length()
                            + " bytes";
            case HTTP_RESPONSE_START ->
                    message.response().statusCode() + " " + message.response().contentType();
            case HTTP_RESPONSE_PART, HTTP_REQUEST_PART ->
                    message.part().number()
                            + " "
                            + message.part().state()
                            + ", "
                            + message.part().content().length()
                            + " bytes";
            case DEAD_LETTER ->
                    message.deadLetter().attempts() + " attempts: " + message.deadLetter().reason();
        };
    }

    /** Method and target of the message's request, or why they cannot be had. */
    private String requestLine() {
        try {
            final Request request = message.request();
            final String query = request.queryString();
            return request.method() + " " + request.path() + (query.isEmpty() ? "" : "?" + query);
        } catch (final HeadraceException gone) {
            // Its file may be deleted long before the last message that points at it.
            return gone.getMessage();
        }
    }

    /** A consumer as its worker's id and its number there. */
    private String consumer(int consumerId) {
        final String known = consumers.get(consumerId);
        if (known != null) {
            return known;
        }
        members.refresh();
        for (final MemberReader member : members.all()) {
            for (int i = 0; i < member.consumerCount(); i++) {
                consumers.put(member.firstConsumerId() + i, member.id() + "-" + i);
            }
        }
        return consumers.getOrDefault(consumerId, Integer.toString(consumerId));
    }

    @Override
    public void close() {
        members.close();
        resolver.close();
    }
}
