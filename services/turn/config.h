/* config.h: the settings of visavis-turn, read from its file and checked. */
#pragma once

#include "base/ip_rule.h"
#include "conf/conf.h"
#include "turn/flow.h"
#include "turn/ports.h"

#define CONFIG_LISTEN_MAX 16
#define CONFIG_QUOTA_MAX 1000000
#define CONFIG_KBPS_MAX 100000000
#define CONFIG_MEDIA_MAX 64
#define CONFIG_RULES_MAX 256

/* Where clients are served. */
struct config_listen {
    enum transport_kind kind;
    struct addr addr;
};

/* What is not live is read-only after config_read(), for all threads. */
struct turn_config {
    struct config_listen listen[CONFIG_LISTEN_MAX];
    size_t n_listen;
    struct ports relay_ports;
    struct addr relay_ip; /* family 0: where the client's packet arrived */
    unsigned n_threads;
    const char *realm;
    bool sha256;                         /* what RFC 8489 added to credentials */
    const char *media[CONFIG_MEDIA_MAX]; /* paths of the media daemons' control sockets */
    size_t n_media;
    const char *api;         /* of ours for signaling; NULL: none, or one that we are handed */
    const char *metrics;     /* path of the file of numbers; NULL: none */
    const char *web_listen;  /* Unix socket for TLS connections of the web port, or NULL */
    const char *web_backend; /* Unix socket of the site, for those that speak HTTP, or NULL */

    /* live: the main thread's, workers have copies */
    struct addr external_ip;      /* by which the world knows this machine; family 0: by its own */
    struct addr alternate_server; /* new clients are sent there; family 0: nobody is */
    bool internal_relay;          /* relays are part of a network of one's own (peers.h) */
    bool any_public_peer;
    struct ip_rule allowed_peers[CONFIG_RULES_MAX], denied_peers[CONFIG_RULES_MAX];
    size_t n_allowed_peers, n_denied_peers;
    size_t user_quota, total_quota;
    uint64_t user_kbps; /* 0: no limit */
    const char *secret, *log_level;
    const char *const *old_secrets;
    size_t n_old_secrets;
    const char *certificate, *certificate_key; /* files, or NULL both */

    struct turn_config_file *file; /* what the strings belong to */
};

/* Tells each problem as one line; 0 or as conf_read(). *ret must be zeroed; config_done() frees it
 * in every case. */
int config_read(const char *path, struct turn_config *ret, conf_problem_fn *fn, void *arg);

/* Reads again. The live values are in force then, and nobody may still hold strings from before;
 * tells fn_later the keys that changed and are not live. After an error nothing has changed. */
int config_reload(struct turn_config *c, const char *path, conf_problem_fn *fn,
                  conf_problem_fn *fn_later, void *arg);
void config_done(struct turn_config *c);

/* What stands in XOR-RELAYED-ADDRESS in place of the relay's own IP: external_ip, but for relays of
 * a network of one's own. Family 0: nothing does. */
static inline struct addr config_told_ip(const struct turn_config *c)
{
    struct addr none = {.family = 0};

    return c->internal_relay ? none : c->external_ip;
}
