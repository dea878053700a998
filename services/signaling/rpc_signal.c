/* Messages between participants. */
#include "signaling/rpc.h"

#include "signaling/app.h"
#include "signaling/connection.h"
#include "signaling/events.h"

#include <string.h>

/* All of them participants? More names than participants would only be repetitions, which cost time
 * in a large session. */
static bool recipients_exist(const struct session *s, json_t *to)
{
    json_t *id;
    size_t i;

    if (json_array_size(to) > session_n_participants(s))
        return false;
    json_array_foreach (to, i, id) {
        if (!json_is_string(id) || !session_participant(s, json_string_value(id)))
            return false;
    }
    return true;
}

static bool is_string_or_absent(json_t *v)
{
    return !v || json_is_null(v) || json_is_string(v);
}

void rpc_send_message(struct rpc *rq)
{
    struct connection *c = rq->client->participant;
    const char *text = rpc_string(rq, "message");
    json_t *message, *to, *type, *data;

    if (!text)
        return;
    message = json_loads(text, 0, NULL);
    to = json_object_get(message, "to");
    type = json_object_get(message, "type");
    data = json_object_get(message, "data");
    if (!json_is_object(message) || !is_string_or_absent(type) || !is_string_or_absent(data)) {
        rpc_error(rq, RPC_SIGNAL_FORMAT,
                  "Signal message must be a JSON object with strings 'type' "
                  "and 'data'");
    } else if (to && !json_is_null(to) &&
               (!json_is_array(to) || !recipients_exist(c->session, to))) {
        rpc_error(rq, RPC_SIGNAL_TO,
                  "Signal 'to' must be an array of connection ids of session '%s'", c->session->id);
    } else {
        events_signal(c->session, c, to, json_string_value(type), json_string_value(data));
        rpc_reply(rq, NULL);
    }
    json_decref(message);
}
