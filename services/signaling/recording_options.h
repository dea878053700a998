/* recording_options.h: recording properties as REST bodies give them, checked and completed. */
#pragma once

#include "signaling/validate.h"

/* given: an object or NULL. *ret_options gets the keys of the session object's
 * defaultRecordingProperties, in their order. -EINVAL with p filled: 400 for wrong types and
 * names, 422 for values out of range. */
int recording_options_parse(json_t *given, json_t **ret_options, struct problem *p);

/* The "mediaNode" of a body: {"id": string}; *ret_node is NULL when it has none. */
int media_node_parse(json_t *body, json_t **ret_node, struct problem *p);
