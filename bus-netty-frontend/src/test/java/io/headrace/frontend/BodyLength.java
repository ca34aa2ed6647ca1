// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend;

import io.headrace.message.Field;
import io.headrace.worker.reply.HttpReply;
import io.headrace.worker.reply.UploadReceiver;

/** Says how long the body was. */
final class BodyLength implements UploadReceiver {

    private int length;

    @Override
    public void onPart(Field content) {
        length += content.length();
    }

    @Override
    public void onEnd(HttpReply reply) {
        reply.send(200, "text/plain", "" + length);
    }
}
