#include "signaling/ice_server.h"

#include "base/addr.h"
#include "base/clock.h"
#include "signaling/ids.h"
#include "signaling/turn_cred.h"

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

/* A name of at least two labels whose last one could be a top-level domain. */
static bool domain_is_valid(const char *name)
{
    size_t label = 0, labels = 0;
    bool letters = true;

    if (strlen(name) > 253)
        return false;
    for (const char *c = name;; c++) {
        if (*c == '.' || *c == '\0') {
            if (label == 0 || label > 63 || c[-1] == '-')
                return false;
            labels++;
            if (*c == '\0')
                return labels >= 2 && label >= 2 && letters;
            label = 0;
            letters = true;
            continue;
        }
        if (!isalnum((unsigned char) *c) && (*c != '-' || label == 0))
            return false;
        letters = letters && isalpha((unsigned char) *c);
        label++;
        if (label > 4 && strncmp(c - label + 1, "xn--", 4) == 0)
            letters = true;
    }
}

static bool host_is_valid(const char *host, bool bracketed)
{
    struct addr a;

    if (addr_parse_ip(host, 0, &a) == 0)
        return bracketed == (strchr(host, ':') != NULL);
    return !bracketed && domain_is_valid(host);
}

bool ice_url_is_valid(const char *url)
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
    if (!host_is_valid(host, bracketed))
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

static const char *wrong_with(const struct given *g)
{
    bool pair = g->username && g->credential;

    if (!g->url)
        return "an ICE server needs an 'url'";
    if (!ice_url_is_valid(g->url))
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

static json_t *make(const struct given *g, char *why, size_t why_size)
{
    const char *wrong = wrong_with(g);
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

json_t *ice_server_from_json(json_t *entry, char *why, size_t why_size)
{
    static const char *const names[] = {"url", "username", "credential", "staticAuthSecret"};
    const char *values[4] = {NULL, NULL, NULL, NULL};

    if (!json_is_object(entry)) {
        snprintf(why, why_size, "an ICE server must be an object");
        return NULL;
    }
    for (size_t i = 0; i < 4; i++) {
        json_t *v = json_object_get(entry, names[i]);

        if (!v || json_is_null(v))
            continue;
        if (!json_is_string(v) || json_string_length(v) > CREDENTIAL_MAX) {
            snprintf(why, why_size, "'%s' of an ICE server must be a string", names[i]);
            return NULL;
        }
        values[i] = json_string_value(v);
    }
    return make(&(struct given){values[0], values[1], values[2], values[3]}, why, why_size);
}

json_t *ice_server_from_text(const char *text, char *why, size_t why_size)
{
    static const char *const names[] = {"url", "username", "credential", "staticAuthSecret"};
    json_t *entry = json_object(), *server = NULL;
    char *copy = strdup(text), *rest = copy, *part;

    while (entry && copy && (part = strsep(&rest, ","))) {
        char *value = strchr(part, '=');
        size_t i = 0;

        if (value)
            *value++ = '\0';
        while (i < 4 && strcmp(part, names[i]) != 0)
            i++;
        if (!value || i == 4) {
            snprintf(why, why_size,
                     "an ICE server is written url=...[,username=...,credential=...]"
                     "[,staticAuthSecret=...]");
            goto out;
        }
        json_object_set_new(entry, part, json_string(value));
    }
    server = ice_server_from_json(entry, why, why_size);
out:
    free(copy);
    json_decref(entry);
    return server;
}
