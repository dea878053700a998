/* Text frames, one a line, into the dispatcher of RPC methods: by a moderator in a session of two.
 */
#include "tests/unit/signaling/app_kit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void join(struct channel *c, struct connection *pending)
{
    channel_open(c);
    (void) connection_activate(pending, "", "p", "");
    client_joined(c->base.client, pending);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes rest = bytes_of(data, size);
    struct channel a, b;
    struct session *s;

    app_kit_start();
    s = app_kit_session("S");
    snprintf(app_kit_connection(s)->options.role, 10, "MODERATOR");
    join(&a, list_first(&s->pending, struct connection, node));
    join(&b, app_kit_connection(s));
    while (rest.len > 0) {
        const uint8_t *end = memchr(rest.p, '\n', rest.len);
        size_t len = end ? (size_t) (end - rest.p) : rest.len;

        client_receive(&a.base, bytes_of(rest.p, len));
        kit_answer_all(len % 7 ? 0 : -ETIMEDOUT, 0);
        len += end != NULL;
        rest = bytes_of(rest.p + len, rest.len - len);
    }
    channel_done(&a);
    channel_done(&b);
    app_kit_stop();
    return 0;
}
