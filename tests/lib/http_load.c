#include "tests/lib/http_load.h"

#include "base/blob.h"
#include "tests/lib/measure.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define ANSWER_MAX (64u << 20)
#define PATIENCE_US (60 * UINT64_C(1000000))

struct slot {
    struct http_load *load;
    struct loop_fd fd;
    size_t nr;
    uint64_t request; /* under way */
    bool busy;
    struct blob in;
};

struct http_load {
    struct loop *loop;
    struct loop_set *set;
    const struct http_load_handlers *handlers;
    void *arg;
    struct slot *slots;
    size_t n;
    uint64_t next, end; /* numbers of requests */
    uint64_t n_answered, bytes;
    size_t n_busy;
    bool stopped, broken;
};

size_t http_load_rest(char text[static HTTP_LOAD_REQUEST_MAX], const char *method, const char *path,
                      const char *body)
{
    return (size_t) snprintf(text, HTTP_LOAD_REQUEST_MAX,
                             "%s /openvidu/api/%s HTTP/1.1\r\nHost: x\r\n"
                             "Authorization: Basic T1BFTlZJRFVBUFA6TVlfU0VDUkVU\r\n%s"
                             "Content-Length: %zu\r\n\r\n%s",
                             method, path, *body ? "Content-Type: application/json\r\n" : "",
                             strlen(body), body);
}

static void give_up(struct http_load *h)
{
    h->broken = true;
    loop_quit(h->loop, 0);
}

static void ask(struct slot *s)
{
    struct http_load *h = s->load;
    char text[HTTP_LOAD_REQUEST_MAX];
    size_t len;

    if (h->stopped || h->next >= h->end || s->busy)
        return;
    s->request = h->next++;
    len = h->handlers->make(text, s->nr, s->request, h->arg);
    s->busy = true;
    h->n_busy++;
    if (send(s->fd.fd, text, len, MSG_NOSIGNAL) != (ssize_t) len)
        give_up(h);
}

/* The length of the whole answer at the beginning of in, or 0 while that is not known. */
static size_t answer_len(const struct blob *in, size_t *ret_head)
{
    const char *text = (const char *) in->p;
    const char *end = memmem(text, in->len, "\r\n\r\n", 4);
    const char *at = end ? memmem(text, (size_t) (end - text), "Content-Length: ", 16) : NULL;

    if (!end)
        return 0;
    *ret_head = (size_t) (end - text) + 4;
    return *ret_head + (at ? strtoul(at + 16, NULL, 10) : 0);
}

static void take_answer(struct slot *s)
{
    struct http_load *h = s->load;
    size_t head = 0, len = s->in.len ? answer_len(&s->in, &head) : 0;

    if (len == 0 || s->in.len < len)
        return;
    s->busy = false;
    h->n_busy--;
    h->n_answered++;
    h->bytes += len - head;
    if (h->handlers->answered)
        h->handlers->answered(s->nr, s->request,
                              (unsigned) strtoul((const char *) s->in.p + 9, NULL, 10),
                              bytes_of(s->in.p + head, len - head), h->arg);
    blob_clear(&s->in);
    ask(s);
    if (h->n_busy == 0 && h->next >= h->end)
        loop_quit(h->loop, 0);
}

static void on_readable(struct loop_fd *f, uint32_t revents)
{
    struct slot *s = container_of(f, struct slot, fd);
    uint8_t buf[65536];
    ssize_t n = recv(f->fd, buf, sizeof(buf), 0);

    (void) revents;
    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0 || blob_append(&s->in, bytes_of(buf, (size_t) n)) < 0)
        give_up(s->load);
    else
        take_answer(s);
}

static int open_slot(struct http_load *h, struct slot *s, const char *path)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int r;

    if (fd < 0)
        return -errno;
    snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
    s->load = h;
    s->nr = (size_t) (s - h->slots);
    s->in = blob_init(ANSWER_MAX);
    r = connect(fd, (struct sockaddr *) &sun, sizeof(sun)) < 0
            ? -errno
            : loop_fd_start(&s->fd, h->set, fd, EPOLLIN, on_readable);
    if (r < 0)
        close(fd);
    return r;
}

int http_load_new(struct loop *l, const char *path, size_t n_connections,
                  const struct http_load_handlers *handlers, void *arg, struct http_load **ret)
{
    struct http_load *h = calloc(1, sizeof(*h));
    int r;

    if (!h)
        return -ENOMEM;
    h->loop = l;
    h->handlers = handlers;
    h->arg = arg;
    h->slots = calloc(n_connections, sizeof(*h->slots));
    r = h->slots ? loop_set_new(l, &h->set) : -ENOMEM;
    for (; r == 0 && h->n < n_connections; h->n++)
        r = open_slot(h, &h->slots[h->n], path);
    if (r < 0) {
        http_load_free(h);
        return r;
    }
    *ret = h;
    return 0;
}

struct http_load *http_load_free(struct http_load *h)
{
    if (!h)
        return NULL;
    for (size_t i = 0; i < h->n; i++) {
        struct slot *s = &h->slots[i];
        int fd = s->fd.set ? s->fd.fd : -1;

        loop_fd_stop(&s->fd);
        if (fd >= 0)
            close(fd);
        blob_clear(&s->in);
    }
    loop_set_free(h->set);
    free(h->slots);
    free(h);
    return NULL;
}

void http_load_start(struct http_load *h, uint64_t max)
{
    h->stopped = false;
    h->end = max == UINT64_MAX ? max : h->next + max;
    for (size_t i = 0; i < h->n; i++)
        ask(&h->slots[i]);
}

void http_load_stop(struct http_load *h)
{
    h->stopped = true;
}

int http_load_run(struct http_load *h, uint64_t max)
{
    uint64_t wanted = h->n_answered + max;
    int r;

    http_load_start(h, max);
    r = measure_pause(h->loop, PATIENCE_US); /* the last answer ends it */
    if (r < 0 || h->broken)
        return r < 0 ? r : -EIO;
    return h->n_answered == wanted ? 0 : -ETIMEDOUT;
}

uint64_t http_load_answered(const struct http_load *h)
{
    return h->n_answered;
}

uint64_t http_load_bytes(const struct http_load *h)
{
    return h->bytes;
}
