/* turn_client.h: a TURN server on loopback in this thread, and clients that speak to it by hand.
 * The clock stands still unless a test moves it. */
#pragma once

#include "base/clock.h"
#include "base/crypto.h"
#include "net/udp_socket.h"
#include "turn/worker.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cmocka.h>

#define START_S 1700000000u /* the clock at the beginning of each test */
#define DAY_S 86400
#define SECRET "s3cret"
#define REALM "visavis"
#define GUARD_US (20 * 1000000u) /* a test that waits so long has failed */

struct server_under_test {
    struct loop *loop;
    struct turn_config config;
    struct auth auth;
    struct quota *quota;
    struct reservations *reservations;
    struct worker worker;
};

struct client {
    struct server_under_test *server;
    int fd;
    struct addr addr;
    struct addr target; /* of the server */
    char user[64];
    uint8_t key[16];
    char nonce[64];
    uint32_t n_requests;
    bool fingerprint;
    /* Another way than UDP; NULL: that. receive waits, and the bytes last until the next. */
    void (*send)(struct client *c, struct bytes message);
    struct bytes (*receive)(struct client *c);
    uint8_t tx[65536], rx[65536];
    struct stun reply; /* views into rx */
};

static inline struct addr ip(const char *text, uint16_t port)
{
    struct addr a;

    assert_int_equal(addr_parse_ip(text, port, &a), 0);
    return a;
}

/* Moves the clock to so many seconds after the start. */
static inline void at_s(uint64_t s)
{
    clock_fake((START_S + s) * 1000000);
}

/* Before server_start the test may change what it likes. */
static inline struct turn_config default_config(const char *listen_ip)
{
    return (struct turn_config){
        .listen = {{.addr = ip(listen_ip, 0)}},
        .n_listen = 1,
        .relay_ports = {57001, 65535},
        .user_quota = 10,
        .total_quota = 100,
        .n_threads = 1,
        .secret = SECRET,
        .realm = REALM,
    };
}

static inline void server_start(struct server_under_test *s, const struct turn_config *config)
{
    at_s(0);
    log_init("test", LOG_LEVEL_ERROR);
    memset(s, 0, sizeof(*s));
    s->config = *config;
    assert_int_equal(loop_new(&s->loop), 0);
    assert_int_equal(
        auth_init(&s->auth, config->secret, config->realm, (const uint8_t[NONCE_KEY_SIZE]){1}), 0);
    assert_int_equal(quota_new(config->total_quota, config->user_quota, &s->quota), 0);
    assert_int_equal(worker_init(&s->worker, s->loop, &s->config, &s->auth, s->quota), 0);
    assert_int_equal(reservations_new(s->quota, &s->reservations), 0);
    s->worker.turn.reservations = s->reservations;
}

static inline void server_end(struct server_under_test *s)
{
    worker_done(&s->worker);
    reservations_free(s->reservations);
    assert_int_equal(quota_count(s->quota), 0);
    quota_free(s->quota);
    auth_done(&s->auth);
    loop_free(s->loop);
    clock_fake(UINT64_MAX);
}

/* A policy of what a media daemon tells; unref it. */
static inline struct peers *peers_of(const struct addr *list, size_t n)
{
    struct peers_media *media = calloc(n, sizeof(*media));
    struct peers *peers;

    assert_non_null(media);
    for (size_t i = 0; i < n; i++)
        media[i].addr = list[i];
    assert_int_equal(peers_new(&(struct peers_rules){.media = media, .n_media = n}, &peers), 0);
    free(media);
    return peers;
}

static inline void set_peers(struct server_under_test *s, const struct addr *list, size_t n)
{
    turn_set_peers(&s->worker.turn, peers_of(list, n));
}

static inline uint64_t counted(const struct server_under_test *s, enum turn_stat which)
{
    return stats_get(&s->worker.turn.stats, which);
}

static inline size_t n_allocations(const struct server_under_test *s)
{
    return alloc_table_count(s->worker.turn.allocs);
}

/* A bound socket, for clients and peers. */
static inline int open_socket(const char *text, struct addr *ret_bound)
{
    struct addr any = ip(text, 0);
    int fd = udp_socket_open(&any, 0);

    assert_true(fd >= 0);
    assert_int_equal(addr_of_socket(fd, ret_bound), 0);
    return fd;
}

static inline void send_bytes(int fd, const struct addr *to, struct bytes datagram)
{
    struct sockaddr_storage sa;
    socklen_t len = addr_to_sockaddr(to, &sa);

    assert_int_equal(sendto(fd, datagram.p, datagram.len, 0, (struct sockaddr *) &sa, len),
                     datagram.len);
}

static inline void send_to(int fd, const struct addr *to, const char *text)
{
    send_bytes(fd, to, bytes_str(text));
}

/* What waits at the socket: its length, or -1 when there is nothing. */
static inline ssize_t receive_now(int fd, char *buf, size_t size, struct addr *ret_from)
{
    struct sockaddr_storage sa;
    socklen_t sa_len = sizeof(sa);
    ssize_t n = recvfrom(fd, buf, size - 1, 0, (struct sockaddr *) &sa, &sa_len);

    if (n < 0)
        return -1;
    buf[n] = '\0';
    assert_int_equal(addr_from_sockaddr((struct sockaddr *) &sa, sa_len, ret_from), 0);
    return n;
}

/* The password that the user name has, as a client computes it. */
static inline void client_set_user(struct client *c, const char *secret, const char *user)
{
    uint8_t mac[SHA1_SIZE];
    char password[BASE64_SIZE(SHA1_SIZE)];
    struct bytes name;

    snprintf(c->user, sizeof(c->user), "%s", user);
    name = bytes_str(c->user);
    assert_int_equal(hmac_sha1(bytes_str(secret), &name, 1, mac), 0);
    assert_int_equal(base64_encode(bytes_of(mac, sizeof(mac)), password, sizeof(password)), 0);
    assert_int_equal(stun_long_term_key(name, bytes_str(REALM), bytes_str(password), c->key), 0);
}

/* A user name of its own, valid for a day. */
static inline void client_set_user_of_today(struct client *c)
{
    char user[64];

    snprintf(user, sizeof(user), "%u:%u", START_S + DAY_S, c->addr.port);
    client_set_user(c, SECRET, user);
}

/* target_ip: the address of the server to send to. The user name is valid for a day. */
static inline void client_open(struct client *c, struct server_under_test *s, const char *own_ip,
                               const char *target_ip)
{
    memset(c, 0, sizeof(*c));
    c->server = s;
    c->fd = open_socket(own_ip, &c->addr);
    c->target = ip(target_ip, s->worker.listeners[0].bound.port);
    client_set_user_of_today(c);
}

static inline void client_close(struct client *c)
{
    close(c->fd);
}

static inline void on_client_readable(struct loop_io *io, uint32_t revents)
{
    (void) revents;
    loop_quit(io->loop, 0);
}

static inline void on_guard(struct loop_timer *t)
{
    loop_quit(t->loop, 1);
}

static inline void client_send(struct client *c, struct bytes datagram)
{
    if (c->send) {
        c->send(c, datagram);
        return;
    }
    send_bytes(c->fd, &c->target, datagram);
}

/* Runs the server until the socket has something to read. */
static inline void await_readable(struct server_under_test *s, int fd)
{
    struct loop_timer guard = {0};
    struct loop_io io;

    assert_int_equal(loop_io_start(&io, s->loop, fd, EPOLLIN, on_client_readable), 0);
    assert_int_equal(loop_timer_start(&guard, s->loop, GUARD_US, on_guard), 0);
    assert_int_equal(loop_run(s->loop), 0);
    loop_timer_done(&guard);
    loop_io_stop(&io);
}

/* Runs the server until a datagram comes back; it came from where we sent to. */
static inline struct bytes client_receive(struct client *c)
{
    struct addr from;
    ssize_t n;

    if (c->receive)
        return c->receive(c);
    await_readable(c->server, c->fd);
    n = receive_now(c->fd, (char *) c->rx, sizeof(c->rx), &from);
    assert_true(n >= 0);
    assert_true(addr_eq(&from, &c->target));
    return bytes_of(c->rx, (size_t) n);
}

/* A request with a new transaction id; put attributes, then exchange. */
static inline struct wr client_request(struct client *c, enum stun_method method)
{
    uint8_t tid[STUN_TID_SIZE] = {0};
    struct wr w = wr_init(c->tx, sizeof(c->tx));

    c->n_requests++;
    memcpy(tid, &c->n_requests, sizeof(c->n_requests));
    stun_begin(&w, STUN_REQUEST, method, tid);
    return w;
}

/* 0 for success, or the error code. A new nonce is kept. */
static inline unsigned client_await(struct client *c, enum stun_method method)
{
    struct stun *m = &c->reply;

    assert_int_equal(stun_decode(client_receive(c), m), 0);
    assert_int_equal(m->method, method);
    assert_memory_equal(m->tid, &c->n_requests, sizeof(c->n_requests));
    assert_int_equal(m->has_fingerprint, c->fingerprint);
    if (c->fingerprint)
        assert_true(m->fingerprint_ok);
    if (m->nonce.p) {
        assert_true(m->nonce.len < sizeof(c->nonce));
        memcpy(c->nonce, m->nonce.p, m->nonce.len);
        c->nonce[m->nonce.len] = '\0';
    }
    if (m->class == STUN_SUCCESS)
        return 0;
    assert_int_equal(m->class, STUN_ERROR);
    assert_true(m->has_error);
    return m->error_code;
}

static inline unsigned client_exchange_unsigned(struct client *c, struct wr *w)
{
    size_t len;

    if (c->fingerprint)
        stun_put_fingerprint(w);
    assert_int_equal(stun_finish(w, &len), 0);
    client_send(c, bytes_of(c->tx, len));
    return client_await(c, (enum stun_method)(c->tx[1] & 0xf));
}

/* Signs, sends, and waits for the answer; one that the server could sign is signed. */
static inline unsigned client_exchange(struct client *c, struct wr *w)
{
    unsigned code;

    stun_put_bytes(w, STUN_ATTR_USERNAME, bytes_str(c->user));
    stun_put_bytes(w, STUN_ATTR_REALM, bytes_str(REALM));
    stun_put_bytes(w, STUN_ATTR_NONCE, bytes_str(c->nonce));
    stun_put_integrity(w, bytes_of(c->key, sizeof(c->key)));
    code = client_exchange_unsigned(c, w);
    if (code != 401 && code != 438 && code != 400)
        assert_true(stun_integrity_ok(&c->reply, bytes_of(c->key, sizeof(c->key))));
    return code;
}

/* What was sent before has been dealt with, and nothing came back. */
static inline void client_expect_silence(struct client *c)
{
    struct wr w = client_request(c, STUN_BINDING);

    assert_int_equal(client_exchange_unsigned(c, &w), 0);
}

static inline void client_get_nonce(struct client *c)
{
    struct wr w = client_request(c, STUN_ALLOCATE);

    stun_put_u32(&w, STUN_ATTR_REQUESTED_TRANSPORT, 17u << 24);
    assert_int_equal(client_exchange_unsigned(c, &w), 401);
}

/* With a fresh nonce. */
static inline unsigned client_allocate(struct client *c)
{
    struct wr w;

    client_get_nonce(c);
    w = client_request(c, STUN_ALLOCATE);
    stun_put_u32(&w, STUN_ATTR_REQUESTED_TRANSPORT, 17u << 24);
    return client_exchange(c, &w);
}

static inline unsigned client_permit(struct client *c, const struct addr *peer)
{
    struct wr w = client_request(c, STUN_CREATE_PERMISSION);

    stun_put_xor_addr(&w, STUN_ATTR_XOR_PEER_ADDRESS, peer);
    return client_exchange(c, &w);
}

static inline unsigned client_bind(struct client *c, uint16_t channel, const struct addr *peer)
{
    struct wr w = client_request(c, STUN_CHANNEL_BIND);

    stun_put_channel(&w, channel);
    stun_put_xor_addr(&w, STUN_ATTR_XOR_PEER_ADDRESS, peer);
    return client_exchange(c, &w);
}

static inline unsigned client_refresh(struct client *c, uint32_t lifetime_s)
{
    struct wr w = client_request(c, STUN_REFRESH);

    stun_put_u32(&w, STUN_ATTR_LIFETIME, lifetime_s);
    return client_exchange(c, &w);
}

static inline void client_send_indication(struct client *c, const struct addr *peer,
                                          const char *text)
{
    static const uint8_t tid[STUN_TID_SIZE] = {9};
    struct wr w = wr_init(c->tx, sizeof(c->tx));
    size_t len;

    stun_begin(&w, STUN_INDICATION, STUN_SEND, tid);
    stun_put_xor_addr(&w, STUN_ATTR_XOR_PEER_ADDRESS, peer);
    stun_put_bytes(&w, STUN_ATTR_DATA, bytes_str(text));
    assert_int_equal(stun_finish(&w, &len), 0);
    client_send(c, bytes_of(c->tx, len));
}

static inline void client_send_channel(struct client *c, uint16_t channel, const char *text)
{
    size_t len;

    assert_int_equal(chandata_encode(c->tx, sizeof(c->tx), channel, bytes_str(text), &len), 0);
    client_send(c, bytes_of(c->tx, len));
}
