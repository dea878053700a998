/* status_json.h: the status as a document. */
#pragma once

#include "status/status.h"
#include "text/json.h"

/* NULL: out of memory. */
json_t *status_json(const struct status *s);
