/* wire.h: a connected stream socket, as it is or with TLS on it. Never waits. */
#pragma once

#include "base/bytes.h"

#include <sys/types.h>

#define WIRE_RAW_SIZE 65536

/* What one read gives at most: TLS may have kept the beginning of a record. */
#define WIRE_READ_MAX (WIRE_RAW_SIZE + 17 * 1024)

struct tls;

struct wire {
    int fd;
    struct tls *tls; /* NULL: none */
};

/* Reads what is there, at most WIRE_READ_MAX bytes (buf), by way of raw when there is TLS. 0: more
 * may come; 1: the peer has ended its direction; negative errno. Either way *ret_len bytes have
 * come before it. */
int wire_read(struct wire *w, uint8_t raw[static WIRE_RAW_SIZE], uint8_t *buf, size_t *ret_len);

/* Returns how many bytes were taken, or -EAGAIN when nothing can be now, or another errno. After
 * -EAGAIN the next call must begin with the same bytes. */
ssize_t wire_write(struct wire *w, struct bytes b);

/* Sends what TLS has to say and could not yet: 0, -EAGAIN, or another errno. */
int wire_flush(struct wire *w);

/* We shall not write any more. */
void wire_end(struct wire *w);

/* Says good-bye, as far as the socket takes it, and closes. May be called on a closed one, whose
 * descriptor is -1. */
void wire_close(struct wire *w);
