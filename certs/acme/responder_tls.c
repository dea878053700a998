#include "acme/responder_internal.h"

#include "codec/proxy_header.h"
#include "acme/tls_stream.h"
#include "base/list.h"

#include <errno.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

static const uint8_t acme_protocol[] = "\x0a"
                                       "acme-tls/1";

struct connection {
    struct responder *responder;
    struct list node;
    struct loop_io io;
    struct loop_timer limit;
    int fd;
    bool wants_header;
    uint8_t header[PROXY_HEADER_MAX];
    size_t header_len;
    struct tls_stream tls;
};

static void connection_free(struct connection *c)
{
    loop_io_stop(&c->io);
    loop_timer_done(&c->limit);
    tls_stream_done(&c->tls);
    list_del(&c->node);
    c->responder->n_connections--;
    close(c->fd);
    free(c);
}

/* ---- what the client must ask for: RFC 8737 section 3 ---- */

/* Without ALPN nobody would be asked which protocol it is. */
static int on_client_hello(SSL *ssl, int *alert, void *arg)
{
    const unsigned char *extension;
    size_t len;

    (void) arg;
    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation,
                                  &extension, &len))
        return SSL_CLIENT_HELLO_SUCCESS;
    *alert = SSL_AD_NO_APPLICATION_PROTOCOL;
    return SSL_CLIENT_HELLO_ERROR;
}

static int on_protocols(SSL *ssl, const unsigned char **ret, unsigned char *ret_len,
                        const unsigned char *offered, unsigned len, void *arg)
{
    (void) ssl;
    (void) arg;
    for (unsigned i = 0; i < len; i += 1u + offered[i]) {
        if (offered[i] != acme_protocol[0] || len - i < sizeof(acme_protocol) - 1 ||
            memcmp(offered + i, acme_protocol, sizeof(acme_protocol) - 1) != 0)
            continue;
        *ret = offered + i + 1;
        *ret_len = offered[i];
        return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static int on_server_name(SSL *ssl, int *alert, void *arg)
{
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    const struct responder *r = arg;

    *alert = SSL_AD_UNRECOGNIZED_NAME;
    for (size_t i = 0; name && i < r->n; i++) {
        if (strcasecmp(r->proofs[i].name, name) != 0)
            continue;
        *alert = SSL_AD_INTERNAL_ERROR;
        return SSL_use_certificate(ssl, r->proofs[i].cert) == 1 &&
                       SSL_use_PrivateKey(ssl, r->proofs[i].key) == 1
                   ? SSL_TLSEXT_ERR_OK
                   : SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* ---- connections ---- */

/* What has come of the proxy's header. 1: all of it; the rest is given to TLS. */
static int read_header(struct connection *c)
{
    ssize_t n = recv(c->fd, c->header + c->header_len, sizeof(c->header) - c->header_len, 0);
    struct proxy_header h;
    int r;

    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    if (n == 0)
        return -ECONNRESET;
    c->header_len += (size_t) n;
    r = proxy_header_parse(bytes_of(c->header, c->header_len), &h);
    if (r < 0)
        return r == -EAGAIN && c->header_len < sizeof(c->header) ? 0 : -EBADMSG;
    c->wants_header = false;
    r = tls_stream_feed(&c->tls, bytes_of(c->header + h.len, c->header_len - h.len));
    return r < 0 ? r : 1;
}

static void on_ready(struct loop_io *io, uint32_t revents)
{
    struct connection *c = container_of(io, struct connection, io);
    uint32_t events = EPOLLIN;
    int r = 1;

    (void) revents;
    if (c->wants_header)
        r = read_header(c);
    if (r == 1)
        r = tls_stream_handshake(&c->tls, c->fd, &events);
    if (r == 0)
        r = loop_io_set_events(io, events);
    else if (r == 1) {
        c->responder->shown++;
        tls_stream_close(&c->tls, c->fd);
    }
    if (r != 0)
        connection_free(c);
}

static void on_limit(struct loop_timer *t)
{
    connection_free(container_of(t, struct connection, limit));
}

static void drop_oldest(struct responder *r)
{
    struct connection *c = list_first(&r->connections, struct connection, node);

    if (c)
        connection_free(c);
}

/* Takes over fd. */
static void connection_new(struct responder_listener *l, int fd)
{
    struct responder *r = l->responder;
    struct connection *c = calloc(1, sizeof(*c));

    if (!c || tls_stream_init(&c->tls, r->tls, true) < 0) {
        free(c);
        close(fd);
        return;
    }
    /* Those who hold on to theirs do not keep the CA out. */
    if (r->n_connections == RESPONDER_CONNECTIONS_MAX)
        drop_oldest(r);
    c->responder = r;
    c->fd = fd;
    c->wants_header = l->behind_proxy;
    list_append(&r->connections, &c->node);
    r->n_connections++;
    if (loop_io_start(&c->io, r->loop, fd, EPOLLIN, on_ready) < 0 ||
        loop_timer_start(&c->limit, r->loop, RESPONDER_LIMIT_MS * 1000ULL, on_limit) < 0)
        connection_free(c);
}

static void on_connection(struct loop_io *io, uint32_t revents)
{
    struct responder_listener *l = container_of(io, struct responder_listener, io);
    int fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    (void) revents;
    if (fd >= 0)
        connection_new(l, fd);
    else if (errno == EMFILE || errno == ENFILE)
        drop_oldest(l->responder);
}

/* ---- the server ---- */

int responder_tls_open(struct responder *r)
{
    r->tls = SSL_CTX_new(TLS_server_method());
    if (!r->tls || SSL_CTX_set_min_proto_version(r->tls, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_num_tickets(r->tls, 0) != 1)
        return -ENOMEM;
    SSL_CTX_set_options(r->tls, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_session_cache_mode(r->tls, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_client_hello_cb(r->tls, on_client_hello, NULL);
    SSL_CTX_set_alpn_select_cb(r->tls, on_protocols, NULL);
    SSL_CTX_set_tlsext_servername_callback(r->tls, on_server_name);
    SSL_CTX_set_tlsext_servername_arg(r->tls, r);
    return 0;
}

int responder_tls_add(struct responder *r, int fd, bool behind_proxy)
{
    struct responder_listener *l = &r->listeners[r->n_listeners];
    int error = r->n_listeners < RESPONDER_LISTENERS_MAX ? 0 : -ENOSPC;

    if (error == 0) {
        *l = (struct responder_listener){.responder = r, .fd = fd, .behind_proxy = behind_proxy};
        error = loop_io_start(&l->io, r->loop, fd, EPOLLIN, on_connection);
    }
    if (error < 0) {
        close(fd);
        return error;
    }
    r->n_listeners++;
    return 0;
}

void responder_tls_close(struct responder *r)
{
    struct connection *c;

    list_for_each (c, &r->connections, node)
        connection_free(c);
    for (size_t i = 0; i < r->n_listeners; i++) {
        loop_io_stop(&r->listeners[i].io);
        close(r->listeners[i].fd);
    }
    r->n_listeners = 0;
    SSL_CTX_free(r->tls);
    r->tls = NULL;
}
