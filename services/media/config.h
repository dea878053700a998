/* config.h: settings of the media daemon, as media.cfg gives them. */
#pragma once

#include "conf/conf.h"

/* The most that may be configured. */
#define CONFIG_ROOMS_MAX 1000000
#define CONFIG_STREAMS_MAX 10000
#define CONFIG_SUBSCRIBERS_MAX 100000
#define CONFIG_TRANSPORTS_MAX 1000000

struct config {
    char *control;        /* the control socket */
    int64_t port;         /* of the first worker; the others follow */
    bool port_search;     /* taken already: try further up */
    int64_t workers;      /* 0: one per core */
    int64_t busy_poll_us; /* 0: not at all */
    bool ice_tcp;         /* media over TCP as well, on the same ports */
    bool announce_loopback;
    char *ice; /* "lite": clients reach this machine; "agent": it has no address for them */
    struct conf_strings ice_servers; /* of "agent": codec/ice_server.h */
    int64_t max_agents;              /* of the node */
    int64_t gathering_ms;            /* how long an agent may look for candidates */
    int64_t max_transports;
    int64_t last_n; /* 0: the video of all publishers of a room is forwarded */

    /* these may change while the daemon runs; workers know nothing of them */
    int64_t max_rooms, max_streams, max_subscribers, max_room_transports;
    int64_t max_send_mbits; /* 0: no limit */
    int64_t room_spread;    /* transports of a room on one worker; 0: all */
    char *public_name;      /* address or name under which the machine is reached; "" none */
    struct conf_strings public_ips; /* announced instead of what the machine itself knows:
                                       public_addr_parse() */
    char *log_level;
};

/* Tells each problem as one line. *ret must be zeroed; config_done() frees it in every case. */
int config_read(const char *path, struct config *ret, conf_problem_fn *fn, void *arg);

/* Reads again; the live values (public_*, log_level: the main thread's) are in force then, and
 * nobody may still hold strings from before. Tells fn_later the keys that changed and are not live.
 * After an error nothing has changed. */
int config_reload(struct config *c, const char *path, conf_problem_fn *fn,
                  conf_problem_fn *fn_later, void *arg);
void config_done(struct config *c);

/* Of config.workers: the number of workers to start. */
unsigned config_worker_count(const struct config *c);
