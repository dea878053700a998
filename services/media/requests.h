/* requests.h: what control asks a worker to do with its rooms. The outcome goes into the message.
 */
#pragma once

#include "media/worker.h"

/* Any COMMAND_* that is posted back. */
void requests_run(struct worker *w, struct message *m);

/* True: it is another worker's, and on its way there, with all that it will need. */
bool requests_pass_on(struct worker *w, struct message *m);
