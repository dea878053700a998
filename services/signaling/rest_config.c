#include "signaling/recording.h"

#include "base/event_names.h"
#include "signaling/app.h"

static json_t *strings(const struct conf_strings *list)
{
    json_t *array = json_array();

    for (size_t i = 0; i < list->n; i++)
        json_array_append_new(array, json_string(list->items[i]));
    return array;
}

static json_t *event_names(const struct config *c)
{
    const char *name;
    json_t *array;

    if (c->webhook_events.items)
        return strings(&c->webhook_events);
    array = json_array();
    for (size_t i = 0; (name = event_name_default(i)); i++)
        json_array_append_new(array, json_string(name));
    return array;
}

static void put_place(const struct config *c, json_t *to)
{
    char url[PUBLIC_URL_SIZE];

    public_url_format(&c->public_url, url);
    json_object_set_new(to, "VERSION", json_string(API_VERSION));
    json_object_set_new(to, "DOMAIN_OR_PUBLIC_IP", json_string(c->public_url.host));
    json_object_set_new(to, "HTTPS_PORT", json_integer((json_int_t) c->public_url.port));
    json_object_set_new(to, "OPENVIDU_PUBLICURL", json_string(url));
    json_object_set_new(to, "OPENVIDU_CDR", json_boolean(*c->cdr_path));
    if (*c->cdr_path)
        json_object_set_new(to, "OPENVIDU_CDR_PATH", json_string(c->cdr_path));
}

static void put_streams(const struct config *c, json_t *to)
{
    json_object_set_new(to, "OPENVIDU_STREAMS_VIDEO_MAX_RECV_BANDWIDTH",
                        json_integer(c->max_recv_kbps));
    json_object_set_new(to, "OPENVIDU_STREAMS_VIDEO_MIN_RECV_BANDWIDTH",
                        json_integer(c->min_recv_kbps));
    json_object_set_new(to, "OPENVIDU_STREAMS_VIDEO_MAX_SEND_BANDWIDTH",
                        json_integer(c->max_send_kbps));
    json_object_set_new(to, "OPENVIDU_STREAMS_VIDEO_MIN_SEND_BANDWIDTH",
                        json_integer(c->min_send_kbps));
    json_object_set_new(to, "OPENVIDU_STREAMS_FORCED_VIDEO_CODEC", json_string(c->forced_codec));
    json_object_set_new(to, "OPENVIDU_STREAMS_ALLOW_TRANSCODING",
                        json_boolean(c->allow_transcoding));
    json_object_set_new(to, "OPENVIDU_WEBRTC_SIMULCAST", json_false());
    json_object_set_new(to, "OPENVIDU_SESSIONS_GARBAGE_INTERVAL", json_integer(c->gc_interval_s));
    json_object_set_new(to, "OPENVIDU_SESSIONS_GARBAGE_THRESHOLD", json_integer(c->gc_threshold_s));
}

static void put_webhook(const struct config *c, json_t *to)
{
    json_object_set_new(to, "OPENVIDU_WEBHOOK", json_boolean(*c->webhook_endpoint));
    if (!*c->webhook_endpoint)
        return;
    json_object_set_new(to, "OPENVIDU_WEBHOOK_ENDPOINT", json_string(c->webhook_endpoint));
    json_object_set_new(to, "OPENVIDU_WEBHOOK_HEADERS", strings(&c->webhook_headers));
    json_object_set_new(to, "OPENVIDU_WEBHOOK_EVENTS", event_names(c));
}

void rest_config_get(struct rest *r)
{
    const struct recording_module *recording = r->app->recording;
    json_t *j = json_object();

    put_place(&r->app->config, j);
    put_streams(&r->app->config, j);
    json_object_set_new(j, "OPENVIDU_RECORDING", json_boolean(recording));
    if (recording)
        recording->put_config(&r->app->config, j);
    put_webhook(&r->app->config, j);
    rest_reply_json(r, j);
}

void rest_config_version(struct rest *r)
{
    rest_reply_text(r, API_VERSION);
}

void rest_config_public_url(struct rest *r)
{
    char url[PUBLIC_URL_SIZE];

    public_url_format(&r->app->config.public_url, url);
    rest_reply_text(r, url);
}

void rest_config_recording(struct rest *r)
{
    rest_reply_text(r, r->app->recording ? "true" : "false");
}

/* Where recordings are, or were: also while the module is off. */
void rest_config_recording_path(struct rest *r)
{
    rest_reply_text(r, r->app->config.recordings_path);
}

void rest_config_cdr(struct rest *r)
{
    rest_reply_text(r, *r->app->config.cdr_path ? "true" : "false");
}
