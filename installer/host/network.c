#include "host/network.h"

#include "host/own_addresses.h"

#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* ---- looking ---- */

/* A resolver may take half a minute to give up, which nobody waits for: whoever of the two comes
 * last frees it. */
struct lookup {
    pthread_mutex_t lock;
    pthread_cond_t finished;
    bool done, abandoned;
    char name[NETWORK_HOST_SIZE];
    struct addr found[NETWORK_RESOLVED_MAX];
    size_t n_found;
};

static void lookup_free(struct lookup *k)
{
    pthread_cond_destroy(&k->finished);
    pthread_mutex_destroy(&k->lock);
    free(k);
}

static void *lookup_main(void *arg)
{
    struct lookup *k = arg;
    struct addrinfo hints = {.ai_socktype = SOCK_DGRAM}, *list = NULL;
    bool abandoned;

    if (getaddrinfo(k->name, NULL, &hints, &list) != 0)
        list = NULL;
    for (struct addrinfo *i = list; i && k->n_found < NETWORK_RESOLVED_MAX; i = i->ai_next) {
        struct addr *a = &k->found[k->n_found];

        if (addr_from_sockaddr(i->ai_addr, i->ai_addrlen, a) == 0 && !addr_is_loopback(a) &&
            !addr_is_unspecified(a))
            k->n_found++;
    }
    if (list)
        freeaddrinfo(list);
    pthread_mutex_lock(&k->lock);
    k->done = true;
    abandoned = k->abandoned;
    pthread_cond_signal(&k->finished);
    pthread_mutex_unlock(&k->lock);
    if (abandoned)
        lookup_free(k);
    return NULL;
}

static struct lookup *lookup_new(const char *name)
{
    struct lookup *k = calloc(1, sizeof(*k));
    pthread_condattr_t attr;

    if (!k)
        return NULL;
    snprintf(k->name, sizeof(k->name), "%s", name);
    pthread_mutex_init(&k->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&k->finished, &attr);
    pthread_condattr_destroy(&attr);
    return k;
}

static bool lookup_wait(struct lookup *k, unsigned timeout_ms)
{
    struct timespec until;
    bool done;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += timeout_ms / 1000;
    until.tv_nsec += (long) (timeout_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&k->lock);
    while (!k->done && pthread_cond_timedwait(&k->finished, &k->lock, &until) == 0)
        ;
    done = k->done;
    k->abandoned = !done;
    pthread_mutex_unlock(&k->lock);
    return done;
}

static void look_up(const char *name, unsigned timeout_ms, struct network *n)
{
    struct lookup *k = lookup_new(name);
    pthread_t thread;

    if (!k)
        return;
    if (pthread_create(&thread, NULL, lookup_main, k) != 0) {
        lookup_free(k);
        return;
    }
    if (lookup_wait(k, timeout_ms)) {
        pthread_join(thread, NULL);
        memcpy(n->resolved, k->found, sizeof(n->resolved));
        n->n_resolved = k->n_found;
        lookup_free(k);
    } else {
        pthread_detach(thread);
    }
}

static void look_at_interfaces(struct network *n)
{
    struct addr all[NETWORK_LOCAL_MAX];
    char names[NETWORK_LOCAL_MAX][16];
    int found = addr_local_list(all, NETWORK_LOCAL_MAX, names);

    for (int i = 0; i < found; i++) {
        const struct addr *a = &all[i];

        if (addr_is_loopback(a)) {
            n->ipv6 |= a->family == AF_INET6;
            continue;
        }
        if (!addr_is_link_local(a) && !addr_is_unspecified(a) && !addr_is_multicast(a) &&
            !addr_is_container_interface(names[i]))
            n->local[n->n_local++] = *a;
    }
}

static bool is_ip(const char *text, struct addr *ret)
{
    return addr_parse_ip(text, 0, ret) == 0;
}

void network_look(const char *name, unsigned timeout_ms, struct network *ret)
{
    struct addr a;

    *ret = (struct network){.n_local = 0};
    look_at_interfaces(ret);
    if (name && *name && !is_ip(name, &a))
        look_up(name, timeout_ms, ret);
}

/* ---- deciding ---- */

static bool is_auto(const char *coturn_ip)
{
    return strcmp(coturn_ip, "auto-ipv4") == 0 || strcmp(coturn_ip, "auto-ipv6") == 0;
}

bool network_needs_lookup(const char *coturn_ip, const char *domain)
{
    struct addr a;

    return is_auto(coturn_ip) && *domain && !is_ip(domain, &a);
}

static uint16_t wanted_family(const char *coturn_ip)
{
    return strcmp(coturn_ip, "auto-ipv6") == 0 ? AF_INET6 : AF_INET;
}

/* Public ones first; family 0: any. */
static const struct addr *best_of(const struct addr *list, size_t n, uint16_t family)
{
    for (int wanted = 0; wanted < 2; wanted++)
        for (size_t i = 0; i < n; i++)
            if ((family == 0 || list[i].family == family) &&
                addr_is_private(&list[i]) == (wanted == 1))
                return &list[i];
    return NULL;
}

static bool take(struct turn_ip *t, const struct addr *a, enum turn_ip_source source)
{
    char text[ADDR_TEXT_SIZE];

    if (!a)
        return false;
    snprintf(t->text, sizeof(t->text), "%s", addr_format_ip(a, text));
    t->source = source;
    return true;
}

static bool take_domain(struct turn_ip *t, const char *domain, uint16_t family)
{
    struct addr a;

    return is_ip(domain, &a) && (family == 0 || a.family == family) && take(t, &a, TURN_IP_DOMAIN);
}

/* A name with several addresses gives them in another order each time. */
static bool take_resolved(struct turn_ip *t, const struct network *n, uint16_t family,
                          const struct turn_ip *before)
{
    struct addr last;

    if (before && is_ip(before->text, &last) && last.family == family)
        for (size_t i = 0; i < n->n_resolved; i++)
            if (addr_ip_eq(&n->resolved[i], &last))
                return take(t, &last, TURN_IP_RESOLVED);
    return take(t, best_of(n->resolved, n->n_resolved, family), TURN_IP_RESOLVED);
}

static bool take_interface(struct turn_ip *t, const struct network *n, uint16_t family)
{
    return take(t, best_of(n->local, n->n_local, family), TURN_IP_INTERFACE);
}

static bool keep(struct turn_ip *t, const struct turn_ip *before, enum turn_ip_source source)
{
    if (!before || before->source != source)
        return false;
    *t = *before;
    t->kept = true;
    return true;
}

void network_turn_ip(const char *coturn_ip, const char *domain, const struct network *n,
                     const struct turn_ip *before, struct turn_ip *ret)
{
    uint16_t family = wanted_family(coturn_ip);

    *ret = (struct turn_ip){.source = TURN_IP_GIVEN};
    if (!is_auto(coturn_ip)) {
        snprintf(ret->text, sizeof(ret->text), "%s", *coturn_ip ? coturn_ip : domain);
        return;
    }
    if (take_domain(ret, domain, family) || take_resolved(ret, n, family, before) ||
        keep(ret, before, TURN_IP_RESOLVED) || take_interface(ret, n, family) ||
        keep(ret, before, TURN_IP_INTERFACE) || take_domain(ret, domain, 0) ||
        take_interface(ret, n, 0))
        return;
    snprintf(ret->text, sizeof(ret->text), "%s", family == AF_INET6 ? "::1" : "127.0.0.1");
    ret->source = TURN_IP_NONE;
}

const char *const turn_ip_source_names[] = {
    [TURN_IP_GIVEN] = "given",         [TURN_IP_DOMAIN] = "domain", [TURN_IP_RESOLVED] = "resolved",
    [TURN_IP_INTERFACE] = "interface", [TURN_IP_NONE] = "none",     [N_TURN_IP_SOURCES] = NULL,
};

const char *turn_ip_source_text(enum turn_ip_source s)
{
    static const char *const texts[N_TURN_IP_SOURCES] = {
        [TURN_IP_GIVEN] = "as COTURN_IP says",
        [TURN_IP_DOMAIN] = "as DOMAIN_OR_PUBLIC_IP says",
        [TURN_IP_RESOLVED] = "what DOMAIN_OR_PUBLIC_IP resolves to",
        [TURN_IP_INTERFACE] = "the address of an interface",
        [TURN_IP_NONE] = "this machine has no other address; set COTURN_IP",
    };

    return texts[s];
}

bool network_is_local(const struct network *n, const char *ip)
{
    struct addr a;

    if (!is_ip(ip, &a))
        return false;
    for (size_t i = 0; i < n->n_local; i++)
        if (addr_ip_eq(&n->local[i], &a))
            return true;
    return addr_is_loopback(&a);
}
