#include "installer/verbs.h"
#include "installer/version.h"

static int run(const struct cmd_call *call)
{
    if (cmd_json(call))
        puts("{\"version\": \"" VISAVIS_VERSION "\"}");
    else
        puts("visavis " VISAVIS_VERSION);
    return CMD_OK;
}

const struct cmd cmd_version = {
    .name = "version",
    .fn = run,
    .help = "print the version",
};
