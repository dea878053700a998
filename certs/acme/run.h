/* run.h: what the parts of acme.h's functions share. */
#pragma once

#include "acme/acme.h"
#include "acme/selfcheck.h"

/* A line to whoever listens. */
void run_tell(const struct acme_config *c, bool is_problem, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* For config structs that take lines without a kind; arg is the acme_config. */
void run_tell_news(const char *text, void *arg);

int64_t run_now_s(void);

/* vault_open() that waits for another run, told. */
int run_open_vault(const struct acme_config *c, struct vault *ret);

/* "2026-11-23 05:00 UTC"; returns text. */
#define RUN_TIME_SIZE 32
const char *run_time_text(int64_t s, char text[static RUN_TIME_SIZE]);

/* ---- what is kept of a set ---- */

struct kept {
    struct vault_pair pair;
    bool has_pair;
    char ari_id[ACME_ARI_ID_SIZE]; /* "": none */
    struct acme_state state;       /* as state_init() makes it when there is none */
    bool has_state;
    bool is_damaged; /* one of them was there, and could not be read */
};

/* 0 also when there is nothing; an error of the files. kept_done() in any case. */
int kept_load(const char *folder, const struct acme_ids *ids, struct kept *ret);
void kept_done(struct kept *k);

/* The pair for due.h; valid as long as k. key_type: what is wanted; NULL: any. */
struct due_pair kept_due_pair(const struct kept *k, const struct acme_ids *ids,
                              const enum acme_key_type *key_type);

/* ---- the CAs ---- */

/* Which one the next attempt goes to: the first; after too many failures the other one in turn, and
 * when the first wants to be left alone for more than a day. One that wants to be left alone is
 * passed over if the other does not. */
const struct acme_ca *run_choose_ca(const struct acme_config *c, const struct acme_state *s,
                                    int64_t now_s);

/* The one that has that directory; NULL: none of them. */
const struct acme_ca *run_find_ca(const struct acme_config *c, const char *directory);

/* The state as that CA sees it: what another one asked for does not bind it. */
struct acme_state run_state_for(const struct acme_state *s, const struct acme_ca *ca);

/* A client for that CA. *f tells. */
int run_client(const struct acme_config *c, const char *directory, struct acme_client **ret,
               struct acme_failure *f);

/* ---- renewal information ---- */

/* Is it time to ask the pair's CA for it? */
bool renewal_info_is_due(const struct acme_config *c, const struct kept *k, int64_t now_s);

/* Asks. What it says is in k->state.ari; when it cannot be had, so is when to ask again, and nobody
 * is told. -EINTR: the loop was ended. */
int renewal_info_fetch(const struct acme_config *c, struct kept *k);

/* ---- one attempt at one CA ---- */

struct attempt {
    const struct acme_config *c;
    const struct acme_ca *ca;
    const struct vault *account_vault; /* NULL: the account lives for this attempt alone */
    const struct vault *order_vault;   /* NULL: a dry run */
    const struct kept *kept;
    struct selfcheck *check;
};

/* All of it, from the directory to the pair. 0; -EINTR: the loop was ended; another error, and *f
 * tells. */
int attempt_make(const struct attempt *a, struct pair *ret, enum acme_challenge_type *ret_type,
                 struct acme_failure *f);
