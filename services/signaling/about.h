/* about.h: what lines of the log are about (base/log.h). Borrowed from what is given. */
#pragma once

#include "base/log.h"
#include "signaling/client.h"
#include "signaling/connection.h"
#include "signaling/session.h"
#include "signaling/stream.h"

static inline struct log_ids about_session(const struct session *s)
{
    return (struct log_ids){.session = s->id};
}

static inline struct log_ids about_connection(const struct connection *c)
{
    return (struct log_ids){.session = c->session->id, .connection = c->id, .join = c->join};
}

static inline struct log_ids about_stream(const struct stream *st)
{
    struct log_ids ids = about_connection(st->publisher);

    ids.stream = st->id;
    return ids;
}

static inline struct log_ids about_client(const struct client *c)
{
    return c->participant ? about_connection(c->participant) : (struct log_ids){.session = NULL};
}
