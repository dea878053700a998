#include "installer/settings.h"

#include "base/addr.h"
#include "base/crypto.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const media_servers[] = {"kurento", "mediasoup", NULL};
static const char *const forced_codecs[] = {
    "MEDIA_SERVER_PREFERRED", "NONE", "VP8", "VP9", "H264", NULL};
static const char *const log_levels[] = {"error", "warning", "info", "debug", NULL};

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
                       .choices = log_levels,
                       .example = "debug",
                       .doc = "How much the daemons log"},
};

struct settings {
    char *text[N_SETTINGS];
    int64_t number[N_SETTINGS];
};

const struct setting_def *setting_def(enum setting id)
{
    return &defs[id];
}

#define KEY_MAX 64

/* Edits (insert, delete, replace, swap of neighbours) between two keys; anything from limit on may
 * be reported as limit. */
static unsigned edit_distance(const char *a, const char *b, unsigned limit)
{
    unsigned rows[3][KEY_MAX + 1];
    unsigned *before = rows[0], *last = rows[1], *row = rows[2];
    size_t a_len = strlen(a), b_len = strlen(b);

    if (a_len > KEY_MAX || b_len > KEY_MAX)
        return limit;
    for (size_t j = 0; j <= b_len; j++)
        last[j] = (unsigned) j;
    for (size_t i = 1; i <= a_len; i++) {
        unsigned *reused = before;

        row[0] = (unsigned) i;
        for (size_t j = 1; j <= b_len; j++) {
            unsigned best = last[j - 1] + (a[i - 1] != b[j - 1]);

            best = last[j] + 1 < best ? last[j] + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            row[j] = best;
        }
        before = last;
        last = row;
        row = reused;
    }
    return last[b_len] < limit ? last[b_len] : limit;
}

const char *setting_nearest(const char *key)
{
    const char *nearest = NULL;
    unsigned best = 3;

    for (size_t i = 0; i < N_SETTINGS; i++) {
        unsigned d = edit_distance(key, defs[i].key, best);

        if (d < best) {
            best = d;
            nearest = defs[i].key;
        }
    }
    return nearest;
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
