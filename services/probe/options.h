/* options.h: the command line of visavis-probe. */
#pragma once

#include "probe/probe.h"

#include <stdio.h>

struct options {
    struct probe_config config;
    bool json;
    char *secret; /* heap; options_done() wipes it */
};

enum options_result { OPTIONS_RUN, OPTIONS_DONE, OPTIONS_WRONG };

/* OPTIONS_DONE: --help, --version or --man was answered on stdout. OPTIONS_WRONG: said why on
 * stderr. What config points to is of argv, or of the options. */
enum options_result options_parse(int argc, char **argv, struct options *ret);
void options_done(struct options *o);
