/* webroot.h: proofs of http-01 as files that a web server serves at /.well-known/acme-challenge/.
 */
#pragma once

#include "acme/challenger.h"
#include "files/files.h"

/* folder/.well-known/acme-challenge/TOKEN, readable as access says; the folders are made. -EINVAL:
 * a token that is no file name. */
int webroot_put(const char *folder, const struct acme_proof *proof,
                const struct file_access *access);
void webroot_remove(const char *folder, const struct acme_proof *proof);
