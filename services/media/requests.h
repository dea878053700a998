/* requests.h: what control asks a worker to do with its rooms. The outcome goes into the message.
 */
#pragma once

#include "media/worker.h"

/* Any COMMAND_* that is posted back. */
void requests_run(struct worker *w, struct message *m);
