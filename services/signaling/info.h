/* info.h: what happens to sessions, told to those who look on (the dashboard): a line of text for
 * each change. Nothing is kept for those who come later. */
#pragma once

#include "base/bytes.h"
#include "base/list.h"
#include "base/log.h"

#define INFO_LISTENERS_MAX 32

struct app;
struct web_request;

struct info {
    struct list listeners; /* zeroed: there never were any */
    size_t n;
};

/* Whoever listens embeds this; send must not end it. */
struct info_listener {
    struct list node;
    void (*send)(struct info_listener *l, struct bytes line);
};

/* -ENOSPC: there are INFO_LISTENERS_MAX. */
int info_add(struct info *i, struct info_listener *l);
void info_remove(struct info *i, struct info_listener *l);

/* "12:05:09 [session S connection C] " and the text, to all who listen. */
void info_tell(struct info *i, struct log_ids ids, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* info_socket.c: answers a WebSocket handshake. Who listens has the credentials of the API, and
 * comes from a page of this very server: other pages could use what the browser remembers. Who does
 * not read is dropped. */
void info_accept(struct app *app, struct web_request *rq);
