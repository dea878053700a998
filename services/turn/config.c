#include "turn/config.h"

#include "base/log.h"
#include "turn/secrets.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REALM_MAX 127 /* RFC 8489 section 14.9: fewer than 128 characters */

struct turn_config_file {
    struct conf_strings listen, old_secrets, media, allowed_peers, denied_peers;
    char *secret, *realm, *relay_ip, *external_ip, *alternate_server, *peers, *api, *metrics;
    char *certificate, *certificate_key, *web_listen, *web_backend, *log_level;
    bool sha256, internal_relay;
    int64_t relay_min, relay_max, user_quota, total_quota, user_kbps, threads;
};

#define FIELD(field) .name = #field, .offset = offsetof(struct turn_config_file, field)

/* "udp:1.2.3.4:3478" or "tls:[::]:5349" */
static int parse_listen(const char *text, struct config_listen *ret)
{
    for (int kind = 0; kind < N_TRANSPORT_KINDS; kind++) {
        const char *name = transport_kind_names[kind];

        if (!bytes_starts_with(bytes_str(text), name) || text[strlen(name)] != ':')
            continue;
        ret->kind = (enum transport_kind) kind;
        return addr_parse(text + strlen(name) + 1, &ret->addr);
    }
    return -EBADMSG;
}

static bool check_listen(const char *text, char *why, size_t why_size)
{
    struct config_listen a;

    snprintf(why, why_size,
             "must be like \"udp:0.0.0.0:3478\", \"tcp:[::]:3478\" or \"tls:[::]:5349\"");
    return parse_listen(text, &a) == 0;
}

/* "" as well, for none */
static int parse_ip(const char *text, struct addr *ret)
{
    return text && *text ? addr_parse_ip(text, 0, ret) : 0;
}

static bool check_ip(const char *text, char *why, size_t why_size)
{
    struct addr a;

    snprintf(why, why_size, "must be an IPv4 or IPv6 address");
    return parse_ip(text, &a) == 0;
}

/* "" as well, for none */
static int parse_server(const char *text, struct addr *ret)
{
    return text && *text ? addr_parse(text, ret) : 0;
}

static bool check_server(const char *text, char *why, size_t why_size)
{
    struct addr a = {0};

    snprintf(why, why_size, "must be like \"192.0.2.1:3478\" or \"[2001:db8::1]:3478\"");
    return parse_server(text, &a) == 0 &&
           (a.family == 0 || (a.port != 0 && !addr_is_unspecified(&a)));
}

static bool check_realm(const char *text, char *why, size_t why_size)
{
    snprintf(why, why_size, "must have 1 to %d characters", REALM_MAX);
    return *text && strlen(text) <= REALM_MAX;
}

typedef int parse_rule_fn(struct bytes text, struct ip_rule *ret,
                          char ret_why[static IP_RULE_WHY_SIZE]);

static bool check_rule(parse_rule_fn *parse, const char *text, char *why, size_t why_size)
{
    char problem[IP_RULE_WHY_SIZE];
    struct ip_rule rule;
    int r = parse(bytes_str(text), &rule, problem);

    if (r < 0)
        snprintf(why, why_size, "%s", problem);
    return r == 0;
}

static bool check_denied_rule(const char *text, char *why, size_t why_size)
{
    return check_rule(ip_rule_parse, text, why, why_size);
}

static bool check_allowed_rule(const char *text, char *why, size_t why_size)
{
    return check_rule(ip_rule_parse_allowed, text, why, why_size);
}

static const char *const peers_names[] = {"media", "public", NULL};

static const struct conf_key keys[] = {
    {FIELD(listen), .type = CONF_STRINGS, .required = true, .check = check_listen},
    {FIELD(secret), .type = CONF_STRING, .required = true, .check = conf_check_not_empty,
     .live = true},
    {FIELD(old_secrets), .type = CONF_STRINGS, .check = conf_check_not_empty, .live = true},
    {FIELD(sha256), .type = CONF_BOOL},
    {FIELD(realm), .type = CONF_STRING, .string_default = "visavis", .check = check_realm},
    {FIELD(media), .type = CONF_STRINGS, .required = true, .check = conf_check_not_empty},
    {FIELD(api), .type = CONF_STRING, .check = conf_check_not_empty},
    {FIELD(metrics), .type = CONF_STRING, .check = conf_check_not_empty},
    {FIELD(peers), .type = CONF_STRING, .string_default = "media", .allowed = peers_names,
     .live = true},
    {FIELD(allowed_peers), .type = CONF_STRINGS, .check = check_allowed_rule, .live = true},
    {FIELD(denied_peers), .type = CONF_STRINGS, .check = check_denied_rule, .live = true},
    {FIELD(internal_relay), .type = CONF_BOOL, .live = true},
    {FIELD(relay_min), .type = CONF_INT, .min = 1, .max = 65535, .int_default = 57001},
    {FIELD(relay_max), .type = CONF_INT, .min = 1, .max = 65535, .int_default = 65535},
    {FIELD(relay_ip), .type = CONF_STRING, .check = check_ip},
    {FIELD(external_ip), .type = CONF_STRING, .check = check_ip, .live = true},
    {FIELD(alternate_server), .type = CONF_STRING, .check = check_server, .live = true},
    {FIELD(user_quota), .type = CONF_INT, .min = 1, .max = 65535, .int_default = 200, .live = true},
    {FIELD(total_quota), .type = CONF_INT, .min = 1, .max = CONFIG_QUOTA_MAX, .int_default = 8000,
     .live = true},
    {FIELD(user_kbps), .type = CONF_INT, .min = 0, .max = CONFIG_KBPS_MAX, .live = true},
    {FIELD(threads), .type = CONF_INT, .min = 1, .max = 256, .int_default = 1},
    {FIELD(certificate), .type = CONF_STRING, .check = conf_check_not_empty, .live = true},
    {FIELD(certificate_key), .type = CONF_STRING, .check = conf_check_not_empty, .live = true},
    {FIELD(web_listen), .type = CONF_STRING, .check = conf_check_not_empty},
    {FIELD(web_backend), .type = CONF_STRING, .check = conf_check_not_empty},
    {FIELD(log_level), .type = CONF_STRING, .string_default = "info", .allowed = log_level_names,
     .live = true},
};

#define N_KEYS (sizeof(keys) / sizeof(keys[0]))

static size_t take_rules(const struct conf_strings *texts, struct ip_rule *ret)
{
    char why[IP_RULE_WHY_SIZE];

    for (size_t i = 0; i < texts->n; i++)
        (void) ip_rule_parse(bytes_str(texts->items[i]), &ret[i], why);
    return texts->n;
}

/* Texts that have passed their checks. */
static void take_live(struct turn_config *c, const struct turn_config_file *f)
{
    c->external_ip = (struct addr){0};
    (void) parse_ip(f->external_ip, &c->external_ip);
    c->alternate_server = (struct addr){0};
    (void) parse_server(f->alternate_server, &c->alternate_server);
    c->internal_relay = f->internal_relay;
    c->any_public_peer = strcmp(f->peers, "public") == 0;
    c->n_allowed_peers = take_rules(&f->allowed_peers, c->allowed_peers);
    c->n_denied_peers = take_rules(&f->denied_peers, c->denied_peers);
    c->user_quota = (size_t) f->user_quota;
    c->total_quota = (size_t) f->total_quota;
    c->user_kbps = (uint64_t) f->user_kbps;
    c->secret = f->secret;
    c->old_secrets = (const char *const *) f->old_secrets.items;
    c->n_old_secrets = f->old_secrets.n;
    c->log_level = f->log_level;
    c->certificate = f->certificate;
    c->certificate_key = f->certificate_key;
}

static void take_file(struct turn_config *c, const struct turn_config_file *f)
{
    c->n_listen = f->listen.n;
    for (size_t i = 0; i < f->listen.n; i++)
        (void) parse_listen(f->listen.items[i], &c->listen[i]);
    (void) parse_ip(f->relay_ip, &c->relay_ip);
    c->relay_ports = (struct ports){(uint16_t) f->relay_min, (uint16_t) f->relay_max};
    c->n_threads = (unsigned) f->threads;
    c->realm = f->realm;
    c->sha256 = f->sha256;
    c->api = f->api;
    c->metrics = f->metrics;
    c->n_media = f->media.n;
    for (size_t i = 0; i < f->media.n; i++)
        c->media[i] = f->media.items[i];
    c->web_listen = f->web_listen;
    c->web_backend = f->web_backend;
    take_live(c, f);
}

static bool wants_certificate(const struct turn_config_file *f)
{
    struct config_listen a;

    for (size_t i = 0; i < f->listen.n; i++) {
        if (parse_listen(f->listen.items[i], &a) == 0 &&
            (a.kind == TRANSPORT_TLS || a.kind == TRANSPORT_DTLS))
            return true;
    }
    return f->web_listen != NULL;
}

/* What spans several keys: 0, or -EINVAL after the problems were told. */
static int check_file(const struct turn_config_file *f, const char *path, conf_problem_fn *fn,
                      void *arg)
{
    int r = 0;

    if (f->listen.n == 0 || f->listen.n > CONFIG_LISTEN_MAX)
        r = conf_problem(path, fn, arg, "listen: must have 1 to %d addresses", CONFIG_LISTEN_MAX);
    if (f->old_secrets.n > SECRETS_OLD_MAX)
        r = conf_problem(path, fn, arg, "old_secrets: must be %d at most", SECRETS_OLD_MAX);
    if (f->media.n == 0 || f->media.n > CONFIG_MEDIA_MAX)
        r = conf_problem(path, fn, arg, "media: must have 1 to %d paths", CONFIG_MEDIA_MAX);
    if (f->allowed_peers.n > CONFIG_RULES_MAX || f->denied_peers.n > CONFIG_RULES_MAX)
        r = conf_problem(path, fn, arg, "allowed_peers, denied_peers: must have at most %d entries",
                         CONFIG_RULES_MAX);
    if (f->relay_min > f->relay_max)
        r = conf_problem(path, fn, arg, "relay_min: must not be above relay_max, %d",
                         (int) f->relay_max);
    if (!f->certificate != !f->certificate_key)
        r = conf_problem(path, fn, arg,
                         "certificate, certificate_key: one does not go without the other");
    if (!f->certificate && wants_certificate(f))
        r = conf_problem(path, fn, arg, "certificate: is needed for TLS, DTLS and web_listen");
    if (!f->web_listen != !f->web_backend)
        r = conf_problem(path, fn, arg,
                         "web_listen, web_backend: one does not go without the other");
    return r;
}

int config_read(const char *path, struct turn_config *ret, conf_problem_fn *fn, void *arg)
{
    struct turn_config_file *f = calloc(1, sizeof(*f));
    int r;

    if (!f)
        return -ENOMEM;
    ret->file = f;
    r = conf_read(path, keys, N_KEYS, f, fn, arg);
    if (r < 0)
        return r;
    r = check_file(f, path, fn, arg);
    if (r == 0)
        take_file(ret, f);
    return r;
}

int config_reload(struct turn_config *c, const char *path, conf_problem_fn *fn,
                  conf_problem_fn *fn_later, void *arg)
{
    struct turn_config fresh = {.file = NULL};
    int r = config_read(path, &fresh, fn, arg);

    if (r == 0) {
        conf_take_live(keys, N_KEYS, c->file, fresh.file, fn_later, arg);
        take_live(c, c->file);
    }
    config_done(&fresh);
    return r;
}

void config_done(struct turn_config *c)
{
    if (c->file)
        conf_done(keys, N_KEYS, c->file);
    free(c->file);
    *c = (struct turn_config){.file = NULL};
}
