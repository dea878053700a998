#include "nginx/nginx_ports.h"

#include "host/listeners.h"
#include "host/ports.h"
#include "nginx/nginx_listen.h"
#include "nginx/nginx_walk.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#define LISTENS_MAX 1024

struct found {
    struct nginx_listen listen;
    char kind[8]; /* "http", "stream", "mail" */
    char at[NGINX_WHERE_SIZE];
};

struct ports {
    struct found *list;
    size_t n;
    bool has_listen; /* the server that is open has one */
};

static void add(struct ports *p, const struct nginx_listen *l, const struct nginx_place *at)
{
    struct found *f = &p->list[p->n];

    if (p->n == LISTENS_MAX)
        return;
    f->listen = *l;
    snprintf(f->kind, sizeof(f->kind), "%.*s", (int) strcspn(at->context, "/"), at->context);
    snprintf(f->at, sizeof(f->at), "%s:%u", at->file, at->line);
    p->n++;
}

static void on_statement(const struct nginx_statement *st, const struct nginx_place *at, void *arg)
{
    struct ports *p = arg;
    const char *slash = strchr(at->context, '/');
    struct nginx_listen l;

    if (st->opens && strcmp(st->words[0], "server") == 0 && !slash)
        p->has_listen = false;
    if (!slash || strcmp(slash, "/server") != 0)
        return;
    if (st->n_words == 0 && !p->has_listen && strcmp(at->context, "http/server") == 0) {
        l = nginx_listen_default();
        add(p, &l, at);
    } else if (st->n_words > 1 && strcmp(st->words[0], "listen") == 0) {
        p->has_listen = true;
        if (nginx_listen_parse(st, strncmp(at->context, "http", 4) != 0, &l) == 0)
            add(p, &l, at);
    }
}

/* nginx -t passes then, and the start fails. */
static bool is_used_twice(const struct ports *p, char *why, size_t why_size)
{
    for (size_t i = 0; i < p->n; i++)
        for (size_t j = i + 1; j < p->n; j++) {
            const struct found *a = &p->list[i], *b = &p->list[j];

            if (strcmp(a->kind, b->kind) == 0 || !nginx_listen_collides(&a->listen, &b->listen))
                continue;
            snprintf(why, why_size,
                     "port %u is asked for by a server of %s{} at %s and by one of %s{} at %s, "
                     "which nginx cannot share between them",
                     a->listen.addr.port, a->kind, a->at, b->kind, b->at);
            return true;
        }
    return false;
}

static bool has(const struct ports *p, const struct nginx_listen *l)
{
    for (size_t i = 0; i < p->n; i++)
        if (p->list[i].listen.addr.family && addr_eq(&p->list[i].listen.addr, &l->addr) &&
            p->list[i].listen.last_port == l->last_port)
            return true;
    return false;
}

enum holder { HOLDER_UNKNOWN, HOLDER_NGINX, HOLDER_FOREIGN };

/* Who has it in fact: a running nginx may not have all that its files name. */
static enum holder holder_of(const struct addr *a)
{
    enum holder ret = HOLDER_UNKNOWN;
    const struct listener *l;
    struct listeners all;

    if (listeners_read(&all) < 0)
        return ret;
    l = listeners_find(&all, a, SOCK_STREAM);
    if (l && *l->process)
        ret = strcmp(l->process, "nginx") == 0 ? HOLDER_NGINX : HOLDER_FOREIGN;
    listeners_done(&all);
    return ret;
}

static void tell_holder(const struct addr *a, char *ret, size_t size)
{
    struct listeners all;
    const struct listener *l;

    snprintf(ret, size, "another program: `ss -ltnp sport = :%u` names it", a->port);
    if (listeners_read(&all) < 0)
        return;
    l = listeners_find(&all, a, SOCK_STREAM);
    if (l && l->pid > 0)
        listener_describe(l, ret, size);
    listeners_done(&all);
}

static bool is_taken(const struct found *f, char *why, size_t why_size)
{
    const struct addr *a = &f->listen.addr;
    char holder[512];

    /* An address that is not here: nginx tells of it in its own words. */
    if (!a->family || f->listen.is_udp || f->listen.is_unix ||
        port_check(a, SOCK_STREAM) != -EADDRINUSE)
        return false;
    tell_holder(a, holder, sizeof(holder));
    snprintf(why, why_size, "port %u, which nginx is to listen on (%s), is held by %s", a->port,
             f->at, holder);
    return true;
}

static int read_ports(const char *main_file, struct ports *ret)
{
    struct nginx_visitor v = {.on_statement = on_statement, .arg = ret};

    *ret = (struct ports){.list = calloc(LISTENS_MAX, sizeof(*ret->list))};
    return ret->list ? nginx_walk(main_file, &v) : -ENOMEM;
}

/* held: what the files of a running nginx name. */
static bool nginx_has(const struct ports *held, const struct nginx_listen *l)
{
    enum holder holder = holder_of(&l->addr);

    return holder == HOLDER_NGINX || (holder == HOLDER_UNKNOWN && has(held, l));
}

int nginx_ports_check(const char *main_file, const struct nginx_facts *f, char *why,
                      size_t why_size)
{
    struct ports wanted = {.n = 0}, held = {.n = 0};
    int r = read_ports(main_file, &wanted);

    if (r == 0 && is_used_twice(&wanted, why, why_size))
        r = -EINVAL;
    /* What a running nginx has it keeps over a reload. */
    if (r == 0 && f->running)
        r = read_ports(f->conf, &held);
    for (size_t i = 0; r == 0 && i < wanted.n; i++)
        if (is_taken(&wanted.list[i], why, why_size) &&
            !(f->running && nginx_has(&held, &wanted.list[i].listen)))
            r = -EINVAL;
    free(held.list);
    free(wanted.list);
    return r;
}

bool nginx_port_is_foreign(const struct nginx_facts *f, const struct addr *a, char *who,
                           size_t who_size)
{
    const struct nginx_listen wanted = {.addr = *a, .last_port = a->port};
    struct ports held = {.n = 0};
    bool foreign = port_check(a, SOCK_STREAM) == -EADDRINUSE;
    enum holder holder = foreign && f->running ? holder_of(a) : HOLDER_UNKNOWN;

    if (holder != HOLDER_UNKNOWN)
        foreign = holder == HOLDER_FOREIGN;
    else if (foreign && f->running && read_ports(f->conf, &held) == 0)
        for (size_t i = 0; foreign && i < held.n; i++)
            foreign = !nginx_listen_collides(&held.list[i].listen, &wanted);
    free(held.list);
    if (foreign)
        tell_holder(a, who, who_size);
    return foreign;
}
