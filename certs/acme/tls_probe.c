#include "acme/tls_probe.h"

#include "acme/tls_stream.h"

#include <errno.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>

struct probe {
    struct loop *loop;
    struct loop_io io;
    struct loop_timer limit;
    int fd;
    struct tls_stream tls;
    bool done;
    struct tls_probed *ret;
};

static void end(struct probe *p, int error, const char *message)
{
    p->ret->error = error;
    snprintf(p->ret->message, sizeof(p->ret->message), "%s",
             message      ? message
             : error == 0 ? ""
                          : strerror(-error));
    p->done = true;
    loop_quit(p->loop, 0);
}

static void on_limit(struct loop_timer *t)
{
    end(container_of(t, struct probe, limit), -ETIMEDOUT, NULL);
}

static void on_ready(struct loop_io *io, uint32_t revents)
{
    struct probe *p = container_of(io, struct probe, io);
    socklen_t len = sizeof(int);
    uint32_t events = EPOLLIN;
    int r = 0;

    (void) revents;
    if (!p->ret->connected) {
        if (getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &r, &len) == 0 && r != 0) {
            end(p, -r, NULL);
            return;
        }
        p->ret->connected = true;
    }
    r = tls_stream_handshake(&p->tls, p->fd, &events);
    if (r == 0)
        r = loop_io_set_events(io, events);
    else
        end(p, r == 1 ? 0 : r, r == -EPROTO ? p->tls.why : NULL);
    if (r < 0 && !p->done)
        end(p, r, NULL);
}

/* ---- setting up ---- */

static bool set_up_tls(SSL *ssl, const char *name, const char *protocol)
{
    uint8_t list[64];
    size_t n = strlen(protocol);

    if (n == 0 || n >= sizeof(list))
        return false;
    list[0] = (uint8_t) n;
    memcpy(list + 1, protocol, n);
    return SSL_set_alpn_protos(ssl, list, (unsigned) n + 1) == 0 &&
           SSL_set_tlsext_host_name(ssl, name) == 1;
}

static int start(struct probe *p, const struct addr *to, unsigned limit_ms)
{
    struct sockaddr_storage ss;
    socklen_t len = addr_to_sockaddr(to, &ss);
    int r;

    p->fd = socket(to->family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (p->fd < 0)
        return -errno;
    if (connect(p->fd, (struct sockaddr *) &ss, len) < 0 && errno != EINPROGRESS)
        return -errno;
    r = loop_io_start(&p->io, p->loop, p->fd, EPOLLOUT, on_ready);
    return r < 0 ? r : loop_timer_start(&p->limit, p->loop, limit_ms * 1000ULL, on_limit);
}

static void look_at(SSL *ssl, const char *protocol, struct tls_probed *ret)
{
    const unsigned char *chosen;
    unsigned len;

    SSL_get0_alpn_selected(ssl, &chosen, &len);
    ret->agreed = bytes_eq_str(bytes_of(chosen, len), protocol);
    ret->cert = SSL_get1_peer_certificate(ssl);
}

int tls_probe(struct loop *l, const struct addr *to, const char *name, const char *protocol,
              unsigned limit_ms, struct tls_probed *ret)
{
    struct probe p = {.loop = l, .fd = -1, .ret = ret};
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    int r = ctx ? tls_stream_init(&p.tls, ctx, false) : -ENOMEM;

    *ret = (struct tls_probed){0};
    if (r == 0 && !set_up_tls(p.tls.ssl, name, protocol))
        r = -ENOMEM;
    if (r == 0)
        r = start(&p, to, limit_ms);
    if (r < 0)
        end(&p, r, NULL);
    (void) loop_run(l);
    r = p.done ? 0 : -EINTR;
    if (p.done && ret->error == 0) {
        look_at(p.tls.ssl, protocol, ret);
        tls_stream_close(&p.tls, p.fd);
    }
    loop_io_stop(&p.io);
    loop_timer_done(&p.limit);
    tls_stream_done(&p.tls);
    SSL_CTX_free(ctx);
    if (p.fd >= 0)
        close(p.fd);
    return r;
}

void tls_probed_done(struct tls_probed *p)
{
    X509_free(p->cert);
    p->cert = NULL;
}
