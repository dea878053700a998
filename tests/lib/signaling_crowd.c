#include "tests/lib/signaling_crowd.h"

#include "base/clock.h"
#include "tests/lib/http_load.h"
#include "tests/lib/measure.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PATIENCE_US (120 * UINT64_C(1000000))
#define TICK_US 10000
#define PING_US 5000000 /* as the real clients do */
#define TEXT_MAX 4096
#define REST_CONNECTIONS 8

#define HANDSHAKE                                                                                  \
    "GET /openvidu?sessionId=%s HTTP/1.1\r\nHost: calls.example.org\r\nUpgrade: websocket\r\n"     \
    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nX-Real-IP: 198.18.%zu.%zu\r\n"            \
    "Origin: https://calls.example.org\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n"         \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

static void join_more(struct crowd *c);

/* ---- out ---- */

static void fail(struct crowd_client *k, const char *what, struct bytes about)
{
    struct crowd *c = k->crowd;

    if (c->n_failed++ == 0)
        fprintf(stderr, "client %zu: %s: %.*s\n", (size_t) (k - c->clients), what, (int) about.len,
                (const char *) about.p);
    k->state = CROWD_GONE;
}

static void send_text(struct crowd_client *k, const char *text, size_t len)
{
    uint8_t frame[TEXT_MAX + WS_FRAME_HEAD_MAX];
    size_t n = ws_frame_make(frame, WS_FRAME_TEXT, text, len);

    if (send(k->socket, frame, n, MSG_NOSIGNAL) != (ssize_t) n)
        fail(k, "does not take a request", bytes_str(strerror(errno)));
}

__attribute__((format(printf, 3, 4))) static void ask(struct crowd_client *k, int id,
                                                      const char *fmt, ...)
{
    char text[TEXT_MAX];
    size_t len = strlen(CROWD_TEXT_BEGIN);
    va_list ap;

    memcpy(text, CROWD_TEXT_BEGIN, len);
    va_start(ap, fmt);
    len += (size_t) vsnprintf(text + len, sizeof(text) - len, fmt, ap);
    va_end(ap);
    len += (size_t) snprintf(text + len, sizeof(text) - len, ",\"id\":%d}", id);
    send_text(k, text, len);
}

static void ask_to_join(struct crowd_client *k)
{
    k->asked_us = clock_us();
    ask(k, CROWD_JOIN,
        "joinRoom\",\"params\":{\"token\":\"%s\",\"session\":\"%s\",\"platform\":\"Chrome 120.0 on "
        "Linux 64-bit\",\"sdkVersion\":\"2.32.1\",\"metadata\":\"{\\\"clientData\\\":\\\"user "
        "%zu\\\"}\",\"secret\":\"\",\"recorder\":false,\"stt\":false}",
        k->token, k->session, (size_t) (k - k->crowd->clients));
}

static void ask_to_signal(struct crowd_client *k)
{
    ask(k, CROWD_SIGNAL,
        "sendMessage\",\"params\":{\"message\":\"{\\\"to\\\":[],\\\"data\\\":\\\"%s\\\","
        "\\\"type\\\":\\\"signal:chat\\\"}\"}",
        k->crowd->text);
}

/* ---- in ---- */

static void on_joined(struct crowd_client *k, uint64_t len)
{
    struct crowd *c = k->crowd;

    k->joined_us = clock_us();
    k->state = CROWD_JOINED;
    c->join_bytes = len;
    c->n_joined++;
    c->in_flight--;
    join_more(c);
}

static void on_answer(struct crowd_client *k, struct bytes begin, uint64_t len)
{
    struct crowd *c = k->crowd;
    unsigned id = begin.p[6] - (unsigned) '0';

    if (id >= CROWD_IDS || (begin.len > 9 && memcmp(begin.p + 9, "error", 5) == 0)) {
        k->n_errors++;
        fail(k, "an error", begin);
        if (k->joined_us == 0)
            loop_quit(c->loop, -EIO);
        return;
    }
    k->n_answers[id]++;
    c->n_answers++;
    if (id == CROWD_JOIN)
        on_joined(k, len);
    if (id == CROWD_SIGNAL)
        c->answer_bytes = len;
    if (id == CROWD_SIGNAL && k->chats)
        ask_to_signal(k);
    if (id == CROWD_LEAVE && --c->in_flight == 0)
        loop_quit(c->loop, 0);
}

static void on_frame(unsigned opcode, struct bytes begin, uint64_t len, void *arg)
{
    static const char answer[] = "{\"id\":", message[] = "{\"method\":\"sendMessage\"";
    struct crowd_client *k = arg;

    k->crowd->bytes += len;
    if (opcode == WS_FRAME_CLOSE && begin.len >= 2) {
        k->close_code = (unsigned) begin.p[0] << 8 | begin.p[1];
        snprintf(k->close_reason, sizeof(k->close_reason), "%.*s", (int) begin.len - 2,
                 (const char *) begin.p + 2);
        k->state = CROWD_GONE;
    } else if (bytes_starts_with(begin, answer) && begin.len > sizeof(answer)) {
        on_answer(k, begin, len);
    } else if (bytes_starts_with(begin, message) || bytes_starts_with(begin, "{\"method\": ")) {
        k->n_told++;
        k->crowd->n_told++;
        k->crowd->told_bytes = len;
    } else {
        k->n_notices++;
        k->crowd->n_notices++;
    }
}

/* Its answer comes in one piece, perhaps with a close frame behind it. */
static void on_handshake(struct crowd_client *k, struct bytes b)
{
    const uint8_t *end = memmem(b.p, b.len, "\r\n\r\n", 4);

    if (!bytes_starts_with(b, "HTTP/1.1 101 ")) {
        fail(k, "no handshake", b);
        loop_quit(k->crowd->loop, -EIO);
        return;
    }
    k->state = CROWD_OPEN;
    if (*k->session)
        ask_to_join(k);
    if (end)
        ws_reader_feed(&k->reader, bytes_of(end + 4, (size_t) (b.p + b.len - end) - 4), on_frame,
                       k);
}

static void on_readable(struct loop_fd *f, uint32_t revents)
{
    struct crowd_client *k = container_of(f, struct crowd_client, fd);
    struct crowd *c = k->crowd;
    ssize_t n = recv(k->socket, c->in, sizeof(c->in), 0);

    (void) revents;
    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0) {
        crowd_close(c, (size_t) (k - c->clients));
        return;
    }
    if (k->state == CROWD_OPENING)
        on_handshake(k, bytes_of(c->in, (size_t) n));
    else
        ws_reader_feed(&k->reader, bytes_of(c->in, (size_t) n), on_frame, k);
}

/* ---- sockets ---- */

int crowd_open(struct crowd *c, size_t which)
{
    struct crowd_client *k = &c->clients[which];
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    char text[512];
    int len, r;

    if (fd < 0)
        return -errno;
    snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", c->api);
    k->opened_us = clock_us();
    r = connect(fd, (struct sockaddr *) &sun, sizeof(sun)) < 0
            ? -errno
            : loop_fd_start(&k->fd, c->set, fd, EPOLLIN, on_readable);
    if (r < 0) {
        close(fd);
        return r;
    }
    k->socket = fd;
    k->state = CROWD_OPENING;
    k->reader = (struct ws_reader){.head_len = 0};
    len = snprintf(text, sizeof(text), HANDSHAKE, k->session, which / 200 % 256, which % 200);
    return send(fd, text, (size_t) len, MSG_NOSIGNAL) == len ? 0 : -EIO;
}

void crowd_close(struct crowd *c, size_t which)
{
    struct crowd_client *k = &c->clients[which];

    if (k->socket < 0)
        return;
    loop_fd_stop(&k->fd);
    close(k->socket);
    k->socket = -1;
    k->state = CROWD_GONE;
}

void crowd_stall(struct crowd *c, size_t which, bool on)
{
    struct crowd_client *k = &c->clients[which];

    /* A hang-up would be told of with no events asked for, too. */
    if (on)
        loop_fd_stop(&k->fd);
    else
        (void) loop_fd_start(&k->fd, c->set, k->socket, EPOLLIN, on_readable);
}

int crowd_new(struct loop *l, const char *api, size_t n, struct crowd **ret)
{
    struct crowd *c = calloc(1, sizeof(*c));
    int r = -ENOMEM;

    if (!c)
        return -ENOMEM;
    measure_open_many();
    c->loop = l;
    c->api = api;
    c->text = "hello";
    c->clients = calloc(n, sizeof(*c->clients));
    if (c->clients)
        r = loop_set_new(l, &c->set);
    if (r < 0) {
        crowd_free(c);
        return r;
    }
    c->n = n;
    for (size_t i = 0; i < n; i++) {
        c->clients[i].crowd = c;
        c->clients[i].socket = -1;
    }
    *ret = c;
    return 0;
}

struct crowd *crowd_free(struct crowd *c)
{
    if (!c)
        return NULL;
    for (size_t i = 0; i < c->n; i++)
        crowd_close(c, i);
    loop_timer_done(&c->pace);
    loop_timer_done(&c->ping);
    loop_set_free(c->set);
    free(c->clients);
    free(c);
    return NULL;
}

/* ---- tokens ---- */

struct tokens {
    struct crowd *crowd;
    size_t first, per_session;
    bool of_sessions; /* these are made first */
    size_t n_bad;
};

static size_t make_request(char text[static HTTP_LOAD_REQUEST_MAX], size_t slot, uint64_t nr,
                           void *arg)
{
    const struct tokens *t = arg;
    const struct crowd *c = t->crowd;
    char path[64] = "sessions", body[64] = "{}";

    (void) slot;
    if (t->of_sessions)
        snprintf(body, sizeof(body), "{\"customSessionId\":\"%s\"}",
                 c->clients[t->first + nr * t->per_session].session);
    else
        snprintf(path, sizeof(path), "sessions/%s/connection", c->clients[t->first + nr].session);
    return http_load_rest(text, "POST", path, body);
}

static void on_token(size_t slot, uint64_t nr, unsigned status, struct bytes body, void *arg)
{
    static const char key[] = "\"token\":\"";
    struct tokens *t = arg;
    const char *at = memmem(body.p, body.len, key, sizeof(key) - 1);
    struct crowd_client *k = &t->crowd->clients[t->first + nr];

    (void) slot;
    t->n_bad += status != 200;
    if (t->of_sessions || !at)
        return;
    at += sizeof(key) - 1;
    snprintf(k->token, sizeof(k->token), "%.*s", (int) strcspn(at, "\""), at);
}

static int run_tokens(struct crowd *c, struct tokens *t, size_t n)
{
    static const struct http_load_handlers handlers = {.make = make_request, .answered = on_token};
    struct http_load *h;
    int r = http_load_new(c->loop, c->api, REST_CONNECTIONS, &handlers, t, &h);

    if (r < 0)
        return r;
    r = http_load_run(h, n);
    http_load_free(h);
    return r == 0 && t->n_bad > 0 ? -EBADMSG : r;
}

int crowd_make_tokens(struct crowd *c, size_t first, size_t n, size_t per_session)
{
    static unsigned serial; /* no session of before */
    struct tokens t = {.crowd = c, .first = first, .per_session = per_session, .of_sessions = true};
    int r;

    serial++;
    for (size_t i = first; i < first + n; i++)
        snprintf(c->clients[i].session, sizeof(c->clients[i].session), "crowd%u-%zu", serial,
                 (i - first) / per_session);
    r = run_tokens(c, &t, (n + per_session - 1) / per_session);
    if (r < 0)
        return r;
    t.of_sessions = false;
    return run_tokens(c, &t, n);
}

/* ---- joining and leaving ---- */

static void open_next(struct crowd *c)
{
    int r = crowd_open(c, c->join_next++);

    if (r == 0)
        c->in_flight++;
    else
        loop_quit(c->loop, r);
}

static void join_more(struct crowd *c)
{
    if (c->join_next < c->join_end && c->per_tick == 0)
        open_next(c);
    else if (c->join_next >= c->join_end && c->in_flight == 0)
        loop_quit(c->loop, 0);
}

static int run_joins(struct crowd *c, size_t n)
{
    uint64_t wanted = c->n_joined + n;
    int r = measure_pause(c->loop, PATIENCE_US); /* the last answer ends it */

    if (r == 0 && c->n_joined != wanted)
        r = c->n_failed ? -EIO : -ETIMEDOUT;
    return r;
}

int crowd_join(struct crowd *c, size_t first, size_t n, size_t at_a_time)
{
    c->join_next = first;
    c->join_end = first + n;
    c->per_tick = 0;
    c->in_flight = 0;
    for (size_t i = 0; i < at_a_time && i < n; i++)
        open_next(c);
    return run_joins(c, n);
}

/* How many of something are due, when there are so many more a tick. */
static size_t take_due(double *due, double per_tick)
{
    size_t n;

    *due += per_tick;
    n = (size_t) *due;
    *due -= (double) n;
    return n;
}

static void on_pace(struct loop_timer *t)
{
    struct crowd *c = container_of(t, struct crowd, pace);

    for (size_t n = take_due(&c->due, c->per_tick); n > 0 && c->join_next < c->join_end; n--)
        open_next(c);
    if (c->join_next < c->join_end)
        (void) loop_timer_start(t, c->loop, TICK_US, on_pace);
}

int crowd_join_paced(struct crowd *c, size_t first, size_t n, double per_s)
{
    int r;

    c->join_next = first;
    c->join_end = first + n;
    c->in_flight = 0;
    c->due = 0;
    c->per_tick = per_s * TICK_US / 1e6;
    r = loop_timer_start(&c->pace, c->loop, TICK_US, on_pace);
    return r < 0 ? r : run_joins(c, n);
}

int crowd_leave(struct crowd *c, size_t first, size_t n)
{
    int r = 0;

    c->in_flight = 0;
    for (size_t i = first; i < first + n; i++) {
        if (c->clients[i].state != CROWD_JOINED)
            continue;
        c->in_flight++;
        c->clients[i].chats = false;
        ask(&c->clients[i], CROWD_LEAVE, "leaveRoom\",\"params\":{}");
    }
    if (c->in_flight > 0)
        r = measure_pause(c->loop, PATIENCE_US); /* the last answer ends it */
    for (size_t i = first; i < first + n; i++)
        crowd_close(c, i);
    return r == 0 && c->in_flight > 0 ? -ETIMEDOUT : r;
}

/* ---- what they say ---- */

void crowd_signal(struct crowd *c, size_t which)
{
    ask_to_signal(&c->clients[which]);
}

static void on_ping(struct loop_timer *t)
{
    struct crowd *c = container_of(t, struct crowd, ping);

    for (size_t n = take_due(&c->ping_due, (double) c->n * TICK_US / PING_US); n > 0; n--) {
        struct crowd_client *k = &c->clients[c->ping_next++ % c->n];

        if (k->state == CROWD_JOINED)
            ask(k, CROWD_PING, "ping\",\"params\":{\"interval\":5000}");
    }
    (void) loop_timer_start(t, c->loop, TICK_US, on_ping);
}

void crowd_ping(struct crowd *c, bool on)
{
    if (on)
        (void) loop_timer_start(&c->ping, c->loop, TICK_US, on_ping);
    else
        loop_timer_stop(&c->ping);
}
