// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.chaos;

import io.headrace.tools.chaos.HttpConnection.Answer;
import java.util.ArrayList;
import java.util.List;
import org.agrona.collections.LongArrayList;

/**
 * Everything that came back for requests. Those that were answered as they should be, nearly all,
 * are kept as numbers: the objects of a long run would have their collector stop the clients for
 * 100 ms, which looks like a stall. Thread-safe.
 */
final class Answers {

    private final LongArrayList requests = new LongArrayList();
    private final LongArrayList sentNs = new LongArrayList();
    private final LongArrayList answeredNs = new LongArrayList();
    private final LongArrayList pids = new LongArrayList();
    private final List<Answer> others = new ArrayList<>();

    /**
     * @param request number of the request; its key is made of it.
     */
    synchronized void add(long request, Answer answer) {
        if (answer.isOwn()) {
            requests.addLong(request);
            sentNs.addLong(answer.sentNs());
            answeredNs.addLong(answer.answeredNs());
            pids.addLong(answer.pid());
        } else {
            others.add(answer);
        }
    }

    /** All of them, as they came. */
    synchronized List<Answer> list() {
        final List<Answer> all = new ArrayList<>(others);
        for (int i = 0; i < requests.size(); i++) {
            final String key = Clients.key(requests.getLong(i));
            all.add(
                    new Answer(
                            key,
                            sentNs.getLong(i),
                            answeredNs.getLong(i),
                            200,
                            "",
                            key + "@" + pids.getLong(i)));
        }
        return all;
    }
}
