#include "acme/responder_internal.h"

#include "web/web.h"

#include <errno.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int responder_new(struct loop *l, enum responder_kind kind, struct responder **ret)
{
    struct responder *r = calloc(1, sizeof(*r));
    int error;

    if (!r)
        return -ENOMEM;
    r->loop = l;
    r->kind = kind;
    list_init(&r->connections);
    error = kind == RESPONDER_HTTP ? responder_http_open(r) : responder_tls_open(r);
    if (error < 0) {
        responder_free(r);
        return error;
    }
    *ret = r;
    return 0;
}

static void drop_proof(struct responder *r, size_t i)
{
    X509_free(r->proofs[i].cert);
    EVP_PKEY_free(r->proofs[i].key);
    r->proofs[i] = r->proofs[--r->n];
    r->proofs[r->n] = (struct responder_proof){0};
}

struct responder *responder_free(struct responder *r)
{
    if (!r)
        return NULL;
    responder_http_close(r);
    responder_tls_close(r);
    if (*r->path)
        (void) unlink(r->path);
    while (r->n)
        drop_proof(r, r->n - 1);
    free(r);
    return NULL;
}

/* ---- where it listens ---- */

static int add_listener(struct responder *r, int fd, bool behind_proxy)
{
    return r->kind == RESPONDER_HTTP ? responder_http_add(r, fd)
                                     : responder_tls_add(r, fd, behind_proxy);
}

static uint16_t port_of(int fd)
{
    struct sockaddr_storage ss;
    socklen_t len = sizeof(ss);
    struct addr a = {0};

    if (getsockname(fd, (struct sockaddr *) &ss, &len) == 0)
        (void) addr_from_sockaddr((struct sockaddr *) &ss, len, &a);
    return a.port;
}

int responder_listen(struct responder *r, uint16_t port)
{
    struct addr a4 = {.family = AF_INET, .port = port}, a6 = {.family = AF_INET6};
    int fd4 = web_listen_tcp(&a4), fd6, error;

    if (fd4 < 0)
        return fd4;
    r->port = a6.port = port_of(fd4);
    fd6 = web_listen_tcp(&a6);
    if (fd6 < 0 && fd6 != -EAFNOSUPPORT && fd6 != -EADDRNOTAVAIL) { /* a machine without IPv6 */
        close(fd4);
        return fd6;
    }
    error = add_listener(r, fd4, false);
    if (fd6 >= 0 && error == 0)
        error = add_listener(r, fd6, false);
    else if (fd6 >= 0)
        close(fd6);
    return error;
}

uint16_t responder_port(const struct responder *r)
{
    return r->port;
}

/* The socket is there under its name only once its rights are as wanted and it listens: a proxy
 * that connects too early finds none, or the old one, instead of one it may not use. */
static int bind_unix(int fd, const char *path, const struct file_access *access)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    int n = snprintf(sa.sun_path, sizeof(sa.sun_path), "%s.new", path);

    if (n < 0 || (size_t) n >= sizeof(sa.sun_path))
        return -ENAMETOOLONG;
    (void) unlink(sa.sun_path);
    if (bind(fd, (struct sockaddr *) &sa, sizeof(sa)) < 0)
        return -errno;
    if (chown(sa.sun_path, access->uid, access->gid) == 0 &&
        chmod(sa.sun_path, access->mode) == 0 && listen(fd, SOMAXCONN) == 0 &&
        rename(sa.sun_path, path) == 0)
        return 0;
    n = -errno;
    (void) unlink(sa.sun_path);
    return n;
}

int responder_listen_unix(struct responder *r, const char *path, const struct file_access *access)
{
    int fd, error;

    if (r->kind == RESPONDER_HTTP)
        return -ENOTSUP;
    if (*r->path)
        return -EALREADY;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    error = bind_unix(fd, path, access);
    if (error < 0) {
        close(fd);
        return error;
    }
    snprintf(r->path, sizeof(r->path), "%s", path);
    return add_listener(r, fd, true);
}

/* ---- what it shows ---- */

static bool is_same(const struct responder_proof *p, const struct acme_proof *proof)
{
    return strcmp(p->id.text, proof->id->text) == 0 && strcmp(p->token, proof->token) == 0;
}

void responder_remove(struct responder *r, const struct acme_proof *proof)
{
    for (size_t i = r->n; i-- > 0;) {
        if (is_same(&r->proofs[i], proof))
            drop_proof(r, i);
    }
}

int responder_add(struct responder *r, const struct acme_proof *proof)
{
    struct responder_proof p = {.id = *proof->id};
    int error;

    if (proof->type != (r->kind == RESPONDER_HTTP ? CHALLENGE_HTTP_01 : CHALLENGE_TLS_ALPN_01) ||
        strlen(proof->token) >= sizeof(p.token) ||
        strlen(proof->key_authorization) >= sizeof(p.key_authorization))
        return -EINVAL;
    responder_remove(r, proof);
    if (r->n == RESPONDER_PROOFS_MAX)
        return -ENOSPC;
    snprintf(p.token, sizeof(p.token), "%s", proof->token);
    snprintf(p.key_authorization, sizeof(p.key_authorization), "%s", proof->key_authorization);
    if (r->kind == RESPONDER_TLS_ALPN) {
        acme_alpn_name(&p.id, p.name);
        error = acme_alpn_certificate(&p.id, p.key_authorization, &p.cert, &p.key);
        if (error < 0)
            return error;
    }
    r->proofs[r->n++] = p;
    return 0;
}

unsigned responder_shown(const struct responder *r)
{
    return r->shown;
}
