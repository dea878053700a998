/* punycode.h: a host name with letters beyond ASCII as DNS writes it (RFC 3492), to suggest it to
 * somebody who typed the other form. Not IDNA: of its mappings there is lower case alone, for
 * Latin, Greek and Cyrillic. Pure. */
#pragma once

#include "base/buf.h"

/* "müller.example" becomes "xn--mller-kva.example" in buf, NUL-terminated. -EBADMSG: no UTF-8, or a
 * label beyond 63 characters; -ENOSPC. */
int punycode_host(const char *name, char *buf, size_t cap);
