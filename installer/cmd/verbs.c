#include "cmd/verbs.h"

#include <stddef.h>

/* In the order of the help. */
/* clang-format off */
const struct cmd *const verbs[] = {
    &cmd_setup,
    &cmd_start,
    &cmd_stop,
    &cmd_restart,
    &cmd_status,
    &cmd_logs,
    &cmd_sessions,
    &cmd_doctor,
    &cmd_test,
    &cmd_config,
    &cmd_cert,
    &cmd_proxy,
    &cmd_apply,
    &cmd_report,
    &cmd_uninstall,
    &cmd_run,
    &cmd_version,
    &cmd_dev,
    &cmd_completion,
    &cmd_man,
    &cmd_kms_logs,
    &cmd_env_init,
    NULL,
};
/* clang-format on */
