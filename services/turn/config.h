/* config.h: the settings of visavis-turn, read from its file and checked. */
#pragma once

#include "base/addr.h"
#include "conf/conf.h"
#include "turn/flow.h"
#include "turn/ports.h"

#define CONFIG_LISTEN_MAX 16
#define CONFIG_QUOTA_MAX 1000000

/* What is not live is read-only after config_read, for all threads. */
/* Where clients are served. */
struct config_listen {
    enum transport_kind kind;
    struct addr addr;
};

struct turn_config {
    struct config_listen listen[CONFIG_LISTEN_MAX];
    size_t n_listen;
    struct ports relay_ports;
    struct addr relay_ip; /* family 0: where the client's packet arrived */
    unsigned n_threads;
    const char *realm;
    const char *control;     /* path of the media daemon's socket */
    const char *web_listen;  /* Unix socket for TLS connections of the web port, or NULL */
    const char *web_backend; /* Unix socket of the site, for those that speak HTTP, or NULL */

    /* live: the main thread's, workers have copies */
    struct addr external_ip; /* written into XOR-RELAYED-ADDRESS; family 0: the relay's own */
    size_t user_quota, total_quota;
    const char *secret, *log_level;
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
