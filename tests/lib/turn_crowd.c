#include "tests/lib/turn_crowd.h"

#include "tests/lib/loopback.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#define BESIDE 256 /* descriptors for other things */

static void raise_descriptors(size_t n)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= n + BESIDE)
        return;
    limit.rlim_cur = n + BESIDE;
    if (limit.rlim_max < limit.rlim_cur)
        limit.rlim_max = limit.rlim_cur;
    (void) setrlimit(RLIMIT_NOFILE, &limit); /* else opening them fails, and says why */
}

static int open_client(struct turn_crowd *c, size_t i, const struct addr *at,
                       const struct addr *server)
{
    int fd = loopback_open_to(at, server, &c->addrs[i]);

    c->clients[i].fd = fd;
    return fd < 0 ? fd : 0;
}

int turn_crowd_open(struct turn_crowd *c, size_t n, const char *ip, const struct addr *server)
{
    struct addr at;
    int r = addr_parse_ip(ip, 0, &at);

    raise_descriptors(n);
    *c = (struct turn_crowd){.n = 0, .peer_fd = -1};
    c->clients = calloc(n, sizeof(c->clients[0]));
    c->addrs = calloc(n, sizeof(c->addrs[0]));
    c->sessions = calloc(n, sizeof(c->sessions[0]));
    if (!c->clients || !c->addrs || !c->sessions)
        r = -ENOMEM;
    if (r == 0) {
        c->peer_fd = loopback_open_to(&at, NULL, &c->peer);
        r = c->peer_fd < 0 ? c->peer_fd : 0;
    }
    for (size_t i = 0; i < n && r == 0; i++) {
        r = open_client(c, i, &at, server);
        c->n += r == 0;
    }
    if (r < 0)
        turn_crowd_close(c);
    return r;
}

void turn_crowd_close(struct turn_crowd *c)
{
    for (size_t i = 0; i < c->n; i++)
        close(c->clients[i].fd);
    if (c->peer_fd > 0)
        close(c->peer_fd);
    free(c->clients);
    free(c->sessions);
    free(c->addrs);
    *c = (struct turn_crowd){.n = 0};
}

int turn_crowd_allocate(struct turn_crowd *c, size_t n, bool bind)
{
    int r = 0;

    for (; c->n_allocated < n && r == 0; c->n_allocated++) {
        struct turn_load_client *client = &c->clients[c->n_allocated];
        struct turn_session *s = &c->sessions[c->n_allocated];

        r = turn_session_init(s, client->fd);
        if (r == 0)
            r = turn_session_allocate(s);
        if (r == 0 && bind)
            r = turn_session_bind(s, &c->peer);
        client->relayed = s->relayed;
    }
    return r;
}

int turn_crowd_delete(struct turn_crowd *c)
{
    int r = 0;

    for (; c->n_allocated > 0 && r == 0; c->n_allocated--)
        r = turn_session_delete(&c->sessions[c->n_allocated - 1]);
    return r;
}
