/* settings.h: THE table of keys that an operator may set, and the values of one configuration.
 *
 * Keys, meanings and defaults are OpenVidu's where OpenVidu has them. The table is the only place
 * that knows a key's type, default, check and documentation; everything else asks by enum. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum setting {
    /* identity, certificates, proxy */
    SET_DOMAIN_OR_PUBLIC_IP,
    SET_OPENVIDU_SECRET,
    SET_CERTIFICATE_TYPE,
    SET_LETSENCRYPT_EMAIL,
    SET_HTTP_PORT,
    SET_HTTPS_PORT,
    SET_HTTPS_PROTOCOLS,
    SET_HTTPS_CIPHERS,
    SET_HTTPS_HSTS,
    SET_REDIRECT_WWW,
    SET_SUPPORT_DEPRECATED_API,
    SET_WORKER_CONNECTIONS,
    SET_ALLOWED_ACCESS_TO_DASHBOARD,
    SET_ALLOWED_ACCESS_TO_RESTAPI,
    SET_PROXY_PUBLIC_IP,
    SET_CLIENT_MAX_BODY_SIZE,
    SET_XFRAME_SAMEORIGIN,
    SET_PROXY,       /* ours: auto, front, site, external */
    SET_SERVER_PORT, /* loopback port of signaling, 5443 */
    /* TURN and addresses */
    SET_COTURN_IP,
    SET_COTURN_PORT,
    SET_COTURN_MIN_PORT,
    SET_COTURN_MAX_PORT,
    SET_COTURN_SHARED_SECRET_KEY,
    SET_COTURN_INTERNAL_RELAY,
    SET_WEBRTC_ICE_SERVERS,
    SET_MEDIA_NODES_PUBLIC_IPS,
    /* media and sessions */
    SET_OPENVIDU_MEDIA_SERVER, /* ours: kurento, mediasoup */
    SET_MEDIA_PORT,            /* ours */
    SET_MEDIA_WORKERS,         /* ours */
    SET_VIDEO_MAX_RECV_BANDWIDTH,
    SET_VIDEO_MIN_RECV_BANDWIDTH,
    SET_VIDEO_MAX_SEND_BANDWIDTH,
    SET_VIDEO_MIN_SEND_BANDWIDTH,
    SET_STREAMS_FORCED_VIDEO_CODEC,
    SET_STREAMS_ALLOW_TRANSCODING,
    SET_SESSIONS_GARBAGE_INTERVAL,
    SET_SESSIONS_GARBAGE_THRESHOLD,
    /* recording */
    SET_RECORDING,
    SET_RECORDING_DEBUG,
    SET_RECORDING_PATH,
    SET_RECORDING_PUBLIC_ACCESS,
    SET_RECORDING_NOTIFICATION,
    SET_RECORDING_CUSTOM_LAYOUT,
    SET_RECORDING_AUTOSTOP_TIMEOUT,
    /* webhook, CDR */
    SET_WEBHOOK,
    SET_WEBHOOK_ENDPOINT,
    SET_WEBHOOK_HEADERS,
    SET_WEBHOOK_EVENTS,
    SET_CDR,
    SET_CDR_PATH,
    /* Call */
    SET_CALL_APP,  /* ours: on, off */
    SET_CALL_PORT, /* `visavis dev` alone; 5442 on an installed machine */
    SET_CALL_PRIVATE_ACCESS,
    SET_CALL_USER,
    SET_CALL_SECRET,
    SET_CALL_ADMIN_SECRET,
    SET_CALL_RECORDING,
    /* the rest */
    SET_REDIS_URL, /* ours: "" is the instance of our own */
    SET_LOG_LEVEL, /* ours */
    SET_OV_CE_DEBUG_LEVEL,
    N_SETTINGS
};

enum setting_type {
    SETTING_HOST,   /* a host name or an IP, without port */
    SETTING_SECRET, /* [A-Za-z0-9_-]+; never shown */
    SETTING_PORT,   /* 1-65535 */
    SETTING_INT,    /* decimal, within min and max */
    SETTING_BOOL,   /* true or false, any letter case */
    SETTING_CHOICE, /* one of a list of words, exactly */
    SETTING_TEXT,   /* anything printable */
};

struct setting_def {
    const char *key;
    enum setting_type type;
    const char *value;     /* default, "" when there is none */
    const char *dev_value; /* default of `visavis dev` where it differs, else NULL */
    int64_t min, max;
    const char *const *choices;
    const char *example;
    const char *doc; /* one line, no full stop */
};

const struct setting_def *setting_def(enum setting id);

/* The table's key that is closest to a misspelt one (two edits at most), or NULL. */
const char *setting_nearest(const char *key);

struct settings;

enum settings_mode { SETTINGS_INSTALLED, SETTINGS_DEV };

/* Where values come from: the text for a key, NULL when it is not set. An empty text counts as not
 * set. */
typedef const char *settings_lookup_fn(const char *key, void *arg);

/* One wrong value. */
struct setting_problem {
    const char *key;
    const char *value;  /* "(hidden)" for a secret */
    const char *wanted; /* what is allowed */
    const char *example;
};
typedef void settings_problem_fn(const struct setting_problem *p, void *arg);

/* Checks all keys and tells every problem. 0; -EINVAL after problems; -ENOMEM. */
int settings_load(enum settings_mode mode, settings_lookup_fn *lookup, void *lookup_arg,
                  settings_problem_fn *problem, void *problem_arg, struct settings **ret_s);

/* Wipes the secrets. NULL is fine; returns NULL. */
struct settings *settings_free(struct settings *s);

/* The text of a value, valid as long as s; "" when there is none. */
const char *settings_text(const struct settings *s, enum setting id);

/* Of ports and numbers, and of booleans. */
int64_t settings_int(const struct settings *s, enum setting id);
bool settings_bool(const struct settings *s, enum setting id);
