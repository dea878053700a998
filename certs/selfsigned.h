/* selfsigned.h: pairs signed by a local CA: made, and renewed in time. */
#pragma once

#include "certs/names.h"
#include "certs/report.h"
#include "certs/store.h"

enum selfsigned_anew { ANEW_IF_DUE, ANEW_PAIR, ANEW_CA };

/* Lets the live pair be a self-signed one for these names (of IP addresses after the first, those
 * that its CA may speak for) with a third of its life left; or a new one in any case.
 * *ret_changed is set when there is another now. 0, or an error that was told. */
int selfsigned_ensure(const struct store *s, const struct names *names, int64_t now_s,
                      enum selfsigned_anew anew, struct report *r, bool *ret_changed);
