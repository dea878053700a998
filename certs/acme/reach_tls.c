#include "acme/alpn.h"
#include "acme/printable.h"
#include "acme/reach_internal.h"
#include "acme/tls_probe.h"

#include <errno.h>
#include <openssl/x509.h>
#include <stdio.h>

#define LIMIT_MS 10000
#define PROTOCOL "acme-tls/1"

static const char next[] =
    "On port 443 nginx must run in the front layout (PROXY=front, HTTPS_PORT=443), which lets the "
    "CA's connections through to the proof; `visavis proxy` tells which layout is in force. "
    "ACME_CHALLENGE=http-01 does without.";

/* Whose certificate came: that says who is there. */
static void tell_certificate(const X509 *cert, char *buf, size_t size)
{
    char name[256] = "";

    if (!cert || X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_commonName, name,
                                           sizeof(name)) <= 0)
        *buf = '\0';
    else
        snprintf(buf, size, " (its certificate is for %s)", printable_clean(name));
}

static void judge(const struct reach_hop *h, const struct acme_proof *proof,
                  const struct tls_probed *p, struct reach_finding *ret)
{
    char what[700], whose[300];

    tell_certificate(p->cert, whose, sizeof(whose));
    if (p->error < 0)
        snprintf(what, sizeof(what), "a server answers that refuses the protocol " PROTOCOL ": %s",
                 p->message);
    else if (!p->agreed)
        snprintf(what, sizeof(what), "a TLS server answers that does not know " PROTOCOL "%s",
                 whose);
    else if (!p->cert || !acme_alpn_proves(p->cert, proof->id, proof->key_authorization))
        snprintf(what, sizeof(what),
                 "a server of " PROTOCOL " answers with another proof than ours");
    else
        return;
    reach_wrong(h, what, next, ret);
}

static int look(const struct reach_hop *h, const struct acme_proof *proof,
                struct reach_finding *ret)
{
    char name[NAME_TEXT_MAX];
    struct tls_probed p;
    int r = tls_probe(h->c->loop, &h->to, acme_alpn_name(proof->id, name), PROTOCOL, LIMIT_MS, &p);

    if (r == 0 && p.error < 0 && p.error != -EPROTO && !(h->is_local && p.connected))
        reach_silent(h, p.error, p.message, ret);
    else if (r == 0)
        judge(h, proof, &p, ret);
    tls_probed_done(&p);
    return r;
}

int reach_tls_alpn(const struct reach_config *c, const struct acme_proof *proof,
                   struct acme_failure *f)
{
    return reach_each(c, proof, c->https_port, look, f);
}
