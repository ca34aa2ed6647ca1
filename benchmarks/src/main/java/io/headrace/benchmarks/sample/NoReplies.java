// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.sample;

import io.headrace.frontend.exchange.ReplyTarget;
import io.headrace.message.Accept;
import io.headrace.message.Close;
import io.headrace.message.Datagram;
import io.headrace.message.GroupOrder;
import io.headrace.message.Part;
import io.headrace.message.Response;

/** Takes no replies; for those who want some of them. */
public class NoReplies implements ReplyTarget {

    @Override
    public boolean onResponse(long connection, int order, Response response) {
        return false;
    }

    @Override
    public boolean onSend(long connection, int order, Datagram datagram) {
        return false;
    }

    @Override
    public boolean onAccept(long connection, Accept accept) {
        return false;
    }

    @Override
    public boolean onServerClose(long connection, int order, Close close) {
        return false;
    }

    @Override
    public boolean onStart(long connection, int order, Response response, String worker) {
        return false;
    }

    @Override
    public boolean onPart(long connection, int order, Part part) {
        return false;
    }

    @Override
    public boolean onGroupAdd(long connection, GroupOrder order) {
        return false;
    }

    @Override
    public boolean onGroupDiscard(long connection, GroupOrder order) {
        return false;
    }

    @Override
    public int onGroupSend(GroupOrder order) {
        return 0;
    }
}
