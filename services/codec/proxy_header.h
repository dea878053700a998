/* proxy_header.h: what a proxy says of a connection before it hands on the bytes: HAProxy's PROXY
 * protocol, versions 1 and 2. Pure. */
#pragma once

#include "base/addr.h"
#include "base/buf.h"

#define PROXY_HEADER_MAX 1024 /* longer ones (of many TLVs) are refused */

struct proxy_header {
    size_t len;         /* of the header: what follows is the client's */
    struct addr client; /* family 0: the proxy speaks for itself, or does not know */
    struct addr server; /* to whom the client connected; family 0 like that */
};

/* Looks at the bytes that have come so far. -EAGAIN: there must be more; -EBADMSG. */
int proxy_header_parse(struct bytes in, struct proxy_header *ret);

#define PROXY_HEADER_V1_MAX 107 /* with CR LF */

/* Writes one, of version 1. The addresses must have the same family; server may have none. */
int proxy_header_write(struct wr *w, const struct addr *client, const struct addr *server,
                       size_t *ret_len);
