/* ids.h: the ids that clients and REST see, in the shapes they know. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define SESSION_ID_MAX 100    /* characters of a custom id */
#define CONNECTION_ID_MAX 100 /* the same, with its prefix */

#define SESSION_ID_SIZE (SESSION_ID_MAX + 1)
#define UNIQUE_ID_SIZE (SESSION_ID_SIZE + 24)
#define CONNECTION_ID_SIZE (CONNECTION_ID_MAX + 1)
#define STREAM_ID_SIZE (CONNECTION_ID_SIZE + 16)
#define SUBSCRIBER_ID_SIZE (CONNECTION_ID_SIZE + STREAM_ID_SIZE)
#define RPC_ID_SIZE 27
#define JOIN_ID_SIZE 9
#define USER_ID_SIZE 17

/* "ses_" and 10 characters; "con_" and 10 characters. */
void session_id_new(char ret[static SESSION_ID_SIZE]);
void connection_id_new(char ret[static CONNECTION_ID_SIZE]);

/* "con_" and what is left of wish without its prefix and all but word characters. -EINVAL when
 * nothing is left, or too much. */
int connection_id_custom(const char *wish, char ret[static CONNECTION_ID_SIZE]);

/* [a-zA-Z0-9_-]{1,SESSION_ID_MAX} */
bool session_id_is_valid(const char *id);

/* [a-zA-Z0-9_]{1,max} */
bool id_is_word(const char *id, size_t max);

/* "str_CAM_Ab12_<connection id>"; type_of_video NULL: audio only. */
void stream_id_new(const char *type_of_video, const char *connection_id,
                   char ret[static STREAM_ID_SIZE]);

/* The connection id within a stream id (a pointer into it), or NULL. */
const char *stream_id_connection(const char *stream_id);

/* Of an RPC session: 26 characters [a-z0-9], a secret. */
void rpc_id_new(char ret[static RPC_ID_SIZE]);

/* Of a participant, for the logs of all daemons: 8 characters [A-Za-z0-9]. */
void join_id_new(char ret[static JOIN_ID_SIZE]);

/* 16 upper-case hexadecimal digits. */
void user_id_new(char ret[static USER_ID_SIZE]);
