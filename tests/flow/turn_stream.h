/* turn_stream.h: clients of turn_client.h over TCP. */
#pragma once

#include "codec/turn_stream.h"
#include "turn_client.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>

/* Too much for a frame of its own where there are many. */
struct stream_client {
    struct client c;
    uint8_t rx[256 * 1024];
    size_t rx_len, rx_taken; /* what is before rx_taken was given out */
    bool ended;              /* by the server */

    /* What it puts on TCP; NULL: nothing. */
    void (*write)(struct stream_client *sc, struct bytes b);
    void (*read)(struct stream_client *sc);
    void *tls;
};

static inline struct turn_config stream_config(enum transport_kind kind, const char *listen_ip)
{
    struct turn_config config = default_config(listen_ip);

    config.listen[0].kind = kind;
    return config;
}

/* A small buffer, so that tests can fill it; 0: as the kernel has it. */
static inline int tcp_connect(const struct addr *to, int receive_buffer)
{
    struct sockaddr_storage sa;
    socklen_t len = addr_to_sockaddr(to, &sa);
    int fd = socket(to->family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    if (receive_buffer > 0)
        assert_int_equal(
            setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer)), 0);
    assert_int_equal(connect(fd, (struct sockaddr *) &sa, len), 0);
    assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int)), 0);
    assert_int_equal(ioctl(fd, FIONBIO, &(int){1}), 0);
    return fd;
}

struct pause {
    struct loop_timer timer;
    struct loop_defer end;
};

static inline void on_pause_end(struct loop_defer *d)
{
    loop_quit(d->loop, 0);
}

static inline void on_pause_over(struct loop_timer *t)
{
    loop_defer_arm(&container_of(t, struct pause, timer)->end);
}

/* Has the server do what is there to do, however long the machine lets it wait: the pause ends
 * behind whatever else is ready or put off. */
static inline void let_run(struct server_under_test *s)
{
    struct pause p = {0};

    assert_int_equal(loop_defer_init(&p.end, s->loop, on_pause_end), 0);
    assert_int_equal(loop_timer_start(&p.timer, s->loop, 2000, on_pause_over), 0);
    assert_int_equal(loop_run(s->loop), 0);
    loop_timer_done(&p.timer);
    loop_defer_done(&p.end);
}

/* Raw bytes; the server reads when the socket is full. */
static inline void stream_put_raw(struct stream_client *sc, struct bytes b)
{
    while (b.len > 0) {
        ssize_t n = send(sc->c.fd, b.p, b.len, MSG_NOSIGNAL);

        if (n < 0 && errno == EAGAIN) {
            let_run(sc->c.server);
            continue;
        }
        assert_true(n > 0);
        b = bytes_of(b.p + n, b.len - (size_t) n);
    }
}

static inline void stream_get_raw(struct stream_client *sc)
{
    ssize_t n = recv(sc->c.fd, sc->rx + sc->rx_len, sizeof(sc->rx) - sc->rx_len, 0);

    if (n > 0)
        sc->rx_len += (size_t) n;
    else if (n == 0 || errno != EAGAIN)
        sc->ended = true;
}

/* Message and padding. */
static inline void stream_send(struct client *c, struct bytes message)
{
    struct stream_client *sc = container_of(c, struct stream_client, c);

    sc->write(sc, message);
    sc->write(sc, bytes_of("\0\0\0", -message.len & 3));
}

/* The next message, if it has come whole. */
static inline bool stream_next(struct stream_client *sc, struct bytes *ret)
{
    struct bytes in = bytes_of(sc->rx + sc->rx_taken, sc->rx_len - sc->rx_taken);
    size_t taken;
    int r = turn_stream_next(in, TURN_STREAM_MESSAGE_MAX, ret, &taken);

    assert_true(r == 0 || r == -EAGAIN);
    if (r == 0)
        sc->rx_taken += taken;
    return r == 0;
}

static inline struct bytes stream_receive(struct client *c)
{
    struct stream_client *sc = container_of(c, struct stream_client, c);
    struct bytes message;

    while (!stream_next(sc, &message)) {
        assert_false(sc->ended);
        memmove(sc->rx, sc->rx + sc->rx_taken, sc->rx_len - sc->rx_taken);
        sc->rx_len -= sc->rx_taken;
        sc->rx_taken = 0;
        await_readable(c->server, c->fd);
        sc->read(sc);
    }
    return message;
}

/* The server ends the connection; what came before is in rx. */
static inline void stream_await_end(struct stream_client *sc)
{
    while (!sc->ended) {
        await_readable(sc->c.server, sc->c.fd);
        sc->read(sc);
    }
}

static inline bool stream_has_ended(struct stream_client *sc)
{
    let_run(sc->c.server);
    sc->read(sc);
    return sc->ended;
}

static inline void stream_connect(struct stream_client *sc, struct server_under_test *s,
                                  const char *target_ip, int receive_buffer)
{
    memset(sc, 0, sizeof(*sc));
    sc->c.server = s;
    sc->c.target = ip(target_ip, s->worker.tcp_listeners[0].tcp.bound.port);
    sc->c.fd = tcp_connect(&sc->c.target, receive_buffer);
    assert_int_equal(addr_of_socket(sc->c.fd, &sc->c.addr), 0);
    sc->c.send = stream_send;
    sc->c.receive = stream_receive;
    sc->write = stream_put_raw;
    sc->read = stream_get_raw;
    client_set_user_of_today(&sc->c);
}

static inline void stream_close(struct stream_client *sc)
{
    close(sc->c.fd);
}

/* Of what the peer's socket gets next. */
static inline size_t peer_receive(struct server_under_test *s, int fd, char *buf, size_t size,
                                  struct addr *ret_from)
{
    ssize_t n;

    await_readable(s, fd);
    n = receive_now(fd, buf, size, ret_from);
    assert_true(n >= 0);
    return (size_t) n;
}

/* With an allocation and channel 0x4001 to a peer, whose socket is returned. */
static inline int stream_with_channel(struct stream_client *sc, const char *peer_ip,
                                      struct addr *ret_peer, struct addr *ret_relayed)
{
    int fd = open_socket(peer_ip, ret_peer);

    set_peers(sc->c.server, ret_peer, 1);
    assert_int_equal(client_allocate(&sc->c), 0);
    *ret_relayed = sc->c.reply.xor_relayed;
    assert_int_equal(client_bind(&sc->c, 0x4001, ret_peer), 0);
    return fd;
}

/* Both ways, by indications and a channel; the relay has the peer's family. */
static inline void stream_exchange_data(struct stream_client *sc, const char *peer_ip, int family)
{
    struct addr peer, relayed, from;
    struct bytes data, message;
    uint16_t channel;
    char buf[2048];
    struct wr w;
    int fd = open_socket(peer_ip, &peer);

    set_peers(sc->c.server, &peer, 1);
    client_get_nonce(&sc->c);
    w = client_request(&sc->c, STUN_ALLOCATE);
    stun_put_u32(&w, STUN_ATTR_REQUESTED_TRANSPORT, 17u << 24);
    if (family == AF_INET6)
        stun_put_u32(&w, STUN_ATTR_REQUESTED_ADDRESS_FAMILY, 2u << 24);
    assert_int_equal(client_exchange(&sc->c, &w), 0);
    relayed = sc->c.reply.xor_relayed;
    assert_int_equal(relayed.family, family);
    assert_int_equal(client_permit(&sc->c, &peer), 0);

    client_send_indication(&sc->c, &peer, "one");
    assert_int_equal(peer_receive(sc->c.server, fd, buf, sizeof(buf), &from), 3);
    assert_true(addr_eq(&from, &relayed));
    send_to(fd, &relayed, "two22");
    assert_int_equal(stun_decode(client_receive(&sc->c), &sc->c.reply), 0);
    assert_int_equal(sc->c.reply.method, STUN_DATA);
    assert_true(bytes_eq_str(sc->c.reply.data, "two22"));

    assert_int_equal(client_bind(&sc->c, 0x4001, &peer), 0);
    for (size_t len = 0; len < 9; len++) { /* any padding */
        char text[] = "123456789";

        text[len] = '\0';
        client_send_channel(&sc->c, 0x4001, text);
        assert_int_equal(peer_receive(sc->c.server, fd, buf, sizeof(buf), &from), len);
        assert_string_equal(buf, text);
        send_to(fd, &relayed, text);
        message = client_receive(&sc->c);
        assert_int_equal(chandata_decode(message, &channel, &data), 0);
        assert_int_equal(channel, 0x4001);
        assert_true(bytes_eq_str(data, text));
    }
    client_expect_silence(&sc->c);
    close(fd);
}
