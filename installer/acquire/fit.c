#include "acquire/fit.h"

#include <stdarg.h>
#include <stdio.h>

#define HTTPS_OF_A_CA 443

static void allow(struct fit *f, enum fit_way way)
{
    *f = (struct fit){.way = way};
}

static void refuse(struct fit *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void refuse(struct fit *f, const char *fmt, ...)
{
    va_list args;

    f->way = FIT_NOT;
    va_start(args, fmt);
    vsnprintf(f->why, sizeof(f->why), fmt, args);
    va_end(args);
}

static bool is_ours(const struct fit_input *in, const struct fit_port *p)
{
    return p->taken && p->nginx && in->in_force;
}

static void fit_http(const struct fit_input *in, struct fit *ret)
{
    if (!in->http.taken)
        allow(ret, FIT_RESPONDER);
    else if (in->layout == PROXY_EXTERNAL || is_ours(in, &in->http))
        allow(ret, FIT_WEBROOT);
    else
        refuse(ret,
               "port %u (HTTP_PORT) belongs to %.160s, which does not show our proofs; let it go, "
               "then `sudo visavis restart`, or keep it and hand them on (`visavis proxy snippet`)",
               in->http_port, in->http.who);
}

static void fit_tls_alpn(const struct fit_input *in, struct fit *ret)
{
    if (in->https_port != HTTPS_OF_A_CA)
        refuse(ret, "a CA comes to port 443 for it, and HTTPS_PORT is %u", in->https_port);
    else if (in->layout == PROXY_EXTERNAL)
        refuse(ret, "with PROXY=external port 443 is another web server's, which keeps what a CA "
                    "asks there to itself; PROXY=front makes it possible");
    else if (in->layout == PROXY_SITE)
        refuse(ret, "with PROXY=site port 443 is shared with other sites of nginx, which answer "
                    "there themselves; PROXY=front makes it possible");
    else if (!in->https.taken)
        allow(ret, FIT_RESPONDER);
    else if (is_ours(in, &in->https))
        allow(ret, FIT_SOCKET);
    else
        refuse(ret, "port 443 belongs to %.160s; let it go, then `sudo visavis restart`",
               in->https.who);
}

static void fit_dns(const struct fit_input *in, struct fit *ret)
{
    if (!*in->hook)
        refuse(ret, "it needs a script that puts records into the DNS: `sudo visavis config set "
                    "ACME_DNS_HOOK=/path/of/the/script`");
    else if (in->hook_error == -EACCES)
        refuse(ret, "ACME_DNS_HOOK=%.120s cannot be run: `sudo chmod 755 %.120s`", in->hook,
               in->hook);
    else if (in->hook_error < 0)
        refuse(ret, "ACME_DNS_HOOK=%.200s cannot be run: %s", in->hook, strerror(-in->hook_error));
    else
        allow(ret, FIT_HOOK);
}

void fit_challenges(const struct fit_input *in, struct fit *ret)
{
    fit_http(in, &ret[CHALLENGE_HTTP_01]);
    fit_tls_alpn(in, &ret[CHALLENGE_TLS_ALPN_01]);
    fit_dns(in, &ret[CHALLENGE_DNS_01]);
}

bool fit_suits(enum acme_challenge_type type, const struct acme_id *id, char *why, size_t size)
{
    if (type == CHALLENGE_DNS_01 && id->is_ip)
        snprintf(why, size, "an IP address has no records in the DNS to prove it by");
    else if (type != CHALLENGE_DNS_01 && id->is_wildcard)
        snprintf(why, size,
                 "a wildcard is proved by dns-01 alone: `sudo visavis config set "
                 "ACME_DNS_HOOK=/path/of/the/script`");
    else
        return true;
    return false;
}

size_t fit_types(const char *challenge, bool has_hook,
                 enum acme_challenge_type ret[static N_CHALLENGE_TYPES])
{
    static const enum acme_challenge_type with_hook[] = {CHALLENGE_DNS_01, CHALLENGE_HTTP_01,
                                                         CHALLENGE_TLS_ALPN_01},
                                          without[] = {CHALLENGE_HTTP_01, CHALLENGE_TLS_ALPN_01,
                                                       CHALLENGE_DNS_01};

    for (int t = 0; t < N_CHALLENGE_TYPES; t++)
        if (strcmp(challenge, acme_challenge_names[t]) == 0) {
            ret[0] = (enum acme_challenge_type) t;
            return 1;
        }
    memcpy(ret, has_hook ? with_hook : without, sizeof(without));
    return N_CHALLENGE_TYPES;
}
