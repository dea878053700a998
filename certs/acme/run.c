#include "acme/run.h"

#include "acme/chain.h"
#include "base/clock.h"
#include "certs/issue.h"

#include <errno.h>
#include <openssl/x509.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define LOCK_WAIT_S 120

void run_tell(const struct acme_config *c, bool is_problem, const char *fmt, ...)
{
    char text[4096];
    va_list args;

    if (!c->tell)
        return;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    c->tell(is_problem, text, c->arg);
}

void run_tell_news(const char *text, void *arg)
{
    run_tell(arg, false, "%s", text);
}

int64_t run_now_s(void)
{
    return (int64_t) (clock_wall_ms() / 1000);
}

const char *run_time_text(int64_t s, char text[static RUN_TIME_SIZE])
{
    time_t t = (time_t) s;
    struct tm tm;

    if (!gmtime_r(&t, &tm) || strftime(text, RUN_TIME_SIZE, "%Y-%m-%d %H:%M UTC", &tm) == 0)
        snprintf(text, RUN_TIME_SIZE, "an unknown time");
    return text;
}

static void on_wait(void *arg)
{
    run_tell(arg, false, "Another run is at work; waiting for its end.");
}

int run_open_vault(const struct acme_config *c, struct vault *ret)
{
    return vault_open(c->folder, LOCK_WAIT_S, on_wait, (void *) c, ret);
}

/* ---- what is kept of a set ---- */

static int load_state(const char *folder, const struct acme_ids *ids, struct kept *k)
{
    char *text;
    size_t len;
    int r = vault_load_state(folder, ids, &text, &len);

    if (r == 0) {
        k->has_state = state_parse(bytes_of(text, len), &k->state) == 0;
        k->is_damaged |= !k->has_state;
        free(text);
    }
    k->is_damaged |= r == -EINVAL;
    return r == -EINVAL || r == -ENOENT ? 0 : r;
}

int kept_load(const char *folder, const struct acme_ids *ids, struct kept *ret)
{
    struct kept k = {.has_pair = false};
    int r = vault_load_pair(folder, ids, &k.pair);

    state_init(&k.state);
    k.has_pair = r == 0;
    k.is_damaged = r == -EINVAL;
    if (k.has_pair && acme_ari_id(k.pair.pair.chain[0], k.ari_id) < 0)
        k.ari_id[0] = '\0';
    if (r == 0 || r == -EINVAL || r == -ENOENT)
        r = load_state(folder, ids, &k);
    *ret = k;
    return r;
}

void kept_done(struct kept *k)
{
    if (k->has_pair)
        vault_pair_done(&k->pair);
    k->has_pair = false;
}

struct due_pair kept_due_pair(const struct kept *k, const struct acme_ids *ids,
                              const enum acme_key_type *key_type)
{
    struct due_pair p = {.exists = k->has_pair, .ari_id = k->ari_id};
    X509 *leaf = k->has_pair ? k->pair.pair.chain[0] : NULL;

    if (!leaf)
        return p;
    p.covers = chain_covers(leaf, ids) && (!key_type || acme_key_is(k->pair.pair.key, *key_type));
    p.revoked = k->pair.revoked;
    p.not_before_s = time_of(X509_get0_notBefore(leaf));
    p.not_after_s = time_of(X509_get0_notAfter(leaf));
    return p;
}

/* ---- the CAs ---- */

static bool has_directory(const struct acme_ca *ca)
{
    return ca->directory && *ca->directory;
}

/* For so long that it counts as many failures. */
#define LONG_S 86400

/* Until when it wants to be left alone. */
static int64_t ban_of(const struct acme_ca *ca, const struct acme_state *s, int64_t now_s)
{
    struct acme_state own = run_state_for(s, ca);

    /* failures of ours do not count here */
    own.failures = 0;
    return due_retry_s(&own, 0, now_s);
}

const struct acme_ca *run_choose_ca(const struct acme_config *c, const struct acme_state *s,
                                    int64_t now_s)
{
    if (!has_directory(&c->fallback) || c->fallback_after == 0)
        return &c->ca;
    if (s->failures < c->fallback_after)
        return ban_of(&c->ca, s, now_s) > now_s + LONG_S ? &c->fallback : &c->ca;
    if (ban_of(&c->ca, s, now_s) > now_s)
        return &c->fallback;
    if (ban_of(&c->fallback, s, now_s) > now_s)
        return &c->ca;
    return (s->failures - c->fallback_after) % 2 == 0 ? &c->fallback : &c->ca;
}

const struct acme_ca *run_find_ca(const struct acme_config *c, const char *directory)
{
    const struct acme_ca *list[] = {&c->ca, &c->fallback, &c->staging};

    for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
        if (has_directory(list[i]) && strcmp(list[i]->directory, directory) == 0)
            return list[i];
    return NULL;
}

struct acme_state run_state_for(const struct acme_state *s, const struct acme_ca *ca)
{
    struct acme_state own = *s;

    if (own.not_before_directory[0] && strcmp(own.not_before_directory, ca->directory) != 0)
        own.not_before_s = 0;
    return own;
}

int run_client(const struct acme_config *c, const char *directory, struct acme_client **ret,
               struct acme_failure *f)
{
    const struct acme_client_config config = {
        .loop = c->loop,
        .directory = directory,
        .ca_file = c->ca_file,
        .user_agent = c->user_agent,
        .retry_ms = c->retry_ms,
    };
    int r = acme_client_new(&config, ret);

    return r < 0 ? failure_set(f, FAILURE_LOCAL, STEP_DIRECTORY, r, directory,
                               "no request can be made from here: %s", strerror(-r))
                 : 0;
}
