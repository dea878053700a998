/* outbox_event.h: an event on its way out, as outbox.c and webhook.c share it. */
#pragma once

#include "base/list.h"
#include "signaling/cdr.h"

#define EVENT_ID_SIZE 28 /* 20 digits that count up, "-", 6 random characters */

struct outbox_event {
    struct list node;       /* of the outbox */
    struct list in_cdr;     /* of the lines to be written */
    struct list in_webhook; /* of the bodies to be sent */
    char id[EVENT_ID_SIZE]; /* its field in the store, and the webhook's event id */
    const char *name;
    bool cdr, webhook; /* who is still to have it */
    struct cdr_place place;
    size_t len;
    char fields[]; /* a JSON object of at least one key, compact; as the library wrote it */
};

/* What is sent: {"event":"<name>", and the fields}. free() it; NULL without memory. */
char *outbox_event_body(const struct outbox_event *e);

/* The line of the CDR file: {"<name>":{the fields}}. free() it; NULL without memory. */
char *outbox_event_line(const struct outbox_event *e);
size_t outbox_event_line_len(const struct outbox_event *e);
