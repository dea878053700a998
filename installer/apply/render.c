#include "apply/render.h"

#include <stdio.h>

static void put_quoted(struct wr *w, const char *text)
{
    wr_u8(w, '"');
    for (; *text; text++) {
        if ((unsigned char) *text < 0x20) {
            wr_fmt(w, "\\x%02x", (unsigned char) *text);
            continue;
        }
        if (*text == '"' || *text == '\\')
            wr_u8(w, '\\');
        wr_u8(w, (uint8_t) *text);
    }
    wr_u8(w, '"');
}

static void put_text(struct wr *w, const char *key, const char *text)
{
    wr_fmt(w, "%s = ", key);
    put_quoted(w, text);
    wr_str(w, ";\n");
}

/* Nothing where there is none. */
static void put_text_if(struct wr *w, const char *key, const char *text)
{
    if (text)
        put_text(w, key, text);
}

static void put_int(struct wr *w, const char *key, int64_t v)
{
    wr_fmt(w, "%s = %lld;\n", key, (long long) v);
}

static void put_bool(struct wr *w, const char *key, bool v)
{
    wr_fmt(w, "%s = %s;\n", key, v ? "true" : "false");
}

static void put_list(struct wr *w, const char *key, const char *const *items)
{
    wr_fmt(w, "%s = [", key);
    for (const char *const *i = items; *i; i++) {
        wr_str(w, i == items ? "" : ", ");
        put_quoted(w, *i);
    }
    wr_str(w, "];\n");
}

static void put_items(struct wr *w, const char *key, const struct settings *s, enum setting id)
{
    wr_fmt(w, "%s = [", key);
    for (size_t i = 0; i < settings_n(s, id); i++) {
        wr_str(w, i == 0 ? "" : ", ");
        put_quoted(w, settings_item(s, id, i));
    }
    wr_str(w, "];\n");
}

/* MEDIA_NODES_PUBLIC_IPS, the other way round: "public/private". */
static void put_public_ips(struct wr *w, const struct settings *s)
{
    wr_str(w, "public_ips = [");
    for (size_t i = 0; i < settings_n(s, SET_MEDIA_NODES_PUBLIC_IPS); i++) {
        struct addr inside, outside;
        char ip[ADDR_TEXT_SIZE], pair[2 * ADDR_TEXT_SIZE];

        if (setting_pair_parse(settings_item(s, SET_MEDIA_NODES_PUBLIC_IPS, i), &inside, &outside) <
            0)
            continue; /* the settings were checked */
        wr_str(w, i == 0 ? "" : ", ");
        snprintf(pair, sizeof(pair), "%s/", addr_format_ip(&outside, ip));
        put_quoted(w, strcat(pair, addr_format_ip(&inside, ip)));
    }
    wr_str(w, "];\n");
}

static void put_head(struct wr *w, const char *daemon, const struct settings *s)
{
    wr_fmt(w, "# %s: written by visavis from the settings; changes here are lost.\n", daemon);
    put_text(w, "log_level", settings_text(s, SET_LOG_LEVEL));
}

/* The daemon's keys say where to; there is no switch beside them. */
static void put_events(struct wr *w, const struct settings *s, const struct places *p)
{
    bool webhook = settings_bool(s, SET_WEBHOOK);

    put_text(w, "cdr_path", settings_bool(s, SET_CDR) && p->cdr ? p->cdr : "");
    put_text(w, "webhook_endpoint", webhook ? settings_text(s, SET_WEBHOOK_ENDPOINT) : "");
    put_items(w, "webhook_headers", s, SET_WEBHOOK_HEADERS);
    put_items(w, "webhook_events", s, SET_WEBHOOK_EVENTS);
}

static void put_signaling_limits(struct wr *w, const struct settings *s)
{
    static const struct {
        const char *key;
        enum setting from;
    } limits[] = {
        {"max_sessions", SET_SIGNALING_MAX_SESSIONS},
        {"max_connections", SET_SIGNALING_MAX_CONNECTIONS},
        {"max_participants", SET_SIGNALING_MAX_PARTICIPANTS},
        {"max_clients", SET_SIGNALING_MAX_CLIENTS},
        {"max_waiting", SET_SIGNALING_MAX_WAITING_CLIENTS},
        {"max_http", SET_SIGNALING_MAX_HTTP_CONNECTIONS},
        {"max_per_address", SET_SIGNALING_MAX_CONNECTIONS_PER_ADDRESS},
        {"max_participants_per_address", SET_SIGNALING_MAX_PARTICIPANTS_PER_ADDRESS},
        {"max_queued_requests", SET_SIGNALING_MAX_QUEUED_REQUESTS},
        {"max_messages_per_s", SET_SIGNALING_MAX_MESSAGES},
        {"max_data_bytes", SET_SIGNALING_MAX_DATA},
        {"max_unread_kib", SET_SIGNALING_MAX_UNREAD},
        {"max_unread_total_mib", SET_SIGNALING_MAX_UNREAD_TOTAL},
    };

    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
        put_int(w, limits[i].key, settings_int(s, limits[i].from));
}

void render_signaling(struct wr *w, const struct settings *s, const struct places *p)
{
    put_head(w, "signaling.cfg", s);
    put_list(w, "listen", p->signaling_listen);
    put_list(w, "metrics_listen", p->metrics_listen);
    put_text(w, "public_url", p->public_url);
    put_text(w, "secret", settings_text(s, SET_OPENVIDU_SECRET));
    put_text(w, "media_control", p->control_socket);
    put_text(w, "media_server", settings_text(s, SET_OPENVIDU_MEDIA_SERVER));
    put_text(w, "forced_codec", settings_text(s, SET_STREAMS_FORCED_VIDEO_CODEC));
    put_bool(w, "allow_transcoding", settings_bool(s, SET_STREAMS_ALLOW_TRANSCODING));
    put_int(w, "video_max_recv_kbps", settings_int(s, SET_VIDEO_MAX_RECV_BANDWIDTH));
    put_int(w, "video_min_recv_kbps", settings_int(s, SET_VIDEO_MIN_RECV_BANDWIDTH));
    put_int(w, "video_max_send_kbps", settings_int(s, SET_VIDEO_MAX_SEND_BANDWIDTH));
    put_int(w, "video_min_send_kbps", settings_int(s, SET_VIDEO_MIN_SEND_BANDWIDTH));
    put_int(w, "gc_interval_s", settings_int(s, SET_SESSIONS_GARBAGE_INTERVAL));
    put_int(w, "gc_threshold_s", settings_int(s, SET_SESSIONS_GARBAGE_THRESHOLD));
    put_text(w, "coturn_ip", p->turn_ip);
    put_int(w, "coturn_port", p->turn_port);
    put_text(w, "turn_secret", p->turn_secret);
    put_text_if(w, "turn_api", p->turn_api);
    put_text_if(w, "turns_url", p->turns_url);
    put_text_if(w, "selfsigned_mark", p->selfsigned_mark);
    put_items(w, "ice_servers", s, SET_WEBRTC_ICE_SERVERS);
    put_bool(w, "deprecated_api", settings_bool(s, SET_SUPPORT_DEPRECATED_API));
    put_text_if(w, "recordings_path", p->recordings);
    put_bool(w, "recordings_public", settings_bool(s, SET_RECORDING_PUBLIC_ACCESS));
    put_text_if(w, "dashboard_path", p->dashboard_pages);
    put_text_if(w, "layouts_path", p->layouts);
    put_bool(w, "accel", p->accel);
    put_signaling_limits(w, s);
    put_text_if(w, "store", p->store);
    put_text_if(w, "store_prefix", p->store_prefix);
    put_events(w, s, p);
}

void render_media(struct wr *w, const struct settings *s, const struct places *p)
{
    put_head(w, "media.cfg", s);
    put_text(w, "control", p->control_socket);
    put_int(w, "port", settings_int(s, SET_MEDIA_PORT));
    put_bool(w, "port_search", p->media_port_search);
    put_int(w, "workers", settings_int(s, SET_MEDIA_WORKERS));
    put_int(w, "room_spread", settings_int(s, SET_MEDIA_ROOM_SPREAD));
    put_int(w, "last_n", settings_int(s, SET_MEDIA_LAST_N));
    put_int(w, "max_rooms", settings_int(s, SET_MEDIA_MAX_ROOMS));
    put_int(w, "max_streams", settings_int(s, SET_MEDIA_MAX_PUBLISHERS));
    put_int(w, "max_subscribers", settings_int(s, SET_MEDIA_MAX_SUBSCRIBERS));
    put_int(w, "max_room_transports", settings_int(s, SET_MEDIA_MAX_ROOM_TRANSPORTS));
    put_int(w, "max_transports", settings_int(s, SET_MEDIA_MAX_TRANSPORTS));
    put_int(w, "max_agents", settings_int(s, SET_MEDIA_MAX_AGENTS));
    put_int(w, "max_send_mbits", settings_int(s, SET_MEDIA_MAX_SEND_BANDWIDTH));
    put_int(w, "busy_poll_us", settings_int(s, SET_MEDIA_BUSY_POLL));
    put_bool(w, "ice_tcp", settings_bool(s, SET_MEDIA_ICE_TCP));
    put_text(w, "public_name", settings_text(s, SET_DOMAIN_OR_PUBLIC_IP));
    put_public_ips(w, s);
    put_text(w, "ice", settings_text(s, SET_MEDIA_ICE));
    put_items(w, "ice_servers", s, SET_MEDIA_ICE_SERVERS);
}

static void put_turn_peers(struct wr *w, const struct settings *s)
{
    put_text(w, "peers", settings_text(s, SET_TURN_PEERS));
    put_items(w, "allowed_peers", s, SET_TURN_ALLOWED_PEERS);
    put_items(w, "denied_peers", s, SET_TURN_DENIED_PEERS);
    put_bool(w, "internal_relay", settings_bool(s, SET_COTURN_INTERNAL_RELAY));
}

static void put_turn_limits(struct wr *w, const struct settings *s)
{
    put_int(w, "user_quota", settings_int(s, SET_TURN_USER_QUOTA));
    put_int(w, "total_quota", settings_int(s, SET_TURN_TOTAL_QUOTA));
    put_int(w, "user_kbps", settings_int(s, SET_TURN_USER_BANDWIDTH));
    if (*settings_text(s, SET_TURN_ALTERNATE_SERVER))
        put_text(w, "alternate_server", settings_text(s, SET_TURN_ALTERNATE_SERVER));
}

static void put_turn_places(struct wr *w, const struct places *p)
{
    put_list(w, "media", (const char *const[]){p->control_socket, NULL});
    put_text_if(w, "api", p->turn_api);
    put_text_if(w, "certificate", p->turn_certificate);
    put_text_if(w, "certificate_key", p->turn_certificate_key);
    put_text_if(w, "web_listen", p->turn_web_listen);
    put_text_if(w, "web_backend", p->turn_web_backend);
    put_text_if(w, "metrics", p->turn_metrics);
    if (p->turn_threads)
        put_int(w, "threads", p->turn_threads);
    put_text_if(w, "external_ip", p->turn_external_ip);
}

void render_turn(struct wr *w, const struct settings *s, const struct places *p)
{
    put_head(w, "turn.cfg", s);
    put_list(w, "listen", p->turn_listen);
    put_text(w, "secret", p->turn_secret);
    put_items(w, "old_secrets", s, SET_TURN_OLD_SECRETS);
    put_bool(w, "sha256", settings_bool(s, SET_TURN_SHA256));
    put_text(w, "realm", "openvidu");
    put_int(w, "relay_min", settings_int(s, SET_COTURN_MIN_PORT));
    put_int(w, "relay_max", settings_int(s, SET_COTURN_MAX_PORT));
    put_turn_peers(w, s);
    put_turn_limits(w, s);
    put_turn_places(w, p);
}

static bool is_enabled(const struct settings *s, enum setting id)
{
    return strcmp(settings_text(s, id), "ENABLED") == 0;
}

void render_call(struct wr *w, const struct settings *s, const struct places *p)
{
    put_head(w, "call.cfg", s);
    put_list(w, "listen", p->call_listen);
    put_text(w, "openvidu_url", p->openvidu_url);
    put_text(w, "openvidu_secret", settings_text(s, SET_OPENVIDU_SECRET));
    put_text(w, "pages", p->call_pages);
    put_bool(w, "private_access", p->call_login && is_enabled(s, SET_CALL_PRIVATE_ACCESS));
    put_text(w, "user", settings_text(s, SET_CALL_USER));
    put_text(w, "secret", settings_text(s, SET_CALL_SECRET));
    put_text(w, "admin_secret", settings_text(s, SET_CALL_ADMIN_SECRET));
    put_bool(w, "recording", is_enabled(s, SET_CALL_RECORDING));
}
