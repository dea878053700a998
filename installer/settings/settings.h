/* settings.h: THE table of keys that an operator may set, and the values of one configuration.
 *
 * Keys, meanings and defaults are OpenVidu's where OpenVidu has them. The table is the only place
 * that knows a key's type, default, check and documentation; everything else asks by enum. */
#pragma once

#include "base/addr.h"
#include "base/buf.h"

#include <limits.h>

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
    /* certificates from a CA, all ours */
    SET_CERTIFICATE_NAMES,
    SET_ACME_SERVER,
    SET_ACME_STAGING_SERVER,
    SET_ACME_CA_FILE,
    SET_ACME_EAB_KID,
    SET_ACME_EAB_HMAC_KEY,
    SET_ACME_CHALLENGE,
    SET_ACME_DNS_HOOK,
    SET_ACME_DNS_ENV,
    SET_ACME_DNS_HOOK_USER,
    SET_ACME_DNS_WAIT,
    SET_ACME_KEY_TYPE,
    SET_ACME_PROFILE,
    SET_ACME_PROFILE_REQUIRED,
    SET_ACME_PREFERRED_CHAIN,
    SET_ACME_FALLBACK_SERVER,
    SET_ACME_FALLBACK_AFTER,
    SET_ACME_FALLBACK_EAB_KID,
    SET_ACME_FALLBACK_EAB_HMAC_KEY,
    SET_ACME_SELF_CHECK,
    SET_ACME_RESOLVER,
    /* TURN and addresses */
    SET_COTURN_IP,
    SET_COTURN_PORT,
    SET_COTURN_MIN_PORT,
    SET_COTURN_MAX_PORT,
    SET_COTURN_SHARED_SECRET_KEY,
    SET_COTURN_INTERNAL_RELAY,
    SET_TURN_TLS_PORT,      /* ours, like all TURN_...: 0 is none */
    SET_TURN_ON_HTTPS_PORT, /* see site_has_turn() */
    SET_TURN_PEERS,         /* media, public */
    SET_TURN_ALLOWED_PEERS,
    SET_TURN_DENIED_PEERS,
    SET_TURN_OLD_SECRETS,
    SET_TURN_USER_QUOTA,
    SET_TURN_TOTAL_QUOTA,
    SET_TURN_USER_BANDWIDTH,
    SET_TURN_ALTERNATE_SERVER,
    SET_TURN_SHA256,
    SET_WEBRTC_ICE_SERVERS,
    SET_MEDIA_NODES_PUBLIC_IPS,
    /* media and sessions */
    SET_OPENVIDU_MEDIA_SERVER, /* ours: kurento, mediasoup */
    SET_MEDIA_PORT,            /* ours */
    SET_MEDIA_WORKERS,         /* ours */
    SET_MEDIA_ROOM_SPREAD,     /* ours */
    SET_MEDIA_LAST_N,          /* ours */
    SET_MEDIA_BUSY_POLL,       /* ours */
    SET_MEDIA_ICE,             /* ours: lite, agent */
    SET_MEDIA_ICE_SERVERS,     /* ours */
    SET_MEDIA_ICE_TCP,         /* ours */
    SET_VIDEO_MAX_RECV_BANDWIDTH,
    SET_VIDEO_MIN_RECV_BANDWIDTH,
    SET_VIDEO_MAX_SEND_BANDWIDTH,
    SET_VIDEO_MIN_SEND_BANDWIDTH,
    SET_STREAMS_FORCED_VIDEO_CODEC,
    SET_STREAMS_ALLOW_TRANSCODING,
    SET_SESSIONS_GARBAGE_INTERVAL,
    SET_SESSIONS_GARBAGE_THRESHOLD,
    /* limits of signaling, all ours */
    SET_SIGNALING_MAX_SESSIONS,
    SET_SIGNALING_MAX_CONNECTIONS,
    SET_SIGNALING_MAX_PARTICIPANTS,
    SET_SIGNALING_MAX_CLIENTS,
    SET_SIGNALING_MAX_WAITING_CLIENTS,
    SET_SIGNALING_MAX_HTTP_CONNECTIONS,
    SET_SIGNALING_MAX_CONNECTIONS_PER_ADDRESS,
    SET_SIGNALING_MAX_PARTICIPANTS_PER_ADDRESS,
    SET_SIGNALING_MAX_QUEUED_REQUESTS,
    SET_SIGNALING_MAX_MESSAGES,
    SET_SIGNALING_MAX_DATA,
    SET_SIGNALING_MAX_UNREAD,
    SET_SIGNALING_MAX_UNREAD_TOTAL,
    /* limits of media, all ours */
    SET_MEDIA_MAX_ROOMS,
    SET_MEDIA_MAX_PUBLISHERS,
    SET_MEDIA_MAX_SUBSCRIBERS,
    SET_MEDIA_MAX_ROOM_TRANSPORTS,
    SET_MEDIA_MAX_TRANSPORTS,
    SET_MEDIA_MAX_AGENTS,
    SET_MEDIA_MAX_SEND_BANDWIDTH,
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
    SET_CALL_PORT, /* of `visavis dev`; always 5442 on an installed machine */
    SET_CALL_PRIVATE_ACCESS,
    SET_CALL_USER,
    SET_CALL_SECRET,
    SET_CALL_ADMIN_SECRET,
    SET_CALL_RECORDING,
    /* the rest */
    SET_REDIS_URL,    /* ours: "" is the instance of our own */
    SET_METRICS_PORT, /* ours: 0 is none */
    SET_LOG_LEVEL,    /* ours */
    SET_OV_CE_DEBUG_LEVEL,
    N_SETTINGS
};

enum setting_type {
    SETTING_DOMAIN,    /* one host name or IP address, without port */
    SETTING_ADDRESS,   /* auto-ipv4, auto-ipv6, an IP address or a host name */
    SETTING_SECRET,    /* [A-Za-z0-9_-]+ */
    SETTING_PASSWORD,  /* printable */
    SETTING_TOKEN,     /* printable, without blanks; a secret too */
    SETTING_EMAIL,     /* one address */
    SETTING_PORT,      /* 1-65535 */
    SETTING_INT,       /* decimal, within min and max */
    SETTING_BOOL,      /* true or false, any letter case */
    SETTING_CHOICE,    /* one of a list of words, exactly */
    SETTING_USER,      /* a login name: printable, no colon */
    SETTING_ACCOUNT,   /* a user of the system */
    SETTING_TEXT,      /* printable, a line */
    SETTING_FILE,      /* an absolute path of a file, anywhere */
    SETTING_RESOLVER,  /* an IP address, or IP:port */
    SETTING_ENDPOINT,  /* IP:port of another machine */
    SETTING_PATH,      /* a folder: absolute, without "..", not one of the system's */
    SETTING_URL,       /* http:// or https:// */
    SETTING_REDIS,     /* redis:// or unix:// */
    SETTING_SIZE,      /* nginx: 200M */
    SETTING_PROTOCOLS, /* nginx: TLS versions with blanks between */
    SETTING_CIPHERS,   /* OpenSSL's cipher list */
    SETTING_HSTS,      /* value of Strict-Transport-Security */
    /* lists: settings_n() and settings_item() */
    SETTING_ALLOW_LIST,    /* addresses and networks: "10.0.0.0/8" */
    SETTING_ALLOWED_PEERS, /* "10.0.0.0/8", "192.0.2.1:5000-5100": see ip_rule.h */
    SETTING_DENIED_PEERS,
    SETTING_TOKENS,      /* secrets, as SETTING_TOKEN */
    SETTING_NAMES,       /* host names, "*.example.org", IP addresses */
    SETTING_ICE_SERVERS, /* codec/ice_server.h */
    SETTING_NODE_PAIRS,  /* "private:public", see setting_pair_parse() */
    SETTING_HEADERS,     /* "Name: value" */
    SETTING_EVENTS,      /* names of webhook events */
    N_SETTING_TYPES
};

enum setting_group {
    SETTING_GROUP_MAIN,
    SETTING_GROUP_WEB,
    SETTING_GROUP_ACME,
    SETTING_GROUP_TURN,
    SETTING_GROUP_MEDIA,
    SETTING_GROUP_LIMITS,
    SETTING_GROUP_RECORDING,
    SETTING_GROUP_EVENTS,
    SETTING_GROUP_CALL,
    SETTING_GROUP_SYSTEM,
    N_SETTING_GROUPS
};

enum setting_scope {
    SETTING_ANYWHERE,
    SETTING_INSTALLED_ONLY, /* `visavis dev` does not look at it */
    SETTING_DEV_ONLY,       /* no key of a .env file */
};

/* Who uses a value: bits of a mask. */
enum setting_consumer {
    SETTING_SIGNALING = 1 << 0,
    SETTING_MEDIA = 1 << 1,
    SETTING_TURN = 1 << 2,
    SETTING_CALL = 1 << 3,
    SETTING_PROXY = 1 << 4, /* nginx */
    SETTING_REDIS_OWN = 1 << 5,
    SETTING_CERTS = 1 << 6,
    SETTING_MANAGER = 1 << 7,
};

struct setting_def {
    const char *key;
    enum setting_type type;
    enum setting_group group;
    enum setting_scope scope;
    bool required;         /* on an installed machine */
    bool hidden;           /* shown to nobody; secrets are without saying so: setting_is_hidden() */
    bool shipped;          /* the template sets it; else it stands there as a comment */
    bool ours;             /* OpenVidu does not know it */
    unsigned reloads;      /* setting_consumers that take a change without a restart */
    unsigned restarts;     /* those that are restarted */
    const char *value;     /* default, "" when there is none */
    const char *dev_value; /* default of `visavis dev` where it differs, else NULL */
    const char *means_default; /* a value of the original that stands for the default, or NULL */
    const char *shipped_value; /* in the template, where it is not the default; else NULL */
    int64_t min, max;
    const char *const *choices;
    const char *example;
    const char *doc;  /* one line, no full stop */
    const char *more; /* sentences, or NULL */
};

static inline unsigned setting_consumers(const struct setting_def *d)
{
    return d->reloads | d->restarts;
}

const struct setting_def *setting_def(enum setting id);

/* The row of a key; NULL for a key that is not in the table. */
const struct setting_def *setting_find(const char *key);

/* The table's key that is closest to a misspelt one (two edits at most, letter case aside), or
 * NULL. */
const char *setting_nearest(const char *key);

const char *setting_group_title(enum setting_group group);
bool setting_is_hidden(const struct setting_def *d);
bool setting_is_list(const struct setting_def *d);

/* "signaling", "media", "turn", "call", "nginx", "redis", "certificates", "manager". */
const char *setting_consumer_name(enum setting_consumer consumer);

/* What is allowed, as a sentence's end: "a port, 1 to 65535"; in buf. */
const char *setting_wanted(const struct setting_def *d, char *buf, size_t cap);

/* A host name or address for which a public authority may give a certificate. */
bool setting_is_public_name(const char *name);

struct settings;

enum settings_mode { SETTINGS_INSTALLED, SETTINGS_DEV };

/* Where values come from: the text for a key, NULL when it is not set. An empty text counts as not
 * set. */
typedef const char *settings_lookup_fn(const char *key, void *arg);

enum setting_severity {
    SETTING_NOTICE,  /* good to know */
    SETTING_WARNING, /* it works, but hardly as it was meant */
    SETTING_ERROR,   /* not to be used */
};

/* One thing to say about a setting or a line. Valid during the call. */
struct setting_problem {
    enum setting_severity severity;
    const char *file; /* NULL: not from a file */
    unsigned line;    /* 0: of no line */
    const char *key;  /* NULL: of no key */
    const char
        *value;       /* as it was given, "(hidden)" for a secret; NULL: not set, nothing to show */
    const char *what; /* what is wrong: "is no port" */
    const char *wanted;  /* what is allowed, or NULL */
    const char *example; /* a value, or NULL */
    const char *mend;    /* a command, or NULL */
};
typedef void settings_problem_fn(const struct setting_problem *p, void *arg);

/* ACME_SERVER where the one that was given is wrong: a name that nobody has (RFC 6761). */
#define SETTINGS_NO_SERVER "https://acme-server-is-set-wrong.invalid/"

/* The loaders check everything and tell every problem, none twice, in the order of the lines.
 * 0, also after warnings and notices; -EINVAL after errors; -ENOMEM. What is wrong about keys that
 * only certificates from a CA need is a warning: the site can do without.
 *
 * From a lookup, for `visavis dev`: */
int settings_load(enum settings_mode mode, settings_lookup_fn *lookup, void *lookup_arg,
                  settings_problem_fn *problem, void *problem_arg, struct settings **ret_s);

/* The content of a .env file; name is for the problems. Pure. */
int settings_load_bytes(const char *name, struct bytes content, settings_problem_fn *problem,
                        void *problem_arg, struct settings **ret_s);

/* A .env file. A file that cannot be read is a problem too, and its errno the result. */
int settings_load_file(const char *path, settings_problem_fn *problem, void *problem_arg,
                       struct settings **ret_s);

/* Wipes what is hidden. NULL is fine; returns NULL. */
struct settings *settings_free(struct settings *s);

/* The text of a value, valid as long as s; "" when there is none. Lists and booleans come in one
 * form however they were written. An empty CALL_SECRET is OPENVIDU_SECRET already here. */
const char *settings_text(const struct settings *s, enum setting id);

/* Of ports and numbers, and of booleans. */
int64_t settings_int(const struct settings *s, enum setting id);
bool settings_bool(const struct settings *s, enum setting id);

/* Of lists: how many items, and one of them; NULL past the last. */
size_t settings_n(const struct settings *s, enum setting id);
const char *settings_item(const struct settings *s, enum setting id, size_t i);

/* Of paths: below VISAVIS_ROOT. Returns buf. */
const char *settings_path(const struct settings *s, enum setting id, char buf[static PATH_MAX]);

bool settings_is_default(const struct settings *s, enum setting id);

/* "https://host[:port]", IPv6 in brackets; port left out where it is 443. Returns buf. */
#define SETTINGS_URL_SIZE 300
const char *settings_public_url(const struct settings *s, char buf[static SETTINGS_URL_SIZE]);

/* ---- values in force, kept with what was made of them ---- */

/* All keys of an installed machine with their values, secrets too: KEY=value, a line each. */
void settings_write(struct wr *w, const struct settings *s);
#define SETTINGS_WRITE_MAX (256 * 1024) /* what it takes at most */

/* The other way round: verbatim, nothing is told, keys that are missing or that this version takes
 * for wrong get their default. -EBADMSG: not written by settings_write(). */
int settings_read(struct bytes content, struct settings **ret_s);

bool settings_differ(const struct settings *a, const struct settings *b, enum setting id);

/* Masks of setting_consumers that have to take notice of the step from a to b; who restarts is not
 * in *ret_reloads. Returns how many keys differ. */
unsigned settings_changes(const struct settings *a, const struct settings *b, unsigned *ret_reloads,
                          unsigned *ret_restarts);

/* ---- items of lists ---- */

/* "10.0.0.5:203.0.113.5", IPv6 addresses in brackets. -EBADMSG. */
int setting_pair_parse(const char *item, struct addr *ret_private, struct addr *ret_public);
