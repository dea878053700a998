/* redis_conn.h: one connection to a Redis server: logs in, sends commands, receives replies. It
 * never blocks but where its functions say so. An error that the server tells is the connection's
 * end, too: nothing that we send may fail. */
#pragma once

#include "base/blob.h"
#include "loop/loop.h"
#include "store/store_address.h"

#include <hiredis/hiredis.h>

#define REDIS_ERROR_SIZE 160

/* Without any sign of life for so long while we wait for one, a server is taken for hung. */
#define REDIS_PATIENCE_MS 5000

struct redis_conn;

/* Something has happened: replies may be there, or it is over. May free the connection. */
typedef void redis_conn_fn(struct redis_conn *c, void *arg);

/* Connects, and logs in as the address says. address is borrowed. */
int redis_conn_new(struct loop *l, const struct store_address *address, redis_conn_fn *fn,
                   void *arg, struct redis_conn **ret_conn);

/* What the kernel has taken is still sent. NULL is fine; returns NULL. */
struct redis_conn *redis_conn_free(struct redis_conn *c);

/* Appends a command as the server reads it. -ENOSPC, -ENOMEM: out has nothing more than before. */
int redis_format(struct blob *out, const struct bytes *words, size_t n);

/* One command of text alone, whose reply will come; NULL behind the last word. */
void redis_conn_ask(struct redis_conn *c, const char *const *words);

/* Formatted commands, to which n_replies will come. */
void redis_conn_send(struct redis_conn *c, struct bytes commands, size_t n_replies);

/* Blocks until the kernel has all that was sent, as long as it takes some of it at least every
 * patience_ms. */
void redis_conn_flush(struct redis_conn *c, int patience_ms);

/* Blocks for at most timeout_ms, until something has happened. fn is not called. */
void redis_conn_wait(struct redis_conn *c, int timeout_ms);

/* The next reply, to be freed with freeReplyObject(); NULL: none is there yet. */
redisReply *redis_conn_reply(struct redis_conn *c);

/* So many replies are still to come. */
size_t redis_conn_n_waiting(const struct redis_conn *c);

/* NULL while it works. */
const char *redis_conn_error(const struct redis_conn *c);

/* To be called every now and then: ends it when the server seems to hang. */
void redis_conn_check(struct redis_conn *c);
