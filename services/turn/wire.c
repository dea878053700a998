#include "turn/wire.h"

#include "turn/tls.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

int wire_read(struct wire *w, uint8_t raw[static WIRE_RAW_SIZE], uint8_t *buf, size_t *ret_len)
{
    ssize_t n;

    if (w->tls)
        return tls_read(w->tls, raw, buf, ret_len);
    n = recv(w->fd, buf, WIRE_RAW_SIZE, 0);
    *ret_len = 0;
    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    *ret_len = (size_t) n;
    return n == 0;
}

ssize_t wire_write(struct wire *w, struct bytes b)
{
    ssize_t n;

    if (w->tls)
        return tls_write(w->tls, b);
    n = send(w->fd, b.p, b.len, MSG_NOSIGNAL);
    if (n >= 0)
        return n;
    return errno == EINTR ? -EAGAIN : -errno;
}

int wire_flush(struct wire *w)
{
    return w->tls ? tls_flush(w->tls) : 0;
}

void wire_end(struct wire *w)
{
    if (w->tls)
        tls_end(w->tls);
    else
        (void) shutdown(w->fd, SHUT_WR);
}

void wire_close(struct wire *w)
{
    if (w->tls)
        tls_end(w->tls);
    w->tls = tls_free(w->tls);
    if (w->fd >= 0)
        close(w->fd);
    w->fd = -1;
}
