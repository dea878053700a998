#include "cmd/manpage.h"

#include "base/version.h"

#include <ctype.h>
#include <string.h>

#define PATH_TEXT 128

/* Text as roff takes it literally; a word in `backquotes` is set bold. at_start: of a line. */
static void roff(FILE *to, const char *text, size_t len, bool at_start)
{
    bool bold = false;

    for (size_t i = 0; i < len; i++) {
        if (at_start && (text[i] == '.' || text[i] == '\''))
            fputs("\\&", to);
        at_start = text[i] == '\n';
        switch (text[i]) {
        case '\\':
            fputs("\\e", to);
            break;
        case '-':
            fputs("\\-", to);
            break;
        case '\'':
            fputs("\\(aq", to);
            break;
        case '`':
            bold = !bold;
            fputs(bold ? "\\fB" : "\\fR", to);
            break;
        default:
            fputc(text[i], to);
        }
    }
}

static void text(FILE *to, const char *s)
{
    roff(to, s, strlen(s), true);
}

static void sentence(FILE *to, const char *s)
{
    fputc(toupper((unsigned char) *s), to);
    roff(to, s + 1, strlen(s) - 1, false);
    fputs(".\n", to);
}

/* Paragraphs parted by empty lines; lines that begin with a blank keep their form. */
static void paragraphs(FILE *to, const char *doc)
{
    bool as_is = false;

    while (doc && *doc) {
        size_t len = strcspn(doc, "\n");
        bool want = *doc == ' ' && len > 0;

        if (want != as_is && len > 0)
            fputs(want ? ".PP\n.nf\n" : ".fi\n.PP\n", to);
        if (len > 0)
            as_is = want;
        if (len == 0 && !as_is && doc[1] != ' ')
            fputs(".PP\n", to);
        else if (len > 0) {
            roff(to, doc, len, true);
            fputc('\n', to);
        }
        doc += len + (doc[len] == '\n');
    }
    if (as_is)
        fputs(".fi\n", to);
}

static void heading(FILE *to, const char *name, const char *help)
{
    fputs(".TH ", to);
    for (const char *c = name; *c; c++)
        fputs(*c == '-' ? "\\-" : (char[]){(char) toupper((unsigned char) *c), 0}, to);
    fprintf(to, " 1 %s \"Visavis %s\" \"Visavis\"\n.SH NAME\n", VISAVIS_DATE, VISAVIS_VERSION);
    text(to, name);
    fputs(" \\- ", to);
    roff(to, help, strlen(help), false);
    fputc('\n', to);
}

static void option(FILE *to, const struct cmd_option *o)
{
    fputs(".TP\n", to);
    if (o->letter)
        fprintf(to, "\\fB\\-%c\\fR, ", o->letter);
    fputs("\\fB\\-\\-", to);
    roff(to, o->name, strlen(o->name), false);
    fputs("\\fR", to);
    if (o->arg)
        fprintf(to, " \\fI%s\\fR", o->arg);
    fputc('\n', to);
    sentence(to, o->help);
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
        roff(to, path, strlen(path), false);
        fputs("\\fR [\\fIOPTION\\fR...]", to);
        if (cmd->args) {
            fputc(' ', to);
            roff(to, cmd->args, strlen(cmd->args), false);
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

static void status(FILE *to, int n, const char *meaning)
{
    fprintf(to, ".TP\n.B %d\n", n);
    sentence(to, meaning);
}

static void subs(FILE *to, const char *path, const struct cmd *cmd);

static void sub(FILE *to, const char *path, const struct cmd *cmd)
{
    fputs(".SS ", to);
    roff(to, path, strlen(path), false);
    fputc('\n', to);
    sentence(to, cmd->help);
    if (cmd->doc) {
        fputs(".PP\n", to);
        paragraphs(to, cmd->doc);
    }
    if (cmd->fn)
        options(to, cmd);
    for (const struct cmd_exit *e = cmd->exits; e && e->meaning; e++) {
        if (e == cmd->exits)
            fputs(".PP\nExit status, besides those below:\n", to);
        status(to, e->status, e->meaning);
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
    status(to, CMD_OK, "done");
    status(to, CMD_FAILED, "it was tried and went wrong; standard error says why");
    status(to, CMD_USAGE, "the call or a setting is wrong; nothing was done");
    for (const struct cmd_exit *e = cmd ? cmd->exits : NULL; e && e->meaning; e++)
        status(to, e->status, e->meaning);
}

void manpage_verb(FILE *to, const struct cmd *verb)
{
    char path[PATH_TEXT];
    bool first = true;

    snprintf(path, sizeof(path), "visavis-%s", verb->name);
    heading(to, path, verb->help);
    snprintf(path, sizeof(path), "visavis %s", verb->name);
    fputs(".SH SYNOPSIS\n.nh\n", to);
    synopsis(to, path, verb, &first);
    fputs(".hy\n.SH DESCRIPTION\n", to);
    if (verb->doc)
        paragraphs(to, verb->doc);
    else
        sentence(to, verb->help);
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

    heading(to, "visavis", "install and manage the Visavis video server");
    fputs(".SH SYNOPSIS\n.B visavis\n.I VERB\n[\\fIOPTION\\fR...]\n"
          ".SH DESCRIPTION\nA video calling server on this machine, managed by its verbs. "
          "Each has a page of its own.\n.SH VERBS\n",
          to);
    for (; *all; all++) {
        if ((*all)->internal)
            continue;
        fprintf(to, ".TP\n.BR visavis\\-%s (1)\n", (*all)->name);
        sentence(to, (*all)->help);
    }
    fputs(".SH OPTIONS\n", to);
    option(to, &cmd_option_help);
    option(to, &cmd_option_json);
    exit_statuses(to, NULL);
    fputs(".PP\nSome verbs have more; their pages list them.\n.SH ENVIRONMENT\n", to);
    for (size_t i = 0; i < sizeof(environment) / sizeof(environment[0]); i++) {
        fprintf(to, ".TP\n.B %s\n", environment[i].name);
        text(to, environment[i].meaning);
        fputc('\n', to);
    }
    fputs(".SH FILES\n", to);
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        fprintf(to, ".TP\n.I %s\n", files[i].name);
        text(to, files[i].meaning);
        fputc('\n', to);
    }
}
