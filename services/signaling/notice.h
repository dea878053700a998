/* notice.h: notifications to the sockets of participants. Who has lost its socket gets them when it
 * comes back (client_tell()). */
#pragma once

#include "signaling/session.h"

struct client;

/* All steal params. */
void notice_client(struct client *c, const char *method, json_t *params);
void notice_participant(struct connection *c, const char *method, json_t *params);

/* Everyone in the session but `except` (may be NULL). The text is made once. */
void notice_session(struct session *s, const struct connection *except, const char *method,
                    json_t *params);

/* Those whose ids the array names, everyone when it is empty or NULL. The text is made once. */
void notice_named(struct session *s, json_t *ids, const char *method, json_t *params);
