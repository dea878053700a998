#include "tests/lib/script.h"

#include "files/files.h"
#include "tests/lib/ask.h"
#include "tests/lib/child.h"

#include <errno.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST_MAX 65536

struct script {
    struct child *child;
    int fd;
    uint16_t port;
    const struct tls_identity *tls;
    bool reset, keep;
    char *answers[SCRIPT_ANSWERS_MAX];
    unsigned n;
};

/* A connection, with TLS or without. */
struct line {
    int fd;
    SSL *ssl;
};

/* ---- the server's process ---- */

static ssize_t line_read(const struct line *l, char *buf, size_t cap)
{
    return l->ssl ? SSL_read(l->ssl, buf, (int) cap) : recv(l->fd, buf, cap, 0);
}

static void line_write(const struct line *l, const char *text)
{
    if (l->ssl)
        (void) SSL_write(l->ssl, text, (int) strlen(text));
    else
        (void) send(l->fd, text, strlen(text), MSG_NOSIGNAL);
}

/* Is the request whole: its head, and as much as that says? What is no HTTP, such as a hello of
 * TLS, is taken as it comes. */
static bool is_whole(const char *text, size_t len)
{
    const char *end = strstr(text, "\r\n\r\n"), *at = strcasestr(text, "\r\nContent-Length:");

    if (len > 0 && text[0] < ' ')
        return true;
    if (!end)
        return false;
    return !at || at > end || len >= (size_t) (end + 4 - text) + strtoul(at + 17, NULL, 10);
}

/* false: the connection ended before. */
static bool read_request(const struct line *l, char buf[static REQUEST_MAX])
{
    size_t len = 0;

    buf[0] = '\0';
    while (!is_whole(buf, len)) {
        ssize_t n = len < REQUEST_MAX - 1 ? line_read(l, buf + len, REQUEST_MAX - 1 - len) : 0;

        if (n <= 0)
            return false;
        len += (size_t) n;
        buf[len] = '\0';
    }
    return true;
}

static const char *answer_of(const struct script *s, unsigned count)
{
    return s->answers[count < s->n ? count : s->n - 1];
}

/* false: nothing was asked on that connection. */
static bool talk(const struct script *s, const struct line *l, unsigned count)
{
    static char request[REQUEST_MAX];
    const char *answer = answer_of(s, count);
    char name[16];

    if (!read_request(l, request))
        return false;
    snprintf(name, sizeof(name), "%u", count);
    (void) script_write(s, name, request);
    if (strcmp(answer, SCRIPT_STALL) == 0)
        while (line_read(l, request, sizeof(request)) > 0)
            ;
    else
        line_write(l, answer);
    return true;
}

static void hang_up(const struct script *s, struct line *l)
{
    struct linger at_once = {.l_onoff = 1};

    SSL_free(l->ssl);
    if (s->reset)
        (void) setsockopt(l->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    close(l->fd);
}

/* Is there more to come on that connection, rather than on another one? */
static bool goes_on(const struct script *s, const struct line *l)
{
    struct pollfd fds[] = {{.fd = l->fd, .events = POLLIN}, {.fd = s->fd, .events = POLLIN}};

    return s->keep && poll(fds, 2, -1) > 0 && !fds[1].revents;
}

/* The requests of one connection, counted on. */
static unsigned talk_all(const struct script *s, const struct line *l, unsigned count)
{
    do {
        if (!talk(s, l, count))
            return count;
    } while (*answer_of(s, count++) && goes_on(s, l));
    return count;
}

static int serve(void *arg)
{
    const struct script *s = arg;
    SSL_CTX *ctx = s->tls ? SSL_CTX_new(TLS_server_method()) : NULL;
    unsigned count = 0;

    signal(SIGPIPE, SIG_IGN);
    if (ctx && (SSL_CTX_use_certificate(ctx, s->tls->cert) != 1 ||
                SSL_CTX_use_PrivateKey(ctx, s->tls->key) != 1))
        return 1;
    for (;;) {
        struct line l = {.fd = accept(s->fd, NULL, NULL), .ssl = ctx ? SSL_new(ctx) : NULL};

        if (l.fd < 0)
            return 1;
        if (l.ssl)
            (void) SSL_set_fd(l.ssl, l.fd);
        if (!l.ssl || SSL_accept(l.ssl) == 1)
            count = talk_all(s, &l, count);
        hang_up(s, &l);
    }
}

/* ---- ours ---- */

int script_new(struct script **ret)
{
    struct script *s = calloc(1, sizeof(*s));
    int r;

    if (!s)
        return -ENOMEM;
    s->fd = ask_listen_tcp(&s->port);
    r = s->fd < 0 ? s->fd : child_new("script", &s->child);
    if (r < 0)
        script_free(s);
    else
        *ret = s;
    return r;
}

struct script *script_free(struct script *s)
{
    if (!s)
        return NULL;
    child_free(s->child);
    if (s->fd >= 0)
        close(s->fd);
    for (unsigned i = 0; i < s->n; i++)
        free(s->answers[i]);
    free(s);
    return NULL;
}

uint16_t script_port(const struct script *s)
{
    return s->port;
}

const char *script_path(const struct script *s, const char *file, char *ret)
{
    return child_path(s->child, file, ret);
}

int script_write(const struct script *s, const char *file, const char *text)
{
    return child_write(s->child, file, "%s", text);
}

void script_set_tls(struct script *s, const struct tls_identity *t)
{
    s->tls = t;
}

void script_set_reset(struct script *s)
{
    s->reset = true;
}

void script_set_keep(struct script *s)
{
    s->keep = true;
}

void script_say(struct script *s, const char *text)
{
    if (s->n < SCRIPT_ANSWERS_MAX)
        s->answers[s->n++] = strdup(text);
}

int script_start(struct script *s)
{
    int r = child_fork(s->child, serve, s);

    close(s->fd);
    s->fd = -1;
    return r;
}

char *script_request(const struct script *s, unsigned n)
{
    char name[16], path[CHILD_PATH_SIZE], *text = NULL;
    size_t len;

    snprintf(name, sizeof(name), "%u", n);
    return file_read(script_path(s, name, path), REQUEST_MAX, &text, &len) == 0 ? text : NULL;
}

unsigned script_n_requests(const struct script *s)
{
    char name[16], path[CHILD_PATH_SIZE];
    unsigned n = 0;

    while (snprintf(name, sizeof(name), "%u", n) && file_exists(script_path(s, name, path)))
        n++;
    return n;
}
