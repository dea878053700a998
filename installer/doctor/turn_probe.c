#include "doctor/turn_probe.h"

#include "base/rnd.h"
#include "codec/stun.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define WAIT_MS 2500
#define TRIES 5 /* over UDP, where one may be lost */
#define REQUEST_MAX 64

struct request {
    uint8_t data[REQUEST_MAX];
    size_t len;
    uint8_t tid[STUN_TID_SIZE];
};

static void make_request(struct request *rq)
{
    struct wr w = wr_init(rq->data, sizeof(rq->data));

    rnd_bytes(rq->tid, sizeof(rq->tid));
    stun_begin(&w, STUN_REQUEST, STUN_BINDING, rq->tid);
    stun_put_fingerprint(&w);
    (void) stun_finish(&w, &rq->len);
}

static bool is_answer(const struct request *rq, struct bytes b)
{
    struct stun m;

    return stun_decode(b, &m) == 0 && m.class == STUN_SUCCESS && m.method == STUN_BINDING &&
           memcmp(m.tid, rq->tid, sizeof(rq->tid)) == 0 && m.xor_mapped.family != 0;
}

static int open_socket(const struct addr *to, int type, unsigned wait_ms)
{
    const struct timeval limit = {wait_ms / 1000, (suseconds_t) (wait_ms % 1000) * 1000};
    struct sockaddr_storage ss;
    socklen_t len = addr_to_sockaddr(to, &ss);
    int fd = socket(to->family, type | SOCK_CLOEXEC, 0), r;

    if (fd < 0)
        return -errno;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    if (connect(fd, (struct sockaddr *) &ss, len) == 0)
        return fd;
    r = errno == EINPROGRESS ? -ETIMEDOUT : -errno;
    close(fd);
    return r;
}

/* One try: an answer of one message comes in one piece. */
static int ask_once(int fd, const struct request *rq)
{
    uint8_t buf[TLS_ASK_ANSWER_MAX];
    ssize_t n = send(fd, rq->data, rq->len, MSG_NOSIGNAL);

    if (n < 0)
        return -errno;
    n = recv(fd, buf, sizeof(buf), 0);
    if (n < 0)
        return errno == EAGAIN ? -ETIMEDOUT : -errno;
    if (n == 0)
        return -ECONNRESET;
    return is_answer(rq, bytes_of(buf, (size_t) n)) ? 0 : -EBADMSG;
}

static int ask(const struct addr *to, int type, const struct request *rq)
{
    unsigned tries = type == SOCK_DGRAM ? TRIES : 1;
    int fd = open_socket(to, type, WAIT_MS / tries), r = fd < 0 ? fd : -ETIMEDOUT;

    while (fd >= 0 && r == -ETIMEDOUT && tries-- > 0)
        r = ask_once(fd, rq);
    if (fd >= 0)
        close(fd);
    return r;
}

static int ask_tls(const struct addr *to, const char *name, const struct request *rq,
                   struct turn_answer *ret)
{
    struct tls_answer a;

    tls_ask(to, name, bytes_of(rq->data, rq->len), WAIT_MS, &a);
    snprintf(ret->fingerprint, sizeof(ret->fingerprint), "%s", a.fingerprint);
    snprintf(ret->message, sizeof(ret->message), "%s", a.message);
    if (a.error < 0)
        return a.error;
    return is_answer(rq, bytes_of(a.data, a.len)) ? 0 : -EBADMSG;
}

void turn_probe(enum turn_way way, const struct addr *to, const char *name, struct turn_answer *ret)
{
    struct request rq;

    *ret = (struct turn_answer){.error = 0};
    make_request(&rq);
    if (way == TURN_WAY_TLS)
        ret->error = ask_tls(to, name, &rq, ret);
    else
        ret->error = ask(to, way == TURN_WAY_UDP ? SOCK_DGRAM : SOCK_STREAM, &rq);
    if (ret->error == -EBADMSG)
        snprintf(ret->message, sizeof(ret->message), "what answers is no STUN server");
    else if (ret->error < 0 && !ret->message[0])
        snprintf(ret->message, sizeof(ret->message), "%s", strerror(-ret->error));
}
