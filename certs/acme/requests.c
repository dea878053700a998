/* The requests of wire.h. */
#include "acme/base64url.h"
#include "acme/wire.h"

#include <stdlib.h>

/* Takes over the object; NULL: memory was out before. */
static char *text_of(json_t *object)
{
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;

    json_decref(object);
    return text;
}

/* Puts in a value, which it takes over. Returns the object, or NULL, with all of it freed, when
 * memory was out now or before. */
static json_t *with(json_t *object, const char *key, json_t *value)
{
    if (!object || !value) {
        json_decref(object);
        json_decref(value);
        return NULL;
    }
    if (json_object_set_new(object, key, value) < 0) {
        json_decref(object);
        return NULL;
    }
    return object;
}

static json_t *with_text(json_t *object, const char *key, const char *text)
{
    return text && *text ? with(object, key, json_string(text)) : object;
}

/* The DER as base64url. */
static json_t *with_der(json_t *object, const char *key, struct bytes der)
{
    size_t cap = BASE64URL_SIZE(der.len);
    char *text = malloc(cap);
    json_t *value = text && base64url_encode(der, text, cap) == 0 ? json_string(text) : NULL;

    free(text);
    return with(object, key, value);
}

static json_t *contacts(const char *email)
{
    json_t *list = json_array();

    if (list && email && *email &&
        json_array_append_new(list, json_sprintf("mailto:%s", email)) < 0) {
        json_decref(list);
        return NULL;
    }
    return list;
}

char *acme_account_request(const char *email, bool only_existing, json_t *eab)
{
    json_t *o = json_object();

    if (only_existing)
        o = with(o, "onlyReturnExisting", json_true());
    else
        o = with(o, "termsOfServiceAgreed", json_true());
    if (!only_existing && email && *email)
        o = with(o, "contact", contacts(email));
    if (eab)
        o = with(o, "externalAccountBinding", eab);
    return text_of(o);
}

char *acme_contact_request(const char *email)
{
    return text_of(with(json_object(), "contact", contacts(email)));
}

char *acme_deactivate_request(void)
{
    return text_of(with(json_object(), "status", json_string("deactivated")));
}

static json_t *identifiers(const struct acme_ids *ids)
{
    json_t *list = json_array();

    for (size_t i = 0; list && i < ids->n; i++) {
        const struct acme_id *id = &ids->list[i];
        json_t *one = with_text(json_object(), "type", id->is_ip ? "ip" : "dns");

        if (json_array_append_new(list, with_text(one, "value", id->text)) < 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

char *acme_order_request(const struct acme_ids *ids, const char *profile, const char *replaces)
{
    json_t *o = with(json_object(), "identifiers", identifiers(ids));

    o = with_text(o, "profile", profile);
    return text_of(with_text(o, "replaces", replaces));
}

char *acme_finalize_request(struct bytes csr_der)
{
    return text_of(with_der(json_object(), "csr", csr_der));
}

char *acme_revoke_request(struct bytes certificate_der, int reason)
{
    json_t *o = with_der(json_object(), "certificate", certificate_der);

    if (reason >= 0)
        o = with(o, "reason", json_integer(reason));
    return text_of(o);
}
