/* selfsigned.h: pairs signed by a local CA: made, and renewed in time. */
#pragma once

#include "certs/names.h"
#include "certs/report.h"
#include "certs/store.h"

/* Lets the live pair be a self-signed one for these names with a third of its life left; force: a
 * new one in any case. *ret_changed is set when there is another now. 0, or an error that was told.
 */
int selfsigned_ensure(const struct store *s, const struct names *names, int64_t now_s, bool force,
                      struct report *r, bool *ret_changed);
