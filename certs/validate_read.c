#include "certs/validate.h"

#include "certs/key.h"
#include "certs/sort.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509.h>

static void tell_certs(struct report *r, enum pem_result result, const struct pem_certs *c,
                       const struct origin *from)
{
    const char *file = from->cert;

    switch (result) {
    case PEM_OK:
        break;
    case PEM_EMPTY:
        report_fault(r,
                     "%s is empty; it must hold the certificate in PEM form, followed by the "
                     "intermediate certificates of its issuer.",
                     file);
        break;
    case PEM_NONE:
        report_fault(r,
                     "%s is no certificate: there is no line '-----BEGIN CERTIFICATE-----' in "
                     "it. `openssl x509 -in %s -noout -subject` shows what a right file holds.",
                     file, file);
        break;
    case PEM_OTHER:
        report_fault(r,
                     "%s holds no certificate but '%s'. The certificate that your issuer sent "
                     "belongs there, the private key into %s.",
                     file, c->found, from->key);
        break;
    case PEM_DAMAGED:
        report_fault(r,
                     "%s is damaged: block number %u cannot be read. Copy the file again; "
                     "`openssl storeutl -noout -certs %s` must read it.",
                     file, c->number, file);
        break;
    case PEM_TOO_MANY:
        report_fault(r,
                     "%s holds more than %d certificates. Only the server's own and its "
                     "intermediates belong there.",
                     file, PEM_CERTS_MAX);
        break;
    case PEM_DER:
        report_fault(r,
                     "%s is in binary form (DER), not PEM: `openssl x509 -inform der -in %s -out "
                     "%s.pem && mv %s.pem %s`",
                     file, file, file, file, file);
        break;
    case PEM_PFX:
        report_fault(r,
                     "%s is a PKCS #12 (PFX) file, not PEM: `visavis cert import %s` takes it "
                     "apart.",
                     file, file);
        break;
    case PEM_ENCRYPTED:
    case PEM_NO_MEMORY:
        report_fault(r, "%s cannot be read: out of memory.", file);
        break;
    }
}

static void tell_key(struct report *r, enum pem_result result, const char *found,
                     const struct origin *from)
{
    const char *file = from->key;

    switch (result) {
    case PEM_OK:
        break;
    case PEM_EMPTY:
        report_fault(r, "%s is empty; it must hold the private key in PEM form.", file);
        break;
    case PEM_NONE:
        report_fault(r,
                     "%s is no private key: there is no line '-----BEGIN PRIVATE KEY-----' in "
                     "it.",
                     file);
        break;
    case PEM_OTHER:
        report_fault(r,
                     "%s holds no private key but '%s'. The key was made where the certificate "
                     "was requested; the certificate itself belongs into %s.",
                     file, found, from->cert);
        break;
    case PEM_DAMAGED:
        report_fault(r,
                     "%s is damaged: the key in it cannot be read. `openssl pkey -in %s -noout` "
                     "must read it.",
                     file, file);
        break;
    case PEM_ENCRYPTED:
        report_fault(r,
                     "%s is encrypted with a password, and a server starts without one: "
                     "`openssl pkey -in %s -out %s.plain && mv %s.plain %s && chmod 600 %s`",
                     file, file, file, file, file, file);
        break;
    case PEM_DER:
        report_fault(r,
                     "%s is in binary form (DER), not PEM: `openssl pkey -inform der -in %s -out "
                     "%s.pem && mv %s.pem %s && chmod 600 %s`",
                     file, file, file, file, file, file);
        break;
    case PEM_PFX:
        report_fault(r,
                     "%s is a PKCS #12 (PFX) file, not PEM: `visavis cert import %s` takes it "
                     "apart.",
                     file, file);
        break;
    case PEM_TOO_MANY:
    case PEM_NO_MEMORY:
        report_fault(r, "%s cannot be read: out of memory.", file);
        break;
    }
}

/* ---- the order of the chain ---- */

static bool is_beginning(const struct pair *p, X509 *const *list)
{
    for (size_t i = 0; i < p->n; i++)
        if (p->chain[i] != list[i])
            return false;
    return true;
}

/* The chain of the key's certificate out of c, in order; the rest stays in c. */
static void order_chain(struct pem_certs *c, struct pair *p, const struct origin *from,
                        struct report *r)
{
    const struct pem_certs given = *c;

    if (!sort_chain(c, p)) {
        report_fault(r,
                     "%s is not the key of %s: they do not belong together. "
                     "`openssl pkey -in %s -pubout` and `openssl x509 -in %s -noout -pubkey` "
                     "must print the same.",
                     from->key, from->cert, from->key, from->cert);
        return;
    }
    if (!is_beginning(p, given.list))
        report_warning(r,
                       "The certificates in %s are not in order (the server's own first, then "
                       "each one's issuer); they are served in the right order.",
                       from->cert);
    if (c->n > 0)
        report_warning(r,
                       "%zu of the %zu certificates in %s do not belong to the chain of the "
                       "server's own; they are not served.",
                       c->n, given.n, from->cert);
}

int validate_read(struct bytes cert, struct bytes key, const struct origin *from, struct report *r,
                  struct pair *ret)
{
    struct pair p = {.n = 0};
    struct pem_certs certs;
    char found[64];
    unsigned faults = r->faults;
    enum pem_result have_certs = pem_read_certs(cert, &certs);
    enum pem_result have_key = pem_read_key(key, &p.key, found);

    tell_certs(r, have_certs, &certs, from);
    tell_key(r, have_key, found, from);
    if (have_certs == PEM_OK && have_key == PEM_OK)
        order_chain(&certs, &p, from, r);
    pem_certs_done(&certs);
    ERR_clear_error();
    if (r->faults > faults)
        pair_done(&p);
    *ret = p;
    if (have_certs == PEM_NO_MEMORY || have_key == PEM_NO_MEMORY)
        return -ENOMEM;
    return r->faults > faults ? -EINVAL : 0;
}
