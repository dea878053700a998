/* envstore.h: the operator's .env on the disk: reading it for an edit, writing it back whole. */
#pragma once

#include "settings/envedit.h"

#define ENVSTORE_SECRET_LEN 32

/* The text of .env, or of the template where there is none yet (*ret_is_new). Wipe and free() it.
 */
int envstore_read(char **ret_text, size_t *ret_len, bool *ret_is_new);

/* Replaces .env: one that was there keeps its mode, its owner and its place behind a link; a new
 * one is 0640. */
int envstore_write(struct bytes text);

/* The same two for another file. */
int envstore_read_at(const char *path, char **ret_text, size_t *ret_len, bool *ret_is_new);
int envstore_write_at(const char *path, struct bytes text);

/* A random value for a password. */
void envstore_make_secret(char ret[static ENVSTORE_SECRET_LEN + 1]);
