#include "tests/lib/tls_identity.h"

#include "certs/issue.h"
#include "certs/key.h"
#include "certs/pem.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <time.h>

#define DAY_S INT64_C(86400)

int tls_identity_make(const char *const *names, int days_ago, struct tls_identity *ret)
{
    struct tls_identity t = {.key = key_new()};
    EVP_PKEY *ca_key = key_new();
    int64_t now_s = time(NULL), then_s = now_s - days_ago * DAY_S;
    struct names list;
    const char *bad;
    int r = names_parse(names, &list, &bad);

    if (r == 0) {
        t.ca = issue_ca(ca_key, &list, "test", then_s < now_s ? then_s : now_s);
        t.cert = t.ca ? issue_leaf(t.key, &list, t.ca, ca_key, then_s) : NULL;
        r = t.cert ? 0 : -EINVAL;
    }
    EVP_PKEY_free(ca_key);
    if (r < 0)
        tls_identity_done(&t);
    else
        *ret = t;
    return r;
}

void tls_identity_done(struct tls_identity *t)
{
    EVP_PKEY_free(t->key);
    X509_free(t->cert);
    X509_free(t->ca);
    *t = (struct tls_identity){.key = NULL};
}

char *tls_identity_ca(const struct tls_identity *t)
{
    return pem_write_certs((X509 *[]){t->ca}, 1);
}

char *tls_identity_cert(const struct tls_identity *t)
{
    return pem_write_certs((X509 *[]){t->cert}, 1);
}
