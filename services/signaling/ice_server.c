#include "signaling/ice_server.h"

#include "base/clock.h"
#include "base/crypto.h"
#include "base/turn_cred.h"
#include "codec/ice_server.h"
#include "signaling/ids.h"
#include "signaling/tld.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define CREDENTIAL_MAX 1024

/* Below a top-level domain that there is, or an IP. */
static bool is_public(const struct ice_url *u)
{
    char name[ICE_HOST_MAX + 1];
    const char *dot;

    if (u->addr.family != 0)
        return true;
    memcpy(name, u->host.p, u->host.len);
    name[u->host.len] = '\0';
    dot = strrchr(name, '.');
    return dot && tld_is_real(dot + 1);
}

static void set(json_t *o, const char *key, struct bytes value)
{
    (void) json_object_set_new(o, key, json_stringn((const char *) value.p, value.len));
}

static void set_credentials(json_t *o, struct bytes secret)
{
    char text[CREDENTIAL_MAX + 1], join[JOIN_ID_SIZE];
    struct turn_cred cred;

    memcpy(text, secret.p, secret.len);
    text[secret.len] = '\0';
    join_id_new(join); /* nobody's: that server's log is not ours */
    turn_cred_new(text, clock_wall_ms(), join, &cred);
    secret_wipe(text, sizeof(text));
    set(o, "username", bytes_str(cred.username));
    set(o, "credential", bytes_str(cred.credential));
}

static json_t *make(const struct ice_server *s)
{
    json_t *o = json_object();

    set(o, "url", s->url_text);
    if (s->secret.p) {
        set_credentials(o, s->secret);
    } else if (s->username.p) {
        set(o, "username", s->username);
        set(o, "credential", s->credential);
    }
    return o;
}

static bool is_short(const struct ice_server *s)
{
    return s->username.len <= CREDENTIAL_MAX && s->credential.len <= CREDENTIAL_MAX &&
           s->secret.len <= CREDENTIAL_MAX;
}

/* -EBADMSG, and the reason, which goes on from "an ICE server ...". */
static int from_json(json_t *entry, struct ice_server *ret, const char **ret_why)
{
    const struct {
        const char *key;
        struct bytes *value;
    } rows[] = {
        {"url", &ret->url_text},
        {"username", &ret->username},
        {"credential", &ret->credential},
        {"staticAuthSecret", &ret->secret},
    };
    int r;

    *ret_why = "must be an object of strings";
    if (!json_is_object(entry))
        return -EBADMSG;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        json_t *v = json_object_get(entry, rows[i].key);

        if (!v || json_is_null(v))
            continue;
        if (!json_is_string(v))
            return -EBADMSG;
        *rows[i].value = bytes_of(json_string_value(v), json_string_length(v));
    }
    r = ice_server_check(ret, ret_why);
    if (r == 0 && !is_public(&ret->url)) {
        *ret_why = "has a url whose host name is not public";
        return -EBADMSG;
    }
    return r;
}

static json_t *finish(int r, const struct ice_server *s, const char *reason, char *why,
                      size_t why_size)
{
    if (r == 0 && !is_short(s)) {
        reason = "has a credential that is too long";
        r = -EBADMSG;
    }
    if (r < 0) {
        snprintf(why, why_size, "an ICE server %s", reason);
        return NULL;
    }
    return make(s);
}

json_t *ice_server_from_json(json_t *entry, char *why, size_t why_size)
{
    struct ice_server s = {.url_text = {.p = NULL}};
    const char *reason = NULL;
    int r = from_json(entry, &s, &reason);

    return finish(r, &s, reason, why, why_size);
}

json_t *ice_server_from_text(const char *text, char *why, size_t why_size)
{
    struct ice_server s = {.url_text = {.p = NULL}};
    const char *reason = NULL;
    int r = ice_server_parse(text, &s, &reason);

    return finish(r, &s, reason, why, why_size);
}
