/* ice_server.h: ICE servers that an app or the operator names for clients: what is accepted, and
 * the shape in which they are handed on: {"url"} or {"url","username","credential"}. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* "stun:HOST[:PORT]", "turns:HOST[:PORT]?transport=tcp", ... */
bool ice_url_is_valid(const char *url);

/* From a REST body's entry; a staticAuthSecret becomes credentials. NULL, and the reason in why. */
json_t *ice_server_from_json(json_t *entry, char *why, size_t why_size);

/* From "url=...,username=...,credential=..." or "url=...,staticAuthSecret=...". */
json_t *ice_server_from_text(const char *text, char *why, size_t why_size);
