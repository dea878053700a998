/* cmd_config.h: what the verbs of `visavis config` share. */
#pragma once

#include "cmd/verbs.h"
#include "settings/problems.h"

#include <jansson.h>

extern const struct cmd cmd_config_check;
extern const struct cmd cmd_config_show;
extern const struct cmd cmd_config_diff;
extern const struct cmd cmd_config_set;

#define CONFIG_FILE_OPTION                                                                         \
    {                                                                                              \
        .name = "file", .arg = "FILE",                                                             \
        .help = "another file than the one of this machine; - is the standard input"               \
    }

/* The file that is meant: --file; DOTENV_PATH of the environment (a file that ends in .env, or a
 * folder with a .env); the machine's. Returns a text that is valid as long as buf and the call. */
const char *config_file(const struct cmd_call *call, char buf[static PATH_MAX]);

/* Loads that file and collects what there is to say about it. CMD_OK; CMD_USAGE: it is wrong, or
 * not there; CMD_FAILED. *ret_s is set with CMD_OK alone. */
int config_load(const char *file, struct problems *problems, struct settings **ret_s);

/* Names of setting_consumers, as a list. */
json_t *config_consumers(unsigned consumers);
