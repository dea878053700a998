/* endpoint.h: one transport for a person to look at (media_api.h, describe). */
#pragma once

#include "media/worker.h"

void endpoint_describe(struct worker *w, struct message *m);
