/* turn_dtls.h: clients of turn_client.h in DTLS. Their timers stand still: what is lost, the server
 * has to send again. */
#pragma once

#include "turn_tls.h"

#include "tests/lib/free_port.h"

struct dtls_client {
    struct client c;
    SSL *ssl;
    bool ended; /* by the server */
    uint8_t rx[20000];
};

static inline struct turn_config dtls_config(const char *listen_ip)
{
    struct turn_config config = stream_config(TRANSPORT_DTLS, listen_ip);

    config.listen[0].addr.port = free_port();
    assert_int_not_equal(config.listen[0].addr.port, 0);
    return config;
}

static inline void dtls_send(struct client *c, struct bytes message)
{
    struct dtls_client *dc = container_of(c, struct dtls_client, c);

    assert_int_equal(SSL_write(dc->ssl, message.p, (int) message.len), message.len);
}

/* One message, or nothing when there is none now. */
static inline struct bytes dtls_receive_now(struct dtls_client *dc)
{
    int n = SSL_read(dc->ssl, dc->rx, sizeof(dc->rx));

    if (n > 0)
        return bytes_of(dc->rx, (size_t) n);
    dc->ended = SSL_get_error(dc->ssl, n) == SSL_ERROR_ZERO_RETURN;
    return bytes_of(NULL, 0);
}

static inline struct bytes dtls_receive(struct client *c)
{
    struct dtls_client *dc = container_of(c, struct dtls_client, c);
    struct bytes message;

    while ((message = dtls_receive_now(dc)).len == 0) {
        assert_false(dc->ended);
        await_readable(c->server, c->fd);
    }
    return message;
}

/* own's port 0: any. */
static inline int connected_udp(const struct addr *own, const struct addr *to)
{
    struct sockaddr_storage sa;
    socklen_t len = addr_to_sockaddr(to, &sa);
    int fd = udp_socket_open(own, 0);

    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *) &sa, len), 0);
    return fd;
}

/* A new session from the same port. */
static inline void dtls_again(struct dtls_client *dc, SSL_CTX *ctx)
{
    BIO *bio = BIO_new_dgram(dc->c.fd, BIO_NOCLOSE);
    struct sockaddr_storage sa;

    (void) addr_to_sockaddr(&dc->c.target, &sa);
    assert_non_null(bio);
    (void) BIO_ctrl_set_connected(bio, &sa);
    SSL_free(dc->ssl);
    dc->ssl = SSL_new(ctx);
    assert_non_null(dc->ssl);
    SSL_set_bio(dc->ssl, bio, bio);
    SSL_set_connect_state(dc->ssl);
    SSL_set_options(dc->ssl, SSL_OP_NO_QUERY_MTU);
    DTLS_set_link_mtu(dc->ssl, 1200);
    dc->ended = false;
}

/* Ready for dtls_handshake(). */
static inline void dtls_open(struct dtls_client *dc, struct server_under_test *s, SSL_CTX *ctx,
                             const char *own_ip)
{
    struct addr own = ip(own_ip, 0);

    memset(dc, 0, sizeof(*dc));
    dc->c.server = s;
    dc->c.target = s->config.listen[0].addr;
    dc->c.fd = connected_udp(&own, &dc->c.target);
    assert_int_equal(addr_of_socket(dc->c.fd, &dc->c.addr), 0);
    dc->c.send = dtls_send;
    dc->c.receive = dtls_receive;
    client_set_user_of_today(&dc->c);
    dtls_again(dc, ctx);
}

/* A step of the handshake: true when it is done. */
static inline bool dtls_step(struct dtls_client *dc)
{
    int r = SSL_do_handshake(dc->ssl);

    if (r == 1)
        return true;
    assert_int_equal(SSL_get_error(dc->ssl, r), SSL_ERROR_WANT_READ);
    return false;
}

static inline void dtls_handshake(struct dtls_client *dc)
{
    while (!dtls_step(dc))
        await_readable(dc->c.server, dc->c.fd);
}

static inline void dtls_close(struct dtls_client *dc)
{
    SSL_free(dc->ssl);
    close(dc->c.fd);
}
