/* script.h: a server that answers what it was told to, one request a connection, whatever it is
 * asked: for answers that no real server gives. A process of its own. */
#pragma once

#include "tests/lib/tls_identity.h"

#include <stddef.h>
#include <stdint.h>

#define SCRIPT_ANSWERS_MAX 32
#define SCRIPT_STALL "stall" /* instead of an answer: none comes, and the connection stays */

struct script;

/* Listens on 127.0.0.1. */
int script_new(struct script **ret);
struct script *script_free(struct script *s); /* NULL is fine */
uint16_t script_port(const struct script *s);

/* The folder that goes with it. */
const char *script_path(const struct script *s, const char *file, char *ret);
int script_write(const struct script *s, const char *file, const char *text);

/* ---- before the start ---- */

void script_set_tls(struct script *s, const struct tls_identity *t); /* stays the caller's */
void script_set_reset(struct script *s); /* connections are reset, not closed */
void script_set_keep(struct script *s);  /* and stay open until another comes, or an answer "" */

/* The next answer, as it goes over the wire; copied. "": the connection ends. The last one is given
 * again and again. */
void script_say(struct script *s, const char *text);

/* ---- afterwards ---- */

int script_start(struct script *s);

/* The n-th request (from 0), free() it. NULL: there were not so many. */
char *script_request(const struct script *s, unsigned n);
unsigned script_n_requests(const struct script *s);
