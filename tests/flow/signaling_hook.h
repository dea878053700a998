/* signaling_hook.h: a receiver of webhooks, played by a thread: takes one connection after the
 * other, and keeps what is posted to it. */
#pragma once

#include "signaling_kit.h"

#include <netinet/in.h>

struct hook {
    int listener;
    uint16_t port;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool ends;
    int peer; /* being served; -1: none */
    /* what the test asks for */
    unsigned status;  /* of the answers */
    unsigned resets;  /* so many requests get none: the connection ends */
    unsigned ignored; /* so many are not even read: it ends at once */
    bool hold;        /* no answer to those that come from now on, until this is false */
    /* what came */
    json_t *got; /* [{"head", "text", "body"}], resets included */
    bool answering; /* the last of them has no answer yet */
    unsigned n_answered;
};

/* From a connection up to and with the empty line; false at its end. */
static bool hook_read_head(int fd, char *head, size_t size)
{
    ssize_t n;

    while ((n = recv(fd, head, size - 1, MSG_PEEK)) > 0) {
        char *end;

        head[n] = '\0';
        end = strstr(head, "\r\n\r\n");
        if (end) {
            end[4] = '\0';
            return kit_read(fd, head, (size_t) (end + 4 - head), -1);
        }
        usleep(100); /* the rest of it is on its way */
    }
    return false;
}

/* Whether the connection goes on. */
static bool hook_answer(struct hook *h, int fd)
{
    char text[128];
    bool goes_on;

    pthread_mutex_lock(&h->lock);
    pthread_cond_broadcast(&h->changed);
    while (h->hold && !h->ends)
        pthread_cond_wait(&h->changed, &h->lock);
    h->answering = false;
    goes_on = !h->resets;
    if (h->resets)
        h->resets--;
    else
        h->n_answered++;
    snprintf(text, sizeof(text),
             "HTTP/1.1 %u Status\r\nLocation: /other\r\nContent-Length: 2\r\n\r\nok", h->status);
    pthread_cond_broadcast(&h->changed);
    pthread_mutex_unlock(&h->lock);
    return goes_on && kit_write(fd, text, strlen(text));
}

static void hook_serve(struct hook *h, int fd)
{
    static char head[65536];

    while (hook_read_head(fd, head, sizeof(head))) {
        const char *field = strcasestr(head, "\r\nContent-Length:");
        size_t len = field ? strtoul(field + 17, NULL, 10) : 0;
        char *body = calloc(1, len + 1);

        if (!kit_read(fd, body, len, -1)) {
            free(body);
            return;
        }
        pthread_mutex_lock(&h->lock);
        json_array_append_new(h->got, json_pack("{s:s,s:s,s:o}", "head", head, "text", body, "body",
                                                json_loads(body, 0, NULL)));
        h->answering = true;
        pthread_mutex_unlock(&h->lock);
        free(body);
        if (!hook_answer(h, fd))
            return;
    }
}

static void *hook_thread(void *arg)
{
    struct hook *h = arg;
    int fd;

    while ((fd = accept4(h->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        bool ignore;

        pthread_mutex_lock(&h->lock);
        ignore = h->ignored > 0;
        h->ignored -= ignore;
        h->peer = fd;
        pthread_mutex_unlock(&h->lock);
        if (!ignore)
            hook_serve(h, fd);
        pthread_mutex_lock(&h->lock);
        h->peer = -1;
        close(fd);
        pthread_mutex_unlock(&h->lock);
    }
    return NULL;
}

static int hook_bind(uint16_t port)
{
    struct sockaddr_in sin = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
    assert_int_equal(bind(fd, (struct sockaddr *) &sin, sizeof(sin)), 0);
    return fd;
}

static void hook_listen(struct hook *h)
{
    h->ends = false;
    assert_int_equal(listen(h->listener, 16), 0);
    assert_int_equal(pthread_create(&h->thread, NULL, hook_thread, h), 0);
}

static struct hook *hook_start(void)
{
    struct hook *h = calloc(1, sizeof(*h));
    struct sockaddr_in sin;
    socklen_t len = sizeof(sin);

    h->status = 200;
    h->peer = -1;
    h->got = json_array();
    pthread_mutex_init(&h->lock, NULL);
    pthread_cond_init(&h->changed, NULL);
    h->listener = hook_bind(0);
    assert_int_equal(getsockname(h->listener, (struct sockaddr *) &sin, &len), 0);
    h->port = ntohs(sin.sin_port);
    hook_listen(h);
    return h;
}

/* Nobody listens there from now on; the port stays its own. */
static void hook_down(struct hook *h)
{
    pthread_mutex_lock(&h->lock);
    h->ends = true;
    pthread_cond_broadcast(&h->changed);
    shutdown(h->listener, SHUT_RDWR);
    if (h->peer >= 0)
        shutdown(h->peer, SHUT_RDWR);
    pthread_mutex_unlock(&h->lock);
    pthread_join(h->thread, NULL);
    close(h->listener);
    h->listener = hook_bind(h->port);
}

static void hook_stop(struct hook *h)
{
    hook_down(h);
    close(h->listener);
    json_decref(h->got);
    free(h);
}

static void hook_set(struct hook *h, unsigned status, unsigned resets, bool hold)
{
    pthread_mutex_lock(&h->lock);
    while (hold && !h->hold && h->answering)
        pthread_cond_wait(&h->changed, &h->lock);
    h->status = status;
    h->resets = resets;
    h->hold = hold;
    pthread_cond_broadcast(&h->changed);
    pthread_mutex_unlock(&h->lock);
}

/* Settings for a daemon that posts to it. */
static const char *hook_settings(const struct hook *h, const char *more)
{
    static char text[2048];

    snprintf(text, sizeof(text), "webhook_endpoint = \"http://127.0.0.1:%u/events?x=y\";\n%s",
             h->port, more);
    return text;
}

/* The nth request (0 is the first), borrowed: what came stays. */
static json_t *hook_request(struct hook *h, size_t nth)
{
    struct timespec until;
    json_t *found;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 3 * KIT_PATIENCE_MS / 1000;
    pthread_mutex_lock(&h->lock);
    while (!(found = json_array_get(h->got, nth)) &&
           pthread_cond_timedwait(&h->changed, &h->lock, &until) == 0)
        continue;
    pthread_mutex_unlock(&h->lock);
    if (!found)
        fail_msg("no request number %zu", nth);
    return found;
}

static size_t hook_n_requests(struct hook *h)
{
    size_t n;

    pthread_mutex_lock(&h->lock);
    n = json_array_size(h->got);
    pthread_mutex_unlock(&h->lock);
    return n;
}

static json_t *hook_event(struct hook *h, size_t nth)
{
    return json_object_get(hook_request(h, nth), "body");
}

/* A header's value; free() it. */
static char *hook_header(struct hook *h, size_t nth, const char *name)
{
    const char *head = json_string_value(json_object_get(hook_request(h, nth), "head"));
    char start[64];
    const char *at;

    snprintf(start, sizeof(start), "\r\n%s: ", name);
    at = strcasestr(head, start);
    if (!at)
        fail_msg("no header %s in %s", name, head);
    at += strlen(start);
    return strndup(at, strcspn(at, "\r"));
}
