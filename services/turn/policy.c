#include "turn/policy.h"

#include "base/log.h"
#include "net/interfaces.h"
#include "turn/control.h"

#include <errno.h>
#include <stdlib.h>

struct policy {
    const struct turn_config *config;
    policy_fn *fn;
    void *arg;
    struct interfaces *interfaces;
    struct addr *own; /* of this machine's interfaces */
    size_t n_own;
    struct control *controls[CONFIG_MEDIA_MAX];
    size_t n_controls;
    struct addr denied_media; /* that was warned of; family 0: none */
};

/* The lists of all media daemons as one; free() it. NULL when memory is out. */
static struct peers_media *all_media(const struct policy *p, size_t *ret_n)
{
    struct peers_media *all;
    size_t n = 0, n_list;

    for (size_t i = 0; i < p->n_controls; i++) {
        (void) control_list(p->controls[i], &n_list);
        n += n_list;
    }
    all = calloc(n + 1, sizeof(*all));
    n = 0;
    for (size_t i = 0; all && i < p->n_controls; i++) {
        const struct peers_media *list = control_list(p->controls[i], &n_list);

        memcpy(all + n, list, n_list * sizeof(*list));
        n += n_list;
    }
    *ret_n = n;
    return all;
}

static void warn_of_denied_media(struct policy *p, const struct peers *peers)
{
    const struct addr *denied = peers_denied_media(peers);
    char text[ADDR_TEXT_SIZE];

    if (denied && !addr_eq(denied, &p->denied_media))
        log_warning("denied_peers holds %s, an address of the media daemon: calls that come by "
                    "TURN cannot reach it",
                    addr_format(denied, text));
    p->denied_media = denied ? *denied : (struct addr){.family = 0};
}

/* free() it. NULL when memory is out. */
static struct addr *all_own(const struct policy *p, size_t *ret_n)
{
    const struct addr *external = &p->config->external_ip;
    struct addr *all = calloc(p->n_own + 1, sizeof(*all));

    if (!all)
        return NULL;
    if (p->n_own > 0)
        memcpy(all, p->own, p->n_own * sizeof(*all));
    all[p->n_own] = *external;
    *ret_n = p->n_own + (external->family != 0);
    return all;
}

static int make_and_tell(struct policy *p, const struct peers_rules *rules)
{
    struct peers *peers;
    int r = peers_new(rules, &peers);

    if (r < 0)
        return r;
    warn_of_denied_media(p, peers);
    r = p->fn(peers, p->arg);
    peers_unref(peers);
    return r;
}

static int build(struct policy *p)
{
    const struct turn_config *c = p->config;
    struct peers_rules rules = {
        .any_public = c->any_public_peer,
        .internal_relay = c->internal_relay,
        .allowed = c->allowed_peers,
        .n_allowed = c->n_allowed_peers,
        .denied = c->denied_peers,
        .n_denied = c->n_denied_peers,
    };
    struct peers_media *media = all_media(p, &rules.n_media);
    struct addr *own = all_own(p, &rules.n_own);
    int r;

    rules.media = media;
    rules.own = own;
    r = media && own ? make_and_tell(p, &rules) : -ENOMEM;
    free(media);
    free(own);
    if (r < 0)
        log_error("the peer policy stays as it was: %s", strerror(-r));
    return r;
}

/* 1: they are others than before. */
static int look_at_interfaces(struct policy *p)
{
    struct addr *list;
    size_t n;
    int r = interfaces_own(&list, &n);

    if (r < 0) {
        log_error("cannot list this machine's addresses: %s", strerror(-r));
        return r;
    }
    r = n != p->n_own || (n > 0 && memcmp(list, p->own, n * sizeof(*list)) != 0);
    free(p->own);
    p->own = list;
    p->n_own = n;
    return r;
}

static void on_interfaces(void *arg)
{
    struct policy *p = arg;

    if (look_at_interfaces(p) > 0)
        (void) build(p);
}

static void on_control(struct control *c, void *arg)
{
    (void) c;
    (void) build(arg);
}

static int start(struct policy *p, struct loop *l)
{
    const struct turn_config *c = p->config;
    int r = interfaces_watch(l, on_interfaces, p, &p->interfaces);

    if (r < 0)
        log_error("cannot watch this machine's addresses: %s", strerror(-r));
    if (r == 0)
        r = look_at_interfaces(p);
    if (r >= 0)
        r = build(p);
    for (size_t i = 0; r == 0 && i < c->n_media; i++) {
        r = control_new(l, c->media[i], on_control, p, &p->controls[i]);
        if (r == 0)
            p->n_controls++;
    }
    return r;
}

/* Who may be reached, in the words of the configuration. */
static void log_rules(const struct turn_config *c)
{
    log_info("relays reach the media daemons%s%s, %zu rules allow more, %zu deny",
             c->any_public_peer ? " and any public address" : " alone",
             c->internal_relay ? " over a network of one's own" : "", c->n_allowed_peers,
             c->n_denied_peers);
}

int policy_new(struct loop *l, const struct turn_config *config, policy_fn *fn, void *arg,
               struct policy **ret_policy)
{
    struct policy *p = calloc(1, sizeof(*p));
    int r;

    if (!p)
        return -ENOMEM;
    *p = (struct policy){.config = config, .fn = fn, .arg = arg};
    r = start(p, l);
    if (r < 0) {
        policy_free(p);
        return r;
    }
    log_rules(config);
    *ret_policy = p;
    return 0;
}

int policy_reloaded(struct policy *p)
{
    int r = build(p);

    if (r == 0)
        log_rules(p->config);
    return r;
}

struct policy *policy_free(struct policy *p)
{
    if (!p)
        return NULL;
    for (size_t i = 0; i < p->n_controls; i++)
        control_free(p->controls[i]);
    interfaces_free(p->interfaces);
    free(p->own);
    free(p);
    return NULL;
}
