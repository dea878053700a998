/* cmd.h: the verbs of the visavis command. One table in main.c; a verb a file. */
#pragma once

/* Exit statuses (documented in the help). */
enum cmd_status {
    CMD_OK = 0,
    CMD_FAILED = 1, /* it was tried and went wrong; stderr says why */
    CMD_USAGE = 2,  /* the call or a setting is wrong; nothing was done */
};

/* argv[0] is the verb. */
typedef int cmd_fn(int argc, char **argv);

cmd_fn cmd_dev;
