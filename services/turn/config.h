/* config.h: the settings of visavis-turn, read from its file and checked. */
#pragma once

#include "base/addr.h"
#include "base/log.h"
#include "conf/conf.h"
#include "turn/ports.h"

#define CONFIG_LISTEN_MAX 16

/* Read-only after config_read, for all threads. */
struct turn_config {
    struct addr listen[CONFIG_LISTEN_MAX];
    size_t n_listen;
    struct ports relay_ports;
    struct addr relay_ip;    /* family 0: where the client's packet arrived */
    struct addr external_ip; /* written into XOR-RELAYED-ADDRESS; family 0: the relay's own */
    size_t user_quota, total_quota;
    unsigned n_threads;
    enum log_level log_level;
    const char *secret, *realm, *control; /* control: path of the media daemon's socket */

    struct turn_config_file *file; /* what the strings belong to */
};

/* Each problem is told as a whole line. 0, -EINVAL after problems, or what reading gave.
 * config_done() is needed after success only. */
int config_read(const char *path, conf_problem_fn *fn, void *arg, struct turn_config *ret);

void config_done(struct turn_config *c);
