/* ice_server.h: ICE servers that an app or the operator names for clients: what is accepted, and
 * the shape in which they are handed on: {"url"} or {"url","username","credential"}. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* What a HOST may be that is no address. */
enum ice_names {
    ICE_NAMES_ANY,    /* also one of the operator's own network */
    ICE_NAMES_PUBLIC, /* below a top-level domain that there is */
};

/* "stun:HOST[:PORT]", "turns:HOST[:PORT]?transport=tcp", ... */
bool ice_url_is_valid(const char *url, enum ice_names names);

/* From a REST body's entry, with public names alone, as the original has it; a staticAuthSecret
 * becomes credentials. NULL, and the reason in why. */
json_t *ice_server_from_json(json_t *entry, char *why, size_t why_size);

/* From the operator's "url=...,username=...,credential=..." or "url=...,staticAuthSecret=...". */
json_t *ice_server_from_text(const char *text, char *why, size_t why_size);
