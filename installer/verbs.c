#include "installer/verbs.h"

#include <stddef.h>

/* In the order of the help. */
const struct cmd *const verbs[] = {
    &cmd_dev,
    &cmd_proxy,
    &cmd_version,
    NULL,
};
