/* ice_server.h: ICE servers that an app or the operator names for clients (codec/ice_server.h), in
 * the shape in which they are handed on: {"url"} or {"url","username","credential"}; a
 * staticAuthSecret becomes credentials. */
#pragma once

#include <jansson.h>
#include <stddef.h>

/* Each a new reference; or NULL, and the reason in why. */

/* From a REST body's entry. Its host is an IP, or a name below a top-level domain that there is, as
 * the original has it. */
json_t *ice_server_from_json(json_t *entry, char *why, size_t why_size);

/* From the operator's "url=...,username=...,credential=...", "url=...,staticAuthSecret=...". */
json_t *ice_server_from_text(const char *text, char *why, size_t why_size);
