#include "acme/account.h"
#include "acme/run.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/x509.h>
#include <stdlib.h>

struct revoking {
    const struct acme_config *c;
    const struct kept *kept;
    const struct vault *vault;
    struct acme_client *client;
    const char *url; /* revokeCert */
    char *request;
};

static int make_request(struct revoking *r, int reason, struct acme_failure *f)
{
    uint8_t *der = NULL;
    int len = i2d_X509(r->kept->pair.pair.chain[0], &der);

    if (len > 0)
        r->request = acme_revoke_request(bytes_of(der, (size_t) len), reason);
    OPENSSL_free(der);
    return r->request ? 0
                      : failure_set(f, FAILURE_LOCAL, STEP_REVOKE, -ENOMEM, "",
                                    "the request cannot be made: out of memory");
}

/* 0 also when the CA did it before. */
static int post(struct revoking *r, struct acme_failure *f)
{
    int error = acme_post(r->client, STEP_REVOKE, r->url, r->request, NULL, f);

    if (error == -EPROTO && f->problem.type == PROBLEM_ALREADY_REVOKED) {
        run_tell(r->c, false, "The CA knows it as revoked already.");
        return 0;
    }
    return error;
}

/* -ENOENT: there is no account in the vault. */
static int by_account(struct revoking *r, struct acme_failure *f)
{
    const struct acme_ca *ca = run_find_ca(r->c, r->kept->pair.directory);
    const struct account_config config = {
        .directory = r->kept->pair.directory,
        .email = r->c->email,
        .eab_kid = ca ? ca->eab_kid : NULL,
        .eab_key = ca ? ca->eab_key : NULL,
        .tell = run_tell_news,
        .arg = (void *) r->c,
    };
    struct vault_account account;
    int error = vault_load_account(r->vault->folder, config.directory, &account);

    if (error < 0)
        return -ENOENT;
    vault_account_done(&account);
    error = account_ensure(r->client, r->vault, &config, &account, f);
    if (error == 0)
        error = post(r, f);
    acme_client_set_key(r->client, NULL);
    (void) acme_client_set_account(r->client, NULL);
    vault_account_done(&account);
    return error;
}

/* RFC 8555 section 7.6: the key of the certificate may sign as well. */
static int by_key(struct revoking *r, struct acme_failure *f)
{
    EVP_PKEY *key = r->kept->pair.pair.key;

    if (!acme_key_is(key, ACME_KEY_P256)) {
        failure_set(f, FAILURE_REFUSED, STEP_REVOKE, -ENOTSUP, r->kept->pair.directory,
                    "the account that had it issued is gone, and requests are not signed with the "
                    "certificate's own key unless that is of the kind p256");
        failure_next(f, "Ask the CA to revoke it, with the serial number that `visavis cert "
                        "status` shows.");
        return -ENOTSUP;
    }
    run_tell(r->c, false, "The request is signed with the key of the certificate itself.");
    acme_client_set_key(r->client, key);
    return post(r, f);
}

static int revoke_either_way(struct revoking *r, struct acme_failure *f)
{
    const struct acme_directory *directory;
    int error = acme_client_directory(r->client, &directory, f);

    if (error < 0)
        return error;
    if (!directory->revoke_cert[0])
        return failure_set(f, FAILURE_REFUSED, STEP_REVOKE, -ENOENT, r->kept->pair.directory,
                           "the CA offers no way to revoke certificates");
    r->url = directory->revoke_cert;
    error = by_account(r, f);
    if (error == -ENOENT || (error == -EPROTO && f->kind == FAILURE_REFUSED))
        error = by_key(r, f);
    return error;
}

/* What can be said before anybody is asked. */
static int check(const struct acme_config *c, const struct kept *k, struct acme_failure *f)
{
    if (!k->has_pair)
        return failure_set(f, FAILURE_REFUSED, STEP_REVOKE, k->is_damaged ? -EINVAL : -ENOENT,
                           c->folder, "there is no certificate of a CA for %s that could be read",
                           c->ids.list[0].text);
    if (k->pair.revoked)
        return failure_set(f, FAILURE_REFUSED, STEP_REVOKE, -EALREADY, c->folder,
                           "the certificate for %s is revoked already", c->ids.list[0].text);
    return 0;
}

static int revoke_kept(const struct acme_config *c, const struct vault *v, const struct kept *k,
                       int reason, struct acme_failure *f)
{
    struct revoking r = {.c = c, .kept = k, .vault = v};
    int error = check(c, k, f);

    if (error == 0)
        error = make_request(&r, reason, f);
    if (error == 0)
        error = run_client(c, k->pair.directory, &r.client, f);
    if (error == 0)
        error = revoke_either_way(&r, f);
    acme_client_free(r.client);
    free(r.request);
    if (error < 0)
        return error;
    run_tell(c, false, "The certificate is revoked.");
    error = vault_mark_revoked(v, &c->ids);
    if (error < 0) {
        failure_set(f, FAILURE_LOCAL, STEP_STORE, error, c->folder,
                    "the certificate is revoked, but that could not be noted: %s",
                    strerror(-error));
        failure_next(f, "`visavis cert issue` replaces it.");
    }
    return error;
}

int acme_revoke(const struct acme_config *c, int reason, struct acme_failure *f)
{
    struct vault v;
    struct kept k;
    int r = run_open_vault(c, &v);

    if (r < 0)
        return failure_set(f, FAILURE_LOCAL, STEP_STORE, r, c->folder, "it cannot be used: %s",
                           r == -EBUSY ? "another run has held its lock for long" : strerror(-r));
    r = kept_load(c->folder, &c->ids, &k);
    if (r == 0)
        r = revoke_kept(c, &v, &k, reason, f);
    else
        failure_set(f, FAILURE_LOCAL, STEP_STORE, r, c->folder, "it cannot be read: %s",
                    strerror(-r));
    kept_done(&k);
    vault_close(&v);
    return r;
}
