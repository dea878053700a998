/* public_url.h: the URL by which clients reach this server, and the tokens made of it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct public_url {
    bool tls;
    unsigned port;
    char host[256];      /* without brackets */
    char authority[272]; /* host[:port], the port left out when it is the scheme's own */
};

/* "http[s]://HOST[:PORT][/]". -EINVAL. */
int public_url_parse(const char *text, struct public_url *ret);

/* "https://HOST[:PORT]/" */
#define PUBLIC_URL_SIZE 288
void public_url_format(const struct public_url *u, char ret[static PUBLIC_URL_SIZE]);

/* A fresh token of a session, on the heap; NULL without memory. */
char *token_new(const struct public_url *u, const char *session_id);
