#include "turn/wire.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

int wire_read(struct wire *w, uint8_t raw[static WIRE_RAW_SIZE], uint8_t *buf, size_t *ret_len)
{
    ssize_t n = recv(w->fd, buf, WIRE_RAW_SIZE, 0);

    (void) raw;
    *ret_len = 0;
    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    *ret_len = (size_t) n;
    return n == 0;
}

ssize_t wire_write(struct wire *w, struct bytes b)
{
    ssize_t n = send(w->fd, b.p, b.len, MSG_NOSIGNAL);

    if (n >= 0)
        return n;
    return errno == EINTR ? -EAGAIN : -errno;
}

int wire_flush(struct wire *w)
{
    (void) w;
    return 0;
}

void wire_end(struct wire *w)
{
    (void) shutdown(w->fd, SHUT_WR);
}

void wire_close(struct wire *w)
{
    if (w->fd >= 0)
        close(w->fd);
    w->fd = -1;
}
