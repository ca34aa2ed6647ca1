// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.autobahn;

import io.headrace.tools.system.WebSocketClient;
import java.util.function.Consumer;

/**
 * One case of the list.
 *
 * @param number its number there.
 * @param offer the extensions that its client offers; empty for none.
 * @param script what a client that is connected does, and asserts.
 */
record Case(String number, String what, String offer, Consumer<WebSocketClient> script) {

    /** One whose client offers no extension. */
    static Case of(String number, String what, Consumer<WebSocketClient> script) {
        return new Case(number, what, "", script);
    }

    /** The headers of its handshake. */
    String[] headers() {
        return offer.isEmpty()
                ? new String[0]
                : new String[] {"Sec-WebSocket-Extensions: " + offer};
    }

    @Override
    public String toString() {
        return number + " " + what;
    }
}
