/* verbs.h: the table rows of the verbs, each in its cmd_<verb>.c; verbs.c puts them together. */
#pragma once

#include "cmd/cmd.h"

extern const struct cmd cmd_apply;
extern const struct cmd cmd_cert;
extern const struct cmd cmd_completion;
extern const struct cmd cmd_config;
extern const struct cmd cmd_dev;
extern const struct cmd cmd_doctor;
extern const struct cmd cmd_env_init;
extern const struct cmd cmd_kms_logs;
extern const struct cmd cmd_logs;
extern const struct cmd cmd_man;
extern const struct cmd cmd_proxy;
extern const struct cmd cmd_report;
extern const struct cmd cmd_restart;
extern const struct cmd cmd_run;
extern const struct cmd cmd_sessions;
extern const struct cmd cmd_setup;
extern const struct cmd cmd_start;
extern const struct cmd cmd_status;
extern const struct cmd cmd_stop;
extern const struct cmd cmd_test;
extern const struct cmd cmd_uninstall;
extern const struct cmd cmd_version;
