#include "config.h"

#include "ice_server.h"

#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *const media_servers[] = {"kurento", "mediasoup", NULL};
static const char *const codecs[] = {"MEDIA_SERVER_PREFERRED", "NONE", "VP8", "VP9", "H264", NULL};

#define KEY(key, kind, field)                                                                      \
    .name = (key), .type = (kind), .offset = offsetof(struct config, field)
#define INT(key, field, lowest, highest, initially)                                                \
    {                                                                                              \
        .name = (key), .type = CONF_INT, .offset = offsetof(struct config, field),                 \
        .min = (lowest), .max = (highest), .int_default = (initially)                              \
    }
#define BOOL(key, field, initially)                                                                \
    {                                                                                              \
        .name = (key), .type = CONF_BOOL, .offset = offsetof(struct config, field),                \
        .int_default = (initially)                                                                 \
    }

static const struct conf_key keys[] = {
    {KEY("listen", CONF_STRINGS, listen), .required = true},
    {KEY("public_url", CONF_STRING, public_url_text), .required = true},
    {KEY("secret", CONF_STRING, secret), .required = true},
    {KEY("media_control", CONF_STRING, media_control), .required = true},
    {KEY("media_server", CONF_STRING, media_server), .string_default = "kurento",
     .allowed = media_servers},
    {KEY("forced_codec", CONF_STRING, forced_codec), .string_default = "MEDIA_SERVER_PREFERRED",
     .allowed = codecs},
    BOOL("allow_transcoding", allow_transcoding, false),
    BOOL("deprecated_api", deprecated_api, true),
    {KEY("coturn_ip", CONF_STRING, coturn_ip)},
    INT("coturn_port", coturn_port, 1, 65535, 3478),
    {KEY("turn_secret", CONF_STRING, turn_secret)},
    {KEY("ice_servers", CONF_STRINGS, ice_servers)},
    INT("gc_interval_s", gc_interval_s, 0, 31536000, 900),
    INT("gc_threshold_s", gc_threshold_s, 0, 31536000, 3600),
    INT("media_lost_s", media_lost_s, 1, 3600, 30),
    INT("video_max_recv_kbps", max_recv_kbps, 0, 1000000, 1000),
    INT("video_min_recv_kbps", min_recv_kbps, 0, 1000000, 300),
    INT("video_max_send_kbps", max_send_kbps, 0, 1000000, 1000),
    INT("video_min_send_kbps", min_send_kbps, 0, 1000000, 300),
    INT("max_sessions", max_sessions, 1, 1000000, 10000),
    INT("max_connections", max_connections, 1, 100000, 5000),
    INT("max_participants", max_participants, 1, 10000, 1000),
    INT("max_data_bytes", max_data_bytes, 16, 60000, 10000),
    INT("max_clients", max_clients, 1, 1000000, 10000),
    INT("max_queued_requests", max_queued_requests, 1, 10000, 256),
    {KEY("log_level", CONF_STRING, log_level), .string_default = "info",
     .allowed = log_level_names},
};
#define N_KEYS (sizeof(keys) / sizeof(keys[0]))

static void problem(conf_problem_fn *fn, void *arg, const char *path, const char *key,
                    const char *what)
{
    char text[512];

    snprintf(text, sizeof(text), "%s: %s: %s", path, key, what);
    fn(text, arg);
}

/* What the table cannot say. */
static int check(const char *path, struct config *c, conf_problem_fn *fn, void *arg)
{
    char why[256];
    int error = 0;

    if (public_url_parse(c->public_url_text, &c->public_url) < 0) {
        problem(fn, arg, path, "public_url", "must be http[s]://HOST[:PORT]");
        error = -EINVAL;
    }
    if (!*c->secret) {
        problem(fn, arg, path, "secret", "must not be empty");
        error = -EINVAL;
    }
    if (c->coturn_ip && !c->turn_secret) {
        problem(fn, arg, path, "turn_secret", "is needed with coturn_ip");
        error = -EINVAL;
    }
    for (size_t i = 0; i < c->ice_servers.n; i++) {
        json_t *server = ice_server_from_text(c->ice_servers.items[i], why, sizeof(why));

        if (!server) {
            problem(fn, arg, path, "ice_servers", why);
            error = -EINVAL;
        }
        json_decref(server);
    }
    return error;
}

int config_read(const char *path, struct config *ret, conf_problem_fn *fn, void *arg)
{
    int error = conf_read(path, keys, N_KEYS, ret, fn, arg);

    return error ? error : check(path, ret, fn, arg);
}

void config_done(struct config *c)
{
    conf_done(keys, N_KEYS, c);
}

bool config_is_mediasoup(const struct config *c)
{
    return strcmp(c->media_server, "mediasoup") == 0;
}
