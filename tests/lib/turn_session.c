#include "tests/lib/turn_session.h"

#include "base/clock.h"
#include "base/crypto.h"
#include "base/rnd.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <unistd.h>

#define START_US 20000000 /* a server may need some time to come up */
#define ANSWER_US 300000  /* then the request is sent again */
#define LIFETIME_S 3600
#define ATTEMPTS 3 /* with a nonce that is not known, old, fresh */

/* RFC 8489 section 9.2 with the user names of shared-secret servers. */
static int make_key(struct turn_session *s)
{
    struct bytes name = bytes_str(s->username);
    uint8_t mac[SHA1_SIZE];
    char password[BASE64_SIZE(SHA1_SIZE)];
    int r;

    r = hmac_sha1(bytes_str(TURN_SECRET), &name, 1, mac);
    if (r == 0)
        r = base64_encode(bytes_of(mac, sizeof(mac)), password, sizeof(password));
    if (r == 0)
        r = stun_long_term_key(name, bytes_str(TURN_REALM), bytes_str(password), s->key);
    return r;
}

int turn_session_init_as(struct turn_session *s, int fd, const char *username)
{
    struct timeval patience = {.tv_usec = ANSWER_US};

    if (fd < 0)
        return fd;
    *s = (struct turn_session){.fd = fd};
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0)
        return -errno;
    snprintf(s->username, sizeof(s->username), "%s", username);
    return make_key(s);
}

int turn_session_init(struct turn_session *s, int fd)
{
    static unsigned nr;
    char username[sizeof(s->username)];

    snprintf(username, sizeof(username), "%" PRIu64 ":bench%u", clock_wall_ms() / 1000 + LIFETIME_S,
             nr++);
    return turn_session_init_as(s, fd, username);
}

static int put_request(const struct turn_session *s, enum stun_method method,
                       const struct addr *peer, struct wr *w, size_t *ret_len)
{
    uint8_t tid[STUN_TID_SIZE];

    rnd_bytes(tid, sizeof(tid));
    stun_begin(w, STUN_REQUEST, method, tid);
    if (method == STUN_ALLOCATE)
        stun_put_u32(w, STUN_ATTR_REQUESTED_TRANSPORT, IPPROTO_UDP << 24);
    if (method == STUN_REFRESH)
        stun_put_u32(w, STUN_ATTR_LIFETIME, 0);
    if (method == STUN_CHANNEL_BIND) {
        stun_put_channel(w, TURN_CHANNEL);
        stun_put_xor_addr(w, STUN_ATTR_XOR_PEER_ADDRESS, peer);
    }
    if (s->nonce_len) {
        stun_put_bytes(w, STUN_ATTR_USERNAME, bytes_str(s->username));
        stun_put_bytes(w, STUN_ATTR_REALM, bytes_str(TURN_REALM));
        stun_put_bytes(w, STUN_ATTR_NONCE, bytes_of(s->nonce, s->nonce_len));
        stun_put_integrity(w, bytes_of(s->key, sizeof(s->key)));
    }
    return stun_finish(w, ret_len);
}

/* 0, an error code, -EBADMSG, or -EAGAIN: to be asked again with the nonce that came. */
static int take_answer(struct turn_session *s, enum stun_method method, struct bytes answer)
{
    struct stun m;
    bool first = s->nonce_len == 0;

    if (stun_decode(answer, &m) < 0 || m.method != method)
        return -EBADMSG;
    if (m.class == STUN_SUCCESS) {
        if (method == STUN_ALLOCATE)
            s->relayed = m.xor_relayed;
        return 0;
    }
    if (m.nonce.len == 0 || m.nonce.len > sizeof(s->nonce))
        return m.error_code;
    memcpy(s->nonce, m.nonce.p, m.nonce.len);
    s->nonce_len = m.nonce.len;
    return (m.error_code == 401 && first) || m.error_code == 438 ? -EAGAIN : m.error_code;
}

/* Sends until there is an answer of this method; as take_answer(), or -ETIMEDOUT. */
static int exchange(struct turn_session *s, enum stun_method method, const struct addr *peer)
{
    uint64_t deadline_us = clock_us() + START_US;
    uint8_t out[1024], in[1024];
    struct wr w = wr_init(out, sizeof(out));
    size_t len;
    int r = put_request(s, method, peer, &w, &len);

    if (r < 0)
        return r;
    while (clock_us() < deadline_us) {
        struct bytes answer;
        ssize_t n;

        (void) send(s->fd, out, len, 0);
        n = recv(s->fd, in, sizeof(in), 0);
        answer = bytes_of(in, n > 0 ? (size_t) n : 0);
        if (answer.len > STUN_HEADER_SIZE && memcmp(in + 8, out + 8, STUN_TID_SIZE) == 0)
            return take_answer(s, method, answer);
        if (n < 0 && errno == ECONNREFUSED)
            usleep(10000);
    }
    return -ETIMEDOUT;
}

static int request(struct turn_session *s, enum stun_method method, const struct addr *peer)
{
    int r = -EAGAIN;

    for (unsigned i = 0; i < ATTEMPTS && r == -EAGAIN; i++)
        r = exchange(s, method, peer);
    return r;
}

int turn_session_allocate(struct turn_session *s)
{
    return request(s, STUN_ALLOCATE, NULL);
}

int turn_session_bind(struct turn_session *s, const struct addr *peer)
{
    return request(s, STUN_CHANNEL_BIND, peer);
}

int turn_session_delete(struct turn_session *s)
{
    return request(s, STUN_REFRESH, NULL);
}
