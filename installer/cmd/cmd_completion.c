#include "cmd/completion.h"
#include "cmd/verbs.h"

static int run_bash(const struct cmd_call *call)
{
    (void) call;
    completion_bash(stdout, verbs);
    return CMD_OK;
}

static int run_zsh(const struct cmd_call *call)
{
    (void) call;
    completion_zsh(stdout, verbs);
    return CMD_OK;
}

static int run_fish(const struct cmd_call *call)
{
    (void) call;
    completion_fish(stdout, verbs);
    return CMD_OK;
}

static const struct cmd bash = {
    .name = "bash",
    .fn = run_bash,
    .help = "print the completion for bash",
    .no_json = true,
};

static const struct cmd zsh = {
    .name = "zsh",
    .fn = run_zsh,
    .help = "print the completion for zsh",
    .no_json = true,
};

static const struct cmd fish = {
    .name = "fish",
    .fn = run_fish,
    .help = "print the completion for fish",
    .no_json = true,
};

const struct cmd cmd_completion = {
    .name = "completion",
    .help = "print a completion script for a shell",
    .subs = (const struct cmd *const[]){&bash, &zsh, &fish, NULL},
    .internal = true,
};
