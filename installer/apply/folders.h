/* folders.h: the folders of an installed machine, with their owners. */
#pragma once

#include "settings/settings.h"

/* Told of a folder of the operator's that could not be made: path, a negative errno, and the
 * command that makes it. */
typedef void folders_problem_fn(const char *path, int error, const char *command, void *arg);

/* Makes what is missing and puts right the owners of ours; folders of the operator's that are there
 * stay as they are. -ENOENT: there is no such user or group, named in ret_what; another error: the
 * folder of ours that is named there cannot be made. */
int folders_make(const struct settings *s, folders_problem_fn *problem, void *arg,
                 char ret_what[static PATH_MAX]);
