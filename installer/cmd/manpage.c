#include "cmd/manpage.h"

#include "base/roff.h"

#include <string.h>

#define PATH_TEXT 128

static void option(FILE *to, const struct cmd_option *o)
{
    roff_option(to, o->letter, o->name, o->arg, o->help);
}

static void options(FILE *to, const struct cmd *cmd)
{
    for (const struct cmd_option *o = cmd->options; o && o->name; o++)
        option(to, o);
    if (!cmd->no_json)
        option(to, &cmd_option_json);
    option(to, &cmd_option_help);
}

static void synopsis(FILE *to, const char *path, const struct cmd *cmd, bool *first)
{
    if (cmd->fn) {
        if (!*first)
            fputs(".br\n", to);
        *first = false;
        fputs("\\fB", to);
        roff_inline(to, path);
        fputs("\\fR [\\fIOPTION\\fR...]", to);
        if (cmd->args) {
            fputc(' ', to);
            roff_inline(to, cmd->args);
        }
        fputc('\n', to);
    }
    for (const struct cmd *const *s = cmd->subs; s && *s; s++) {
        char below[PATH_TEXT];

        snprintf(below, sizeof(below), "%s %s", path, (*s)->name);
        if (!(*s)->internal)
            synopsis(to, below, *s, first);
    }
}

static void subs(FILE *to, const char *path, const struct cmd *cmd);

static void sub(FILE *to, const char *path, const struct cmd *cmd)
{
    fputs(".SS ", to);
    roff_inline(to, path);
    fputc('\n', to);
    roff_sentence(to, cmd->help);
    if (cmd->doc) {
        fputs(".PP\n", to);
        roff_paragraphs(to, cmd->doc);
    }
    if (cmd->fn)
        options(to, cmd);
    for (const struct cmd_exit *e = cmd->exits; e && e->meaning; e++) {
        if (e == cmd->exits)
            fputs(".PP\nExit status, besides those below:\n", to);
        roff_status(to, e->status, e->meaning);
    }
    subs(to, path, cmd);
}

static void subs(FILE *to, const char *path, const struct cmd *cmd)
{
    for (const struct cmd *const *s = cmd->subs; s && *s; s++) {
        char below[PATH_TEXT];

        snprintf(below, sizeof(below), "%s %s", path, (*s)->name);
        if (!(*s)->internal)
            sub(to, below, *s);
    }
}

static void exit_statuses(FILE *to, const struct cmd *cmd)
{
    fputs(".SH EXIT STATUS\n", to);
    roff_status(to, CMD_OK, "done");
    roff_status(to, CMD_FAILED, "it was tried and went wrong; standard error says why");
    roff_status(to, CMD_USAGE, "the call or a setting is wrong; nothing was done");
    for (const struct cmd_exit *e = cmd ? cmd->exits : NULL; e && e->meaning; e++)
        roff_status(to, e->status, e->meaning);
}

void manpage_verb(FILE *to, const struct cmd *verb)
{
    char path[PATH_TEXT];
    bool first = true;

    snprintf(path, sizeof(path), "visavis-%s", verb->name);
    roff_heading(to, path, verb->help);
    snprintf(path, sizeof(path), "visavis %s", verb->name);
    fputs(".SH SYNOPSIS\n.nh\n", to);
    synopsis(to, path, verb, &first);
    fputs(".hy\n.SH DESCRIPTION\n", to);
    if (verb->doc)
        roff_paragraphs(to, verb->doc);
    else
        roff_sentence(to, verb->help);
    if (verb->fn) {
        fputs(".SH OPTIONS\n", to);
        options(to, verb);
    }
    if (verb->subs) {
        fputs(".SH VERBS\n", to);
        subs(to, path, verb);
    }
    exit_statuses(to, verb);
    fputs(".SH SEE ALSO\n.BR visavis (1)\n", to);
}

void manpage_main(FILE *to, const struct cmd *const *all)
{
    static const struct {
        const char *name, *meaning;
    } environment[] = {
        {"FOLLOW_OPENVIDU_LOGS", "`false`: `start` and `restart` do not go on to show the log"},
        {"NO_COLOR", "set to anything: no colours"},
    };
    static const struct {
        const char *name, *meaning;
    } files[] = {
        {"/etc/visavis/.env", "the settings: edit it, then `visavis restart`"},
        {"/etc/visavis/owncert/", "certificate.cert and certificate.key of the operator"},
        {"/etc/visavis/nginx.d/", "locations of the operator, included in the site"},
        {"/var/lib/visavis/", "what is rendered from the settings, certificates, recordings"},
    };

    roff_heading(to, "visavis", "install and manage the Visavis video server");
    fputs(".SH SYNOPSIS\n.B visavis\n.I VERB\n[\\fIOPTION\\fR...]\n"
          ".SH DESCRIPTION\nA video calling server on this machine, managed by its verbs. "
          "Each has a page of its own.\n.SH VERBS\n",
          to);
    for (; *all; all++) {
        if ((*all)->internal)
            continue;
        fprintf(to, ".TP\n.BR visavis\\-%s (1)\n", (*all)->name);
        roff_sentence(to, (*all)->help);
    }
    fputs(".SH OPTIONS\n", to);
    option(to, &cmd_option_help);
    option(to, &cmd_option_json);
    exit_statuses(to, NULL);
    fputs(".PP\nSome verbs have more; their pages list them.\n.SH ENVIRONMENT\n", to);
    for (size_t i = 0; i < sizeof(environment) / sizeof(environment[0]); i++) {
        fprintf(to, ".TP\n.B %s\n", environment[i].name);
        roff_text(to, environment[i].meaning);
        fputc('\n', to);
    }
    fputs(".SH FILES\n", to);
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        fprintf(to, ".TP\n.I %s\n", files[i].name);
        roff_text(to, files[i].meaning);
        fputc('\n', to);
    }
}
