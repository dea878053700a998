/* The checks that span keys. Values that are wrong in themselves are left out: they were told. */
#include "settings/settings_load.h"

#include "codec/ice_server.h"
#include "host/own_addresses.h"

#include <stdio.h>

#define CALL_APP_PORT 5442
#define MEDIA_PORTS_MAX 64
#define MEDIA_TURNS_MAX 4 /* as many as the media server's agent takes */

static bool ok(const struct loading *l, enum setting id)
{
    return !l->keys[id].bad;
}

static int64_t number(const struct loading *l, enum setting id)
{
    return l->s->values[id].number;
}

static bool is(const struct loading *l, enum setting id, const char *text)
{
    return ok(l, id) && strcmp(l->s->values[id].text, text) == 0;
}

static const char *key(enum setting id)
{
    return setting_def(id)->key;
}

/* ---- from and to ---- */

static void check_ranges(struct loading *l)
{
    static const struct {
        enum setting low, high;
        bool zero_is_no_limit;
    } ranges[] = {
        {SET_VIDEO_MIN_RECV_BANDWIDTH, SET_VIDEO_MAX_RECV_BANDWIDTH, true},
        {SET_VIDEO_MIN_SEND_BANDWIDTH, SET_VIDEO_MAX_SEND_BANDWIDTH, true},
        {SET_COTURN_MIN_PORT, SET_COTURN_MAX_PORT, false},
        {SET_TURN_USER_QUOTA, SET_TURN_TOTAL_QUOTA, false},
    };

    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        enum setting low = ranges[i].low, high = ranges[i].high;
        char example[32];

        if (!ok(l, low) || !ok(l, high) || (ranges[i].zero_is_no_limit && number(l, high) == 0) ||
            number(l, low) <= number(l, high))
            continue;
        snprintf(example, sizeof(example), "%lld", (long long) number(l, high));
        loading_tell(l, low, SETTING_ERROR, example, "is more than %s, which is %lld", key(high),
                     (long long) number(l, high));
    }
}

/* ---- ports ---- */

enum { TCP = 1, UDP = 2 };

struct range {
    const char *name;
    int64_t first, last;
    enum setting id; /* who is told */
    unsigned protocols;
};

/* A port that nobody else has: the next one behind the other's. */
static void tell_collision(struct loading *l, const struct range *a, const struct range *b)
{
    bool alone = b->first == b->last;
    char example[32];

    snprintf(example, sizeof(example), "%s", setting_def(a->id)->example);
    if (a->id != SET_COTURN_MAX_PORT && strcmp(example, l->s->values[a->id].text) == 0)
        snprintf(example, sizeof(example), "%lld",
                 (long long) (a->first < 65000 ? b->last % 65000 + 1 : b->first - 1));
    if (alone)
        loading_tell(l, a->id, SETTING_ERROR, example, "is the port of %s", b->name);
    else
        loading_tell(l, a->id, SETTING_ERROR, example, "takes ports of %s, %lld to %lld", b->name,
                     (long long) b->first, (long long) b->last);
}

static struct range one_port(const struct loading *l, enum setting id, unsigned protocols)
{
    return (struct range){key(id), number(l, id), number(l, id), id, protocols};
}

static void check_ports(struct loading *l)
{
    bool installed = l->mode == SETTINGS_INSTALLED;
    int64_t workers = number(l, SET_MEDIA_WORKERS);
    int64_t media = number(l, SET_MEDIA_PORT), relay = number(l, SET_COTURN_MIN_PORT);
    int64_t call = installed ? CALL_APP_PORT : number(l, SET_CALL_PORT);
    const struct range ranges[] = {
        one_port(l, SET_HTTPS_PORT, TCP),
        {installed ? "the Call app" : "CALL_PORT", call, call, SET_CALL_PORT, TCP},
        one_port(l, SET_SERVER_PORT, installed ? TCP : 0),
        one_port(l, SET_HTTP_PORT, installed ? TCP : 0),
        one_port(l, SET_METRICS_PORT, installed && number(l, SET_METRICS_PORT) > 0 ? TCP : 0),
        one_port(l, SET_COTURN_PORT, installed ? TCP | UDP : 0),
        one_port(l, SET_TURN_TLS_PORT,
                 installed && number(l, SET_TURN_TLS_PORT) > 0 ? TCP | UDP : 0),
        {"media (MEDIA_PORT)", media, media + (workers > 0 ? workers : MEDIA_PORTS_MAX) - 1,
         SET_MEDIA_PORT, installed ? TCP | UDP : 0},
        {"the TURN relay (COTURN_MIN_PORT to COTURN_MAX_PORT)", relay,
         number(l, SET_COTURN_MAX_PORT), SET_COTURN_MIN_PORT, installed ? UDP : 0},
    };

    for (size_t i = 1; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        for (size_t k = 0; k < i; k++) {
            const struct range *a = &ranges[i], *b = &ranges[k];

            if (!(a->protocols & b->protocols) || a->first > b->last || b->first > a->last ||
                !ok(l, a->id) || !ok(l, b->id))
                continue;
            /* The one who chose is told, not the one who is where he always was. */
            if (l->s->is_default[a->id] && !l->s->is_default[b->id])
                tell_collision(l, b, a);
            else
                tell_collision(l, a, b);
            break;
        }
    }
}

/* ---- the rest ---- */

static void check_identity(struct loading *l)
{
    const char *domain = l->s->values[SET_DOMAIN_OR_PUBLIC_IP].text;
    struct addr a;
    bool ip = addr_parse_ip(domain, 0, &a) == 0;

    if (!ok(l, SET_DOMAIN_OR_PUBLIC_IP))
        return;
    if (strcmp(domain, "localhost") == 0 || (ip && addr_is_loopback(&a)))
        loading_tell(l, SET_DOMAIN_OR_PUBLIC_IP, SETTING_WARNING, NULL,
                     "is this machine for itself: nobody else can come in");
    if (!is(l, SET_REDIRECT_WWW, "true"))
        return;
    if (ip)
        loading_tell(l, SET_REDIRECT_WWW, SETTING_WARNING, "false",
                     "does nothing: %s is an address and has no www. name",
                     key(SET_DOMAIN_OR_PUBLIC_IP));
    else if (strncmp(domain, "www.", 4) == 0)
        loading_tell(l, SET_REDIRECT_WWW, SETTING_WARNING, "false",
                     "does nothing useful: %s begins with www. already",
                     key(SET_DOMAIN_OR_PUBLIC_IP));
}

/* ---- certificates from a CA: what cannot work is told, and a self-signed one served ---- */

static void check_public(struct loading *l, enum setting id, const char *name)
{
    if (l->keys[SET_ACME_SERVER].given || setting_is_public_name(name))
        return;
    loading_tell(l, id, SETTING_WARNING, NULL,
                 "has %.100s, for which no public authority gives a certificate: set "
                 "CERTIFICATE_TYPE=selfsigned, or ACME_SERVER to one of your own network",
                 name);
}

/* A wildcard, which is proved by a record in the DNS alone. */
static void check_wildcard(struct loading *l, const char *name)
{
    if (is(l, SET_ACME_DNS_HOOK, ""))
        loading_tell(l, SET_CERTIFICATE_NAMES, SETTING_WARNING, NULL,
                     "has %.100s, which an authority checks by the DNS alone: set %s", name,
                     key(SET_ACME_DNS_HOOK));
    else if (is(l, SET_ACME_CHALLENGE, "http-01") || is(l, SET_ACME_CHALLENGE, "tls-alpn-01"))
        loading_tell(l, SET_ACME_CHALLENGE, SETTING_WARNING, "auto",
                     "cannot work for %.100s of %s, which an authority checks by the DNS alone",
                     name, key(SET_CERTIFICATE_NAMES));
}

static void check_acme_names(struct loading *l)
{
    const struct setting_list *names = &l->s->values[SET_CERTIFICATE_NAMES].list;
    bool told = false;

    if (ok(l, SET_DOMAIN_OR_PUBLIC_IP))
        check_public(l, SET_DOMAIN_OR_PUBLIC_IP, l->s->values[SET_DOMAIN_OR_PUBLIC_IP].text);
    for (size_t i = 0; ok(l, SET_CERTIFICATE_NAMES) && i < names->n; i++) {
        bool wildcard = strncmp(names->items[i], "*.", 2) == 0;

        check_public(l, SET_CERTIFICATE_NAMES, names->items[i] + (wildcard ? 2 : 0));
        if (wildcard && !told)
            check_wildcard(l, names->items[i]);
        told = told || wildcard;
    }
}

static void check_acme_challenge(struct loading *l)
{
    bool http = is(l, SET_ACME_CHALLENGE, "http-01");

    if (is(l, SET_ACME_CHALLENGE, "dns-01") && is(l, SET_ACME_DNS_HOOK, ""))
        loading_tell(l, SET_ACME_CHALLENGE, SETTING_WARNING, NULL, "needs a script: set %s",
                     key(SET_ACME_DNS_HOOK));
    if (is(l, SET_ACME_CHALLENGE, "tls-alpn-01") && ok(l, SET_HTTPS_PORT) &&
        number(l, SET_HTTPS_PORT) != 443)
        loading_tell(l, SET_ACME_CHALLENGE, SETTING_WARNING, "auto",
                     "cannot work: the authority comes to port 443, and %s is %lld",
                     key(SET_HTTPS_PORT), (long long) number(l, SET_HTTPS_PORT));
    if ((http || is(l, SET_ACME_CHALLENGE, "auto")) && ok(l, SET_HTTP_PORT) &&
        number(l, SET_HTTP_PORT) != 80)
        loading_tell(l, SET_HTTP_PORT, SETTING_WARNING, "80",
                     "is not 80, to which the authority comes for http-01: that works only where "
                     "something in front hands port 80 on to %lld",
                     (long long) number(l, SET_HTTP_PORT));
}

static void check_eab(struct loading *l, enum setting kid, enum setting mac_key)
{
    bool has_kid = !is(l, kid, ""), has_key = !is(l, mac_key, "");

    if (ok(l, kid) && ok(l, mac_key) && has_kid != has_key)
        loading_tell(l, has_kid ? mac_key : kid, SETTING_WARNING, NULL,
                     "is not set, but %s is: an external account has both",
                     key(has_kid ? kid : mac_key));
}

static void check_acme(struct loading *l)
{
    if (!is(l, SET_CERTIFICATE_TYPE, "letsencrypt"))
        return;
    if (is(l, SET_LETSENCRYPT_EMAIL, ""))
        loading_tell(l, SET_LETSENCRYPT_EMAIL, SETTING_WARNING, NULL,
                     "is not set (or still the placeholder): the certificate is asked for without "
                     "an address, so the authority can warn nobody");
    check_acme_names(l);
    check_acme_challenge(l);
    check_eab(l, SET_ACME_EAB_KID, SET_ACME_EAB_HMAC_KEY);
    check_eab(l, SET_ACME_FALLBACK_EAB_KID, SET_ACME_FALLBACK_EAB_HMAC_KEY);
}

/* ---- TURN ---- */

/* Said explicitly, and of no effect. */
static void check_turn_on_https(struct loading *l)
{
    if (!l->keys[SET_TURN_ON_HTTPS_PORT].given || !is(l, SET_TURN_ON_HTTPS_PORT, "true"))
        return;
    if (is(l, SET_CERTIFICATE_TYPE, "selfsigned"))
        loading_tell(l, SET_TURN_ON_HTTPS_PORT, SETTING_NOTICE, NULL,
                     "does nothing with a self-signed certificate, which browsers do not take from "
                     "a TURN server");
    else if (is(l, SET_PROXY, "site") || is(l, SET_PROXY, "external"))
        loading_tell(l, SET_TURN_ON_HTTPS_PORT, SETTING_NOTICE, NULL,
                     "does nothing with %s=%s: nginx has to have the port to itself",
                     key(SET_PROXY), l->s->values[SET_PROXY].text);
}

static void check_turn_secrets(struct loading *l)
{
    const struct setting_list *old = &l->s->values[SET_TURN_OLD_SECRETS].list;

    for (size_t i = 0; ok(l, SET_TURN_OLD_SECRETS) && i < old->n; i++)
        if (is(l, SET_COTURN_SHARED_SECRET_KEY, old->items[i]))
            loading_tell(l, SET_TURN_OLD_SECRETS, SETTING_WARNING, NULL,
                         "has the secret of %s, which is the present one",
                         key(SET_COTURN_SHARED_SECRET_KEY));
}

static void check_turn_ports(struct loading *l)
{
    long long ports =
        (long long) (number(l, SET_COTURN_MAX_PORT) - number(l, SET_COTURN_MIN_PORT)) + 1;

    if (ok(l, SET_COTURN_MAX_PORT) && ok(l, SET_COTURN_MIN_PORT) && ports > 0 &&
        ok(l, SET_TURN_TOTAL_QUOTA) && l->keys[SET_TURN_TOTAL_QUOTA].given &&
        number(l, SET_TURN_TOTAL_QUOTA) > ports)
        loading_tell(l, SET_TURN_TOTAL_QUOTA, SETTING_WARNING, NULL,
                     "is more than there are relay ports, %lld (%s to %s)", ports,
                     key(SET_COTURN_MIN_PORT), key(SET_COTURN_MAX_PORT));
}

/* Clients sent on to where they are would come back for ever. */
static void check_turn_alternate(struct loading *l)
{
    struct addr other, own;

    if (is(l, SET_TURN_ALTERNATE_SERVER, "") || !ok(l, SET_TURN_ALTERNATE_SERVER) ||
        addr_parse(l->s->values[SET_TURN_ALTERNATE_SERVER].text, &other) < 0 ||
        addr_parse_ip(l->s->values[SET_COTURN_IP].text, (uint16_t) number(l, SET_COTURN_PORT),
                      &own) < 0)
        return;
    if (addr_eq(&other, &own))
        loading_tell(l, SET_TURN_ALTERNATE_SERVER, SETTING_ERROR, NULL,
                     "is this server itself (%s and %s)", key(SET_COTURN_IP), key(SET_COTURN_PORT));
}

static void check_turn(struct loading *l)
{
    check_turn_on_https(l);
    check_turn_secrets(l);
    check_turn_ports(l);
    check_turn_alternate(l);
}

/* ---- the media server's own ICE servers ---- */

static void check_media_servers(struct loading *l)
{
    const struct setting_list *list = &l->s->values[SET_MEDIA_ICE_SERVERS].list;
    unsigned n_turns = 0, n_stuns = 0;

    for (size_t i = 0; i < list->n; i++) {
        struct ice_server server;
        const char *problem;

        if (ice_server_parse(list->items[i], &server, &problem) < 0)
            continue;
        problem = ice_server_agent_problem(&server);
        if (problem)
            loading_tell(l, SET_MEDIA_ICE_SERVERS, SETTING_ERROR, NULL,
                         "has a server (number %zu) that %s", i + 1, problem);
        *(server.url.is_turn ? &n_turns : &n_stuns) += 1;
    }
    if (n_stuns > 1 || n_turns > MEDIA_TURNS_MAX)
        loading_tell(l, SET_MEDIA_ICE_SERVERS, SETTING_ERROR, NULL,
                     "has more than one STUN server, or more than %d TURN servers",
                     MEDIA_TURNS_MAX);
}

static void check_media_ice(struct loading *l)
{
    bool agent = is(l, SET_MEDIA_ICE, "agent");
    size_t n = l->s->values[SET_MEDIA_ICE_SERVERS].list.n;

    if (!ok(l, SET_MEDIA_ICE) || !ok(l, SET_MEDIA_ICE_SERVERS))
        return;
    check_media_servers(l);
    if (agent && n == 0)
        loading_tell(l, SET_MEDIA_ICE, SETTING_WARNING, NULL,
                     "is agent, but %s is not set: only clients that this machine reaches by "
                     "itself will have sound and pictures",
                     key(SET_MEDIA_ICE_SERVERS));
    if (!agent && n > 0)
        loading_tell(l, SET_MEDIA_ICE_SERVERS, SETTING_NOTICE, NULL,
                     "does nothing without %s=agent", key(SET_MEDIA_ICE));
}

/* Signaling may not bind such ports. */
static void check_metrics(struct loading *l)
{
    int64_t port = number(l, SET_METRICS_PORT);

    if (ok(l, SET_METRICS_PORT) && port > 0 && port < 1024)
        loading_tell(l, SET_METRICS_PORT, SETTING_ERROR, NULL, "must be 0, or 1024 to 65535");
}

static void check_webhook(struct loading *l)
{
    if (is(l, SET_WEBHOOK, "true") && is(l, SET_WEBHOOK_ENDPOINT, ""))
        loading_tell(l, SET_WEBHOOK_ENDPOINT, SETTING_ERROR, NULL, "is not set, but %s is on",
                     key(SET_WEBHOOK));
}

static void check_compatibility(struct loading *l)
{
    if (is(l, SET_STREAMS_ALLOW_TRANSCODING, "true"))
        loading_tell(l, SET_STREAMS_ALLOW_TRANSCODING, SETTING_WARNING, "false",
                     "does nothing: this server forwards media and never transcodes");
    if (is(l, SET_SUPPORT_DEPRECATED_API, "true") && is(l, SET_CALL_APP, "on"))
        loading_tell(l, SET_SUPPORT_DEPRECATED_API, SETTING_WARNING, "false",
                     "takes /recordings away from the Call app, whose list of recordings then "
                     "stays empty");
    if (l->keys[SET_LOG_LEVEL].given && is(l, SET_OV_CE_DEBUG_LEVEL, "DEBUG"))
        loading_tell(l, SET_OV_CE_DEBUG_LEVEL, SETTING_NOTICE, NULL, "does nothing: %s is set",
                     key(SET_LOG_LEVEL));
}

void loading_cross_check(struct loading *l)
{
    check_ranges(l);
    check_ports(l);
    check_media_ice(l);
    if (l->mode == SETTINGS_DEV)
        return;
    check_identity(l);
    check_acme(l);
    check_turn(l);
    check_metrics(l);
    check_webhook(l);
    check_compatibility(l);
}
