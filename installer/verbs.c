#include "installer/verbs.h"

#include <stddef.h>

/* In the order of the help. */
const struct cmd *const verbs[] = {
    &cmd_start, &cmd_stop,     &cmd_restart, &cmd_apply, &cmd_cert, &cmd_status,
    &cmd_logs,  &cmd_kms_logs, &cmd_version, &cmd_dev,   NULL,
};
