#include "config.h"

#include "base/addr.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define WORKERS_MAX 64 /* as many ports as operators are told to open */

static const char *const log_levels[] = {"error", "warning", "notice", "info", "debug", NULL};

#define FIELD(key, kind, field, ...)                                                               \
    {                                                                                              \
        .name = (key), .type = (kind), .offset = offsetof(struct config, field), __VA_ARGS__       \
    }
#define INT(key, field, lowest, highest, initially)                                                \
    FIELD(key, CONF_INT, field, .min = (lowest), .max = (highest), .int_default = (initially))

static const struct conf_key keys[] = {
    FIELD("control", CONF_STRING, control, .required = true),
    INT("port", port, 1024, 65535 - WORKERS_MAX, 40000),
    FIELD("port_search", CONF_BOOL, port_search, .int_default = false),
    INT("workers", workers, 0, WORKERS_MAX, 0),
    FIELD("public_name", CONF_STRING, public_name, .string_default = ""),
    FIELD("public_ips", CONF_STRINGS, public_ips, .required = false),
    FIELD("announce_loopback", CONF_BOOL, announce_loopback, .int_default = true),
    INT("max_rooms", max_rooms, 1, 1000000, 10000),
    INT("max_streams", max_streams, 1, 10000, 1000),
    INT("max_subscribers", max_subscribers, 1, 100000, 10000),
    INT("max_transports", max_transports, 1, 1000000, 20000),
    FIELD("log_level", CONF_STRING, log_level, .string_default = "info", .allowed = log_levels),
};
#define N_KEYS (sizeof(keys) / sizeof(keys[0]))

static int check_public_ips(const char *path, const struct config *c, conf_problem_fn *fn,
                            void *arg)
{
    int error = 0;

    for (size_t i = 0; i < c->public_ips.n; i++) {
        struct addr a;
        char text[320];

        if (addr_parse_ip(c->public_ips.items[i], 0, &a) == 0)
            continue;
        snprintf(text, sizeof(text), "%s: public_ips: \"%.128s\" is not an IP address", path,
                 c->public_ips.items[i]);
        fn(text, arg);
        error = -EINVAL;
    }
    return error;
}

int config_read(const char *path, struct config *ret, conf_problem_fn *fn, void *arg)
{
    int r = conf_read(path, keys, N_KEYS, ret, fn, arg);

    return r < 0 ? r : check_public_ips(path, ret, fn, arg);
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
