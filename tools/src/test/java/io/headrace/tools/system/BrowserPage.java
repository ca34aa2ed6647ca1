// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A page of a browser, told what to do by the DevTools protocol. */
final class BrowserPage {

    private final BlockingQueue<String> messages = new LinkedBlockingQueue<>();
    private final WebSocket socket;
    private int lastId;

    BrowserPage(HttpClient client, String debuggerUrl) {
        socket =
                client.newWebSocketBuilder()
                        .buildAsync(
                                URI.create(debuggerUrl),
                                new WebSocket.Listener() {
                                    private final StringBuilder text = new StringBuilder();

                                    @Override
                                    public CompletionStage<?> onText(
                                            WebSocket from, CharSequence data, boolean last) {
                                        text.append(data);
                                        if (last) {
                                            messages.add(text.toString());
                                            text.setLength(0);
                                        }
                                        from.request(1);
                                        return null;
                                    }
                                })
                        .join();
    }

    /** Evaluates an expression that is a text, without quotes of its own but single ones. */
    String evaluate(String expression) {
        return ask(expression)
                .orElseThrow(() -> new AssertionError("the page refused " + expression));
    }

    /** Empty when the page went away under the question, as a page being navigated does. */
    private Optional<String> ask(String expression) {
        final int id = ++lastId;
        socket.sendText(
                        """
                        {"id":%d,"method":"Runtime.evaluate",
                        "params":{"expression":"String(%s)","returnByValue":true}}"""
                                .formatted(id, expression),
                        true)
                .join();
        while (true) {
            final String message;
            try {
                message = messages.poll(Await.DEADLINE_MS, TimeUnit.MILLISECONDS);
            } catch (final InterruptedException e) {
                throw new AssertionError(e);
            }
            if (message == null) {
                throw new AssertionError("no answer to " + expression);
            }
            final Map<String, Object> answer = Json.object(message);
            if (answer.get("id") instanceof Number number && number.intValue() == id) {
                return answer.containsKey("error")
                        ? Optional.empty()
                        : Optional.of(String.valueOf(Json.at(answer, "result", "result", "value")));
            }
        }
    }

    void await(String expression, String value) {
        Await.until(
                expression + " is " + value,
                () -> ask(expression).filter(value::equals).isPresent());
    }
}
