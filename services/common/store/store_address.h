/* store_address.h: where a store is, as text:
 *   memory                                          within the process
 *   unix:/path                                      a Redis server's Unix socket
 *   redis://[[USER]:PASSWORD@]HOST[:PORT][/DB]      a Redis server
 * HOST is a name, an IPv4 address, or an IPv6 address in brackets; PORT is 6379 without a word, DB
 * 0. In USER and PASSWORD %XX stands for any byte. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STORE_TEXT_MAX 255   /* characters of a host, a user, a password */
#define STORE_PREFIX_MAX 280 /* a word and the name of a host */
#define STORE_PATH_MAX 107   /* of a Unix socket: as the kernel has it */

enum store_place { STORE_MEMORY, STORE_UNIX, STORE_TCP };

struct store_address {
    enum store_place place;
    char path[STORE_PATH_MAX + 1];     /* STORE_UNIX */
    char host[STORE_TEXT_MAX + 1];     /* STORE_TCP; without brackets */
    uint16_t port;                     /* STORE_TCP */
    char user[STORE_TEXT_MAX + 1];     /* "": the default one */
    char password[STORE_TEXT_MAX + 1]; /* "": none */
    unsigned db;
};

/* -EINVAL: why (of why_size bytes) says what is wrong, without anything of the text. */
int store_address_parse(const char *text, struct store_address *ret, char *why, size_t why_size);

/* The same, for tables of settings. */
bool store_address_check(const char *text, char *why, size_t why_size);

/* What comes before each key of a store, and names its client: letters, digits and "_-.:". */
bool store_prefix_check(const char *text, char *why, size_t why_size);
