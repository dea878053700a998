/* connection_options.h: what may be asked for when a connection is made (POST .../connection, POST
 * /tokens). */
#pragma once

#include "signaling/config.h"
#include "signaling/validate.h"

struct connection_options {
    char *data; /* server data, "" when none */
    char *role;
    bool record;
    json_t *kurento;     /* only the keys given; NULL when not given */
    json_t *ice_servers; /* an array */
};

/* body: an object or NULL. -EINVAL with p filled (of type IPCAM always: at last with 501);
 * *ret is then untouched. */
int connection_options_parse(const struct config *c, json_t *body, struct connection_options *ret,
                             struct problem *p);
void connection_options_done(struct connection_options *o);
