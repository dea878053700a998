#include "settings/settings_check.h"

#include "base/crypto.h"
#include "text/text.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#define SECRET_MAX 256 /* far below what fits into a header with credentials */
#define SECRET_SHORT 16

int setting_refuse(struct setting_verdict *v, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vsnprintf(v->what, sizeof(v->what), fmt, args);
    va_end(args);
    v->severity = SETTING_ERROR;
    return -EINVAL;
}

int setting_warn(struct setting_verdict *v, const char *fmt, ...)
{
    va_list args;

    if (v->what[0])
        return 0;
    va_start(args, fmt);
    vsnprintf(v->what, sizeof(v->what), fmt, args);
    va_end(args);
    v->severity = SETTING_WARNING;
    return 0;
}

/* ---- secrets ---- */

/* What stands in documentation, tutorials and images, and so in every list of guesses. */
static const char *const known_secrets[] = {
    "MY_SECRET",  "MYSECRET",      "YOUR_SECRET",
    "YOURSECRET", "secret",        "changeme",
    "change_me",  "change-me",     "password",
    "passwd",     "openvidu",      "OPENVIDU_SECRET",
    "admin",      "administrator", "test",
    "example",    "default",       "letmein",
    "qwerty",     "OPENVIDUAPP",   "visavis",
    "123456",     "12345678",      "1234567890",
    "my-secret",  "your-secret",   "a-Long_Random-Text-0123456789"};

static bool is_known_secret(const char *text)
{
    for (size_t i = 0; i < sizeof(known_secrets) / sizeof(known_secrets[0]); i++)
        if (strcasecmp(text, known_secrets[i]) == 0)
            return true;
    return false;
}

static int warn_of_weakness(const char *text, struct setting_verdict *v)
{
    size_t len = strlen(text);

    if (is_known_secret(text))
        return setting_warn(v, "is a word from documentation, which attackers try first");
    if (strspn(text, (char[]){text[0], '\0'}) == len)
        return setting_warn(v, "is one character over and over");
    if (len < SECRET_SHORT)
        return setting_warn(v, "has %zu characters; with fewer than %d it can be guessed", len,
                            SECRET_SHORT);
    return 0;
}

int setting_check_secret(enum setting_type type, const char *text, struct setting_verdict *v)
{
    if (strlen(text) > SECRET_MAX)
        return setting_refuse(v, "is longer than %d characters", SECRET_MAX);
    for (const char *c = text; *c; c++)
        if (type == SETTING_SECRET && !isalnum((unsigned char) *c) && *c != '_' && *c != '-')
            return setting_refuse(v, "has a character that is no letter, digit, '-' or '_'");
        else if (type == SETTING_TOKEN && isspace((unsigned char) *c))
            return setting_refuse(v, "has a blank in it");
    return warn_of_weakness(text, v);
}

/* ---- numbers and words ---- */

static int check_number(const char *text, int64_t min, int64_t max, int64_t *ret,
                        struct setting_verdict *v)
{
    uint64_t n;

    if (bytes_to_u64(bytes_str(text), INT64_MAX, &n) < 0) {
        if (text[strspn(text, "0123456789")] == '\0')
            return setting_refuse(v, "is too large");
        return setting_refuse(v, text[0] == '-' ? "is negative, or no number"
                                                : "is no whole number in digits");
    }
    if ((int64_t) n < min || (int64_t) n > max)
        return setting_refuse(v, "is out of range");
    *ret = (int64_t) n;
    return 0;
}

static int check_bool(const char *text, int64_t *ret, struct setting_verdict *v)
{
    *ret = strcasecmp(text, "true") == 0;
    if (!*ret && strcasecmp(text, "false") != 0)
        return setting_refuse(v, "is neither true nor false");
    return 0;
}

static int check_choice(const struct setting_def *d, const char *text, struct setting_verdict *v)
{
    for (const char *const *c = d->choices; *c; c++)
        if (strcmp(text, *c) == 0)
            return 0;
    for (const char *const *c = d->choices; *c; c++) {
        if (strcasecmp(text, *c) == 0) {
            snprintf(v->example, sizeof(v->example), "%s", *c);
            return setting_refuse(v, "is written in other letter case");
        }
    }
    return setting_refuse(v, "is none of the words that are allowed");
}

static int check_length(const char *text, struct setting_verdict *v)
{
    return strlen(text) > SECRET_MAX ? setting_refuse(v, "is longer than %d characters", SECRET_MAX)
                                     : 0;
}

static int check_user(const char *text, struct setting_verdict *v)
{
    if (check_length(text, v) < 0)
        return -EINVAL;
    return strchr(text, ':') ? setting_refuse(v, "has a colon in it") : 0;
}

/* ---- folders ---- */

static bool is_below(const char *path, const char *folder)
{
    size_t len = strlen(folder);

    return strncmp(path, folder, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

static bool is_below_any(const char *path, const char *const *folders)
{
    for (; *folders; folders++)
        if (is_below(path, *folders))
            return true;
    return false;
}

/* The path is written into files of nginx and of systemd, which read some characters in ways of
 * their own. */
static int check_path(const struct setting_def *d, char *text, struct setting_verdict *v)
{
    static const char *const systems[] = {"/proc", "/sys",  "/dev", "/boot",  "/etc", "/usr",
                                          "/bin",  "/sbin", "/lib", "/lib64", "/run", NULL};
    static const char *const unseen[] = {"/home", "/root", "/tmp", "/var/tmp", NULL};
    size_t len = strlen(text);

    while (len > 1 && text[len - 1] == '/')
        text[--len] = '\0';
    if (text[0] != '/')
        return setting_refuse(v, "is no absolute path");
    if (len == 1)
        return setting_refuse(v, "is the root folder");
    if (len > 1024)
        return setting_refuse(v, "is longer than 1024 characters");
    if (text[strcspn(text, " \"'`\\$;{}%*?#")])
        return setting_refuse(v, "has a blank or one of \" ' ` \\ $ ; { } %% * ? # in it");
    if (strstr(text, "/../") || strstr(text, "/./") || strstr(text, "//") ||
        strcmp(strrchr(text, '/'), "/..") == 0 || strcmp(strrchr(text, '/'), "/.") == 0)
        return setting_refuse(v, "has \"..\", \".\" or an empty part in it");
    if (is_below_any(text, systems))
        return setting_refuse(v, "is a folder of the system");
    if (is_below_any(text, unseen))
        return setting_refuse(v, "is where the daemons see nothing: /home, /root and /tmp are "
                                 "hidden from them");
    if (strcmp(text, d->value) != 0 &&
        (is_below(text, "/var/lib/visavis") || is_below("/var/lib/visavis", text)))
        return setting_refuse(v, "is where this server keeps its own files");
    return 0;
}

/* ---- all types ---- */

/* With commas alone, no brackets. */
static bool is_plain_list(const struct setting_def *d)
{
    return d->type == SETTING_ALLOW_LIST || d->type == SETTING_ALLOWED_PEERS ||
           d->type == SETTING_DENIED_PEERS || d->type == SETTING_NAMES;
}

/* Secrets may have commas in them: brackets and quotes for those, commas alone for the rest. */
static bool is_split(const struct setting_def *d, const char *text)
{
    return is_plain_list(d) || (d->type == SETTING_TOKENS && *text != '[');
}

static int read_list(const struct setting_def *d, const char *text, struct setting_list *ret,
                     struct setting_verdict *v)
{
    const char *reason = "";
    int r =
        is_split(d, text) ? setting_list_split(text, ret) : setting_list_parse(text, ret, &reason);

    return r == -EBADMSG ? setting_refuse(v, "%s", reason) : r;
}

static int check_list(const struct setting_def *d, const struct setting_list *l,
                      struct setting_verdict *v)
{
    switch (d->type) {
    case SETTING_ALLOW_LIST:
        return setting_check_networks(l, v);
    case SETTING_ALLOWED_PEERS:
        return setting_check_allowed_peers(l, v);
    case SETTING_DENIED_PEERS:
        return setting_check_denied_peers(l, v);
    case SETTING_TOKENS:
        return setting_check_tokens(l, v);
    case SETTING_NAMES:
        return setting_check_names(l, v);
    case SETTING_ICE_SERVERS:
        return setting_check_ice(l, v);
    case SETTING_NODE_PAIRS:
        return setting_check_pairs(l, v);
    case SETTING_HEADERS:
        return setting_check_headers(l, v);
    default:
        return setting_check_events(l, v);
    }
}

static int check_text(const struct setting_def *d, struct setting_value *val,
                      struct setting_verdict *v)
{
    static const char *const web[] = {"http://", "https://", NULL};

    switch (d->type) {
    case SETTING_DOMAIN:
        return setting_check_domain(val->text, v);
    case SETTING_ADDRESS:
        return setting_check_address(val->text, v);
    case SETTING_SECRET:
    case SETTING_PASSWORD:
    case SETTING_TOKEN:
        return setting_check_secret(d->type, val->text, v);
    case SETTING_EMAIL:
        return setting_check_email(val->text, v);
    case SETTING_PORT:
        return check_number(val->text, 1, 65535, &val->number, v);
    case SETTING_INT:
        return check_number(val->text, d->min, d->max, &val->number, v);
    case SETTING_BOOL:
        return check_bool(val->text, &val->number, v);
    case SETTING_CHOICE:
        return check_choice(d, val->text, v);
    case SETTING_USER:
        return check_user(val->text, v);
    case SETTING_ACCOUNT:
        return setting_check_account(val->text, v);
    case SETTING_TEXT:
        return check_length(val->text, v);
    case SETTING_FILE:
        return setting_check_file(val->text, v);
    case SETTING_RESOLVER:
        return setting_check_resolver(val->text, v);
    case SETTING_ENDPOINT:
        return setting_check_endpoint(val->text, v);
    case SETTING_PATH:
        return check_path(d, val->text, v);
    case SETTING_URL:
        return setting_check_url(val->text, web, v);
    case SETTING_REDIS:
        return setting_check_redis(val->text, v);
    case SETTING_SIZE:
        return setting_check_size(val->text, v);
    case SETTING_PROTOCOLS:
        return setting_check_protocols(val->text, v);
    case SETTING_CIPHERS:
        return setting_check_ciphers(val->text, v);
    case SETTING_HSTS:
        return setting_check_hsts(val->text, v);
    default:
        return 0;
    }
}

/* Puts the text of booleans, numbers and lists into its one form. */
static int normalise(const struct setting_def *d, struct setting_value *val)
{
    char number[32];
    char *text = NULL;

    if (d->type == SETTING_BOOL)
        text = strdup(val->number ? "true" : "false");
    else if (d->type == SETTING_PORT || d->type == SETTING_INT) {
        snprintf(number, sizeof(number), "%lld", (long long) val->number);
        text = strdup(number);
    } else if (is_plain_list(d))
        text = text_join(val->list.items, val->list.n, ", ");
    else if (setting_is_list(d))
        text = setting_list_format(&val->list);
    else
        return 0;
    if (!text)
        return -ENOMEM;
    secret_wipe(val->text, strlen(val->text));
    free(val->text);
    val->text = text;
    return 0;
}

int setting_check(const struct setting_def *d, const char *text, struct setting_value *ret,
                  struct setting_verdict *verdict)
{
    struct setting_value val = {.text = strdup(text)};
    int r = 0;

    *verdict = (struct setting_verdict){.severity = SETTING_NOTICE};
    if (!val.text)
        return -ENOMEM;
    if (!text_is_printable(text))
        r = setting_refuse(verdict, "has a control character in it, or is no UTF-8");
    else if (setting_is_list(d))
        r = read_list(d, text, &val.list, verdict);
    else
        r = check_text(d, &val, verdict);
    if (r == 0 && setting_is_list(d))
        r = check_list(d, &val.list, verdict);
    if (r == 0)
        r = normalise(d, &val);
    if (r < 0) {
        setting_value_done(&val);
        return r;
    }
    *ret = val;
    return 0;
}

void setting_value_done(struct setting_value *v)
{
    if (v->text)
        secret_wipe(v->text, strlen(v->text));
    free(v->text);
    setting_list_done(&v->list);
    *v = (struct setting_value){0};
}

const char *setting_wanted(const struct setting_def *d, char *buf, size_t cap)
{
    static const char *const wanted[N_SETTING_TYPES] = {
        [SETTING_DOMAIN] = "one host name or IP address, without port, path or http://",
        [SETTING_ADDRESS] = "auto-ipv4, auto-ipv6, an IP address or a host name",
        [SETTING_SECRET] = "letters, digits, '-' and '_', at most 256 of them, best 16 or more",
        [SETTING_PASSWORD] = "printable text, at most 256 characters, best 16 or more",
        [SETTING_TOKEN] = "printable text without blanks, at most 256 characters, best 16 or more",
        [SETTING_EMAIL] = "an e-mail address",
        [SETTING_PORT] = "a port, 1 to 65535",
        [SETTING_BOOL] = "true or false",
        [SETTING_USER] = "printable text without a colon",
        [SETTING_ACCOUNT] = "the name of a user of this system",
        [SETTING_TEXT] = "printable text, at most 256 characters",
        [SETTING_FILE] = "an absolute path of a file",
        [SETTING_RESOLVER] = "an IP address, with or without a port: 192.0.2.53, [2001:db8::1]:53",
        [SETTING_ENDPOINT] = "an IP address with a port: 192.0.2.6:3478, [2001:db8::6]:3478",
        [SETTING_PATH] = "an absolute path of a folder that is not the system's",
        [SETTING_URL] = "an address that begins with http:// or https://",
        [SETTING_REDIS] = "redis://[[USER]:PASSWORD@]HOST[:PORT][/DB], or unix:// with the path of a socket",
        [SETTING_SIZE] = "digits, with k, m or g behind them",
        [SETTING_PROTOCOLS] = "TLSv1.2, TLSv1.3 or both, a blank between them",
        [SETTING_CIPHERS] = "OpenSSL's names of ciphers with colons between them",
        [SETTING_HSTS] = "max-age=SECONDS, then as wanted ; includeSubDomains and ; preload",
        [SETTING_ALLOW_LIST] = "IP addresses and networks, with commas between them",
        [SETTING_ALLOWED_PEERS] =
            "IP addresses and networks, with or without a port or ports, with commas between them",
        [SETTING_DENIED_PEERS] =
            "IP addresses and networks, with or without a port or ports, with commas between them",
        [SETTING_TOKENS] = "secrets without blanks, with commas between them; those with a comma "
                           "in them as a list in brackets, each in double quotes",
        [SETTING_NAMES] = "host names, *.NAME and IP addresses, with commas between them",
        [SETTING_ICE_SERVERS] =
            "a list in brackets, each in double quotes: \"url=...,username=...,credential=...\"",
        [SETTING_NODE_PAIRS] =
            "a list in brackets of \"private:public\", IPv6 addresses in brackets",
        [SETTING_HEADERS] = "a list in brackets, each \"Name: value\" in double quotes",
        [SETTING_EVENTS] = "a list in brackets of names of events",
    };
    size_t at;

    if (d->type == SETTING_INT) {
        snprintf(buf, cap, "a number, %lld to %lld", (long long) d->min, (long long) d->max);
    } else if (d->type == SETTING_CHOICE) {
        at = (size_t) snprintf(buf, cap, "one of");
        for (const char *const *c = d->choices; *c && at < cap; c++)
            at += (size_t) snprintf(buf + at, cap - at, " %s", *c);
    } else {
        snprintf(buf, cap, "%s", wanted[d->type]);
    }
    return buf;
}
