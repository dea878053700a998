#include "acme/wire_read.h"

#include "acme/printable.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

const char *const acme_status_names[N_ACME_STATUS] = {
    [ACME_PENDING] = "pending", [ACME_READY] = "ready",     [ACME_PROCESSING] = "processing",
    [ACME_VALID] = "valid",     [ACME_INVALID] = "invalid", [ACME_DEACTIVATED] = "deactivated",
    [ACME_EXPIRED] = "expired", [ACME_REVOKED] = "revoked",
};

void read_fail(struct reading *r, const char *why)
{
    if (!r->why)
        r->why = why;
}

int read_finish(const struct reading *r, const char **ret_why)
{
    if (r->why)
        *ret_why = r->why;
    return r->why ? -EBADMSG : 0;
}

json_t *read_body(struct reading *r, struct bytes body)
{
    json_t *root = NULL;

    if (body.len > ACME_BODY_MAX) {
        read_fail(r, "it is too long");
        return NULL;
    }
    if (body.len)
        root = json_loadb((const char *) body.p, body.len, JSON_REJECT_DUPLICATES, NULL);
    if (!root)
        read_fail(r, body.len ? "it is no JSON" : "it is empty");
    else if (!json_is_object(root))
        read_fail(r, "it is no JSON object");
    if (r->why) {
        json_decref(root);
        return NULL;
    }
    return root;
}

bool acme_is_url(const char *text)
{
    const char *host = strncasecmp(text, "https://", 8) == 0  ? text + 8
                       : strncasecmp(text, "http://", 7) == 0 ? text + 7
                                                              : NULL;

    if (!host || strchr("/?#", *host) || strlen(text) >= ACME_URL_SIZE)
        return false;
    for (const char *p = host; *p; p++)
        if (*p <= ' ' || *p > '~' || *p == '"' || *p == '\\')
            return false;
    return true;
}

void read_url(struct reading *r, const json_t *v, bool optional, char ret[static ACME_URL_SIZE],
              const char *missing, const char *wrong)
{
    const char *text = json_string_value(v);

    if (r->why)
        return;
    if (!v || json_is_null(v)) {
        if (!optional)
            read_fail(r, missing);
    } else if (!text || !acme_is_url(text)) {
        read_fail(r, wrong);
    } else {
        snprintf(ret, ACME_URL_SIZE, "%s", text);
    }
}

enum acme_status read_status(struct reading *r, const json_t *object, unsigned allowed)
{
    const char *text = json_string_value(json_object_get(object, "status"));

    if (!text)
        read_fail(r, "status is missing");
    for (unsigned i = 0; text && i < N_ACME_STATUS; i++)
        if ((allowed & 1U << i) && strcmp(text, acme_status_names[i]) == 0)
            return (enum acme_status) i;
    read_fail(r, "status is none that is known");
    return ACME_INVALID;
}

void read_text(const json_t *v, char *ret, size_t cap)
{
    printable_copy(bytes_str(json_string_value(v)), false, ret, cap);
}

void read_id(struct reading *r, const json_t *v, bool is_wildcard, struct acme_id *ret)
{
    const char *type = json_string_value(json_object_get(v, "type"));
    const char *value = json_string_value(json_object_get(v, "value"));
    char text[NAME_TEXT_MAX + 2];

    if (r->why)
        return;
    if (!type || !value || strlen(value) >= NAME_TEXT_MAX) {
        read_fail(r, "an identifier is without type or value");
        return;
    }
    snprintf(text, sizeof(text), "%s%s", is_wildcard ? "*." : "", value);
    if (strcmp(type, "dns") != 0 && strcmp(type, "ip") != 0)
        read_fail(r, "an identifier has a type other than dns and ip");
    else if (acme_id_parse(text, ret) < 0 || ret->is_ip != (strcmp(type, "ip") == 0))
        read_fail(r, "an identifier is no host name or IP address as its type says");
}

void read_problem_of(struct reading *r, const json_t *v, struct acme_problem *ret)
{
    char *text;

    if (r->why || !v || json_is_null(v))
        return;
    text = json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY);
    if (!text || acme_problem_parse(bytes_str(text), ret) < 0)
        read_fail(r, "error is no problem document");
    free(text);
}
