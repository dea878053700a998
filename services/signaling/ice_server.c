#include "signaling/ice_server.h"

#include "base/addr.h"
#include "base/clock.h"
#include "base/turn_cred.h"
#include "signaling/ids.h"
#include "signaling/tld.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define URL_MAX 512
#define CREDENTIAL_MAX 1024

static bool is_stun(const char *url)
{
    return strncmp(url, "stun", 4) == 0;
}

/* The text after the scheme, or NULL. */
static const char *after_scheme(const char *url)
{
    static const char *const schemes[] = {"stun:", "stuns:", "turn:", "turns:"};

    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        if (strncmp(url, schemes[i], strlen(schemes[i])) == 0)
            return url + strlen(schemes[i]);
    }
    return NULL;
}

/* Letters, digits and hyphens in labels; *ret_last is the last one. */
static bool is_host_name(const char *name, const char **ret_last)
{
    size_t label = 0;

    if (strlen(name) > 253)
        return false;
    *ret_last = name;
    for (const char *c = name;; c++) {
        if (*c == '.' || *c == '\0') {
            if (label == 0 || label > 63 || c[-1] == '-')
                return false;
            if (*c == '\0')
                return true;
            label = 0;
            *ret_last = c + 1;
            continue;
        }
        if (!isalnum((unsigned char) *c) && (*c != '-' || label == 0))
            return false;
        label++;
    }
}

static bool host_is_valid(const char *host, bool bracketed, enum ice_names names)
{
    struct addr a;
    const char *last;

    if (addr_parse_ip(host, 0, &a) == 0)
        return bracketed == (strchr(host, ':') != NULL);
    if (bracketed || !is_host_name(host, &last))
        return false;
    if (names == ICE_NAMES_ANY)
        return last[strspn(last, "0123456789")] != '\0'; /* else a mistyped address */
    return last != host && tld_is_real(last);
}

bool ice_url_is_valid(const char *url, enum ice_names names)
{
    const char *at = after_scheme(url);
    char host[256];
    bool bracketed;
    size_t len;

    if (!at || strlen(url) > URL_MAX)
        return false;
    bracketed = *at == '[';
    if (bracketed)
        at++;
    len = strcspn(at, bracketed ? "]" : ":?");
    if (len == 0 || len >= sizeof(host))
        return false;
    memcpy(host, at, len);
    host[len] = '\0';
    at += len;
    if (bracketed && *at++ != ']')
        return false;
    if (!host_is_valid(host, bracketed, names))
        return false;
    if (*at == ':') {
        size_t digits = strcspn(++at, "?");
        uint64_t port;

        if (bytes_to_u64(bytes_of(at, digits), 65535, &port) < 0 || port == 0)
            return false;
        at += digits;
    }
    if (*at == '?' && is_stun(url))
        return false;
    return *at == '\0' || strcmp(at, "?transport=udp") == 0 || strcmp(at, "?transport=tcp") == 0;
}

/* Fields that are given; NULL where absent. */
struct given {
    const char *url, *username, *credential, *secret;
};

static const char *wrong_with(const struct given *g, enum ice_names names)
{
    bool pair = g->username && g->credential;

    if (!g->url)
        return "an ICE server needs an 'url'";
    if (!ice_url_is_valid(g->url, names))
        return "the 'url' of an ICE server is not valid";
    if (is_stun(g->url))
        return g->username || g->credential || g->secret ? "a STUN server takes no credentials"
                                                         : NULL;
    if (g->secret && (g->username || g->credential))
        return "'staticAuthSecret' and 'username' or 'credential' exclude each other";
    if (!g->secret && !pair)
        return "a TURN server needs 'username' and 'credential', or 'staticAuthSecret'";
    return NULL;
}

static json_t *make(const struct given *g, enum ice_names names, char *why, size_t why_size)
{
    const char *wrong = wrong_with(g, names);
    struct turn_cred cred = {.username = ""};
    char join[JOIN_ID_SIZE];

    if (wrong) {
        snprintf(why, why_size, "%s", wrong);
        return NULL;
    }
    if (g->secret) {
        join_id_new(join); /* nobody's: that server's log is not ours */
        turn_cred_new(g->secret, clock_wall_ms(), join, &cred);
        return json_pack("{s:s,s:s,s:s}", "url", g->url, "username", cred.username, "credential",
                         cred.credential);
    }
    if (g->username)
        return json_pack("{s:s,s:s,s:s}", "url", g->url, "username", g->username, "credential",
                         g->credential);
    return json_pack("{s:s}", "url", g->url);
}

static json_t *from_json(json_t *entry, enum ice_names names, char *why, size_t why_size)
{
    static const char *const keys[] = {"url", "username", "credential", "staticAuthSecret"};
    const char *values[4] = {NULL, NULL, NULL, NULL};

    if (!json_is_object(entry)) {
        snprintf(why, why_size, "an ICE server must be an object");
        return NULL;
    }
    for (size_t i = 0; i < 4; i++) {
        json_t *v = json_object_get(entry, keys[i]);

        if (!v || json_is_null(v))
            continue;
        if (!json_is_string(v) || json_string_length(v) > CREDENTIAL_MAX) {
            snprintf(why, why_size, "'%s' of an ICE server must be a string", keys[i]);
            return NULL;
        }
        values[i] = json_string_value(v);
    }
    return make(&(struct given){values[0], values[1], values[2], values[3]}, names, why, why_size);
}

json_t *ice_server_from_json(json_t *entry, char *why, size_t why_size)
{
    return from_json(entry, ICE_NAMES_PUBLIC, why, why_size);
}

json_t *ice_server_from_text(const char *text, char *why, size_t why_size)
{
    static const char *const keys[] = {"url", "username", "credential", "staticAuthSecret"};
    json_t *entry = json_object(), *server = NULL;
    char *copy = strdup(text), *rest = copy, *part;

    while (entry && copy && (part = strsep(&rest, ","))) {
        char *value = strchr(part, '=');
        size_t i = 0;

        if (value)
            *value++ = '\0';
        while (i < 4 && strcmp(part, keys[i]) != 0)
            i++;
        if (!value || i == 4) {
            snprintf(why, why_size,
                     "an ICE server is written url=...[,username=...,credential=...]"
                     "[,staticAuthSecret=...]");
            goto out;
        }
        json_object_set_new(entry, part, json_string(value));
    }
    server = from_json(entry, ICE_NAMES_ANY, why, why_size);
out:
    free(copy);
    json_decref(entry);
    return server;
}
