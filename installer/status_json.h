/* status_json.h: the status as a document. */
#pragma once

#include "installer/json.h"
#include "installer/status.h"

/* NULL: out of memory. */
json_t *status_json(const struct status *s);
