/* completion.h: completion scripts for shells, from the table of verbs. Pure. */
#pragma once

#include "cmd/cmd.h"

void completion_bash(FILE *to, const struct cmd *const *all);
void completion_zsh(FILE *to, const struct cmd *const *all);
void completion_fish(FILE *to, const struct cmd *const *all);
