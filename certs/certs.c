#include "certs/certs.h"

#include "certs/acmecert.h"
#include "certs/owncert.h"
#include "certs/selfsigned.h"

#include <errno.h>

/* The pair that is there stays, if it is one. A self-signed one is looked after. */
static int bridge(const struct store *s, const struct names *names, int64_t now_s, struct report *r,
                  bool *ret_changed)
{
    struct pair live;
    int error = store_load_live(s->path, &live);
    bool own = error == 0 && !live.ca;
    bool none = error < 0;

    pair_done(&live);
    if (own) {
        report_warning(r, "The certificate that was served before stays in service.");
        return 0;
    }
    error = selfsigned_ensure(s, names, now_s, ANEW_IF_DUE, r, ret_changed);
    if (error == 0)
        report_warning(r, none ? "A self-signed certificate is served until then."
                               : "The self-signed certificate stays in service until then.");
    return error;
}

static int ensure(const struct store *s, const struct certs_wanted *wanted,
                  const struct names *names, int64_t now_s, struct report *r, bool *ret_changed)
{
    int error, bridged;

    if (wanted->type == CERTS_SELFSIGNED)
        return selfsigned_ensure(s, names, now_s,
                                 wanted->force_ca ? ANEW_CA
                                 : wanted->force  ? ANEW_PAIR
                                                  : ANEW_IF_DUE,
                                 r, ret_changed);
    if (wanted->type == CERTS_ACME)
        return acmecert_ensure(s, wanted->acme, wanted->names, names, now_s, r, ret_changed);
    error = owncert_ensure(s, wanted->owncert, names, now_s, r, ret_changed);
    if (error == 0)
        return 0;
    bridged = bridge(s, names, now_s, r, ret_changed);
    return bridged < 0 ? bridged : error;
}

int certs_ensure(const struct certs_wanted *wanted, int64_t now_s, certs_tell_fn *tell, void *arg,
                 bool *ret_changed)
{
    struct report r = {.tell = tell, .arg = arg};
    const char *host_names[CERTS_NAMES_MAX + 1], *bad = NULL;
    bool changed = false;
    struct names names;
    struct store s;
    int error;

    acmecert_host_names(wanted->names, host_names);
    error = names_parse(wanted->type == CERTS_ACME ? host_names : wanted->names, &names, &bad);
    if (error < 0) {
        report_fault(&r,
                     "'%s' is no host name and no IP address, so there is no certificate for "
                     "it: set DOMAIN_OR_PUBLIC_IP.",
                     bad ? bad : "");
        return error;
    }
    error = store_open(wanted->store, &wanted->key_access, &s);
    if (error < 0) {
        report_fault(&r, "The certificate store %s cannot be used: %s", wanted->store,
                     error == -EBUSY ? "another run of visavis has held its lock for long"
                                     : strerror(-error));
        return error;
    }
    error = ensure(&s, wanted, &names, now_s, &r, &changed);
    store_close(&s);
    *ret_changed = changed;
    return error;
}
