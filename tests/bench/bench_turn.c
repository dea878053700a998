/* What visavis-turn costs: CPU per relayed packet, ChannelData from a hundred clients to a peer and
 * back; beside coturn, if it is installed, and beside a process that does no more than receive and
 * send, all under the same load. On the loopback. */
#include "base/clock.h"
#include "base/crypto.h"
#include "base/rnd.h"
#include "codec/stun.h"
#include "link/link.h"
#include "tests/lib/loopback.h"
#include "tests/lib/measure.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#define CLIENTS 100
#define BEAT_US 20000 /* of each client: a packet to the peer, and one back */
#define WINDOW_US 500000
#define START_US 20000000
#define TAKE_US 50000    /* for the daemon to take what the control socket said */
#define ANSWER_US 300000 /* then the request is sent again */
#define CHANNEL 0x4001
#define DATAGRAM_MAX 2048
#define BATCH 32
#define COTURN "/usr/bin/turnserver"
#define SECRET "bench-secret"
#define REALM "visavis"

static const size_t sizes[] = {1000, 120};

struct bench;

struct client {
    struct bench *bench;
    int fd;
    struct addr addr, relayed;
    struct loop_fd io;
    struct loop_timer beat;
    uint64_t due_us, n_in;
};

/* One who relays, and what is around it. */
struct bench {
    struct loop *loop;
    struct loop_set *set;
    struct child *child;
    size_t size; /* of the data of a packet */
    double kib_each;
    struct client clients[CLIENTS];
    int peer_fd;
    struct loop_fd peer_io;
    struct addr peer;
    uint64_t peer_in;
    uint64_t n_sent; /* both ways */
};

/* Who relays. */
struct server {
    const char *name;
    int (*start)(struct bench *b, struct child *c, const struct addr *listen);
    bool speaks_turn;
};

/* ---- sockets ---- */

static int open_socket(const struct addr *to, struct addr *ret_addr)
{
    struct timeval patience = {.tv_usec = ANSWER_US};
    int fd = loopback_open(to, ret_addr);

    measure_check(fd, "socket");
    (void) setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    return fd;
}

static void send_to(int fd, const void *data, size_t len, const struct addr *to)
{
    struct sockaddr_storage sa;
    socklen_t sa_len = addr_to_sockaddr(to, &sa);

    (void) sendto(fd, data, len, 0, (struct sockaddr *) &sa, sa_len); /* what is lost shows */
}

/* ---- a client's two requests, one after the other ---- */

struct credentials {
    char username[32], nonce[128];
    size_t nonce_len;
    uint8_t key[16];
};

static void make_credentials(struct credentials *c)
{
    struct bytes name;
    uint8_t mac[SHA1_SIZE];
    char password[BASE64_SIZE(SHA1_SIZE)];

    snprintf(c->username, sizeof(c->username), "%" PRIu64 ":bench", clock_wall_ms() / 1000 + 3600);
    name = bytes_str(c->username);
    measure_check(hmac_sha1(bytes_str(SECRET), &name, 1, mac), "hmac");
    measure_check(base64_encode(bytes_of(mac, sizeof(mac)), password, sizeof(password)), "base64");
    measure_check(stun_long_term_key(name, bytes_str(REALM), bytes_str(password), c->key), "key");
    c->nonce_len = 0;
}

static size_t put_request(const struct bench *b, enum stun_method method,
                          const struct credentials *cr, uint8_t *buf, size_t cap)
{
    struct wr w = wr_init(buf, cap);
    uint8_t tid[STUN_TID_SIZE];
    size_t len;

    rnd_bytes(tid, sizeof(tid));
    stun_begin(&w, STUN_REQUEST, method, tid);
    if (method == STUN_ALLOCATE) {
        stun_put_u32(&w, STUN_ATTR_REQUESTED_TRANSPORT, IPPROTO_UDP << 24);
    } else {
        stun_put_channel(&w, CHANNEL);
        stun_put_xor_addr(&w, STUN_ATTR_XOR_PEER_ADDRESS, &b->peer);
    }
    if (cr->nonce_len) {
        stun_put_bytes(&w, STUN_ATTR_USERNAME, bytes_str(cr->username));
        stun_put_bytes(&w, STUN_ATTR_REALM, bytes_str(REALM));
        stun_put_bytes(&w, STUN_ATTR_NONCE, bytes_of(cr->nonce, cr->nonce_len));
        stun_put_integrity(&w, bytes_of(cr->key, sizeof(cr->key)));
    }
    measure_check(stun_finish(&w, &len), "request");
    return len;
}

/* Again and again until the server is up and says yes; a 401 gives the nonce. */
static void request(struct client *c, enum stun_method method, struct credentials *cr)
{
    uint64_t deadline_us = clock_us() + START_US;
    uint8_t buf[1024];
    struct stun m;

    while (clock_us() < deadline_us) {
        ssize_t n;

        (void) send(c->fd, buf, put_request(c->bench, method, cr, buf, sizeof(buf)), 0);
        n = recv(c->fd, buf, sizeof(buf), 0);
        if (n < 0 && errno == ECONNREFUSED)
            usleep(10000);
        if (n <= 0 || stun_decode(bytes_of(buf, (size_t) n), &m) < 0 || m.method != method)
            continue;
        if (m.class == STUN_SUCCESS) {
            if (method == STUN_ALLOCATE)
                c->relayed = m.xor_relayed;
            return;
        }
        if (m.error_code != 401 || m.nonce.len == 0 || m.nonce.len > sizeof(cr->nonce)) {
            fprintf(stderr, "the server refused request %x: %u\n", method, m.error_code);
            exit(EXIT_FAILURE);
        }
        memcpy(cr->nonce, m.nonce.p, m.nonce.len);
        cr->nonce_len = m.nonce.len;
    }
    measure_check(-ETIMEDOUT, "the server's answer");
}

static void allocate(struct client *c)
{
    struct credentials cr = {.nonce_len = 0};

    make_credentials(&cr);
    request(c, STUN_ALLOCATE, &cr);
    request(c, STUN_CHANNEL_BIND, &cr);
}

/* ---- load ---- */

static void on_beat(struct loop_timer *t)
{
    struct client *c = container_of(t, struct client, beat);
    struct bench *b = c->bench;
    uint8_t data[DATAGRAM_MAX] = {0}, packet[DATAGRAM_MAX];
    uint64_t now_us;
    size_t len;

    if (chandata_encode(packet, sizeof(packet), CHANNEL, bytes_of(data, b->size), &len) == 0)
        (void) send(c->fd, packet, len, 0);
    send_to(b->peer_fd, data, b->size, &c->relayed);
    b->n_sent += 2;
    c->due_us += BEAT_US;
    now_us = clock_us();
    loop_timer_start(t, b->loop, c->due_us > now_us ? c->due_us - now_us : 0, on_beat);
}

static void on_client(struct loop_fd *io, uint32_t revents)
{
    (void) revents;
    container_of(io, struct client, io)->n_in += loopback_drain(io->fd);
}

static void on_peer(struct loop_fd *io, uint32_t revents)
{
    (void) revents;
    container_of(io, struct bench, peer_io)->peer_in += loopback_drain(io->fd);
}

static uint64_t count_arrived(void *bench)
{
    const struct bench *b = bench;
    uint64_t n = b->peer_in;

    for (unsigned i = 0; i < CLIENTS; i++)
        n += b->clients[i].n_in;
    return n;
}

static uint64_t count_due(void *bench)
{
    return ((const struct bench *) bench)->n_sent;
}

static void start_load(void *bench)
{
    struct bench *b = bench;

    for (unsigned i = 0; i < CLIENTS; i++) {
        struct client *c = &b->clients[i];
        uint64_t offset_us = BEAT_US * i / CLIENTS;

        c->due_us = clock_us() + offset_us;
        measure_check(loop_timer_start(&c->beat, b->loop, offset_us, on_beat), "timer");
    }
}

static void stop_load(void *bench)
{
    struct bench *b = bench;

    for (unsigned i = 0; i < CLIENTS; i++)
        loop_timer_stop(&b->clients[i].beat);
}

/* ---- who relays: ours, told by a media daemon of ours which peer is allowed ---- */

struct control {
    struct bench *bench;
    struct link *link;
    struct link_listener *listener;
    bool greeted;
};

static void on_request(struct link *k, const char *method, json_t *params, struct link_request *rq,
                       void *arg)
{
    struct control *c = arg;

    (void) k, (void) method, (void) params;
    link_reply(rq, json_pack("{s:s, s:s, s:[{s:s, s:i}]}", "node", "bench", "instance", "bench",
                             "peers", "ip", "127.0.0.1", "port", (int) c->bench->peer.port));
    c->greeted = true;
    loop_quit(c->bench->loop, 0);
}

static void on_accept(struct link_listener *ls, int fd, void *arg)
{
    static const struct link_handlers handlers = {.on_request = on_request};
    struct control *c = arg;

    (void) ls;
    measure_check(link_new(c->bench->loop, fd, &handlers, c, &c->link), "control link");
}

static int start_ours(struct bench *b, struct child *child, const struct addr *listen)
{
    static struct control c;
    char path[CHILD_PATH_SIZE], text[ADDR_TEXT_SIZE];
    int r;

    c = (struct control){.bench = b};
    child_path(child, "control", path);
    r = link_listen(b->loop, path, on_accept, &c, &c.listener);
    if (r == 0)
        r = child_write(child, "config",
                        "listen = [\"udp:%s\"];\nsecret = \"%s\";\nrealm = \"%s\";\n"
                        "media = [\"%s\"];\nrelay_min = 20000;\nrelay_max = 24999;\n",
                        addr_format(listen, text), SECRET, REALM, path);
    if (r == 0)
        r = child_start_daemon(child, "visavis-turn");
    if (r == 0) {
        r = measure_pause(b->loop, START_US); /* on_request() ends it early */
        if (r == 0 && !c.greeted)
            r = -ETIMEDOUT;
    }
    if (r == 0)
        r = measure_pause(b->loop, TAKE_US);
    link_free(c.link);
    link_listener_free(c.listener);
    return r;
}

/* ---- who relays: coturn ---- */

static int start_coturn(struct bench *b, struct child *child, const struct addr *listen)
{
    char program[] = COTURN, option[] = "-c", config[CHILD_PATH_SIZE];
    char log[CHILD_PATH_SIZE], db[CHILD_PATH_SIZE], pid[CHILD_PATH_SIZE];
    char *argv[] = {program, option, config, NULL};
    int r = child_write(child, "config",
                        "listening-ip=127.0.0.1\nlistening-port=%u\nrelay-ip=127.0.0.1\n"
                        "min-port=25000\nmax-port=30000\nrelay-threads=1\n"
                        "use-auth-secret\nstatic-auth-secret=%s\nrealm=%s\n"
                        "allow-loopback-peers\nno-cli\nno-tls\nno-dtls\nno-stdout-log\n"
                        "log-file=%s\nuserdb=%s\npidfile=%s\n",
                        listen->port, SECRET, REALM, child_path(child, "turn.log", log),
                        child_path(child, "turn.db", db), child_path(child, "turn.pid", pid));

    (void) b;
    child_path(child, "config", config);
    return r < 0 ? r : child_start(child, argv);
}

/* ---- who relays: the floor, one socket for the clients and one for each allocation ---- */

struct floor {
    int fd, epoll_fd;
    int relay_fd[CLIENTS];
    struct sockaddr_in peer, clients[CLIENTS];
    uint16_t by_port[UINT16_MAX + 1]; /* a client's port: its number */
    bool batched;
};

static void floor_send(const struct floor *f, int fd, struct mmsghdr *m, unsigned n)
{
    if (f->batched) {
        (void) sendmmsg(fd, m, n, 0);
        return;
    }
    for (unsigned i = 0; i < n; i++)
        (void) sendmsg(fd, &m[i].msg_hdr, 0);
}

static unsigned floor_receive(const struct floor *f, int fd, struct mmsghdr *m)
{
    ssize_t n;

    if (f->batched) {
        n = recvmmsg(fd, m, BATCH, MSG_DONTWAIT, NULL);
        return n > 0 ? (unsigned) n : 0;
    }
    n = recvmsg(fd, &m->msg_hdr, MSG_DONTWAIT);
    m->msg_len = n > 0 ? (unsigned) n : 0;
    return n > 0;
}

/* From the clients: the channel's header is taken off. From relay `from - 1`: it is put before. */
static void floor_relay(const struct floor *f, unsigned from)
{
    static uint8_t data[BATCH][CHANDATA_HEADER_SIZE + DATAGRAM_MAX];
    int fd = from ? f->relay_fd[from - 1] : f->fd;
    struct sockaddr_in address[BATCH];
    struct mmsghdr m[BATCH];
    struct iovec iov[BATCH];
    unsigned n;

    for (unsigned i = 0; i < (f->batched ? BATCH : 1); i++) {
        iov[i] = (struct iovec){data[i] + CHANDATA_HEADER_SIZE, DATAGRAM_MAX};
        m[i].msg_hdr = (struct msghdr){.msg_name = &address[i],
                                       .msg_namelen = sizeof(address[i]),
                                       .msg_iov = &iov[i],
                                       .msg_iovlen = 1};
    }
    n = floor_receive(f, fd, m);
    for (unsigned i = 0; i < n; i++) {
        struct bytes in = bytes_of(iov[i].iov_base, m[i].msg_len);
        uint8_t *p = data[i];

        if (from) {
            memcpy(p, (uint8_t[]){0x40, 1, (uint8_t) (in.len >> 8), (uint8_t) in.len}, 4);
            iov[i] = (struct iovec){p, in.len + CHANDATA_HEADER_SIZE};
            m[i].msg_hdr.msg_name = (void *) &f->clients[from - 1];
        } else {
            iov[i] = (struct iovec){(uint8_t *) in.p + CHANDATA_HEADER_SIZE,
                                    in.len - CHANDATA_HEADER_SIZE};
            m[i].msg_hdr.msg_name = (void *) &f->peer;
        }
    }
    if (from) {
        floor_send(f, f->fd, m, n);
        return;
    }
    for (unsigned i = 0; i < n; i++)
        floor_send(f, f->relay_fd[f->by_port[ntohs(address[i].sin_port)]], &m[i], 1);
}

static void floor_watch(const struct floor *f, int fd, unsigned nr)
{
    struct epoll_event ev = {.events = EPOLLIN, .data.u32 = nr};

    measure_check(epoll_ctl(f->epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0 ? -errno : 0, "epoll");
}

static int floor_run(void *arg)
{
    struct floor *f = arg;
    struct epoll_event events[64];

    f->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    floor_watch(f, f->fd, 0);
    for (unsigned i = 0; i < CLIENTS; i++)
        floor_watch(f, f->relay_fd[i], i + 1);
    for (;;) {
        int n = epoll_wait(f->epoll_fd, events, 64, -1);

        if (n < 0 && errno != EINTR)
            return EXIT_FAILURE;
        for (int i = 0; i < n; i++)
            floor_relay(f, events[i].data.u32);
    }
}

/* The clients' sockets are there already. */
static int start_floor(struct bench *b, struct child *child, const struct addr *listen,
                       bool batched)
{
    static struct floor f;
    struct sockaddr_storage sa;
    int r;

    f.batched = batched;
    f.fd = loopback_open_at(listen);
    if (f.fd < 0)
        return f.fd;
    addr_to_sockaddr(&b->peer, &sa);
    memcpy(&f.peer, &sa, sizeof(f.peer));
    for (unsigned i = 0; i < CLIENTS; i++) {
        struct client *c = &b->clients[i];

        addr_to_sockaddr(&c->addr, &sa);
        memcpy(&f.clients[i], &sa, sizeof(f.clients[i]));
        f.by_port[c->addr.port] = (uint16_t) i;
        f.relay_fd[i] = open_socket(NULL, &c->relayed);
    }
    r = child_fork(child, floor_run, &f);
    close(f.fd);
    for (unsigned i = 0; i < CLIENTS; i++)
        close(f.relay_fd[i]);
    return r;
}

static int start_floor_single(struct bench *b, struct child *child, const struct addr *listen)
{
    return start_floor(b, child, listen, false);
}

static int start_floor_batched(struct bench *b, struct child *child, const struct addr *listen)
{
    return start_floor(b, child, listen, true);
}

/* ---- one server ---- */

static uint64_t resident_kib(const struct child *c)
{
    struct child_usage u;

    measure_check(child_usage(c, &u), "usage");
    return u.rss_kib;
}

static void set_up(struct bench *b, const struct server *s)
{
    struct addr listen;
    int placeholder = open_socket(NULL, &listen); /* keeps the port free until the server starts */
    uint64_t kib;

    b->peer_fd = open_socket(NULL, &b->peer);
    for (unsigned i = 0; i < CLIENTS; i++) {
        b->clients[i] = (struct client){.bench = b};
        b->clients[i].fd = open_socket(&listen, &b->clients[i].addr);
    }
    measure_check(child_new(s->name, &b->child), s->name);
    close(placeholder);
    measure_check(s->start(b, b->child, &listen), s->name);
    kib = resident_kib(b->child);
    for (unsigned i = 0; s->speaks_turn && i < CLIENTS; i++)
        allocate(&b->clients[i]);
    b->kib_each = (double) (resident_kib(b->child) - kib) / CLIENTS;
    measure_check(loop_fd_start(&b->peer_io, b->set, b->peer_fd, EPOLLIN, on_peer), "watch");
    for (unsigned i = 0; i < CLIENTS; i++) {
        struct client *c = &b->clients[i];

        measure_check(loop_fd_start(&c->io, b->set, c->fd, EPOLLIN, on_client), "watch");
    }
}

static void tear_down(struct bench *b)
{
    for (unsigned i = 0; i < CLIENTS; i++) {
        loop_fd_stop(&b->clients[i].io);
        loop_timer_done(&b->clients[i].beat);
        close(b->clients[i].fd);
    }
    loop_fd_stop(&b->peer_io);
    close(b->peer_fd);
    b->child = child_free(b->child);
}

/* ---- all of them ---- */

static const struct server servers[] = {
    {"visavis-turn", start_ours, true},
    {"floor, recvmsg and sendmsg", start_floor_single, false},
    {"floor, recvmmsg and sendmmsg", start_floor_batched, false},
    {"coturn", start_coturn, true}, /* the last: it may be missing */
};
#define N_SERVERS (sizeof(servers) / sizeof(servers[0]))

static void run_size(struct bench b[static N_SERVERS], size_t n, size_t size)
{
    struct measure_contender c[N_SERVERS] = {0};
    struct measure_figure f[N_SERVERS] = {0};

    for (size_t i = 0; i < n; i++) {
        b[i].size = size;
        c[i] = (struct measure_contender){
            .child = b[i].child,
            .start = start_load,
            .stop = stop_load,
            .arrived = count_arrived,
            .due = count_due,
            .arg = &b[i],
        };
    }
    measure_check(measure_in_turns(b->loop, c, n, WINDOW_US, f), "measuring");
    printf("%zu bytes, %d clients\n%-30s %9s %9s %9s %6s\n", size, CLIENTS, "", "out/s", "us each",
           "ours/this", "lost%");
    for (size_t i = 0; i < n; i++)
        printf("%-30s %9.0f %9.2f %9.2f %6.1f\n", servers[i].name, f[i].packets_per_s,
               f[i].us_per_packet, f[i].ratio, f[i].lost_percent);
}

int main(void)
{
    static struct bench b[N_SERVERS];
    size_t n = access(COTURN, X_OK) == 0 ? N_SERVERS : N_SERVERS - 1;

    setvbuf(stdout, NULL, _IOLBF, 0);
    measure_check(loop_new(&b->loop), "loop");
    measure_check(loop_set_new(b->loop, &b->set), "loop");
    for (size_t i = 0; i < n; i++) {
        b[i].loop = b->loop;
        b[i].set = b->set;
        set_up(&b[i], &servers[i]);
    }
    puts("CPU per relayed packet, ChannelData one way and the other");
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        run_size(b, n, sizes[i]);
    puts("resident memory of an allocation");
    for (size_t i = 0; i < n; i++)
        if (servers[i].speaks_turn)
            printf("%-30s %9.1f KiB\n", servers[i].name, b[i].kib_each);
    for (size_t i = 0; i < n; i++)
        tear_down(&b[i]);
    loop_set_free(b->set);
    loop_free(b->loop);
    return EXIT_SUCCESS;
}
