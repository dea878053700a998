/* accounts.h: the users and groups that own files, by name. With VISAVIS_ROOT nobody owns anything:
 * the machine around a test has none of them. */
#pragma once

#include "files/files.h"

/* "root", "visavis-signaling"; NULL: as it comes. -ENOENT: there is no such user or group. */
int account_access(mode_t mode, const char *user, const char *group, struct file_access *ret);
