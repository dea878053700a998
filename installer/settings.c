#include "installer/settings.h"

#include "base/addr.h"
#include "base/crypto.h"
#include "base/log.h"
#include "installer/nearest.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const media_servers[] = {"kurento", "mediasoup", NULL};
static const char *const forced_codecs[] = {
    "MEDIA_SERVER_PREFERRED", "NONE", "VP8", "VP9", "H264", NULL};

static const char *const certificate_types[] = {"selfsigned", "owncert", "letsencrypt", NULL};
static const char *const proxies[] = {"auto", "front", "site", "external", NULL};
static const char *const notifications[] = {"none", "moderator", "publisher_moderator", "all",
                                            NULL};
static const char *const on_off[] = {"on", "off", NULL};
static const char *const enabled_disabled[] = {"ENABLED", "DISABLED", NULL};
static const char *const ov_levels[] = {"INFO", "DEBUG", NULL};

#define KBPS_MAX 1000000
#define SECONDS_MAX 31536000
#define SECRET_MAX 256 /* far below what fits into a header with credentials */

static const struct setting_def defs[N_SETTINGS] = {
    [SET_DOMAIN_OR_PUBLIC_IP] = {.key = "DOMAIN_OR_PUBLIC_IP",
                                 .type = SETTING_HOST,
                                 .value = "",
                                 .dev_value = "localhost",
                                 .example = "meet.example.org",
                                 .doc = "Name or IP address by which browsers reach this server"},
    [SET_OPENVIDU_SECRET] = {.key = "OPENVIDU_SECRET",
                             .type = SETTING_SECRET,
                             .value = "",
                             .dev_value = "MY_SECRET",
                             .example = "use 30 or more random letters and digits",
                             .doc = "Password of the REST API (user OPENVIDUAPP)"},
    [SET_HTTPS_PORT] =
        {.key = "HTTPS_PORT",
         .type = SETTING_PORT,
         .value = "443",
         .dev_value = "4443",
         .example = "8443",
         .doc = "Public port of the web server; in `visavis dev` the API's plain HTTP port"},
    [SET_CALL_PORT] = {.key = "CALL_PORT",
                       .type = SETTING_PORT,
                       .value = "5442",
                       .example = "5442",
                       .doc = "Port of the video-conference app"},
    [SET_OPENVIDU_MEDIA_SERVER] =
        {.key = "OPENVIDU_MEDIA_SERVER",
         .type = SETTING_CHOICE,
         .value = "kurento",
         .choices = media_servers,
         .example = "mediasoup",
         .doc =
             "Who offers when a client subscribes: the client (kurento) or the server (mediasoup)"},
    [SET_STREAMS_FORCED_VIDEO_CODEC] =
        {.key = "OPENVIDU_STREAMS_FORCED_VIDEO_CODEC",
         .type = SETTING_CHOICE,
         .value = "MEDIA_SERVER_PREFERRED",
         .choices = forced_codecs,
         .example = "H264",
         .doc = "Video codec of all sessions that do not choose their own"},
    [SET_STREAMS_ALLOW_TRANSCODING] =
        {.key = "OPENVIDU_STREAMS_ALLOW_TRANSCODING",
         .type = SETTING_BOOL,
         .value = "false",
         .example = "false",
         .doc = "Accepted for compatibility: this server forwards media and never transcodes"},
    [SET_VIDEO_MAX_RECV_BANDWIDTH] =
        {.key = "OPENVIDU_STREAMS_VIDEO_MAX_RECV_BANDWIDTH",
         .type = SETTING_INT,
         .value = "1000",
         .min = 0,
         .max = KBPS_MAX,
         .example = "2000",
         .doc = "Most video that one client may send, in kbit/s; 0 is no limit"},
    [SET_VIDEO_MIN_RECV_BANDWIDTH] =
        {.key = "OPENVIDU_STREAMS_VIDEO_MIN_RECV_BANDWIDTH",
         .type = SETTING_INT,
         .value = "300",
         .min = 0,
         .max = KBPS_MAX,
         .example = "300",
         .doc = "Least video that a client is asked to send, in kbit/s; 0 is no limit"},
    [SET_VIDEO_MAX_SEND_BANDWIDTH] =
        {.key = "OPENVIDU_STREAMS_VIDEO_MAX_SEND_BANDWIDTH",
         .type = SETTING_INT,
         .value = "1000",
         .min = 0,
         .max = KBPS_MAX,
         .example = "2000",
         .doc = "Most video sent to one client for each stream, in kbit/s; 0 is no limit"},
    [SET_VIDEO_MIN_SEND_BANDWIDTH] =
        {.key = "OPENVIDU_STREAMS_VIDEO_MIN_SEND_BANDWIDTH",
         .type = SETTING_INT,
         .value = "300",
         .min = 0,
         .max = KBPS_MAX,
         .example = "300",
         .doc = "Least video sent to one client for each stream, in kbit/s; 0 is no limit"},
    [SET_SESSIONS_GARBAGE_INTERVAL] =
        {.key = "OPENVIDU_SESSIONS_GARBAGE_INTERVAL",
         .type = SETTING_INT,
         .value = "900",
         .min = 0,
         .max = SECONDS_MAX,
         .example = "900",
         .doc = "Seconds between two sweeps of sessions that nobody ever joined; 0 is never"},
    [SET_SESSIONS_GARBAGE_THRESHOLD] = {.key = "OPENVIDU_SESSIONS_GARBAGE_THRESHOLD",
                                        .type = SETTING_INT,
                                        .value = "3600",
                                        .min = 0,
                                        .max = SECONDS_MAX,
                                        .example = "3600",
                                        .doc = "Age in seconds at which such a session is removed"},
    [SET_COTURN_IP] = {.key = "COTURN_IP",
                       .type = SETTING_HOST,
                       .value = "auto-ipv4",
                       .example = "203.0.113.5",
                       .doc = "Address of the TURN server as clients are told it"},
    [SET_COTURN_PORT] = {.key = "COTURN_PORT",
                         .type = SETTING_PORT,
                         .value = "3478",
                         .example = "3478",
                         .doc = "Port of the TURN server"},
    [SET_COTURN_MIN_PORT] = {.key = "COTURN_MIN_PORT",
                             .type = SETTING_PORT,
                             .value = "57001",
                             .example = "57001",
                             .doc = "First relay port of the TURN server"},
    [SET_COTURN_MAX_PORT] = {.key = "COTURN_MAX_PORT",
                             .type = SETTING_PORT,
                             .value = "65535",
                             .example = "65535",
                             .doc = "Last relay port of the TURN server"},
    [SET_COTURN_SHARED_SECRET_KEY] =
        {.key = "COTURN_SHARED_SECRET_KEY",
         .type = SETTING_SECRET,
         .value = "",
         .example = "leave it out: a random one is made",
         .doc = "Secret that signaling and TURN share for time-limited credentials"},
    [SET_MEDIA_PORT] = {.key = "MEDIA_PORT",
                        .type = SETTING_INT,
                        .value = "40000",
                        .min = 1024,
                        .max = 65000,
                        .example = "40000",
                        .doc = "First UDP port of media; one more for each worker"},
    [SET_MEDIA_WORKERS] = {.key = "MEDIA_WORKERS",
                           .type = SETTING_INT,
                           .value = "0",
                           .min = 0,
                           .max = 64,
                           .example = "4",
                           .doc = "Threads that forward media; 0 is one for each processor"},
    [SET_LOG_LEVEL] = {.key = "LOG_LEVEL",
                       .type = SETTING_CHOICE,
                       .value = "info",
                       .choices = log_level_names,
                       .example = "debug",
                       .doc = "How much the daemons log"},
    [SET_CERTIFICATE_TYPE] = {.key = "CERTIFICATE_TYPE",
                              .type = SETTING_CHOICE,
                              .value = "selfsigned",
                              .choices = certificate_types,
                              .example = "owncert",
                              .doc = "Where the web server's certificate comes from"},
    [SET_LETSENCRYPT_EMAIL] = {.key = "LETSENCRYPT_EMAIL",
                               .type = SETTING_TEXT,
                               .value = "",
                               .example = "admin@example.org",
                               .doc = "Whom the certificate authority may write to"},
    [SET_HTTP_PORT] = {.key = "HTTP_PORT",
                       .type = SETTING_PORT,
                       .value = "80",
                       .example = "80",
                       .doc = "Port of plain HTTP: redirects to HTTPS"},
    [SET_HTTPS_PROTOCOLS] = {.key = "HTTPS_PROTOCOLS",
                             .type = SETTING_TEXT,
                             .value = "TLSv1.2 TLSv1.3",
                             .example = "TLSv1.3",
                             .doc =
                                 "TLS versions that the web server takes (nginx: ssl_protocols)"},
    [SET_HTTPS_CIPHERS] = {.key = "HTTPS_CIPHERS",
                           .type = SETTING_TEXT,
                           .value = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
                                    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
                                    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305",
                           .example = "ECDHE-ECDSA-AES128-GCM-SHA256",
                           .doc = "Ciphers of TLS 1.2 (nginx: ssl_ciphers)"},
    [SET_HTTPS_HSTS] =
        {.key = "HTTPS_HSTS",
         .type = SETTING_TEXT,
         .value = "max-age=63072000",
         .example = "max-age=31536000",
         .doc = "Value of Strict-Transport-Security; never sent with a self-signed certificate"},
    [SET_REDIRECT_WWW] = {.key = "REDIRECT_WWW",
                          .type = SETTING_BOOL,
                          .value = "false",
                          .example = "true",
                          .doc = "Redirects www.DOMAIN_OR_PUBLIC_IP to the name without www."},
    [SET_SUPPORT_DEPRECATED_API] =
        {.key = "SUPPORT_DEPRECATED_API",
         .type = SETTING_BOOL,
         .value = "false",
         .example = "true",
         .doc = "Adds the routes from before 2.23: /api, /config, /cdr, /recordings, ..."},
    [SET_WORKER_CONNECTIONS] = {.key = "WORKER_CONNECTIONS",
                                .type = SETTING_INT,
                                .value = "10240",
                                .min = 0,
                                .max = 1000000,
                                .example = "10240",
                                .doc = "Connections that each nginx worker should take"},
    [SET_ALLOWED_ACCESS_TO_DASHBOARD] = {.key = "ALLOWED_ACCESS_TO_DASHBOARD",
                                         .type = SETTING_TEXT,
                                         .value = "",
                                         .example = "198.51.100.7, 10.0.0.0/8",
                                         .doc =
                                             "Addresses that may open the dashboard; empty: all"},
    [SET_ALLOWED_ACCESS_TO_RESTAPI] = {.key = "ALLOWED_ACCESS_TO_RESTAPI",
                                       .type = SETTING_TEXT,
                                       .value = "",
                                       .example = "198.51.100.7, 10.0.0.0/8",
                                       .doc = "Addresses that may call the REST API; empty: all"},
    [SET_PROXY_PUBLIC_IP] = {.key = "PROXY_PUBLIC_IP",
                             .type = SETTING_HOST,
                             .value = "auto-ipv4",
                             .example = "203.0.113.5",
                             .doc = "Own public address, added to the allow lists"},
    [SET_CLIENT_MAX_BODY_SIZE] = {.key = "CLIENT_MAX_BODY_SIZE",
                                  .type = SETTING_TEXT,
                                  .value = "200M",
                                  .example = "200M",
                                  .doc = "Largest body that the web server takes"},
    [SET_XFRAME_SAMEORIGIN] = {.key = "XFRAME_SAMEORIGIN",
                               .type = SETTING_BOOL,
                               .value = "false",
                               .example = "true",
                               .doc = "Lets only pages of the same origin embed ours"},
    [SET_PROXY] = {.key = "PROXY",
                   .type = SETTING_CHOICE,
                   .value = "auto",
                   .choices = proxies,
                   .example = "site",
                   .doc = "Who serves HTTPS: nginx with the port to itself (front), beside other "
                          "sites (site), or another web server (external)"},
    [SET_SERVER_PORT] = {.key = "SERVER_PORT",
                         .type = SETTING_PORT,
                         .value = "5443",
                         .example = "5443",
                         .doc = "Loopback port of the REST API and the WebSocket"},
    [SET_COTURN_INTERNAL_RELAY] = {.key = "COTURN_INTERNAL_RELAY",
                                   .type = SETTING_BOOL,
                                   .value = "false",
                                   .example = "true",
                                   .doc = "Relays reach the media server by private addresses"},
    [SET_WEBRTC_ICE_SERVERS] = {.key = "OPENVIDU_WEBRTC_ICE_SERVERS",
                                .type = SETTING_TEXT,
                                .value = "",
                                .example = "[\"url=stun:stun.example.org:3478\"]",
                                .doc =
                                    "ICE servers for all clients instead of our own TURN server"},
    [SET_MEDIA_NODES_PUBLIC_IPS] =
        {.key = "MEDIA_NODES_PUBLIC_IPS",
         .type = SETTING_TEXT,
         .value = "",
         .example = "[\"10.0.0.5:203.0.113.5\"]",
         .doc = "Public addresses in place of private ones in media candidates"},
    [SET_RECORDING] = {.key = "OPENVIDU_RECORDING",
                       .type = SETTING_BOOL,
                       .value = "false",
                       .example = "true",
                       .doc = "Turns recording on"},
    [SET_RECORDING_DEBUG] = {.key = "OPENVIDU_RECORDING_DEBUG",
                             .type = SETTING_BOOL,
                             .value = "false",
                             .example = "true",
                             .doc = "Keeps the log of each recording beside it"},
    [SET_RECORDING_PATH] = {.key = "OPENVIDU_RECORDING_PATH",
                            .type = SETTING_TEXT,
                            .value = "/opt/openvidu/recordings",
                            .example = "/srv/recordings",
                            .doc = "Folder of the recordings"},
    [SET_RECORDING_PUBLIC_ACCESS] = {.key = "OPENVIDU_RECORDING_PUBLIC_ACCESS",
                                     .type = SETTING_BOOL,
                                     .value = "false",
                                     .example = "true",
                                     .doc = "Recordings may be fetched without password"},
    [SET_RECORDING_NOTIFICATION] = {.key = "OPENVIDU_RECORDING_NOTIFICATION",
                                    .type = SETTING_CHOICE,
                                    .value = "publisher_moderator",
                                    .choices = notifications,
                                    .example = "all",
                                    .doc = "Which roles are told when recording starts and stops"},
    [SET_RECORDING_CUSTOM_LAYOUT] = {.key = "OPENVIDU_RECORDING_CUSTOM_LAYOUT",
                                     .type = SETTING_TEXT,
                                     .value = "/opt/openvidu/custom-layout",
                                     .example = "/srv/layouts",
                                     .doc = "Folder of the operator's own recording layouts"},
    [SET_RECORDING_AUTOSTOP_TIMEOUT] =
        {.key = "OPENVIDU_RECORDING_AUTOSTOP_TIMEOUT",
         .type = SETTING_INT,
         .value = "120",
         .min = 0,
         .max = 1000000,
         .example = "120",
         .doc = "Seconds after which a recording that nobody publishes to stops; 0 is never"},
    [SET_WEBHOOK] = {.key = "OPENVIDU_WEBHOOK",
                     .type = SETTING_BOOL,
                     .value = "false",
                     .example = "true",
                     .doc = "Posts events to the webhook"},
    [SET_WEBHOOK_ENDPOINT] = {.key = "OPENVIDU_WEBHOOK_ENDPOINT",
                              .type = SETTING_TEXT,
                              .value = "",
                              .example = "https://app.example.org/events",
                              .doc = "URL of the webhook"},
    [SET_WEBHOOK_HEADERS] = {.key = "OPENVIDU_WEBHOOK_HEADERS",
                             .type = SETTING_TEXT,
                             .value = "",
                             .example = "[\"Authorization: Basic YWJj\"]",
                             .doc = "Headers of the webhook's requests"},
    [SET_WEBHOOK_EVENTS] = {.key = "OPENVIDU_WEBHOOK_EVENTS",
                            .type = SETTING_TEXT,
                            .value = "",
                            .example = "[\"sessionCreated\"]",
                            .doc = "Events that are posted; empty: all but a few"},
    [SET_CDR] = {.key = "OPENVIDU_CDR",
                 .type = SETTING_BOOL,
                 .value = "false",
                 .example = "true",
                 .doc = "Writes the call detail records"},
    [SET_CDR_PATH] = {.key = "OPENVIDU_CDR_PATH",
                      .type = SETTING_TEXT,
                      .value = "/opt/openvidu/cdr",
                      .example = "/srv/cdr",
                      .doc = "Folder of the call detail records"},
    [SET_CALL_APP] = {.key = "CALL_APP",
                      .type = SETTING_CHOICE,
                      .value = "on",
                      .choices = on_off,
                      .example = "off",
                      .doc = "Runs the Call app; off frees port 5442 for an app of your own"},
    [SET_CALL_PRIVATE_ACCESS] = {.key = "CALL_PRIVATE_ACCESS",
                                 .type = SETTING_CHOICE,
                                 .value = "ENABLED",
                                 .choices = enabled_disabled,
                                 .example = "DISABLED",
                                 .doc = "Call asks for CALL_USER and CALL_SECRET"},
    [SET_CALL_USER] = {.key = "CALL_USER",
                       .type = SETTING_TEXT,
                       .value = "admin",
                       .example = "admin",
                       .doc = "User of the Call app"},
    [SET_CALL_SECRET] = {.key = "CALL_SECRET",
                         .type = SETTING_SECRET,
                         .value = "",
                         .example = "leave it out: OPENVIDU_SECRET",
                         .doc = "Password of the Call app"},
    [SET_CALL_ADMIN_SECRET] = {.key = "CALL_ADMIN_SECRET",
                               .type = SETTING_SECRET,
                               .value = "",
                               .example = "leave it out: OPENVIDU_SECRET",
                               .doc = "Password of the Call app's admin page"},
    [SET_CALL_RECORDING] = {.key = "CALL_RECORDING",
                            .type = SETTING_CHOICE,
                            .value = "ENABLED",
                            .choices = enabled_disabled,
                            .example = "DISABLED",
                            .doc = "Call offers recording"},
    [SET_REDIS_URL] = {.key = "REDIS_URL",
                       .type = SETTING_TEXT,
                       .value = "",
                       .example = "redis://10.0.0.9:6379",
                       .doc = "Redis that keeps the state; empty: an instance of our own"},
    [SET_OV_CE_DEBUG_LEVEL] = {.key = "OV_CE_DEBUG_LEVEL",
                               .type = SETTING_CHOICE,
                               .value = "INFO",
                               .choices = ov_levels,
                               .example = "DEBUG",
                               .doc = "DEBUG is LOG_LEVEL=debug under its old name"},
};

struct settings {
    char *text[N_SETTINGS];
    int64_t number[N_SETTINGS];
};

const struct setting_def *setting_def(enum setting id)
{
    return &defs[id];
}

const char *setting_nearest(const char *key)
{
    struct nearest n;

    nearest_start(&n, key, 2);
    for (size_t i = 0; i < N_SETTINGS; i++)
        nearest_offer(&n, defs[i].key);
    return n.found;
}

static bool is_int(const char *text, int64_t min, int64_t max, int64_t *ret)
{
    uint64_t v;

    if (bytes_to_u64(bytes_str(text), (uint64_t) max, &v) < 0 || (int64_t) v < min)
        return false;
    *ret = (int64_t) v;
    return true;
}

/* Letters, digits, '-' and '.', no label empty or over 63 characters (RFC 1123); or an IP. */
static bool is_host(const char *text)
{
    struct addr a;
    size_t label = 0;

    if (addr_parse_ip(text, 0, &a) == 0)
        return true;
    if (strlen(text) > 253)
        return false;
    for (const char *c = text; *c; c++) {
        if (*c == '.') {
            if (label == 0)
                return false;
            label = 0;
        } else if (isalnum((unsigned char) *c) || (*c == '-' && label > 0)) {
            if (++label > 63)
                return false;
        } else {
            return false;
        }
    }
    return label > 0;
}

static bool is_secret(const char *text)
{
    if (strlen(text) > SECRET_MAX)
        return false;
    for (const char *c = text; *c; c++)
        if (!isalnum((unsigned char) *c) && *c != '_' && *c != '-')
            return false;
    return true;
}

static bool is_choice(const char *text, const char *const *choices)
{
    for (; *choices; choices++)
        if (strcmp(text, *choices) == 0)
            return true;
    return false;
}

static bool check(const struct setting_def *d, const char *text, int64_t *ret_number)
{
    switch (d->type) {
    case SETTING_HOST:
        return is_host(text);
    case SETTING_SECRET:
        return is_secret(text);
    case SETTING_PORT:
        return is_int(text, 1, 65535, ret_number);
    case SETTING_INT:
        return is_int(text, d->min, d->max, ret_number);
    case SETTING_BOOL:
        *ret_number = strcasecmp(text, "true") == 0;
        return *ret_number || strcasecmp(text, "false") == 0;
    case SETTING_CHOICE:
        return is_choice(text, d->choices);
    case SETTING_TEXT:
        for (const char *c = text; *c; c++)
            if (iscntrl((unsigned char) *c))
                return false;
        return true;
    }
    return false;
}

static void describe_wanted(const struct setting_def *d, char *buf, size_t cap)
{
    size_t at;

    switch (d->type) {
    case SETTING_HOST:
        snprintf(buf, cap, "a host name or an IP address, without port or http://");
        return;
    case SETTING_SECRET:
        snprintf(buf, cap, "letters, digits, '_' and '-', at most %d of them", SECRET_MAX);
        return;
    case SETTING_PORT:
        snprintf(buf, cap, "a port, 1 to 65535");
        return;
    case SETTING_INT:
        snprintf(buf, cap, "a number, %lld to %lld", (long long) d->min, (long long) d->max);
        return;
    case SETTING_BOOL:
        snprintf(buf, cap, "true or false");
        return;
    case SETTING_TEXT:
        snprintf(buf, cap, "printable text");
        return;
    case SETTING_CHOICE:
        at = (size_t) snprintf(buf, cap, "one of");
        for (const char *const *c = d->choices; *c && at < cap; c++)
            at += (size_t) snprintf(buf + at, cap - at, " %s", *c);
        return;
    }
}

static void tell(const struct setting_def *d, const char *value, const char *wanted,
                 settings_problem_fn *fn, void *arg)
{
    struct setting_problem p = {
        .key = d->key,
        .value = d->type == SETTING_SECRET ? "(hidden)" : value,
        .wanted = wanted,
        .example = d->example,
    };

    fn(&p, arg);
}

/* Checks that span two keys. Returns the number of problems. */
static unsigned check_pairs(const struct settings *s, settings_problem_fn *fn, void *arg)
{
    static const struct {
        enum setting low, high;
    } ranges[] = {
        {SET_VIDEO_MIN_RECV_BANDWIDTH, SET_VIDEO_MAX_RECV_BANDWIDTH},
        {SET_VIDEO_MIN_SEND_BANDWIDTH, SET_VIDEO_MAX_SEND_BANDWIDTH},
        {SET_COTURN_MIN_PORT, SET_COTURN_MAX_PORT},
    };
    unsigned n = 0;

    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        int64_t high = s->number[ranges[i].high];
        char wanted[128];

        if (high == 0 || s->number[ranges[i].low] <= high)
            continue;
        snprintf(wanted, sizeof(wanted), "at most the value of %s, which is %lld",
                 defs[ranges[i].high].key, (long long) high);
        tell(&defs[ranges[i].low], s->text[ranges[i].low], wanted, fn, arg);
        n++;
    }
    if (s->number[SET_HTTPS_PORT] == s->number[SET_CALL_PORT]) {
        tell(&defs[SET_CALL_PORT], s->text[SET_CALL_PORT], "another port than HTTPS_PORT", fn, arg);
        n++;
    }
    return n;
}

int settings_load(enum settings_mode mode, settings_lookup_fn *lookup, void *lookup_arg,
                  settings_problem_fn *problem, void *problem_arg, struct settings **ret_s)
{
    struct settings *s = calloc(1, sizeof(*s));
    unsigned n_problems = 0;

    if (!s)
        return -ENOMEM;
    for (size_t i = 0; i < N_SETTINGS; i++) {
        const struct setting_def *d = &defs[i];
        const char *given = lookup(d->key, lookup_arg);
        const char *text = given && *given                        ? given
                           : mode == SETTINGS_DEV && d->dev_value ? d->dev_value
                                                                  : d->value;
        char wanted[256];

        s->text[i] = strdup(text);
        if (!s->text[i]) {
            settings_free(s);
            return -ENOMEM;
        }
        if (*text == '\0' || check(d, text, &s->number[i]))
            continue;
        describe_wanted(d, wanted, sizeof(wanted));
        tell(d, text, wanted, problem, problem_arg);
        n_problems++;
    }
    if (n_problems == 0)
        n_problems = check_pairs(s, problem, problem_arg);
    if (n_problems > 0) {
        settings_free(s);
        return -EINVAL;
    }
    *ret_s = s;
    return 0;
}

struct settings *settings_free(struct settings *s)
{
    if (!s)
        return NULL;
    for (size_t i = 0; i < N_SETTINGS; i++) {
        if (s->text[i] && defs[i].type == SETTING_SECRET)
            secret_wipe(s->text[i], strlen(s->text[i]));
        free(s->text[i]);
    }
    free(s);
    return NULL;
}

const char *settings_text(const struct settings *s, enum setting id)
{
    return s->text[id];
}

int64_t settings_int(const struct settings *s, enum setting id)
{
    return s->number[id];
}

bool settings_bool(const struct settings *s, enum setting id)
{
    return s->number[id] != 0;
}
