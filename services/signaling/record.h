/* record.h: sessions, connections, streams and subscriptions as the texts that the store keeps, and
 * back. Pure; a text that is read may be anything.
 *
 * A field added to one of these structs is lost by a restart unless it has its line here. */
#pragma once

#include "base/bytes.h"

#include "signaling/client.h"
#include "signaling/connection.h"
#include "signaling/session.h"
#include "signaling/stream.h"

/* Of the session's record, for everything below it: others are not read. Counts up when a record's
 * meaning changes, not when it gets another member. */
#define RECORD_VERSION 1

/* Data of client and server, at 60,000 bytes each, with their escapes, and the rest. */
#define RECORD_MAX 524288

struct stream_record {
    struct stream *stream; /* not attached */
    char connection[CONNECTION_ID_SIZE];
};

struct subscription_record {
    char connection[CONNECTION_ID_SIZE];
    char stream[STREAM_ID_SIZE];
    char publisher[CONNECTION_ID_SIZE];
    uint64_t created_ms, order;
    bool watched;
};

/* Heap texts (free() them); NULL without memory. */
char *record_of_session(const struct session *s);
char *record_of_connection(const struct connection *c);
char *record_of_stream(const struct stream *st);
char *record_of_subscription(const struct subscription *sub);

/* The ids are those that the record is kept under. What is made belongs to nobody yet. -EBADMSG:
 * not such a record; -EPROTONOSUPPORT: of another version; -ENOMEM. Of the TURN credential a
 * connection has the user name alone. The client is that of a participant. */
int record_to_session(const char *unique_id, struct bytes text, struct session **ret_session);
int record_to_connection(const char *id, struct bytes text, struct connection **ret_connection,
                         struct client_record *ret_client);
int record_to_stream(const char *id, struct bytes text, struct stream_record *ret);
int record_to_subscription(const char *id, struct bytes text, struct subscription_record *ret);
