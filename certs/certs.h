/* certs.h: the certificate store: which pair is served, where it came from, and keeping it valid.
 *
 * The store is a folder: ca/<n>/ (the local CAs of self-signed pairs, root's alone), pairs/<n>/
 * (fullchain.pem, privkey.pem, ca.crt when self-signed, `acme` when such a CA issued it), and
 * `live`, a link to the pair being served. A pair is replaced whole or not at all, and nothing but
 * purge ever erases the store. Runs exclude each other by a lock in the store. */
#pragma once

#include "files/files.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum certs_type {
    CERTS_SELFSIGNED,
    CERTS_OWNCERT,
    CERTS_ACME, /* issued by a CA that is asked by the library in certs/acme/ */
};

#define CERTS_NAMES_MAX 16

struct certs_wanted {
    enum certs_type type;
    const char *store;   /* folder */
    const char *owncert; /* folder with certificate.cert and certificate.key */
    const char *acme;    /* folder of the pairs that a CA issued for these names */
    /* Host names and IP addresses, the first is the main one. Further addresses come and go with
     * the network, so a self-signed certificate is for those of them that its CA may speak for; for
     * the first and for host names another CA is made when the present one may not.
     * For CERTS_ACME names may be wildcards, "*.example.org"; a self-signed certificate is without
     * them. */
    const char *names[CERTS_NAMES_MAX + 1];
    struct file_access key_access; /* of privkey.pem */
    bool force;                    /* a self-signed pair is made anew whatever its age */
    bool force_ca;                 /* the local CA as well: all must trust it again */
};

/* A sentence for the operator, or several. is_problem: something to mend (it names the command);
 * else news. */
typedef void certs_tell_fn(bool is_problem, const char *text, void *arg);

/* Lets `live` be a valid pair as wanted: makes, renews or takes over what is needed, else does
 * nothing and tells nothing. When an own pair cannot be used the pair that was served stays, and
 * each fault is told; with none to stay, a self-signed one is served meanwhile.
 *
 * The newest pair that a CA issued goes live when it is whole, good for all the names, not expired,
 * and no older than the live one by more than a day (from a backup). Until there is one, the live
 * pair stays if it is good for the first name: also an expired one of a CA, since browsers refuse a
 * self-signed one as well, and it may be our clock that is wrong. Only without any of these a
 * self-signed one is served.
 *
 * *ret_changed: live is another pair now.
 * 0; -EINVAL: live is a pair, but not the one wanted, told why; another error: told as well, and
 * whether there is a live pair is for certs_describe() to say. */
int certs_ensure(const struct certs_wanted *wanted, int64_t now_s, certs_tell_fn *tell, void *arg,
                 bool *ret_changed);

/* ---- looking at certificates ---- */

#define CERTS_TEXT_MAX 256
#define CERTS_FINGERPRINT_SIZE 96 /* SHA-256 as "AB:CD:..." with its NUL */

struct certs_info {
    bool is_ours; /* self-signed: issued by the local CA */
    enum certs_type source;
    char subject[CERTS_TEXT_MAX], issuer[CERTS_TEXT_MAX];
    char serial[64]; /* hexadecimal */
    char fingerprint[CERTS_FINGERPRINT_SIZE];
    char key[32]; /* "P-256", "RSA 2048" */
    int64_t not_before_s, not_after_s;
    char **names; /* host names and IP addresses of the certificate, ended by NULL */
    /* of the local CA; empty when it is not ours */
    char ca_subject[CERTS_TEXT_MAX];
    char ca_fingerprint[CERTS_FINGERPRINT_SIZE];
    int64_t ca_not_before_s, ca_not_after_s;
};

/* The pair being served. -ENOENT: none; -EINVAL: there is one that cannot be read. */
int certs_describe(const char *store, struct certs_info *ret);

/* The first certificate of a PEM file. -ENOENT, -EINVAL. */
int certs_describe_file(const char *path, struct certs_info *ret);

void certs_info_done(struct certs_info *i);

#define CERTS_EXPIRING_DAYS 21

enum certs_health {
    CERTS_FINE,
    CERTS_EXPIRING, /* within CERTS_EXPIRING_DAYS; one of an ACME CA: late, see life.h */
    CERTS_EXPIRED,  /* or not valid yet */
};

/* A self-signed pair renews itself, so it is expiring only when that failed; the same days hold. */
enum certs_health certs_health(const struct certs_info *i, int64_t now_s);

/* Whole days until it expires; negative when it has. */
int64_t certs_days_left(const struct certs_info *i, int64_t now_s);

/* Is the certificate good for this host name or IP address? As browsers see it. */
bool certs_covers(const struct certs_info *i, const char *name);

/* ---- own certificates ---- */

/* A private key and its certificates as PEM text; certs_pem_done() wipes and frees. */
struct certs_pem {
    char *certs, *key;
};
void certs_pem_done(struct certs_pem *p);

/* Checks certificate and key as files would be checked (PEM, CRLF or not) for these names, and puts
 * them in the form that is served: the chain in order, the key as PKCS #8. Every fault is told.
 * The texts name cert_name and key_name as the places. 0, -EINVAL after faults, -ENOMEM. */
int certs_check(struct bytes cert, const char *cert_name, struct bytes key, const char *key_name,
                const char *const *names, int64_t now_s, certs_tell_fn *tell, void *arg,
                struct certs_pem *ret);

/* The same for the files of an owncert folder: what certs_ensure() would say of them. */
int certs_check_owncert(const char *owncert, const char *const *names, int64_t now_s,
                        certs_tell_fn *tell, void *arg, struct certs_pem *ret);

/* Opens a PKCS #12 (PFX) file. -EACCES: wrong password (or none given); -EINVAL: no such file, or
 * without key or certificate; -ENOTSUP: encrypted in a way this OpenSSL cannot. The result is for
 * certs_check(). */
int certs_open_pfx(struct bytes pfx, const char *password, struct certs_pem *ret);

/* Does it look like PKCS #12? */
bool certs_is_pfx(struct bytes file);

/* Puts a checked pair in an owncert folder as certificate.cert and certificate.key; what was there
 * stays as certificate.cert.old and certificate.key.old. Holds the lock of the store meanwhile, so
 * that no run sees half of it. */
int certs_put_owncert(const char *store, const char *owncert, const struct certs_pem *pem);

/* ---- warnings before a certificate expires that others issued ---- */

/* At 21, 14, 7 and 3 days; for one of an ACME CA when a half, a quarter, an eighth is left of what
 * was left as its renewal fell due. Once each: is a warning due that was not given yet? Remembers
 * in the store that it is. When it has expired, each time. */
bool certs_expiry_warning_due(const char *store, const struct certs_info *i, int64_t now_s);
