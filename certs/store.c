#include "certs/store.h"

#include "base/crypto.h"
#include "certs/key.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PAIRS_KEPT 2

#define CA_CERT "ca.crt"
#define CA_KEY "ca.key"

static const struct file_access public_folder = {0755, FILE_KEEP_OWNER, (gid_t) FILE_KEEP_OWNER};
static const struct file_access public_file = {0644, FILE_KEEP_OWNER, (gid_t) FILE_KEEP_OWNER};
static const struct file_access private_file = {0600, FILE_KEEP_OWNER, (gid_t) FILE_KEEP_OWNER};

static struct versions pairs_of(const char *store)
{
    return (struct versions){
        .base = store,
        .folder = "pairs",
        .link = STORE_LIVE,
        .access = public_folder,
        .keep = PAIRS_KEPT,
    };
}

static struct versions cas_of(const char *store)
{
    return (struct versions){
        .base = store,
        .folder = "ca",
        .link = "ca-live",
        .access = {0700, FILE_KEEP_OWNER, (gid_t) FILE_KEEP_OWNER},
        .keep = STORE_CAS_MAX,
    };
}

/* ---- the lock ---- */

int store_open(const char *path, const struct file_access *key_access, struct store *ret)
{
    char file[PATH_MAX];
    int fd, n = snprintf(file, sizeof(file), "%s/lock", path);
    int r = n < 0 || (size_t) n >= sizeof(file) ? -ENAMETOOLONG : dir_make(path, &public_folder);

    if (r < 0)
        return r;
    fd = file_lock(file, STORE_WAIT_MS, NULL, NULL);
    if (fd < 0)
        return fd;
    *ret = (struct store){.path = path, .key_access = *key_access, .lock_fd = fd};
    return 0;
}

void store_close(struct store *s)
{
    close(s->lock_fd);
    s->lock_fd = -1;
}

/* ---- pairs ---- */

int store_load_live(const char *path, struct pair *ret)
{
    struct versions v = pairs_of(path);

    return pair_load_current(&v, ret);
}

int store_put_pair(const struct store *s, const struct pair *p)
{
    struct versions v = pairs_of(s->path);
    struct version_file also = {.name = p->ca ? PAIR_CA : PAIR_ACME, .access = public_file};
    char *text = p->ca ? pem_write_certs(&p->ca, 1) : NULL;
    int r = p->ca && !text ? -ENOMEM : 0;

    also.content = bytes_str(text);
    if (r == 0)
        r = pair_put(&v, p, &public_file, &s->key_access, p->ca || p->is_acme ? &also : NULL);
    free(text);
    return r;
}

/* ---- CAs ---- */

static int load_ca(const struct versions *v, unsigned number, struct ca *ret)
{
    char folder[PATH_MAX], path[PATH_MAX + sizeof("/" CA_CERT)], *cert = NULL, *key = NULL;
    struct pem_certs certs = {.n = 0};
    struct ca ca = {.cert = NULL};
    size_t cert_len, key_len = 0;
    int r = versions_path(v, number, folder);

    if (r < 0)
        return r;
    snprintf(path, sizeof(path), "%s/" CA_CERT, folder);
    r = file_read(path, PEM_FILE_MAX, &cert, &cert_len);
    snprintf(path, sizeof(path), "%s/" CA_KEY, folder);
    if (r == 0)
        r = file_read(path, PEM_FILE_MAX, &key, &key_len);
    if (r == 0 && pem_read_certs(bytes_of(cert, cert_len), &certs) == PEM_OK) {
        ca.cert = certs.list[0];
        X509_up_ref(ca.cert);
        ca.key = key_from_pem(bytes_of(key, key_len));
    }
    pem_certs_done(&certs);
    free(cert);
    key_free_pem(key);
    if (r == 0 && (!ca.cert || !ca.key || X509_check_private_key(ca.cert, ca.key) != 1))
        r = -EINVAL;
    ERR_clear_error();
    if (r < 0)
        ca_done(&ca);
    else
        *ret = ca;
    return r;
}

size_t store_load_cas(const struct store *s, struct ca ret[static STORE_CAS_MAX])
{
    struct versions v = cas_of(s->path);
    unsigned numbers[STORE_CAS_MAX], current = 0;
    size_t listed = versions_list(&v, numbers, STORE_CAS_MAX), n = 0;

    if (versions_current(&v, &current) == 0 && load_ca(&v, current, &ret[n]) == 0)
        ret[n++].in_force = true;
    for (size_t i = 0; i < listed && n < STORE_CAS_MAX; i++)
        if (numbers[i] != current && load_ca(&v, numbers[i], &ret[n]) == 0)
            n++;
    return n;
}

int store_put_ca(const struct store *s, const struct ca *ca)
{
    struct versions v = cas_of(s->path);
    char *cert = pem_write_certs(&ca->cert, 1), *key = key_to_pem(ca->key);
    int r = -ENOMEM;

    if (cert && key) {
        struct version_file files[] = {
            {CA_CERT, bytes_str(cert), public_file},
            {CA_KEY, bytes_str(key), private_file},
        };

        r = versions_put(&v, files, 2);
    }
    free(cert);
    key_free_pem(key);
    return r;
}

void ca_done(struct ca *ca)
{
    X509_free(ca->cert);
    EVP_PKEY_free(ca->key);
    *ca = (struct ca){.cert = NULL};
}
