#include "signaling/config.h"

#include "base/event_names.h"
#include "signaling/ice_server.h"

#include "base/log.h"
#include "store/store_address.h"
#include "web/web_listen.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool check_public_url(const char *text, char *why, size_t why_size)
{
    struct public_url u;

    snprintf(why, why_size, "must be http[s]://HOST[:PORT]");
    return public_url_parse(text, &u) == 0;
}

static bool check_ice_server(const char *text, char *why, size_t why_size)
{
    json_t *server = ice_server_from_text(text, why, why_size);

    json_decref(server);
    return server != NULL;
}

static bool check_turns_url(const char *text, char *why, size_t why_size)
{
    snprintf(why, why_size, "must be turns:HOST:PORT?transport=tcp");
    return strncmp(text, "turns:", 6) == 0 && !strpbrk(text, " \"");
}

static bool check_folder(const char *text, char *why, size_t why_size)
{
    snprintf(why, why_size, "must be an absolute path, or empty");
    return *text == '\0' || *text == '/';
}

/* Its secrets are in no message. */
static bool check_http_url(const char *text, char *why, size_t why_size)
{
    snprintf(why, why_size, "must begin with http:// or https://, or be empty");
    return *text == '\0' || strncasecmp(text, "http://", 7) == 0 ||
           strncasecmp(text, "https://", 8) == 0;
}

static bool check_header(const char *text, char *why, size_t why_size)
{
    size_t name = strcspn(text, ": \t\r\n");

    snprintf(why, why_size, "must be \"Name: value\"");
    return name > 0 && text[name] == ':' && text[strcspn(text, "\r\n")] == '\0';
}

static bool check_event(const char *text, char *why, size_t why_size)
{
    snprintf(why, why_size, "is no event");
    return event_name_find(text) != NULL;
}

static const char *const media_servers[] = {"kurento", "mediasoup", NULL};
static const char *const codecs[] = {"MEDIA_SERVER_PREFERRED", "NONE", "VP8", "VP9", "H264", NULL};

#define KEY(key, kind, field)                                                                      \
    .name = (key), .type = (kind), .offset = offsetof(struct config, field)
#define INT(key, field, lowest, highest, initially)                                                \
    {                                                                                              \
        KEY(key, CONF_INT, field), .min = (lowest), .max = (highest), .int_default = (initially),  \
                                   .live = true                                                    \
    }
#define SIZE(key, field, lowest, highest, initially) /* of a table */                              \
    {                                                                                              \
        KEY(key, CONF_INT, field), .min = (lowest), .max = (highest), .int_default = (initially)   \
    }
#define BOOL(key, field, initially)                                                                \
    {                                                                                              \
        KEY(key, CONF_BOOL, field), .int_default = (initially), .live = true                       \
    }

static const struct conf_key keys[] = {
    {KEY("listen", CONF_STRINGS, listen), .required = true, .check = web_listen_check},
    {KEY("public_url", CONF_STRING, public_url_text), .required = true, .check = check_public_url,
     .live = true},
    {KEY("secret", CONF_STRING, secret), .required = true, .check = conf_check_not_empty,
     .live = true},
    {KEY("media_control", CONF_STRING, media_control), .required = true},
    {KEY("media_server", CONF_STRING, media_server), .string_default = "kurento",
     .allowed = media_servers, .live = true},
    {KEY("forced_codec", CONF_STRING, forced_codec), .string_default = "MEDIA_SERVER_PREFERRED",
     .allowed = codecs, .live = true},
    BOOL("allow_transcoding", allow_transcoding, false),
    BOOL("deprecated_api", deprecated_api, false),
    {KEY("coturn_ip", CONF_STRING, coturn_ip), .live = true},
    INT("coturn_port", coturn_port, 1, 65535, 3478),
    {KEY("turn_secret", CONF_STRING, turn_secret), .live = true},
    {KEY("turns_url", CONF_STRING, turns_url), .check = check_turns_url, .live = true},
    {KEY("selfsigned_mark", CONF_STRING, selfsigned_mark), .live = true},
    {KEY("turn_api", CONF_STRING, turn_api), .check = conf_check_not_empty},
    {KEY("ice_servers", CONF_STRINGS, ice_servers), .check = check_ice_server, .live = true},
    INT("gc_interval_s", gc_interval_s, 0, 31536000, 900),
    INT("gc_threshold_s", gc_threshold_s, 0, 31536000, 3600),
    INT("media_lost_s", media_lost_s, 1, 3600, 30),
    INT("video_max_recv_kbps", max_recv_kbps, 0, 1000000, 1000),
    INT("video_min_recv_kbps", min_recv_kbps, 0, 1000000, 300),
    INT("video_max_send_kbps", max_send_kbps, 0, 1000000, 1000),
    INT("video_min_send_kbps", min_send_kbps, 0, 1000000, 300),
    SIZE("max_sessions", max_sessions, 1, 1000000, 10000),
    INT("max_connections", max_connections, 1, 100000, 5000),
    INT("max_participants", max_participants, 1, 10000, 1000),
    INT("max_data_bytes", max_data_bytes, 16, 60000, 10000),
    SIZE("max_clients", max_clients, 1, 1000000, 10000),
    INT("max_waiting", max_waiting, 1, 1000000, 1000),
    SIZE("max_http", max_http, 1, 100000, 4096),
    SIZE("max_per_address", max_per_address, 1, 1000000, 256),
    INT("max_participants_per_address", max_participants_per_address, 1, 1000000, 256),
    INT("max_queued_requests", max_queued_requests, 1, 10000, 256),
    INT("max_messages_per_s", max_messages_per_s, 1, 100000, 200),
    SIZE("max_unread_kib", max_unread_kib, 64, 1048576, 1024),
    SIZE("max_unread_total_mib", max_unread_total_mib, 1, 65536, 256),
    {KEY("recordings_path", CONF_STRING, recordings_path), .string_default = "",
     .check = check_folder, .live = true},
    BOOL("recordings_public", recordings_public, false),
    BOOL("accel", accel, false),
    {KEY("dashboard_path", CONF_STRING, dashboard_path), .string_default = "",
     .check = check_folder, .live = true},
    {KEY("layouts_path", CONF_STRING, layouts_path), .string_default = "", .check = check_folder,
     .live = true},
    {KEY("store", CONF_STRING, store), .string_default = "memory", .check = store_address_check},
    {KEY("store_prefix", CONF_STRING, store_prefix), .string_default = "visavis",
     .check = store_prefix_check},
    {KEY("cdr_path", CONF_STRING, cdr_path), .string_default = "", .check = check_folder,
     .live = true},
    {KEY("webhook_endpoint", CONF_STRING, webhook_endpoint), .string_default = "",
     .check = check_http_url, .live = true},
    {KEY("webhook_headers", CONF_STRINGS, webhook_headers), .check = check_header, .live = true},
    {KEY("webhook_events", CONF_STRINGS, webhook_events), .check = check_event, .live = true},
    {KEY("metrics_listen", CONF_STRINGS, metrics_listen), .check = web_listen_check},
    {KEY("log_level", CONF_STRING, log_level), .string_default = "info", .allowed = log_level_names,
     .live = true},
};
#define N_KEYS (sizeof(keys) / sizeof(keys[0]))

int config_read(const char *path, struct config *ret, conf_problem_fn *fn, void *arg)
{
    int error = conf_read(path, keys, N_KEYS, ret, fn, arg);

    if (error)
        return error;
    if (ret->coturn_ip && !ret->turn_secret)
        return conf_problem(path, fn, arg, "turn_secret: is needed with coturn_ip");
    return public_url_parse(ret->public_url_text, &ret->public_url);
}

int config_reload(struct config *c, const char *path, conf_problem_fn *fn,
                  conf_problem_fn *fn_later, void *arg)
{
    struct config fresh = {.secret = NULL};
    int error = config_read(path, &fresh, fn, arg);

    if (error == 0) {
        conf_take_live(keys, N_KEYS, c, &fresh, fn_later, arg);
        c->public_url = fresh.public_url;
    }
    config_done(&fresh);
    return error;
}

void config_done(struct config *c)
{
    conf_done(keys, N_KEYS, c);
}

bool config_is_mediasoup(const struct config *c)
{
    return strcmp(c->media_server, "mediasoup") == 0;
}
