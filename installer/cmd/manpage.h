/* manpage.h: manual pages, from the table of verbs. Pure. */
#pragma once

#include "cmd/cmd.h"

/* visavis(1). */
void manpage_main(FILE *to, const struct cmd *const *all);

/* visavis-VERB(1), with the verbs below it. */
void manpage_verb(FILE *to, const struct cmd *verb);
