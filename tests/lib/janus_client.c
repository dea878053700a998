#include "tests/lib/janus_client.h"

#include "base/clock.h"
#include "tests/lib/measure.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define ANSWER_US 20000000
#define UP_US 30000000
#define POLL_US 10000
#define KEEPALIVE_US 20000000 /* Janus ends a session that says nothing for 60 s */
#define MESSAGE_MAX (256 * 1024)
#define ROOM_MAX 1000 /* publishers of a room; 3 without a word */

struct janus_client {
    struct loop *loop;
    int fd;
    struct loop_io io;
    struct loop_timer deadline, keepalive;
    json_int_t session, control; /* the handle that makes rooms */
    unsigned n_peers, n_up;

    json_int_t transaction; /* of the call under way; 0: none */
    json_t *answer;
    int r;
    char error[256];
    char in[MESSAGE_MAX];
};

/* ---- messages ---- */

/* Steals m. */
static int send_message(struct janus_client *c, json_t *m, json_int_t transaction)
{
    char id[24], *text;
    ssize_t n;

    snprintf(id, sizeof(id), "%lld", (long long) transaction);
    (void) json_object_set_new(m, "transaction", json_string(id));
    if (c->session)
        (void) json_object_set_new(m, "session_id", json_integer(c->session));
    text = json_dumps(m, JSON_COMPACT);
    json_decref(m);
    if (!text)
        return -ENOMEM;
    n = send(c->fd, text, strlen(text), MSG_NOSIGNAL);
    free(text);
    return n < 0 ? -errno : 0;
}

static void end_call(struct janus_client *c, int r)
{
    c->transaction = 0;
    c->r = r;
    loop_quit(c->loop, 0);
}

/* Janus's own errors, and a plugin's. */
static bool note_error(struct janus_client *c, const json_t *m)
{
    const json_t *own = json_object_get(m, "error");
    const json_t *data = json_object_get(json_object_get(m, "plugindata"), "data");
    const char *text = json_string_value(json_object_get(own, "reason"));

    if (!text)
        text = json_string_value(json_object_get(data, "error"));
    if (text)
        snprintf(c->error, sizeof(c->error), "%s", text);
    return text != NULL;
}

static void on_message(struct janus_client *c, json_t *m)
{
    const char *kind = json_string_value(json_object_get(m, "janus"));
    const char *id = json_string_value(json_object_get(m, "transaction"));

    if (!kind || strcmp(kind, "ack") == 0) /* the answer of a plugin follows */
        return;
    if (strcmp(kind, "webrtcup") == 0)
        c->n_up++;
    if (!id || c->transaction == 0 || strtoll(id, NULL, 10) != c->transaction)
        return;
    if (note_error(c, m)) {
        end_call(c, -EREMOTEIO);
    } else {
        c->answer = json_incref(m);
        end_call(c, 0);
    }
}

static void on_readable(struct loop_io *io, uint32_t revents)
{
    struct janus_client *c = container_of(io, struct janus_client, io);
    ssize_t n = recv(c->fd, c->in, sizeof(c->in), MSG_DONTWAIT);
    json_t *m;

    (void) revents;
    if (n <= 0) {
        loop_io_stop(io);
        snprintf(c->error, sizeof(c->error), "janus has gone");
        end_call(c, -ECONNRESET);
        return;
    }
    m = json_loadb(c->in, (size_t) n, 0, NULL);
    on_message(c, m);
    json_decref(m);
}

static void on_deadline(struct loop_timer *t)
{
    struct janus_client *c = container_of(t, struct janus_client, deadline);

    snprintf(c->error, sizeof(c->error), "no answer");
    end_call(c, -ETIMEDOUT);
}

/* Steals m. 0 and the answer, which is the caller's. */
static int call(struct janus_client *c, json_t *m, json_t **ret)
{
    static json_int_t last;
    int r = loop_timer_start(&c->deadline, c->loop, ANSWER_US, on_deadline);

    c->transaction = ++last;
    c->answer = NULL;
    c->error[0] = '\0';
    if (r == 0)
        r = send_message(c, m, c->transaction);
    else
        json_decref(m);
    while (r == 0 && c->transaction)
        r = loop_run(c->loop);
    loop_timer_stop(&c->deadline);
    c->transaction = 0;
    if (r == 0)
        r = c->r;
    if (r == 0)
        *ret = c->answer;
    return r;
}

/* A call whose answer is an id, of a session or a handle. */
static int make(struct janus_client *c, json_t *m, json_int_t *ret)
{
    json_t *answer;
    int r = call(c, m, &answer);

    if (r < 0)
        return r;
    *ret = json_integer_value(json_object_get(json_object_get(answer, "data"), "id"));
    json_decref(answer);
    return *ret ? 0 : -EBADMSG;
}

static int attach(struct janus_client *c, json_int_t *ret)
{
    return make(c, json_pack("{s:s, s:s}", "janus", "attach", "plugin", "janus.plugin.videoroom"),
                ret);
}

/* To the videoroom. Steals body; sdp may be NULL. */
static int tell(struct janus_client *c, json_int_t handle, json_t *body, const char *type,
                const char *sdp, json_t **ret)
{
    json_t *m = json_pack("{s:s, s:I, s:o}", "janus", "message", "handle_id", handle, "body", body);

    if (sdp)
        (void) json_object_set_new(
            m, "jsep", json_pack("{s:s, s:s, s:b}", "type", type, "sdp", sdp, "trickle", 0));
    return call(c, m, ret);
}

/* ---- life ---- */

static void on_keepalive(struct loop_timer *t)
{
    struct janus_client *c = container_of(t, struct janus_client, keepalive);

    (void) send_message(c, json_pack("{s:s}", "janus", "keepalive"), 0);
    (void) loop_timer_start(t, c->loop, KEEPALIVE_US, on_keepalive);
}

static int connect_to(struct janus_client *c, const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};

    c->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (c->fd < 0)
        return -errno;
    snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
    if (connect(c->fd, (struct sockaddr *) &a, sizeof(a)) < 0)
        return -errno;
    return loop_io_start(&c->io, c->loop, c->fd, EPOLLIN, on_readable);
}

int janus_client_new(struct loop *l, const char *path, struct janus_client **ret_c)
{
    struct janus_client *c = calloc(1, sizeof(*c));
    int r;

    if (!c)
        return -ENOMEM;
    c->loop = l;
    c->fd = -1;
    r = connect_to(c, path);
    if (r == 0)
        r = make(c, json_pack("{s:s}", "janus", "create"), &c->session);
    if (r == 0)
        r = attach(c, &c->control);
    if (r == 0)
        r = loop_timer_start(&c->keepalive, l, KEEPALIVE_US, on_keepalive);
    if (r < 0) {
        janus_client_free(c);
        return r;
    }
    *ret_c = c;
    return 0;
}

struct janus_client *janus_client_free(struct janus_client *c)
{
    if (!c)
        return NULL;
    loop_timer_done(&c->deadline);
    loop_timer_done(&c->keepalive);
    loop_io_stop(&c->io);
    if (c->fd >= 0)
        close(c->fd);
    free(c);
    return NULL;
}

const char *janus_client_error(const struct janus_client *c)
{
    return c->error;
}

/* ---- the videoroom ---- */

int janus_client_create_room(struct janus_client *c, unsigned room)
{
    json_t *answer;
    int r = tell(c, c->control,
                 json_pack("{s:s, s:i, s:i}", "request", "create", "room", (int) room, "publishers",
                           ROOM_MAX),
                 NULL, NULL, &answer);

    if (r == 0)
        json_decref(answer);
    return r;
}

/* The peer's text as Janus needs it: the peer is the DTLS client. */
static int adapt(const char *text, char *buf, size_t cap)
{
    static const char from[] = "a=setup:actpass\r\n", to[] = "a=setup:active\r\n";
    const char *next;
    size_t len = 0;

    for (const char *line = text; (next = strstr(line, from)); line = next + strlen(from)) {
        int n = snprintf(buf + len, cap - len, "%.*s%s", (int) (next - line), line, to);

        if (n < 0 || (size_t) n >= cap - len)
            return -ENOSPC;
        len += (size_t) n;
        text = next + strlen(from);
    }
    return snprintf(buf + len, cap - len, "%s", text) < (int) (cap - len) ? 0 : -ENOSPC;
}

static const char *sdp_of(const json_t *answer)
{
    const char *sdp = json_string_value(json_object_get(json_object_get(answer, "jsep"), "sdp"));

    return sdp ? sdp : "";
}

int janus_client_publish(struct janus_client *c, unsigned room, unsigned feed, struct rtc_peer *p)
{
    char own[RTC_SDP_SIZE], offer[RTC_SDP_SIZE];
    json_int_t handle;
    json_t *answer;
    int r = rtc_peer_offer(p, own, sizeof(own));

    if (r == 0)
        r = adapt(own, offer, sizeof(offer));
    if (r == 0)
        r = attach(c, &handle);
    if (r == 0)
        r = tell(c, handle,
                 json_pack("{s:s, s:s, s:i, s:i}", "request", "joinandconfigure", "ptype",
                           "publisher", "room", (int) room, "id", (int) feed),
                 "offer", offer, &answer);
    if (r < 0)
        return r;
    r = rtc_peer_take_answer(p, sdp_of(answer));
    json_decref(answer);
    c->n_peers++;
    return r;
}

int janus_client_subscribe(struct janus_client *c, unsigned room, unsigned feed, struct rtc_peer *p)
{
    char own[RTC_SDP_SIZE];
    json_int_t handle;
    json_t *answer;
    int r = attach(c, &handle);

    if (r == 0)
        r = tell(c, handle,
                 json_pack("{s:s, s:s, s:i, s:[{s:i}]}", "request", "join", "ptype", "subscriber",
                           "room", (int) room, "streams", "feed", (int) feed),
                 NULL, NULL, &answer);
    if (r < 0)
        return r;
    r = rtc_peer_answer(p, sdp_of(answer), own, sizeof(own));
    json_decref(answer);
    if (r == 0)
        r = tell(c, handle, json_pack("{s:s}", "request", "start"), "answer", own, &answer);
    if (r < 0)
        return r;
    json_decref(answer);
    c->n_peers++;
    return 0;
}

int janus_client_wait_up(struct janus_client *c)
{
    uint64_t deadline_us = clock_us() + UP_US;
    int r = 0;

    while (r == 0 && c->n_up < c->n_peers)
        r = clock_us() > deadline_us ? -ETIMEDOUT : measure_pause(c->loop, POLL_US);
    return r;
}
