#include "client/ice_check.h"

#include "base/rnd.h"
#include "codec/stun.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#define CHECK_US 100000     /* between checks until one is answered */
#define CONSENT_US 2500000  /* between checks after that, as in Chromium */
#define CHECKS_MAX 50       /* unanswered at the beginning: 5 s */
#define CONSENT_MAX 12      /* and later: 30 s (RFC 7675) */
#define PRIORITY 0x6e7f1eff /* of a peer-reflexive host candidate */
#define SOCKET_BUFFER (1 << 20)
#define UFRAG_LEN 8
#define PWD_LEN 24

struct ice_check_hub {
    struct loop *loop;
    struct loop_set *set;
    uint8_t in[ICE_RECEIVE_BATCH][ICE_DATAGRAM_MAX];
};

struct ice_check {
    struct ice ice;
    struct ice_check_hub *hub;
    enum ice_state state;
    int fd;
    struct loop_fd io;
    struct loop_timer timer; /* to the next check */
    unsigned n_checks;       /* unanswered */
    struct addr server;
    char ufrag[UFRAG_LEN + 1], pwd[PWD_LEN + 1];
    char remote_ufrag[ICE_CREDENTIAL_SIZE], remote_pwd[ICE_CREDENTIAL_SIZE];
    uint64_t tie_breaker;
};

int ice_check_hub_new(struct loop *l, struct ice_check_hub **ret_h)
{
    struct ice_check_hub *h = calloc(1, sizeof(*h));
    int r = h ? loop_set_new(l, &h->set) : -ENOMEM;

    if (r < 0) {
        free(h);
        return r;
    }
    h->loop = l;
    *ret_h = h;
    return 0;
}

struct ice_check_hub *ice_check_hub_free(struct ice_check_hub *h)
{
    if (!h)
        return NULL;
    loop_set_free(h->set);
    free(h);
    return NULL;
}

static struct ice_check *of(const struct ice *i)
{
    return container_of(i, struct ice_check, ice);
}

static void set_state(struct ice_check *c, enum ice_state state, const char *error)
{
    if (c->state == state)
        return;
    c->state = state;
    if (state == ICE_FAILED)
        loop_timer_stop(&c->timer);
    c->ice.handlers->on_state(state, error, c->ice.arg);
}

/* ---- checks ---- */

static void send_check(struct ice_check *c)
{
    uint8_t buf[768], tid[STUN_TID_SIZE];
    struct wr w = wr_init(buf, sizeof(buf));
    char username[sizeof(c->remote_ufrag) + sizeof(c->ufrag) + 1];
    size_t len;

    snprintf(username, sizeof(username), "%s:%s", c->remote_ufrag, c->ufrag);
    rnd_bytes(tid, sizeof(tid));
    stun_begin(&w, STUN_REQUEST, STUN_BINDING, tid);
    stun_put_bytes(&w, STUN_ATTR_USERNAME, bytes_str(username));
    stun_put_u64(&w, STUN_ATTR_ICE_CONTROLLING, c->tie_breaker);
    stun_put_bytes(&w, STUN_ATTR_USE_CANDIDATE, bytes_of(NULL, 0));
    stun_put_u32(&w, STUN_ATTR_PRIORITY, PRIORITY);
    stun_put_integrity(&w, bytes_str(c->remote_pwd));
    stun_put_fingerprint(&w);
    if (stun_finish(&w, &len) == 0)
        (void) send(c->fd, buf, len, 0);
    c->n_checks++;
}

static void on_timer(struct loop_timer *t)
{
    struct ice_check *c = container_of(t, struct ice_check, timer);

    if (c->n_checks >= (c->state == ICE_READY ? CONSENT_MAX : CHECKS_MAX)) {
        set_state(c, ICE_FAILED, "ICE: checks are not answered");
        return;
    }
    send_check(c);
    if (loop_timer_start(&c->timer, c->hub->loop, c->state == ICE_READY ? CONSENT_US : CHECK_US,
                         on_timer) < 0)
        set_state(c, ICE_FAILED, "ICE: no timer");
}

/* Servers that are lite by their own account check all the same (libnice). */
static void answer_check(const struct ice_check *c, const struct stun *m)
{
    uint8_t buf[256];
    struct wr w = wr_init(buf, sizeof(buf));
    size_t len;

    if (!stun_integrity_ok(m, bytes_str(c->pwd)))
        return;
    stun_begin(&w, STUN_SUCCESS, STUN_BINDING, m->tid);
    stun_put_xor_addr(&w, STUN_ATTR_XOR_MAPPED_ADDRESS, &c->server);
    stun_put_integrity(&w, bytes_str(c->pwd));
    stun_put_fingerprint(&w);
    if (stun_finish(&w, &len) == 0)
        (void) send(c->fd, buf, len, 0);
}

static void on_stun(struct ice_check *c, struct bytes datagram)
{
    struct stun m;

    if (stun_decode(datagram, &m) < 0 || m.method != STUN_BINDING)
        return;
    if (m.class == STUN_REQUEST) {
        answer_check(c, &m);
        return;
    }
    if (!stun_integrity_ok(&m, bytes_str(c->remote_pwd)))
        return;
    if (m.class == STUN_ERROR) {
        set_state(c, ICE_FAILED, "ICE: the check was refused");
        return;
    }
    if (m.class != STUN_SUCCESS)
        return;
    c->n_checks = 0;
    set_state(c, ICE_READY, "");
}

static void on_readable(struct loop_fd *io, uint32_t revents)
{
    struct ice_check *c = container_of(io, struct ice_check, io);
    struct mmsghdr messages[ICE_RECEIVE_BATCH];
    struct iovec iov[ICE_RECEIVE_BATCH];
    int n;

    (void) revents;
    memset(messages, 0, sizeof(messages));
    for (unsigned i = 0; i < ICE_RECEIVE_BATCH; i++) {
        iov[i] = (struct iovec){c->hub->in[i], ICE_DATAGRAM_MAX};
        messages[i].msg_hdr.msg_iov = &iov[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    n = recvmmsg(c->fd, messages, ICE_RECEIVE_BATCH, 0, NULL);
    for (int i = 0; i < n; i++) {
        uint8_t *data = c->hub->in[i];
        size_t len = messages[i].msg_len;

        if (len == 0)
            continue;
        if (stun_is_message(bytes_of(data, len)))
            on_stun(c, bytes_of(data, len));
        else
            c->ice.handlers->on_data(data, len, c->ice.arg);
    }
}

/* ---- the interface ---- */

static int open_socket(struct ice_check *c)
{
    struct sockaddr_storage to;
    socklen_t len = addr_to_sockaddr(&c->server, &to);
    int size = SOCKET_BUFFER;

    c->fd = socket(c->server.family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *) &to, len) < 0)
        return -errno;
    (void) setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    (void) setsockopt(c->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
    return 0;
}

static int choose(struct ice_check *c, const struct ice_description *remote)
{
    for (unsigned i = 0; i < remote->n_candidates; i++) {
        const struct sdp_candidate *k = &remote->candidates[i];

        if (k->protocol == SDP_UDP && (c->server.family == 0 || (addr_is_loopback(&k->addr) &&
                                                                 !addr_is_loopback(&c->server))))
            c->server = k->addr;
    }
    return c->server.family ? 0 : -ENOENT;
}

static int check_connect(struct ice *i, const struct ice_description *remote)
{
    struct ice_check *c = of(i);
    int r = c->state == ICE_NEW ? choose(c, remote) : -EALREADY;

    if (r == 0)
        r = open_socket(c);
    if (r == 0)
        r = loop_fd_start(&c->io, c->hub->set, c->fd, EPOLLIN, on_readable);
    if (r < 0)
        return r;
    snprintf(c->remote_ufrag, sizeof(c->remote_ufrag), "%s", remote->ufrag);
    snprintf(c->remote_pwd, sizeof(c->remote_pwd), "%s", remote->pwd);
    c->state = ICE_CHECKING;
    on_timer(&c->timer);
    return 0;
}

static int check_gather(struct ice *i)
{
    i->handlers->on_gathered(i->arg);
    return 0;
}

/* No candidates: the server learns our address from the checks. */
static void check_describe(const struct ice *i, struct ice_description *ret)
{
    const struct ice_check *c = of(i);

    ret->n_candidates = 0;
    memcpy(ret->ufrag, c->ufrag, sizeof(c->ufrag));
    memcpy(ret->pwd, c->pwd, sizeof(c->pwd));
}

static int check_send(struct ice *i, struct bytes datagram)
{
    const struct ice_check *c = of(i);

    if (c->state != ICE_READY)
        return -ENOTCONN;
    return send(c->fd, datagram.p, datagram.len, 0) < 0 ? -errno : 0;
}

static bool check_path(const struct ice *i, struct ice_path *ret)
{
    const struct ice_check *c = of(i);
    struct sockaddr_storage own;
    socklen_t len = sizeof(own);

    if (c->state != ICE_READY)
        return false;
    *ret = (struct ice_path){.remote = c->server};
    if (getsockname(c->fd, (struct sockaddr *) &own, &len) == 0)
        (void) addr_from_sockaddr((struct sockaddr *) &own, len, &ret->local);
    return true;
}

static void check_free(struct ice *i)
{
    struct ice_check *c = of(i);

    loop_timer_done(&c->timer);
    loop_fd_stop(&c->io);
    if (c->fd >= 0)
        close(c->fd);
    free(c);
}

int ice_check_new(struct ice_check_hub *h, const struct ice_handlers *handlers, void *arg,
                  struct ice **ret_i)
{
    static const struct ice_ops ops = {.free = check_free,
                                       .gather = check_gather,
                                       .describe = check_describe,
                                       .connect = check_connect,
                                       .send = check_send,
                                       .path = check_path};
    struct ice_check *c = calloc(1, sizeof(*c));

    if (!c)
        return -ENOMEM;
    c->ice = (struct ice){&ops, handlers, arg};
    c->hub = h;
    c->fd = -1;
    c->tie_breaker = rnd_u64();
    rnd_alnum(c->ufrag, UFRAG_LEN);
    rnd_alnum(c->pwd, PWD_LEN);
    *ret_i = &c->ice;
    return 0;
}
