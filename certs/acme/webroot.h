/* webroot.h: proofs of http-01 as files that a web server serves at /.well-known/acme-challenge/.
 */
#pragma once

#include "acme/challenger.h"
#include "files/files.h"

/* folder/.well-known/acme-challenge/TOKEN, readable as access says. Folders that are missing are
 * made, open to those who may read it; others stay as they are. -EINVAL: the token is not of
 * base64url's characters. */
int webroot_put(const char *folder, const struct acme_proof *proof,
                const struct file_access *access);

/* The folders stay. */
void webroot_remove(const char *folder, const struct acme_proof *proof);

/* Removes all proofs: those that earlier runs left as they were killed. */
void webroot_clear(const char *folder);
