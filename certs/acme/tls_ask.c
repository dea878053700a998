#include "acme/tls_ask.h"

#include "acme/tls_stream.h"
#include "base/clock.h"
#include "certs/fingerprint.h"

#include <errno.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct ask {
    int fd;
    uint64_t deadline_ms;
    struct tls_stream tls;
    struct tls_answer *ret;
};

static int wait_for(const struct ask *a, short events)
{
    uint64_t now = clock_ms();
    struct pollfd p = {.fd = a->fd, .events = events};
    int n = now < a->deadline_ms ? poll(&p, 1, (int) (a->deadline_ms - now)) : 0;

    return n > 0 ? 0 : n == 0 ? -ETIMEDOUT : -errno;
}

static int connect_to(struct ask *a, const struct addr *to)
{
    struct sockaddr_storage ss;
    socklen_t len = addr_to_sockaddr(to, &ss);
    int r, error = 0;

    a->fd = socket(to->family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (a->fd < 0)
        return -errno;
    if (connect(a->fd, (struct sockaddr *) &ss, len) == 0)
        return 0;
    if (errno != EINPROGRESS)
        return -errno;
    r = wait_for(a, POLLOUT);
    len = sizeof(error);
    if (r == 0 && getsockopt(a->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
        r = -errno;
    return r < 0 ? r : -error;
}

static int handshake(struct ask *a)
{
    X509 *cert;
    int r;

    for (;;) {
        uint32_t events = EPOLLIN;

        r = tls_stream_handshake(&a->tls, a->fd, &events);
        if (r != 0)
            break;
        r = wait_for(a, events & EPOLLOUT ? POLLOUT : POLLIN);
        if (r < 0)
            break;
    }
    if (r < 0)
        return r;
    cert = SSL_get1_peer_certificate(a->tls.ssl);
    if (cert)
        fingerprint_format(cert, a->ret->fingerprint);
    X509_free(cert);
    return 0;
}

static int hear(struct ask *a)
{
    for (;;) {
        int r = tls_stream_read(&a->tls, a->fd, a->ret->data, sizeof(a->ret->data), &a->ret->len);

        if (r != 0)
            return r < 0 ? r : 0;
        r = wait_for(a, POLLIN);
        if (r < 0)
            return r;
    }
}

void tls_ask(const struct addr *to, const char *name, struct bytes question, unsigned limit_ms,
             struct tls_answer *ret)
{
    struct ask a = {.fd = -1, .deadline_ms = clock_ms() + limit_ms, .ret = ret};
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    int r = ctx ? tls_stream_init(&a.tls, ctx, false) : -ENOMEM;

    *ret = (struct tls_answer){.error = 0};
    if (r == 0 && SSL_set_tlsext_host_name(a.tls.ssl, name) != 1)
        r = -ENOMEM;
    if (r == 0)
        r = connect_to(&a, to);
    if (r == 0)
        r = handshake(&a);
    if (r == 0)
        r = tls_stream_write(&a.tls, a.fd, question);
    if (r == 0)
        r = hear(&a);
    ret->error = r;
    if (r < 0)
        snprintf(ret->message, sizeof(ret->message), "%s",
                 r == -EPROTO && a.tls.why ? a.tls.why : strerror(-r));
    if (r == 0)
        tls_stream_close(&a.tls, a.fd);
    tls_stream_done(&a.tls);
    SSL_CTX_free(ctx);
    if (a.fd >= 0)
        close(a.fd);
}
