// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.exchange;

import io.headrace.message.Accept;
import io.headrace.message.Close;
import io.headrace.message.Datagram;
import io.headrace.message.Response;

/**
 * Where an {@link Egress} delivers replies: the connections of its loop. Each method returns false
 * when there is no such connection or request, or when it has had its answer; the reply is then
 * dropped and counted.
 */
public interface ReplyTarget {

    boolean onResponse(long connection, int order, Response response);

    boolean onSend(long connection, int order, Datagram datagram);

    boolean onAccept(long connection, Accept accept);

    boolean onServerClose(long connection, int order, Close close);
}
