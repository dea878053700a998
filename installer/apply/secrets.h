/* secrets.h: secrets that are made here once and then kept, /var/lib/visavis/secrets/<name>, 0600.
 */
#pragma once

#include <stddef.h>

#define SECRET_SIZE 256 /* with its NUL */

/* The secret of that name, made on the first call. -EBADMSG: what the file holds is no secret
 * (16 to 255 printable characters without blanks). */
int secret_kept(const char *name, char ret[static SECRET_SIZE]);

/* Whether it has been made: -ENOENT when not; else as secret_kept(). */
int secret_read(const char *name, char ret[static SECRET_SIZE]);
