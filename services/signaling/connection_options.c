#include "signaling/connection_options.h"

#include "signaling/ice_server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ICE_SERVERS_MAX 32
#define FILTERS_MAX 32

static const char *const types[] = {"WEBRTC", "IPCAM", NULL};
static const char *const roles[] = {"SUBSCRIBER", "PUBLISHER", "MODERATOR", NULL};

static const struct field fields[] = {
    {"type", .type = FIELD_STRING, .allowed = types},
    {"data", .type = FIELD_STRING},
    {"record", .type = FIELD_BOOL},
};
static const struct field webrtc_fields[] = {
    {"role", .type = FIELD_STRING, .allowed = roles},
    {"kurentoOptions", .type = FIELD_OBJECT},
    {"customIceServers", .type = FIELD_ARRAY},
};
static const struct field ipcam_fields[] = {
    {"rtspUri", .type = FIELD_STRING, .required = true},
    {"adaptativeBitrate", .type = FIELD_BOOL},
    {"onlyPlayWithSubscribers", .type = FIELD_BOOL},
    {"networkCache", .type = FIELD_NUMBER},
};
static const char *const bandwidths[] = {"videoMaxRecvBandwidth", "videoMinRecvBandwidth",
                                         "videoMaxSendBandwidth", "videoMinSendBandwidth"};

static int parse_filters(json_t *given, json_t *to, struct problem *p)
{
    json_t *filters = body_get(given, "allowedFilters"), *name;
    size_t i;

    if (!filters)
        return 0;
    if (!json_is_array(filters) || json_array_size(filters) > FILTERS_MAX)
        return problem_set(p, 400, "'allowedFilters' must be an array of at most %d strings",
                           FILTERS_MAX);
    json_array_foreach (filters, i, name) {
        if (!json_is_string(name))
            return problem_set(p, 400, "'allowedFilters' must be an array of strings");
    }
    json_object_set(to, "allowedFilters", filters);
    return 0;
}

static int parse_kurento(json_t *given, json_t **ret, struct problem *p)
{
    json_t *o;

    *ret = NULL;
    if (!given)
        return 0;
    o = json_object();
    for (size_t i = 0; i < 4; i++) {
        json_t *v = body_get(given, bandwidths[i]);

        if (!v)
            continue;
        if (!json_is_number(v) || json_number_value(v) < 0 || json_number_value(v) > 1e9) {
            json_decref(o);
            return problem_set(p, 400, "'%s' must be a number of kbps", bandwidths[i]);
        }
        json_object_set_new(o, bandwidths[i], json_integer((json_int_t) json_number_value(v)));
    }
    if (parse_filters(given, o, p) < 0) {
        json_decref(o);
        return -EINVAL;
    }
    *ret = o;
    return 0;
}

/* The operator's list, for those who bring none of their own. */
static json_t *default_ice_servers(const struct config *c)
{
    json_t *list = json_array();
    char why[128];

    for (size_t i = 0; i < c->ice_servers.n; i++)
        json_array_append_new(list,
                              ice_server_from_text(c->ice_servers.items[i], why, sizeof(why)));
    return list;
}

static int parse_ice_servers(const struct config *c, json_t *given, json_t **ret, struct problem *p)
{
    json_t *list, *entry;
    char why[200];
    size_t i;

    if (json_array_size(given) == 0) {
        *ret = default_ice_servers(c);
        return 0;
    }
    if (json_array_size(given) > ICE_SERVERS_MAX)
        return problem_set(p, 400, "'customIceServers' may have at most %d entries",
                           ICE_SERVERS_MAX);
    list = json_array();
    json_array_foreach (given, i, entry) {
        json_t *server = ice_server_from_json(entry, why, sizeof(why));

        if (!server) {
            json_decref(list);
            return problem_set(p, 400, "'customIceServers': %s", why);
        }
        json_array_append_new(list, server);
    }
    *ret = list;
    return 0;
}

static bool has_camera_scheme(const char *uri)
{
    static const char *const schemes[] = {"file", "rtsp", "rtsps", "http", "https"};
    size_t len = strcspn(uri, ":");

    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        if (strlen(schemes[i]) == len && strncasecmp(uri, schemes[i], len) == 0)
            return strncmp(uri + len, "://", 3) == 0 && uri[len + 3] != '\0';
    }
    return false;
}

/* A camera could not be had even if all that is said of it were right. */
static int refuse_ipcam(json_t *body, struct problem *p)
{
    if (validate(body, ipcam_fields, sizeof(ipcam_fields) / sizeof(ipcam_fields[0]), p) < 0)
        return -EINVAL;
    if (!has_camera_scheme(body_string(body, "rtspUri", "")))
        return problem_set(p, 400, "'rtspUri' must be a file, rtsp, rtsps, http or https URL");
    return problem_set(p, 501, "connections of type IPCAM are not supported by this server");
}

int connection_options_parse(const struct config *c, json_t *body, struct connection_options *ret,
                             struct problem *p)
{
    json_t *kurento = NULL, *ice = NULL;
    const char *data;

    if (validate(body, fields, sizeof(fields) / sizeof(fields[0]), p) < 0)
        return -EINVAL;
    data = body_string(body, "data", "");
    if (strlen(data) > (size_t) c->max_data_bytes)
        return problem_set(p, 400, "'data' is longer than %d bytes", (int) c->max_data_bytes);
    if (strcmp(body_string(body, "type", "WEBRTC"), "IPCAM") == 0)
        return refuse_ipcam(body, p);
    if (validate(body, webrtc_fields, sizeof(webrtc_fields) / sizeof(webrtc_fields[0]), p) < 0)
        return -EINVAL;
    if (parse_kurento(body_get(body, "kurentoOptions"), &kurento, p) < 0)
        return -EINVAL;
    if (parse_ice_servers(c, body_get(body, "customIceServers"), &ice, p) < 0) {
        json_decref(kurento);
        return -EINVAL;
    }
    *ret = (struct connection_options){
        .data = strdup(data),
        .role = strdup(body_string(body, "role", "PUBLISHER")),
        .record = body_bool(body, "record", true),
        .kurento = kurento,
        .ice_servers = ice,
    };
    if (!ret->data || !ret->role) {
        connection_options_done(ret);
        return problem_set(p, 500, "out of memory");
    }
    return 0;
}

void connection_options_done(struct connection_options *o)
{
    free(o->data);
    free(o->role);
    json_decref(o->kurento);
    json_decref(o->ice_servers);
    *o = (struct connection_options){.data = NULL};
}
