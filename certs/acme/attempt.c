#include "acme/run.h"

#include "acme/account.h"
#include "acme/profile.h"

#include <errno.h>
#include <openssl/evp.h>

struct making {
    const struct attempt *a;
    const struct acme_config *c;
    struct acme_client *client;
    const struct acme_directory *directory;
    struct vault_account account;
    char profile[ACME_PROFILE_SIZE];
};

/* The URL that the account of an earlier run has, for CAA records that name one. */
static void known_account(const struct making *m, char url[static VAULT_URL_SIZE])
{
    struct vault_account account;

    url[0] = '\0';
    if (m->a->account_vault &&
        vault_load_account(m->a->account_vault->folder, m->a->ca->directory, &account) == 0) {
        memcpy(url, account.url, VAULT_URL_SIZE);
        vault_account_done(&account);
    }
}

/* All that costs the CA nothing. */
static int prepare(struct making *m, struct acme_failure *f)
{
    const struct profile_wish wish = {m->c->profile, m->c->profile_required};
    char account[VAULT_URL_SIZE], remark[1024];
    int r = acme_client_directory(m->client, &m->directory, f);

    if (r < 0)
        return r;
    r = profile_choose(&wish, &m->c->ids, m->directory, m->profile, remark, sizeof(remark), f);
    if (r < 0)
        return r;
    if (*remark)
        run_tell(m->c, true, "%s", remark);
    known_account(m, account);
    r = selfcheck_caa(m->a->check, m->directory, *account ? account : NULL, f);
    return r < 0 ? r : selfcheck_proofs(m->a->check, f);
}

static int sign_in(struct making *m, struct acme_failure *f)
{
    const struct account_config config = {
        .directory = m->a->ca->directory,
        .email = m->c->email,
        .eab_kid = m->a->ca->eab_kid,
        .eab_key = m->a->ca->eab_key,
        .tell = run_tell_news,
        .arg = (void *) m->c,
    };

    return account_ensure(m->client, m->a->account_vault, &config, &m->account, f);
}

/* RFC 9773 section 5: for a pair of the same CA alone. */
static const char *replaced(const struct making *m)
{
    const struct kept *k = m->a->kept;
    bool same = k->has_pair && strcmp(k->pair.directory, m->a->ca->directory) == 0;

    return same && m->directory->renewal_info[0] && k->ari_id[0] ? k->ari_id : NULL;
}

static int order(struct making *m, struct pair *ret, enum acme_challenge_type *ret_type,
                 struct acme_failure *f)
{
    struct issue_config config = {
        .ids = m->c->ids,
        .key_type = m->c->key_type,
        .account_key = m->account.key,
        .directory = m->a->ca->directory,
        .profile = m->profile,
        .replaces = replaced(m),
        .preferred_chain = m->c->preferred_chain,
        .n_types = m->c->n_types,
        .challengers = m->c->challengers,
        .cannot = m->a->check->cannot,
        .vault = m->a->order_vault,
        .tell = run_tell_news,
        .arg = (void *) m->c,
    };

    memcpy(config.types, m->c->types, sizeof(config.types));
    return issue_run(m->client, &config, ret, ret_type, f);
}

/* As long as there are types of challenge left to be tried. Each round of it takes one away. */
static int orders(struct making *m, struct pair *ret, enum acme_challenge_type *ret_type,
                  struct acme_failure *f)
{
    for (;;) {
        struct selfcheck before = *m->a->check;
        struct acme_failure check = {.kind = FAILURE_NONE};
        char text[3072];
        int r = order(m, ret, ret_type, f), checked;

        if (r == 0 || r == -EINTR || f->kind != FAILURE_VALIDATION ||
            memcmp(before.cannot, m->a->check->cannot, sizeof(before.cannot)) == 0 ||
            !selfcheck_has_all(m->a->check))
            return r;
        run_tell(m->c, true, "%s", failure_text(f, text, sizeof(text)));
        checked = selfcheck_proofs(m->a->check, &check);
        if (checked < 0)
            return checked == -EINTR ? checked : r;
        run_tell(m->c, false, "Another order is made, with the types of challenge that are left.");
    }
}

int attempt_make(const struct attempt *a, struct pair *ret, enum acme_challenge_type *ret_type,
                 struct acme_failure *f)
{
    struct making m = {.a = a, .c = a->c};
    int r = run_client(a->c, a->ca->directory, &m.client, f);

    if (r < 0)
        return r;
    r = prepare(&m, f);
    if (r == 0)
        r = sign_in(&m, f);
    if (r == 0)
        r = orders(&m, ret, ret_type, f);
    acme_client_free(m.client);
    vault_account_done(&m.account);
    return r;
}
