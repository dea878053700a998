/* verbs.h: the table rows of the verbs, each in its cmd_<verb>.c; verbs.c puts them together. */
#pragma once

#include "installer/cmd.h"

extern const struct cmd cmd_dev;
extern const struct cmd cmd_proxy;
extern const struct cmd cmd_version;
