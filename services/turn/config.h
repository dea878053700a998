/* config.h: the settings of visavis-turn, read from its file and checked. */
#pragma once

#include "base/addr.h"
#include "conf/conf.h"
#include "turn/flow.h"
#include "turn/ports.h"

#define CONFIG_LISTEN_MAX 16
#define CONFIG_QUOTA_MAX 1000000
#define CONFIG_KBPS_MAX 100000000

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
    bool sha256;         /* what RFC 8489 added to credentials */
    const char *control; /* path of the media daemon's socket */
    const char *api;     /* of ours for signaling; NULL: none, or one that we are handed */
    const char *metrics; /* path of the file of numbers; NULL: none */

    /* live: the main thread's, workers have copies */
    struct addr external_ip; /* written into XOR-RELAYED-ADDRESS; family 0: the relay's own */
    size_t user_quota, total_quota;
    uint64_t user_kbps; /* 0: no limit */
    const char *secret, *log_level;
    const char *const *old_secrets;
    size_t n_old_secrets;

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
