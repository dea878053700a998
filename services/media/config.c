#include "media/config.h"

#include "base/log.h"
#include "codec/ice_server.h"
#include "media/candidates.h"

#include <stdio.h>
#include <unistd.h>

#define WORKERS_MAX 64 /* as many ports as operators are told to open */

static bool check_public(const char *text, char *why, size_t why_size)
{
    struct public_addr a;

    snprintf(why, why_size, "must be IPv4 or IPv6 addresses, or PUBLIC/PRIVATE pairs of them");
    return public_addr_parse(text, &a) == 0;
}

static bool check_ice_server(const char *text, char *why, size_t why_size)
{
    struct ice_server s;
    const char *reason = NULL;

    if (ice_server_parse(text, &s, &reason) == 0)
        reason = ice_server_agent_problem(&s);
    if (reason)
        snprintf(why, why_size, "has a server that %s", reason);
    return !reason;
}

static const char *const ice_modes[] = {"lite", "agent", NULL};

/* Two round trips through a relay on another continent, and one datagram that is repeated after
 * 500 ms; well below MEDIA_CALL_TIMEOUT_MS. */
#define GATHERING_MS 1500

#define FIELD(key, kind, field, ...)                                                               \
    {                                                                                              \
        .name = (key), .type = (kind), .offset = offsetof(struct config, field), __VA_ARGS__       \
    }
#define INT(key, field, lowest, highest, initially)                                                \
    FIELD(key, CONF_INT, field, .min = (lowest), .max = (highest), .int_default = (initially))
#define LIVE(key, field, lowest, highest, initially)                                               \
    FIELD(key, CONF_INT, field, .min = (lowest), .max = (highest), .int_default = (initially),     \
          .live = true)

static const struct conf_key keys[] = {
    FIELD("control", CONF_STRING, control, .required = true),
    INT("port", port, 1024, 65535 - WORKERS_MAX, 40000),
    FIELD("port_search", CONF_BOOL, port_search, .int_default = false),
    INT("workers", workers, 0, WORKERS_MAX, 0),
    INT("busy_poll_us", busy_poll_us, 0, 1000, 0),
    FIELD("ice_tcp", CONF_BOOL, ice_tcp, .int_default = true),
    FIELD("public_name", CONF_STRING, public_name, .string_default = "", .live = true),
    FIELD("public_ips", CONF_STRINGS, public_ips, .check = check_public, .live = true),
    FIELD("announce_loopback", CONF_BOOL, announce_loopback, .int_default = true),
    FIELD("ice", CONF_STRING, ice, .string_default = "lite", .allowed = ice_modes),
    FIELD("ice_servers", CONF_STRINGS, ice_servers, .check = check_ice_server),
    INT("max_agents", max_agents, 1, CONFIG_TRANSPORTS_MAX, 4000),
    INT("gathering_ms", gathering_ms, 100, 60000, GATHERING_MS),
    LIVE("max_rooms", max_rooms, 1, CONFIG_ROOMS_MAX, 10000),
    LIVE("max_streams", max_streams, 1, CONFIG_STREAMS_MAX, 1000),
    LIVE("max_subscribers", max_subscribers, 1, CONFIG_SUBSCRIBERS_MAX, 10000),
    LIVE("max_room_transports", max_room_transports, 1, CONFIG_TRANSPORTS_MAX, 20000),
    INT("max_transports", max_transports, 1, CONFIG_TRANSPORTS_MAX, 20000),
    LIVE("max_send_mbits", max_send_mbits, 0, 1000000, 0),
    LIVE("room_spread", room_spread, 0, CONFIG_TRANSPORTS_MAX, 500),
    INT("last_n", last_n, 0, CONFIG_STREAMS_MAX, 0),
    FIELD("log_level", CONF_STRING, log_level, .string_default = "info", .allowed = log_level_names,
          .live = true),
};
#define N_KEYS (sizeof(keys) / sizeof(keys[0]))

int config_read(const char *path, struct config *ret, conf_problem_fn *fn, void *arg)
{
    return conf_read(path, keys, N_KEYS, ret, fn, arg);
}

int config_reload(struct config *c, const char *path, conf_problem_fn *fn,
                  conf_problem_fn *fn_later, void *arg)
{
    struct config fresh = {.control = NULL};
    int r = config_read(path, &fresh, fn, arg);

    if (r == 0)
        conf_take_live(keys, N_KEYS, c, &fresh, fn_later, arg);
    config_done(&fresh);
    return r;
}

void config_done(struct config *c)
{
    conf_done(keys, N_KEYS, c);
}

unsigned config_worker_count(const struct config *c)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);

    if (c->workers > 0)
        return (unsigned) c->workers;
    if (cores < 1)
        return 1;
    return cores > WORKERS_MAX ? WORKERS_MAX : (unsigned) cores;
}
