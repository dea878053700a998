/* settings.h: THE table of keys that an operator may set, and the values of one configuration.
 *
 * Keys, meanings and defaults are OpenVidu's where OpenVidu has them. The table is the only place
 * that knows a key's type, default, check and documentation; everything else asks by enum. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum setting {
    SET_DOMAIN_OR_PUBLIC_IP,
    SET_OPENVIDU_SECRET,
    SET_HTTPS_PORT,
    SET_CALL_PORT,
    SET_OPENVIDU_MEDIA_SERVER,
    SET_STREAMS_FORCED_VIDEO_CODEC,
    SET_STREAMS_ALLOW_TRANSCODING,
    SET_VIDEO_MAX_RECV_BANDWIDTH,
    SET_VIDEO_MIN_RECV_BANDWIDTH,
    SET_VIDEO_MAX_SEND_BANDWIDTH,
    SET_VIDEO_MIN_SEND_BANDWIDTH,
    SET_SESSIONS_GARBAGE_INTERVAL,
    SET_SESSIONS_GARBAGE_THRESHOLD,
    SET_COTURN_IP,
    SET_COTURN_PORT,
    SET_COTURN_MIN_PORT,
    SET_COTURN_MAX_PORT,
    SET_COTURN_SHARED_SECRET_KEY,
    SET_MEDIA_PORT,
    SET_MEDIA_WORKERS,
    SET_LOG_LEVEL,
    N_SETTINGS
};

enum setting_type {
    SETTING_HOST,   /* a host name or an IP, without port */
    SETTING_SECRET, /* [A-Za-z0-9_-]+; never shown */
    SETTING_PORT,   /* 1-65535 */
    SETTING_INT,    /* decimal, within min and max */
    SETTING_BOOL,   /* true or false, any letter case */
    SETTING_CHOICE, /* one of a list of words, exactly */
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
