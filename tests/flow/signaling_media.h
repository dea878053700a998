/* signaling_media.h: a media daemon's end of the control link, played by a thread.
 *
 * The played daemon answers by what the offer says: "no-video", "no-audio", "bad" (302), "nocodec"
 * (800), "no-H264" and the like (800 when that is forced), "full" (303 with FULL_TEXT), "slow"
 * (held until kit_release()). */
#pragma once

#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* A test needs a part of these. */
#pragma GCC diagnostic ignored "-Wunused-function"

#define KIT_PATIENCE_MS 10000
#define FULL_TEXT "The media server's limit of 9 transports is reached (its setting MEDIA_MAX_X)"

struct kit {
    char dir[64];
    char api[96];
    char control[96];
    pid_t pid;
    /* the played media daemon; the lock guards what follows */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int listener, peer;
    unsigned instance;
    json_t *calls;   /* [{"method", "params"}] in the order of arrival */
    json_t *missing; /* what the next sync tells */
    bool hold;
    json_t *held; /* id of a held request */
};

/* ---- sockets ---- */

static int kit_connect(const char *path)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
    if (connect(fd, (struct sockaddr *) &sun, sizeof(sun)) == 0)
        return fd;
    close(fd);
    return -1;
}

static bool kit_write(int fd, const void *data, size_t len)
{
    return send(fd, data, len, MSG_NOSIGNAL) == (ssize_t) len;
}

/* All of len bytes, or false at the end or when patience ends. */
static bool kit_read(int fd, void *to, size_t len, int patience_ms)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    size_t got = 0;

    while (got < len) {
        ssize_t n;

        if (poll(&p, 1, patience_ms) <= 0)
            return false;
        n = read(fd, (char *) to + got, len - got);
        if (n <= 0)
            return false;
        got += (size_t) n;
    }
    return true;
}

/* ---- the played media daemon ---- */

static void media_send(int fd, json_t *message)
{
    char *text = json_dumps(message, JSON_COMPACT);
    size_t len = strlen(text);
    uint8_t head[4] = {(uint8_t) (len >> 24), (uint8_t) (len >> 16), (uint8_t) (len >> 8),
                       (uint8_t) len};

    (void) kit_write(fd, head, 4);
    (void) kit_write(fd, text, len);
    free(text);
    json_decref(message);
}

static json_t *media_error(json_t *id, int code)
{
    return json_pack("{s:s,s:O,s:{s:i,s:s}}", "jsonrpc", "2.0", "id", id, "error", "code", code,
                     "message", "as the test asked");
}

static json_t *media_result(struct kit *k, const char *method, json_t *params)
{
    const char *offer = json_string_value(json_object_get(params, "offer"));

    if (strcmp(method, "hello") == 0)
        return json_pack("{s:s,s:s++,s:[],s:b}", "node", "node", "instance", "instance", "-",
                         k->instance ? "2" : "1", "peers", "trickle", 1);
    if (strcmp(method, "sync") == 0)
        return json_pack("{s:O}", "missing", k->missing);
    if (strcmp(method, "publish") == 0)
        return json_pack("{s:s,s:b,s:b}", "answer", "ANSWER", "audio", !strstr(offer, "no-audio"),
                         "video", !strstr(offer, "no-video"));
    if (strcmp(method, "subscribe") == 0)
        return json_pack("{s:s}", "answer", "SUBANSWER");
    if (strcmp(method, "describe") == 0)
        return json_pack("{s:s,s:s,s:[],s:[],s:n,s:n,s:[]}", "remoteSdp", "THEIRS", "localSdp",
                         "OURS", "clientCandidates", "serverCandidates", "localCandidate",
                         "remoteCandidate", "events");
    if (strcmp(method, "offer") == 0)
        return json_pack("{s:s}", "offer", "SERVEROFFER");
    return json_object();
}

static bool lacks_codec(const char *offer, json_t *params)
{
    const char *codec = json_string_value(json_object_get(params, "forcedCodec"));
    char lack[16];

    snprintf(lack, sizeof(lack), "no-%s", codec ? codec : "");
    return strcmp(offer, "nocodec") == 0 || (codec && strstr(offer, lack));
}

static void media_answer(struct kit *k, json_t *message)
{
    const char *method = json_string_value(json_object_get(message, "method"));
    json_t *params = json_object_get(message, "params");
    json_t *id = json_object_get(message, "id");
    const char *offer = json_string_value(json_object_get(params, "offer"));

    json_array_append_new(k->calls, json_pack("{s:s,s:O}", "method", method, "params", params));
    pthread_cond_broadcast(&k->changed);
    if (offer && strcmp(offer, "bad") == 0)
        media_send(k->peer, media_error(id, 302));
    else if (offer && strcmp(offer, "full") == 0)
        media_send(k->peer, json_pack("{s:s,s:O,s:{s:i,s:s}}", "jsonrpc", "2.0", "id", id, "error",
                                      "code", 303, "message", FULL_TEXT));
    else if (offer && lacks_codec(offer, params))
        media_send(k->peer, media_error(id, 800));
    else if (offer && strcmp(offer, "slow") == 0)
        k->held = json_incref(message);
    else
        media_send(k->peer, json_pack("{s:s,s:O,s:o}", "jsonrpc", "2.0", "id", id, "result",
                                      media_result(k, method, params)));
}

/* One connection of the control link. */
static void media_serve(struct kit *k, int fd)
{
    uint8_t head[4];

    while (kit_read(fd, head, 4, -1)) {
        size_t len =
            (size_t) head[0] << 24 | (size_t) head[1] << 16 | (size_t) head[2] << 8 | head[3];
        char *text = malloc(len);
        json_t *message = NULL;

        if (text && kit_read(fd, text, len, -1))
            message = json_loadb(text, len, 0, NULL);
        free(text);
        if (!message)
            return;
        pthread_mutex_lock(&k->lock);
        media_answer(k, message);
        json_decref(message);
        pthread_mutex_unlock(&k->lock);
    }
}

static void *media_thread(void *arg)
{
    struct kit *k = arg;
    int fd;

    while ((fd = accept4(k->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        pthread_mutex_lock(&k->lock);
        k->peer = fd;
        pthread_mutex_unlock(&k->lock);
        media_serve(k, fd);
        pthread_mutex_lock(&k->lock);
        k->peer = -1;
        close(fd);
        pthread_mutex_unlock(&k->lock);
    }
    return NULL;
}

static void media_start(struct kit *k)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};

    snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", k->control);
    k->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(k->listener, (struct sockaddr *) &sun, sizeof(sun)), 0);
    assert_int_equal(listen(k->listener, 4), 0);
    k->calls = json_array();
    k->missing = json_object();
    k->peer = -1;
    pthread_mutex_init(&k->lock, NULL);
    pthread_cond_init(&k->changed, NULL);
    assert_int_equal(pthread_create(&k->thread, NULL, media_thread, k), 0);
}

/* Waits for the nth call (0 is the first) of a method; its params, a new reference. */
static json_t *kit_call(struct kit *k, const char *method, size_t nth)
{
    struct timespec until;
    json_t *found = NULL, *call;
    size_t i, seen = 0;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += KIT_PATIENCE_MS / 1000;
    pthread_mutex_lock(&k->lock);
    do {
        seen = 0;
        json_array_foreach (k->calls, i, call) {
            if (strcmp(json_string_value(json_object_get(call, "method")), method) == 0 &&
                seen++ == nth)
                found = json_incref(json_object_get(call, "params"));
        }
    } while (!found && pthread_cond_timedwait(&k->changed, &k->lock, &until) == 0);
    pthread_mutex_unlock(&k->lock);
    if (!found)
        fail_msg("no call of %s", method);
    return found;
}

static size_t kit_n_calls(struct kit *k, const char *method)
{
    json_t *call;
    size_t i, n = 0;

    pthread_mutex_lock(&k->lock);
    json_array_foreach (k->calls, i, call)
        n += strcmp(json_string_value(json_object_get(call, "method")), method) == 0;
    pthread_mutex_unlock(&k->lock);
    return n;
}

/* Answers the "slow" publish when it has come. */
static void kit_release(struct kit *k)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += KIT_PATIENCE_MS / 1000;
    pthread_mutex_lock(&k->lock);
    while (!k->held && pthread_cond_timedwait(&k->changed, &k->lock, &until) == 0)
        continue;
    assert_non_null(k->held);
    media_send(k->peer, json_pack("{s:s,s:O,s:{s:s,s:b,s:b}}", "jsonrpc", "2.0", "id",
                                  json_object_get(k->held, "id"), "result", "answer", "LATE",
                                  "audio", 1, "video", 1));
    json_decref(k->held);
    k->held = NULL;
    pthread_mutex_unlock(&k->lock);
}

/* The link breaks; the daemon that is there next tells that these are missing (stolen). */
static void kit_break_link(struct kit *k, json_t *missing)
{
    pthread_mutex_lock(&k->lock);
    json_decref(k->missing);
    k->missing = missing;
    k->instance++;
    shutdown(k->peer, SHUT_RDWR);
    pthread_mutex_unlock(&k->lock);
}

/* The link breaks, and nobody is there any more. */
static void kit_end_media(struct kit *k)
{
    pthread_mutex_lock(&k->lock);
    shutdown(k->listener, SHUT_RDWR);
    shutdown(k->peer, SHUT_RDWR);
    pthread_mutex_unlock(&k->lock);
}
