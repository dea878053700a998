#include "signaling/rest.h"

#include "signaling/app.h"

void rest_config_get(struct rest *r)
{
    const struct config *c = &r->app->config;
    char url[PUBLIC_URL_SIZE];

    public_url_format(&c->public_url, url);
    rest_reply_json(
        r,
        json_pack("{s:s,s:s,s:i,s:s,s:b,s:I,s:I,s:I,s:I,s:s,s:b,s:b,s:I,s:I,s:b,s:b}", "VERSION",
                  API_VERSION, "DOMAIN_OR_PUBLIC_IP", c->public_url.host, "HTTPS_PORT",
                  (int) c->public_url.port, "OPENVIDU_PUBLICURL", url, "OPENVIDU_CDR", 0,
                  "OPENVIDU_STREAMS_VIDEO_MAX_RECV_BANDWIDTH", (json_int_t) c->max_recv_kbps,
                  "OPENVIDU_STREAMS_VIDEO_MIN_RECV_BANDWIDTH", (json_int_t) c->min_recv_kbps,
                  "OPENVIDU_STREAMS_VIDEO_MAX_SEND_BANDWIDTH", (json_int_t) c->max_send_kbps,
                  "OPENVIDU_STREAMS_VIDEO_MIN_SEND_BANDWIDTH", (json_int_t) c->min_send_kbps,
                  "OPENVIDU_STREAMS_FORCED_VIDEO_CODEC", c->forced_codec,
                  "OPENVIDU_STREAMS_ALLOW_TRANSCODING", c->allow_transcoding,
                  "OPENVIDU_WEBRTC_SIMULCAST", 0, "OPENVIDU_SESSIONS_GARBAGE_INTERVAL",
                  (json_int_t) c->gc_interval_s, "OPENVIDU_SESSIONS_GARBAGE_THRESHOLD",
                  (json_int_t) c->gc_threshold_s, "OPENVIDU_RECORDING", 0, "OPENVIDU_WEBHOOK", 0));
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
    rest_reply_text(r, "false");
}
