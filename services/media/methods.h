/* methods.h: the methods of media_api.h that become commands: their parameters, checked. */
#pragma once

#include "media/command.h"

struct method {
    const char *name;
    enum message_type type;
    unsigned fields;     /* METHOD_* that must be there */
    const char *sdp_key; /* the parameter that holds the SDP; NULL: none */
};

enum {
    METHOD_ROOM = 1 << 0,
    METHOD_STREAM = 1 << 1,
    METHOD_SUBSCRIBER = 1 << 2,
    METHOD_ENDPOINT = 1 << 3, /* a stream or a subscriber */
};

const struct method *method_find(const char *name); /* NULL: unknown */

/* Builds the command. -EINVAL: *ret_what names the wrong parameter (static); -ENOMEM. */
int method_parse(const struct method *m, const json_t *params, struct message **ret_m,
                 const char **ret_what);

/* Checks the parameters of sync: an object of {streams: [id..], subscribers: [id..]}. */
bool method_sync_rooms_ok(const json_t *rooms);
