#include "certs/pair.h"

#include "base/crypto.h"
#include "certs/key.h"

#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>

static int read_part(const char *folder, const char *name, char **ret_text, size_t *ret_len)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof(path), "%s/%s", folder, name);

    if (n < 0 || (size_t) n >= sizeof(path))
        return -ENAMETOOLONG;
    return file_read(path, PEM_FILE_MAX, ret_text, ret_len);
}

static int load_chain(const char *folder, struct pair *p)
{
    struct pem_certs certs;
    char *text;
    size_t len;
    int r = read_part(folder, PAIR_CERTS, &text, &len);

    if (r < 0)
        return r;
    if (pem_read_certs(bytes_of(text, len), &certs) == PEM_OK) {
        memcpy(p->chain, certs.list, sizeof(p->chain));
        p->n = certs.n;
    } else {
        pem_certs_done(&certs);
        r = -EINVAL;
    }
    free(text);
    return r;
}

static int load_key(const char *folder, struct pair *p)
{
    char *text;
    size_t len;
    int r = read_part(folder, PAIR_KEY, &text, &len);

    if (r < 0)
        return r;
    p->key = key_from_pem(bytes_of(text, len));
    secret_wipe(text, len);
    free(text);
    return p->key ? 0 : -EINVAL;
}

static int load_ca(const char *folder, struct pair *p)
{
    struct pem_certs certs;
    char *text;
    size_t len;
    int r = read_part(folder, PAIR_CA, &text, &len);

    if (r < 0)
        return r == -ENOENT ? 0 : r; /* an own pair has none */
    if (pem_read_certs(bytes_of(text, len), &certs) == PEM_OK) {
        p->ca = certs.list[0];
        X509_up_ref(p->ca);
    } else {
        r = -EINVAL;
    }
    pem_certs_done(&certs);
    free(text);
    return r;
}

static int look_for_mark(const char *folder, bool *ret)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof(path), "%s/" PAIR_ACME, folder);

    if (n < 0 || (size_t) n >= sizeof(path))
        return -ENAMETOOLONG;
    *ret = file_exists(path);
    return 0;
}

int pair_load(const char *folder, struct pair *ret)
{
    struct pair p = {.n = 0};
    int r = load_chain(folder, &p);

    if (r == 0)
        r = load_key(folder, &p);
    if (r == 0)
        r = load_ca(folder, &p);
    if (r == 0 && X509_check_private_key(p.chain[0], p.key) != 1)
        r = -EINVAL;
    if (r == 0)
        r = look_for_mark(folder, &p.is_acme);
    ERR_clear_error();
    if (r < 0)
        pair_done(&p);
    *ret = p;
    return r;
}

int pair_load_current(const struct versions *v, struct pair *ret)
{
    char folder[PATH_MAX];
    unsigned number;
    int r = versions_current(v, &number);

    *ret = (struct pair){.n = 0};
    if (r == 0)
        r = versions_path(v, number, folder);
    if (r == 0)
        r = pair_load(folder, ret) < 0 ? -EINVAL : 0;
    return r;
}

int pair_put(const struct versions *v, const struct pair *p, const struct file_access *certs_access,
             const struct file_access *key_access, const struct version_file *also)
{
    struct certs_pem pem;
    int r = pair_to_pem(p, &pem);

    if (r == 0) {
        struct version_file files[3] = {
            {PAIR_CERTS, bytes_str(pem.certs), *certs_access},
            {PAIR_KEY, bytes_str(pem.key), *key_access},
        };

        if (also)
            files[2] = *also;
        r = versions_put(v, files, also ? 3 : 2);
        certs_pem_done(&pem);
    }
    return r;
}

bool pair_same(const struct pair *a, const struct pair *b)
{
    if (a->n != b->n || a->n == 0 || EVP_PKEY_eq(a->key, b->key) != 1)
        return false;
    for (size_t i = 0; i < a->n; i++)
        if (X509_cmp(a->chain[i], b->chain[i]) != 0)
            return false;
    return true;
}

int pair_to_pem(const struct pair *p, struct certs_pem *ret)
{
    struct certs_pem pem = {
        .certs = pem_write_certs(p->chain, p->n),
        .key = key_to_pem(p->key),
    };

    if (!pem.certs || !pem.key) {
        certs_pem_done(&pem);
        return -ENOMEM;
    }
    *ret = pem;
    return 0;
}

void certs_pem_done(struct certs_pem *p)
{
    free(p->certs);
    key_free_pem(p->key);
    *p = (struct certs_pem){.certs = NULL};
}

void pair_done(struct pair *p)
{
    for (size_t i = 0; i < p->n; i++)
        X509_free(p->chain[i]);
    X509_free(p->ca);
    EVP_PKEY_free(p->key);
    *p = (struct pair){.n = 0};
}
