#include "media/addresses.h"

#include "base/log.h"
#include "loop/mailbox.h"
#include "net/interfaces.h"

#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_AGAIN_S 60
#define SETTLE_US 200000 /* changes of interfaces come several at a time */
#define LOCALS_MAX 64
#define PUBLICS_MAX 8

/* One look-up; its thread owns it until it is posted. A resolver may take half a minute to give up,
 * so the daemon's end does not wait for it: whoever of the two comes second frees it. */
struct lookup {
    struct mail mail;
    atomic_bool settled; /* posted, or abandoned */
    struct mailbox *reply;
    char *name;
    struct addr found[PUBLICS_MAX];
    size_t n_found;
    int error; /* of getaddrinfo */
};

struct addresses {
    struct loop *loop;
    const struct config *config;
    bool with_ipv6;
    addresses_fn *fn;
    void *arg;
    struct mailbox *mailbox;
    struct loop_timer timer;
    struct interfaces *interfaces;
    bool interfaces_changed;           /* the timer is set to look at them */
    struct addr resolved[PUBLICS_MAX]; /* of `name`; the last success stays */
    size_t n_resolved;
    char *name;             /* the public name that was looked up last; NULL none */
    struct lookup *looking; /* under way */
    pthread_t thread;
    bool warned;
};

/* "localhost" is this machine, whatever a resolver thinks of it (RFC 6761 section 6.3). */
static bool needs_lookup(const struct config *c)
{
    struct addr a;

    return c->public_ips.n == 0 && c->public_name && *c->public_name &&
           strcmp(c->public_name, "localhost") != 0 && addr_parse_ip(c->public_name, 0, &a) < 0;
}

static size_t configured(const struct config *c, const struct addr *locals, size_t n_locals,
                         struct public_addr *ret, size_t max)
{
    size_t n = 0;

    for (size_t i = 0; i < c->public_ips.n && n < max; i++) {
        if (public_addr_parse(c->public_ips.items[i], &ret[n]) == 0)
            n++;
    }
    if (c->public_ips.n == 0 && c->public_name && public_addr_parse(c->public_name, &ret[n]) == 0)
        n++;
    return public_addrs_own(ret, n, locals, n_locals);
}

/* A public address that is an interface's keeps its place among the interfaces, which costs nothing
 * and spares a second candidate; loopback ("localhost") is announced last in any case. */
static size_t without_loopback(struct public_addr *list, size_t n)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        if (!addr_is_loopback(&list[i].addr) && !addr_is_unspecified(&list[i].addr))
            list[kept++] = list[i];
    }
    return kept;
}

static int forget_loopback(struct addr *locals, char (*names)[16], int n)
{
    int kept = 0;

    for (int i = 0; i < n; i++) {
        if (addr_is_loopback(&locals[i]))
            continue;
        locals[kept] = locals[i];
        memcpy(names[kept++], names[i], sizeof(names[i]));
    }
    return kept;
}

static int collect(const struct config *c, bool with_ipv6, const struct addr *resolved,
                   size_t n_resolved, struct candidates *ret)
{
    struct public_addr publics[PUBLICS_MAX];
    struct addr locals[LOCALS_MAX];
    char names[LOCALS_MAX][16];
    int n = addr_local_list(locals, LOCALS_MAX, names);
    size_t n_publics;

    if (n < 0)
        return n;
    n_publics = configured(c, locals, (size_t) n, publics, PUBLICS_MAX);
    if (!c->announce_loopback)
        n = forget_loopback(locals, names, n);
    for (size_t i = 0; i < n_resolved && n_publics < PUBLICS_MAX; i++)
        publics[n_publics++] = (struct public_addr){.addr = resolved[i]};
    n_publics = without_loopback(publics, n_publics);
    candidates_build(locals, names, (size_t) n, publics, n_publics, c->public_ips.n > 0, with_ipv6,
                     ret);
    return 0;
}

int addresses_now(const struct config *config, bool with_ipv6, struct candidates *ret)
{
    return collect(config, with_ipv6, NULL, 0, ret);
}

/* ---- the look-up ---- */

static void lookup_free(struct lookup *k)
{
    free(k->name);
    free(k);
}

static void *lookup_main(void *arg)
{
    struct lookup *k = arg;
    struct addrinfo hints = {.ai_socktype = SOCK_DGRAM}, *list = NULL;

    k->error = getaddrinfo(k->name, NULL, &hints, &list);
    for (struct addrinfo *i = list; i && k->n_found < PUBLICS_MAX; i = i->ai_next) {
        if (addr_from_sockaddr(i->ai_addr, i->ai_addrlen, &k->found[k->n_found]) == 0)
            k->n_found++;
    }
    if (list)
        freeaddrinfo(list);
    if (atomic_exchange(&k->settled, true))
        lookup_free(k); /* nobody waits any more */
    else
        mailbox_post(k->reply, &k->mail);
    return NULL;
}

/* What was found for another name is over. */
static int take_name(struct addresses *a, const char *name)
{
    char *copy;

    if (a->name && strcmp(a->name, name) == 0)
        return 0;
    copy = strdup(name);
    if (!copy)
        return -ENOMEM;
    free(a->name);
    a->name = copy;
    a->n_resolved = 0;
    a->warned = false;
    return 0;
}

static int start_lookup(struct addresses *a)
{
    struct lookup *k = calloc(1, sizeof(*k));
    int r;

    if (!k)
        return -ENOMEM;
    list_init(&k->mail.node);
    k->reply = a->mailbox;
    k->name = strdup(a->config->public_name);
    r = k->name ? take_name(a, k->name) : -ENOMEM;
    if (r == 0)
        r = -pthread_create(&a->thread, NULL, lookup_main, k);
    if (r < 0)
        lookup_free(k);
    else
        a->looking = k;
    return r;
}

static void report(struct addresses *a);

static void on_timer(struct loop_timer *t)
{
    struct addresses *a = container_of(t, struct addresses, timer);

    a->interfaces_changed = false;
    if (a->looking) /* for an earlier name: on_lookup_done() comes back here */
        return;
    if (!needs_lookup(a->config) || start_lookup(a) < 0)
        report(a);
}

static void look_now(struct addresses *a)
{
    (void) loop_timer_start(&a->timer, a->loop, 0, on_timer);
}

static void on_interfaces(void *arg)
{
    struct addresses *a = arg;

    if (!a->interfaces_changed)
        (void) loop_timer_start(&a->timer, a->loop, SETTLE_US, on_timer);
    a->interfaces_changed = true;
}

static void report(struct addresses *a)
{
    size_t n_resolved = needs_lookup(a->config) ? a->n_resolved : 0;
    struct candidates c;

    if (collect(a->config, a->with_ipv6, a->resolved, n_resolved, &c) == 0)
        a->fn(&c, a->arg);
    (void) loop_timer_start(&a->timer, a->loop, LOOK_AGAIN_S * 1000000ull, on_timer);
}

static void on_lookup_done(struct mail *mail, void *arg)
{
    struct addresses *a = arg;
    struct lookup *k = container_of(mail, struct lookup, mail);

    pthread_join(a->thread, NULL);
    a->looking = NULL;
    if (!needs_lookup(a->config) || strcmp(k->name, a->config->public_name) != 0) {
        lookup_free(k);
        look_now(a);
        return;
    }
    if (k->error == 0) {
        memcpy(a->resolved, k->found, sizeof(k->found));
        a->n_resolved = k->n_found;
        a->warned = false;
    } else if (!a->warned) {
        log_warning("%s: %s, announcing the interface addresses alone", k->name,
                    gai_strerror(k->error));
        a->warned = true;
    }
    lookup_free(k);
    report(a);
}

static void drop_lookup(struct mail *mail, void *arg)
{
    (void) arg;
    lookup_free(container_of(mail, struct lookup, mail));
}

/* ---- life ---- */

int addresses_new(struct loop *l, const struct config *config, bool with_ipv6, addresses_fn *fn,
                  void *arg, struct addresses **ret_a)
{
    struct addresses *a = calloc(1, sizeof(*a));
    int r;

    if (!a)
        return -ENOMEM;
    *a = (struct addresses){
        .loop = l, .config = config, .with_ipv6 = with_ipv6, .fn = fn, .arg = arg};
    r = mailbox_new(l, on_lookup_done, a, &a->mailbox);
    if (r == 0)
        r = interfaces_watch(l, on_interfaces, a, &a->interfaces);
    if (r == 0)
        r = loop_timer_start(&a->timer, l, 0, on_timer);
    if (r < 0) {
        addresses_free(a);
        return r;
    }
    *ret_a = a;
    return 0;
}

void addresses_reloaded(struct addresses *a)
{
    look_now(a);
}

struct addresses *addresses_free(struct addresses *a)
{
    if (!a)
        return NULL;
    if (a->looking && !atomic_exchange(&a->looking->settled, true))
        pthread_detach(a->thread); /* it frees the look-up */
    else if (a->looking)
        pthread_join(a->thread, NULL); /* its message is in the mailbox, or about to be */
    interfaces_free(a->interfaces);
    loop_timer_done(&a->timer);
    if (a->mailbox)
        mailbox_free(a->mailbox, drop_lookup);
    free(a->name);
    free(a);
    return NULL;
}
