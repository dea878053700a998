#include "store/redis_dial.h"

#include "base/addr.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/un.h>
#include <unistd.h>

#define ADDRESSES_MAX 8 /* of one name */

/* A resolver may take half a minute to give up, so nobody waits for its thread: whoever of the two
 * comes second frees this. */
struct lookup {
    atomic_bool settled; /* done, or abandoned */
    int done_fd;         /* readable when done */
    char host[STORE_TEXT_MAX + 1];
    uint16_t port;
    struct addr found[ADDRESSES_MAX];
    size_t n_found;
};

struct redis_dial {
    struct lookup *lookup; /* under way, or NULL */
    struct addr list[ADDRESSES_MAX];
    size_t n, next;
    int fd; /* being connected, or -1 */
    int error;
};

/* ---- names ---- */

static void lookup_free(struct lookup *k)
{
    close(k->done_fd);
    free(k);
}

static void *lookup_main(void *arg)
{
    struct lookup *k = arg;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list = NULL;

    if (getaddrinfo(k->host, NULL, &hints, &list) != 0)
        list = NULL;
    for (struct addrinfo *i = list; i && k->n_found < ADDRESSES_MAX; i = i->ai_next) {
        if (addr_from_sockaddr(i->ai_addr, i->ai_addrlen, &k->found[k->n_found]) == 0)
            k->found[k->n_found++].port = k->port;
    }
    if (list)
        freeaddrinfo(list);
    /* readable a moment before it is settled: level-triggered, so nobody misses it */
    (void) eventfd_write(k->done_fd, 1);
    if (atomic_exchange(&k->settled, true))
        lookup_free(k); /* nobody waits any more */
    return NULL;
}

static int lookup_start(const struct store_address *to, struct lookup **ret_k)
{
    struct lookup *k = calloc(1, sizeof(*k));
    pthread_t thread;
    int r;

    if (!k)
        return -ENOMEM;
    memcpy(k->host, to->host, sizeof(k->host));
    k->port = to->port;
    k->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (k->done_fd < 0) {
        r = -errno;
        free(k);
        return r;
    }
    r = -pthread_create(&thread, NULL, lookup_main, k);
    if (r < 0) {
        lookup_free(k);
        return r;
    }
    (void) pthread_detach(thread);
    *ret_k = k;
    return 0;
}

/* Takes what was found, when all of it is. */
static int lookup_finish(struct redis_dial *d)
{
    struct lookup *k = d->lookup;

    if (!atomic_load(&k->settled))
        return -EINPROGRESS;
    memcpy(d->list, k->found, sizeof(d->list));
    d->n = k->n_found;
    d->lookup = NULL;
    lookup_free(k);
    return d->n ? 0 : -EHOSTUNREACH;
}

/* ---- sockets ---- */

/* 0 when the connection is there or under way. */
static int try_address(struct redis_dial *d, const struct sockaddr *sa, socklen_t len)
{
    d->fd = socket(sa->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (d->fd < 0)
        return -errno;
    if (connect(d->fd, sa, len) == 0 || errno == EINPROGRESS)
        return 0;
    d->error = -errno;
    close(d->fd);
    d->fd = -1;
    return d->error;
}

static int try_next(struct redis_dial *d)
{
    while (d->next < d->n) {
        struct sockaddr_storage sa;
        socklen_t len = addr_to_sockaddr(&d->list[d->next++], &sa);

        if (try_address(d, (const struct sockaddr *) &sa, len) == 0)
            return 0;
    }
    return d->error;
}

static int try_path(struct redis_dial *d, const char *path)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};

    memcpy(sa.sun_path, path, strlen(path));
    return try_address(d, (const struct sockaddr *) &sa, sizeof(sa));
}

/* ---- the whole ---- */

int redis_dial_new(const struct store_address *to, struct redis_dial **ret_dial)
{
    struct redis_dial *d = calloc(1, sizeof(*d));
    int r;

    if (!d)
        return -ENOMEM;
    d->fd = -1;
    d->error = -EHOSTUNREACH;
    if (to->place == STORE_UNIX) {
        r = try_path(d, to->path);
    } else if (addr_parse_ip(to->host, to->port, &d->list[0]) == 0) {
        d->n = 1;
        r = try_next(d);
    } else {
        r = lookup_start(to, &d->lookup);
    }
    if (r < 0)
        redis_dial_free(d);
    else
        *ret_dial = d;
    return r;
}

struct redis_dial *redis_dial_free(struct redis_dial *d)
{
    if (!d)
        return NULL;
    if (d->lookup && atomic_exchange(&d->lookup->settled, true))
        lookup_free(d->lookup);
    if (d->fd >= 0)
        close(d->fd);
    free(d);
    return NULL;
}

int redis_dial_fd(const struct redis_dial *d)
{
    return d->lookup ? d->lookup->done_fd : d->fd;
}

short redis_dial_events(const struct redis_dial *d)
{
    return d->lookup ? POLLIN : POLLOUT;
}

int redis_dial_step(struct redis_dial *d, int *ret_fd)
{
    struct pollfd p;
    int error = 0;
    socklen_t len = sizeof(error);

    if (d->lookup) {
        int r = lookup_finish(d);

        if (r == 0)
            r = try_next(d);
        if (r < 0)
            return r;
    }
    p = (struct pollfd){.fd = d->fd, .events = POLLOUT};
    if (poll(&p, 1, 0) <= 0)
        return -EINPROGRESS;
    if (getsockopt(d->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
        error = errno;
    if (error == 0) {
        *ret_fd = d->fd;
        d->fd = -1;
        return 0;
    }
    close(d->fd);
    d->fd = -1;
    d->error = -error;
    return try_next(d) < 0 ? d->error : -EINPROGRESS;
}
