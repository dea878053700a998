/* cmd.h: what a verb of the visavis command is. One table (verbs.c) gives the parsing of options,
 * help, shell completion and man pages; a verb a file, cmd_<verb>.c. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Exit statuses that all verbs share. A verb with others lists them in its table row. */
enum cmd_status {
    CMD_OK = 0,
    CMD_FAILED = 1, /* it was tried and went wrong; stderr says why */
    CMD_USAGE = 2,  /* the call or a setting is wrong; nothing was done */
};

struct cmd_option {
    const char *name; /* "follow": --follow */
    char letter;      /* 'f': -f as well; 0 none */
    const char *arg;  /* "FILE": takes a value; NULL: a flag */
    const char *help; /* one line, no full stop */
};

struct cmd_exit {
    int status;
    const char *meaning;
};

/* The i-th word that an argument may be, for completion; NULL past the last. */
typedef const char *cmd_word_fn(size_t i);

struct cmd_call;
typedef int cmd_fn(const struct cmd_call *call);

/* --help is of every verb, --json of every verb without no_json; they are not listed. */
extern const struct cmd_option cmd_option_help, cmd_option_json;

struct cmd {
    const char *name;
    cmd_fn *fn;         /* NULL: subs only */
    const char *args;   /* "[UNIT...]" for the usage line; NULL: takes none (they are refused) */
    const char *help;   /* one line, no full stop */
    const char *doc;    /* paragraphs for --help and the man page, parted by empty lines, or NULL */
    cmd_word_fn *words; /* NULL: completed as file names, when args are taken */
    const struct cmd_option *options; /* ended by an empty one; may be NULL */
    const struct cmd_exit *exits;  /* beyond the shared ones; ended by an empty one; may be NULL */
    const struct cmd *const *subs; /* "config" has "check"; ended by NULL; may be NULL */
    bool no_json;
    bool internal; /* for units and scripts: left out of help, completion and man pages */
};

bool cmd_has(const struct cmd_call *c, const char *option);
const char *cmd_value(const struct cmd_call *c, const char *option); /* the last; NULL: not given */
/* The i-th value of an option that may be repeated; NULL past the last. */
const char *cmd_value_at(const struct cmd_call *c, const char *option, size_t i);
size_t cmd_n_args(const struct cmd_call *c);
const char *cmd_arg(const struct cmd_call *c, size_t i); /* NULL past the last */
bool cmd_json(const struct cmd_call *c);                 /* --json was given */

/* "visavis config check: " and the rest, a line on stderr. Returns status. */
int cmd_fail(const struct cmd_call *c, int status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* CMD_OK for root, and below VISAVIS_ROOT; else CMD_FAILED after the line that names sudo. */
int cmd_need_root(const struct cmd_call *c);

/* argv as main() has it. The exit status. */
int cmd_main(const struct cmd *const *verbs, int argc, char **argv);

/* The one of that name; NULL. */
const struct cmd *cmd_find(const struct cmd *const *list, const char *name);

/* All of them; ended by NULL. */
extern const struct cmd *const verbs[];
