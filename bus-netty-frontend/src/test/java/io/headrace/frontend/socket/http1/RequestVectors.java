// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket.http1;

import java.util.stream.Stream;

/** Requests as bytes: those that must be understood, and those that must be refused. */
final class RequestVectors {

    /**
     * One request.
     *
     * @param bytes Latin-1.
     * @param answer what the echoing application says to it; empty for one that is refused.
     */
    record Vector(String name, String bytes, String answer) {

        @Override
        public String toString() {
            return name;
        }
    }

    private static final String HOST = "Host: localhost\r\n";
    private static final String CHUNKED = "Transfer-Encoding: chunked\r\n";

    private RequestVectors() {}

    private static Vector good(String name, String bytes, String answer) {
        return new Vector(name, bytes, answer);
    }

    private static Vector line(String name, String requestLine, String answer) {
        return new Vector(name, requestLine + "\r\n" + HOST + "\r\n", answer);
    }

    private static Vector badLine(String name, String requestLine) {
        return line("request line: " + name, requestLine, "");
    }

    private static Vector badHead(String name, String headers) {
        return new Vector(name, "POST /x HTTP/1.1\r\n" + headers + "\r\n", "");
    }

    private static Vector bad(String name, String header) {
        return badHead("header: " + name, HOST + header + "\r\n");
    }

    private static Vector badHost(String name, String host) {
        return badHead("Host: " + name, "Host: " + host + "\r\n");
    }

    private static Vector badLength(String name, String value) {
        return bad("Content-Length " + name, "Content-Length: " + value);
    }

    private static Vector badCoding(String name, String value) {
        return bad("Transfer-Encoding " + name, "Transfer-Encoding: " + value);
    }

    private static Vector chunks(String name, String body, String answer) {
        return new Vector(
                "chunks: " + name, "POST /x HTTP/1.1\r\n" + HOST + CHUNKED + "\r\n" + body, answer);
    }

    private static Vector badChunks(String name, String body) {
        return chunks(name, body, "");
    }

    /** Requests that RFC 9112 allows, or that are read in one way only. */
    static Stream<Vector> understood() {
        return Stream.of(
                line("plain", "GET /x HTTP/1.1", "GET /x "),
                line("higher minor version", "GET /x HTTP/1.2", "GET /x "),
                line("unknown method", "BREW /x HTTP/1.1", "BREW /x "),
                line("lower-case method", "get /x HTTP/1.1", "GET /x "),
                line(
                        "method of all token characters",
                        "!#$%&'*+-.^_`|~ /x HTTP/1.1",
                        "!#$%&'*+-.^_`|~ /x "),
                line("bytes that are no ASCII", "GET /\u00c3\u00a9 HTTP/1.1", "GET /\u00e9 "),
                line("two slashes", "GET //evil/x HTTP/1.1", "GET //evil/x "),
                line("asterisk", "OPTIONS * HTTP/1.1", "OPTIONS /* "),
                line("absolute", "GET http://localhost/x?y HTTP/1.1", "GET /x "),
                line("absolute in upper case", "GET HTTP://LOCALHOST/x HTTP/1.1", "GET /x "),
                line("absolute without path", "GET http://localhost HTTP/1.1", "GET / "),
                good("empty line before", "\r\nGET /x HTTP/1.1\r\n" + HOST + "\r\n", "GET /x "),
                good(
                        "HTTP/1.0 without Host",
                        "GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
                        "GET /x "),
                good(
                        "HTTP/1.0 absolute without Host",
                        "GET http://a/x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
                        "GET /x "),
                good("port", "GET /x HTTP/1.1\r\nHost: localhost:8080\r\n\r\n", "GET /x "),
                good("empty port", "GET /x HTTP/1.1\r\nHost: localhost:\r\n\r\n", "GET /x "),
                good("IPv6", "GET /x HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", "GET /x "),
                good(
                        "blanks around values",
                        "GET /x HTTP/1.1\r\nhOsT:\t localhost \t\r\nX:\r\nY: \t\r\n\r\n",
                        "GET /x "),
                good(
                        "colons, quotes and Latin-1 in a value",
                        "GET /x HTTP/1.1\r\n" + HOST + "X: a:b \"c\t\u00e9\r\n\r\n",
                        "GET /x "),
                good(
                        "a header that only looks like framing",
                        "GET /x HTTP/1.1\r\n" + HOST + "Transfer_Encoding: chunked\r\n\r\n",
                        "GET /x "),
                good(
                        "length",
                        "POST /x HTTP/1.1\r\n" + HOST + "Content-Length: 3\r\n\r\nabc",
                        "POST /x abc"),
                good(
                        "length with zeros before it",
                        "POST /x HTTP/1.1\r\n" + HOST + "Content-Length: 003\r\n\r\nabc",
                        "POST /x abc"),
                good(
                        "length of nothing",
                        "POST /x HTTP/1.1\r\n" + HOST + "Content-Length: 0\r\n\r\n",
                        "POST /x "),
                good(
                        "body of a GET that looks like folded lines",
                        "GET /x HTTP/1.1\r\n" + HOST + "Content-Length: 7\r\n\r\n\n \r\n\t\n ",
                        "GET /x \n \r\n\t\n "),
                chunks("one", "3\r\nabc\r\n0\r\n\r\n", "POST /x abc"),
                chunks("of none", "0\r\n\r\n", "POST /x "),
                chunks(
                        "that look like folded lines",
                        "4\r\n\n \n\t\r\n1\r\n \r\n0\r\n\r\n",
                        "POST /x \n \n\t "),
                chunks(
                        "size in any case",
                        "a\r\n0123456789\r\n0B\r\n0123456789a\r\n0\r\n\r\n",
                        "POST /x 01234567890123456789a"),
                chunks("extension", "3;a=b;c;d=\"e;\\\"\"\r\nabc\r\n0;z\r\n\r\n", "POST /x abc"),
                chunks(
                        "trailers",
                        "3\r\nabc\r\n0\r\nX: y\r\nContent-Length: 9\r\n\r\n",
                        "POST /x abc"),
                good(
                        "coding in any case, with blanks",
                        "POST /x HTTP/1.1\r\n"
                                + HOST
                                + "transfer-encoding: \tCHUNKED \r\n\r\n1\r\na\r\n0\r\n\r\n",
                        "POST /x a"));
    }

    /** Requests that must not be answered but with 400, nor anything behind them. */
    static Stream<Vector> refused() {
        return Stream.of(lines(), hosts(), headers(), lengths(), codings(), allChunks())
                .flatMap(vectors -> vectors);
    }

    private static Stream<Vector> lines() {
        return Stream.of(
                badLine("blank before", " GET /x HTTP/1.1"),
                badLine("two blanks", "GET  /x HTTP/1.1"),
                badLine("two blanks before the version", "GET /x  HTTP/1.1"),
                badLine("blank behind", "GET /x HTTP/1.1 "),
                badLine("tab", "GET\t/x HTTP/1.1"),
                badLine("tab before the version", "GET /x\tHTTP/1.1"),
                badLine("vertical tab", "GET\u000b/x HTTP/1.1"),
                badLine("form feed", "GET /x\u000cHTTP/1.1"),
                badLine("carriage return", "GET\r/x HTTP/1.1"),
                badLine("carriage return at its end", "GET /x HTTP/1.1\r"),
                badLine("carriage return in the target", "GET /\rx HTTP/1.1"),
                badLine("bare line feed", "GET /x HTTP/1.1\nX: y"),
                badLine("NUL in the method", "G\u0000T /x HTTP/1.1"),
                badLine("NUL in the target", "GET /\u0000 HTTP/1.1"),
                badLine("escape in the target", "GET /\u001b HTTP/1.1"),
                badLine("DEL in the target", "GET /\u007f HTTP/1.1"),
                badLine("method that is no token", "G(T /x HTTP/1.1"),
                badLine("no method", "/x HTTP/1.1"),
                badLine("no target", "GET HTTP/1.1"),
                badLine("no version", "GET /x"),
                badLine("a fourth word", "GET /x HTTP/1.1 y"),
                badLine("blank in the target", "GET /x y HTTP/1.1"),
                badLine("version in lower case", "GET /x http/1.1"),
                badLine("version 1", "GET /x HTTP/1"),
                badLine("version 1.10", "GET /x HTTP/1.10"),
                badLine("version 01.1", "GET /x HTTP/01.1"),
                badLine("version 1,1", "GET /x HTTP/1,1"),
                badLine("version +1.1", "GET /x HTTP/+1.1"),
                badLine("version 0.9", "GET /x HTTP/0.9"),
                badLine("version 2.0", "GET /x HTTP/2.0"),
                badLine("another protocol", "GET /x HTTQ/1.1"),
                badLine("a name for a target", "GET x HTTP/1.1"),
                badLine("asterisk without OPTIONS", "GET * HTTP/1.1"),
                badLine("asterisk and more", "OPTIONS *x HTTP/1.1"),
                badLine("authority", "CONNECT localhost:80 HTTP/1.1"),
                badLine("another scheme", "GET ftp://localhost/x HTTP/1.1"),
                badLine("absolute without host", "GET http:///x HTTP/1.1"),
                badLine("absolute elsewhere", "GET http://evil/x HTTP/1.1"),
                badLine("absolute at a longer name", "GET http://localhost.evil/x HTTP/1.1"),
                badLine("absolute at a shorter name", "GET http://local/x HTTP/1.1"),
                badLine("absolute with a user", "GET http://u@localhost/x HTTP/1.1"),
                badLine("absolute with a fragment", "GET http://localhost#/x HTTP/1.1"),
                new Vector("line feed before", "\nGET /x HTTP/1.1\r\n" + HOST + "\r\n", ""),
                new Vector("blank line before", " \r\nGET /x HTTP/1.1\r\n" + HOST + "\r\n", ""),
                new Vector("line feeds alone", "GET /x HTTP/1.1\n" + "Host: localhost\n\n", ""),
                new Vector("TLS", "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\n", ""),
                new Vector("another protocol", "EHLO example.com\r\n", ""));
    }

    private static Stream<Vector> hosts() {
        return Stream.of(
                badHead("no Host", ""),
                badHead("two Hosts", HOST + "Host: evil\r\n"),
                badHead("the same Host twice", HOST + HOST),
                new Vector("two Hosts in 1.0", "GET /x HTTP/1.0\r\n" + HOST + HOST + "\r\n", ""),
                badHost("empty", ""),
                badHost("blank", "local host"),
                badHost("tab", "local\thost"),
                badHost("path", "localhost/x"),
                badHost("user", "u@localhost"),
                badHost("query", "localhost?x"),
                badHost("backslash", "localhost\\x"),
                badHost("quote", "local\"host"),
                badHost("Latin-1", "localh\u00f6st"),
                badHost("NUL", "localhost\u0000"),
                badHost("port alone", ":80"),
                badHost("port that is no number", "localhost:80x"),
                badHost("port of six digits", "localhost:123456"),
                badHost("two ports", "localhost:80:81"),
                badHost("IPv6 without brackets", "::1"),
                badHost("half a bracket", "[::1"),
                badHost("empty brackets", "[]"),
                badHost("name behind brackets", "[::1]x"));
    }

    private static Stream<Vector> headers() {
        return Stream.of(
                bad("blank before the colon", "X : y"),
                bad("tab before the colon", "X\t: y"),
                bad("no colon", "X"),
                bad("no name", ": y"),
                bad("blank in the name", "X Y: z"),
                bad("NUL in the name", "X\u0000: y"),
                bad("DEL in the name", "X\u007f: y"),
                bad("Latin-1 in the name", "\u00d6: y"),
                bad("parenthesis in the name", "X(: y"),
                bad("carriage return in the name", "X\rY: z"),
                bad("NUL", "X: a\u0000b"),
                bad("bell", "X: a\u0007b"),
                bad("escape", "X: \u001b"),
                bad("DEL", "X: a\u007f"),
                bad("vertical tab before the value", "X: \u000ba"),
                bad("carriage return", "X: a\rb"),
                bad("carriage return at its end", "X: a\r"),
                bad("line feed", "X: a\nY: b"),
                bad("folded", "X: a\r\n b"),
                bad("folded with a tab", "X: a\r\n\tb"),
                bad("folded twice", "X: a\r\n b\r\n c"),
                bad("folded to nothing", "X: a\r\n "),
                bad("folded value alone", "X:\r\n b"),
                badHead("folded request line", " X: a\r\n" + HOST),
                badHead("folded Host", "Host:\r\n localhost\r\n"),
                bad("handshake of a draft", "Sec-WebSocket-Key1: 1\r\nSec-WebSocket-Key2: 2"),
                new Vector(
                        "a draft's handshake that swallows eight bytes",
                        "GET /x HTTP/1.1\r\n"
                                + HOST
                                + "Sec-WebSocket-Key1: 1\r\nSec-WebSocket-Key2: 2\r\n\r\n",
                        ""));
    }

    private static Stream<Vector> lengths() {
        return Stream.of(
                badLength("twice", "3\r\nContent-Length: 3"),
                badLength("twice and other", "3\r\nContent-Length: 30"),
                badLength("in a list", "3, 3"),
                badLength("in a list without a blank", "3,3"),
                badLength("and a comma", "3,"),
                badLength("signed", "+3"),
                badLength("negative", "-3"),
                badLength("of zero, negative", "-0"),
                badLength("with a fraction", "3.0"),
                badLength("hexadecimal", "0x3"),
                badLength("in two words", "3 3"),
                badLength("empty", ""),
                badLength("and more", "3;a"),
                badLength("quoted", "\"3\""),
                badLength("superscript", "\u00b3"),
                badLength("too long for any number", "9".repeat(30)),
                badLength("folded", "3\r\n 0"),
                bad("Content-Length and blank", "Content-Length : 3"),
                new Vector(
                        "two lengths in 1.0",
                        "POST /x HTTP/1.0\r\nContent-Length: 3\r\nContent-Length: 30\r\n\r\nabc",
                        ""),
                new Vector(
                        "list of lengths in 1.0",
                        "POST /x HTTP/1.0\r\nContent-Length: 3, 3\r\n\r\nabc",
                        ""));
    }

    private static Stream<Vector> codings() {
        return Stream.of(
                bad("coding and length", CHUNKED + "Content-Length: 3"),
                bad("length and coding", "Content-Length: 3\r\n" + CHUNKED.trim()),
                bad("coding and no length", CHUNKED + "Content-Length:"),
                badCoding("gzip", "gzip"),
                badCoding("gzip and chunked", "gzip, chunked"),
                badCoding("chunked and gzip", "chunked, gzip"),
                badCoding("chunked twice", "chunked, chunked"),
                badCoding("in two lines", "chunked\r\n" + CHUNKED.trim()),
                badCoding("in two lines and other", "chunked\r\nTransfer-Encoding: cow"),
                badCoding("in two lines, identity first", "identity\r\n" + CHUNKED.trim()),
                badCoding("identity", "identity"),
                badCoding("identity and chunked", "identity, chunked"),
                badCoding("with an x", "xchunked"),
                badCoding("with an x behind", "chunkedx"),
                badCoding("with a parameter", "chunked;q=1"),
                badCoding("quoted", "\"chunked\""),
                badCoding("empty", ""),
                badCoding("comma behind", "chunked,"),
                badCoding("comma before", ",chunked"),
                badCoding("NUL behind", "chunked\u0000"),
                badCoding("vertical tab before", "\u000bchunked"),
                badCoding("line feed before", "\nchunked"),
                badCoding("folded", "\r\n chunked"),
                badCoding("folded behind", "chunked\r\n , identity"),
                badCoding("no-break space before", "\u00a0chunked"),
                bad("coding and blank", "Transfer-Encoding : chunked"),
                bad("coding and tab", "Transfer-Encoding\t: chunked"),
                bad("blank and coding", " Transfer-Encoding: chunked"),
                bad("coding without colon", "Transfer-Encoding chunked"),
                bad("coding behind a carriage return", "X: y\rTransfer-Encoding: chunked"),
                new Vector(
                        "coding in 1.0",
                        "POST /x HTTP/1.0\r\n" + HOST + CHUNKED + "\r\n0\r\n\r\n",
                        ""));
    }

    private static Stream<Vector> allChunks() {
        return Stream.of(
                badChunks("no number", "g\r\na\r\n0\r\n\r\n"),
                badChunks("negative", "-1\r\na\r\n0\r\n\r\n"),
                badChunks("signed", "+1\r\na\r\n0\r\n\r\n"),
                badChunks("0x", "0x1\r\na\r\n0\r\n\r\n"),
                badChunks("underscore", "1_0\r\na\r\n0\r\n\r\n"),
                badChunks("blank before", " 1\r\na\r\n0\r\n\r\n"),
                badChunks("blank behind", "1 \r\na\r\n0\r\n\r\n"),
                badChunks("two sizes", "1 1\r\na\r\n0\r\n\r\n"),
                badChunks("comma", "1,1\r\na\r\n0\r\n\r\n"),
                badChunks("NUL", "1\u0000\r\na\r\n0\r\n\r\n"),
                badChunks("no size", "\r\na\r\n0\r\n\r\n"),
                badChunks("extension without a size", ";a\r\na\r\n0\r\n\r\n"),
                badChunks("32 bits", "100000001\r\na\r\n0\r\n\r\n"),
                badChunks("64 bits", "10000000000000001\r\na\r\n0\r\n\r\n"),
                badChunks("sign bit", "80000000\r\na\r\n0\r\n\r\n"),
                badChunks("line feed behind the size", "1\na\r\n0\r\n\r\n"),
                badChunks("carriage return behind the size", "1\rX\r\n0\r\n\r\n"),
                badChunks("line feed behind the data", "1\r\na\n0\r\n\r\n"),
                badChunks("carriage return behind the data", "1\r\na\r0\r\n\r\n"),
                badChunks("too much data", "1\r\nab\r\n0\r\n\r\n"),
                badChunks("line feed in an extension", "1;a\nb\r\nc\r\n0\r\n\r\n"),
                badChunks("carriage return in an extension", "1;a\rb\r\nc\r\n0\r\n\r\n"),
                badChunks("NUL in an extension", "1;a=\u0000\r\nc\r\n0\r\n\r\n"),
                badChunks("Latin-1 in an extension", "1;a=\u00e9\r\nc\r\n0\r\n\r\n"),
                badChunks("open quote in an extension", "1;a=\"b\r\nc\r\n0\r\n\r\n"),
                badChunks("quoted line end in an extension", "1;a=\"\r\nb\"\r\nc\r\n0\r\n\r\n"),
                badChunks("trailer without colon", "0\r\nX\r\n\r\n"),
                badChunks("trailer with a blank", "0\r\nX : y\r\n\r\n"),
                badChunks("trailer with NUL", "0\r\nX: \u0000\r\n\r\n"),
                badChunks("trailer with a line feed", "0\r\nX: y\nZ: z\r\n\r\n"),
                badChunks("folded trailer", "0\r\nX: y\r\n z\r\n\r\n"),
                badChunks("folded to a trailer", "0\r\n X: y\r\n\r\n"),
                badChunks("line feed for an end", "0\r\n\n"),
                badChunks("last chunk with a line feed", "0\n\r\n"));
    }
}
