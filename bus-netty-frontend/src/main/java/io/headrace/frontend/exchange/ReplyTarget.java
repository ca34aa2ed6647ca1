// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.exchange;

import io.headrace.message.Accept;
import io.headrace.message.Close;
import io.headrace.message.Datagram;
import io.headrace.message.GroupOrder;
import io.headrace.message.Part;
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

    /**
     * A response whose content comes in parts.
     *
     * @param worker id of the member that sends it.
     */
    boolean onStart(long connection, int order, Response response, String worker);

    boolean onPart(long connection, int order, Part part);

    boolean onGroupAdd(long connection, GroupOrder order);

    boolean onGroupDiscard(long connection, GroupOrder order);

    /**
     * Sends to a group's members on this loop.
     *
     * @return number of members.
     */
    int onGroupSend(GroupOrder order);
}
