#include "installer/cmd.h"

#include <stdarg.h>
#include <string.h>

#define VALUES_MAX 64
#define LEVELS_MAX 3

struct cmd_call {
    const struct cmd *path[LEVELS_MAX]; /* "config", "check" */
    size_t n_path;
    struct {
        const char *option, *value;
    } given[VALUES_MAX];
    size_t n_given;
    const char *args[VALUES_MAX];
    size_t n_args;
};

static const struct cmd_option common_options[] = {
    {.name = "help", .letter = 'h', .help = "show this text"},
    {.name = "json", .help = "print one JSON document"},
};

static const struct cmd *last(const struct cmd_call *c)
{
    return c->n_path > 0 ? c->path[c->n_path - 1] : NULL;
}

/* ---- what was called ---- */

const char *cmd_value_at(const struct cmd_call *c, const char *option, size_t i)
{
    for (size_t k = 0; k < c->n_given; k++)
        if (strcmp(c->given[k].option, option) == 0 && i-- == 0)
            return c->given[k].value;
    return NULL;
}

const char *cmd_value(const struct cmd_call *c, const char *option)
{
    const char *value = NULL;

    for (size_t k = 0; k < c->n_given; k++)
        if (strcmp(c->given[k].option, option) == 0)
            value = c->given[k].value;
    return value;
}

bool cmd_has(const struct cmd_call *c, const char *option)
{
    return cmd_value(c, option) != NULL;
}

size_t cmd_n_args(const struct cmd_call *c)
{
    return c->n_args;
}

const char *cmd_arg(const struct cmd_call *c, size_t i)
{
    return i < c->n_args ? c->args[i] : NULL;
}

bool cmd_json(const struct cmd_call *c)
{
    return cmd_has(c, "json");
}

static void print_name(const struct cmd_call *c, FILE *to)
{
    fputs("visavis", to);
    for (size_t i = 0; i < c->n_path; i++)
        fprintf(to, " %s", c->path[i]->name);
}

int cmd_fail(const struct cmd_call *c, int status, const char *fmt, ...)
{
    va_list args;

    print_name(c, stderr);
    fputs(": ", stderr);
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputc('\n', stderr);
    return status;
}

/* ---- help ---- */

static void print_verbs(const struct cmd *const *list, FILE *to)
{
    for (; *list; list++)
        if (!(*list)->internal)
            fprintf(to, "  %-10s %s\n", (*list)->name, (*list)->help);
}

static void print_option(const struct cmd_option *o, FILE *to)
{
    char left[64], letter[8] = "";

    if (o->letter)
        snprintf(letter, sizeof(letter), "-%c, ", o->letter);
    snprintf(left, sizeof(left), "%s--%s%s%s", letter, o->name, o->arg ? " " : "",
             o->arg ? o->arg : "");
    fprintf(to, "  %-20s %s\n", left, o->help);
}

static void print_usage(const struct cmd_call *c, FILE *to)
{
    const struct cmd *cmd = last(c);

    fputs("usage: ", to);
    print_name(c, to);
    if (cmd->subs)
        fputs(cmd->fn ? " [VERB]" : " VERB", to);
    fprintf(to, " [OPTION...]%s%s\n", cmd->args ? " " : "", cmd->args ? cmd->args : "");
}

static void print_help_of(const struct cmd_call *c, FILE *to)
{
    const struct cmd *cmd = last(c);

    print_usage(c, to);
    fprintf(to, "\n%c%s.\n", cmd->help[0] & ~0x20, cmd->help + 1);
    if (cmd->doc)
        fprintf(to, "\n%s\n", cmd->doc);
    if (cmd->subs) {
        fputc('\n', to);
        print_verbs(cmd->subs, to);
    }
    fputc('\n', to);
    for (const struct cmd_option *o = cmd->options; o && o->name; o++)
        print_option(o, to);
    print_option(&common_options[0], to);
    if (!cmd->no_json)
        print_option(&common_options[1], to);
    if (cmd->exits) {
        fputs("\nExit status, besides 0, 1 and 2 as everywhere:\n", to);
        for (const struct cmd_exit *e = cmd->exits; e->meaning; e++)
            fprintf(to, "  %-3d %s\n", e->status, e->meaning);
    }
}

static void print_help(const struct cmd *const *list, FILE *to)
{
    fputs("usage: visavis VERB [OPTION...]\n\n", to);
    print_verbs(list, to);
    fputs("\n`visavis VERB --help` says more.\n"
          "Exit status: 0 done, 1 failed, 2 wrong call or wrong settings.\n",
          to);
}

/* ---- parsing ---- */

static const struct cmd_option *find_option(const struct cmd *cmd, const char *name, size_t len,
                                            char letter)
{
    for (const struct cmd_option *o = cmd->options; o && o->name; o++)
        if (name ? strlen(o->name) == len && strncmp(o->name, name, len) == 0 : o->letter == letter)
            return o;
    for (size_t i = 0; i < (cmd->no_json ? 1 : 2); i++) {
        const struct cmd_option *o = &common_options[i];

        if (name ? strlen(o->name) == len && strncmp(o->name, name, len) == 0
                 : o->letter && o->letter == letter)
            return o;
    }
    return NULL;
}

static bool give(struct cmd_call *c, const struct cmd_option *o, const char *value)
{
    if (c->n_given == VALUES_MAX)
        return false;
    c->given[c->n_given].option = o->name;
    c->given[c->n_given].value = value;
    c->n_given++;
    return true;
}

/* One of "--name", "--name=value", "--name value", "-x", "-x value"; *i steps over the value. */
static int parse_option(struct cmd_call *c, int argc, char **argv, int *i)
{
    const char *text = argv[*i];
    bool is_long = text[1] == '-';
    size_t len = is_long ? strcspn(text + 2, "=") : 0;
    const char *value = is_long && text[2 + len] == '=' ? text + 2 + len + 1 : NULL;
    const struct cmd_option *o = NULL;

    if (is_long)
        o = find_option(last(c), text + 2, len, 0);
    else if (!text[2])
        o = find_option(last(c), NULL, 0, text[1]);
    if (!o)
        return cmd_fail(c, CMD_USAGE, "there is no option '%s'; --help lists them", text);
    if (value && !o->arg)
        return cmd_fail(c, CMD_USAGE, "--%s takes no value", o->name);
    if (o->arg && !value) {
        if (*i + 1 == argc)
            return cmd_fail(c, CMD_USAGE, "--%s needs a value: --%s %s", o->name, o->name, o->arg);
        value = argv[++*i];
    }
    if (!give(c, o, value ? value : ""))
        return cmd_fail(c, CMD_USAGE, "too many options");
    return CMD_OK;
}

static int parse_rest(struct cmd_call *c, int argc, char **argv, int i)
{
    bool options = true;

    for (; i < argc; i++) {
        int status = CMD_OK;

        if (options && strcmp(argv[i], "--") == 0)
            options = false;
        else if (options && argv[i][0] == '-' && argv[i][1])
            status = parse_option(c, argc, argv, &i);
        else if (!last(c)->args)
            status = cmd_fail(c, CMD_USAGE, "unexpected argument '%s'", argv[i]);
        else if (c->n_args == VALUES_MAX)
            status = cmd_fail(c, CMD_USAGE, "too many arguments");
        else
            c->args[c->n_args++] = argv[i];
        if (status != CMD_OK)
            return status;
    }
    return CMD_OK;
}

static const struct cmd *find_verb(const struct cmd *const *list, const char *name)
{
    for (; *list; list++)
        if (strcmp((*list)->name, name) == 0)
            return *list;
    return NULL;
}

int cmd_main(const struct cmd *const *all, int argc, char **argv)
{
    const struct cmd *const *level = all;
    struct cmd_call c = {.n_path = 0};
    const char *name = argc > 1 ? argv[1] : NULL;
    int i = 1, status;

    if (name &&
        (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)) {
        print_help(all, stdout);
        return CMD_OK;
    }
    while (level && i < argc && argv[i][0] != '-' && c.n_path < LEVELS_MAX) {
        const struct cmd *cmd = find_verb(level, argv[i]);

        if (!cmd)
            break;
        c.path[c.n_path++] = cmd;
        level = cmd->subs;
        i++;
    }
    if (c.n_path == 0) {
        if (name)
            fprintf(stderr, "visavis: there is no verb '%s'\n\n", name);
        print_help(all, stderr);
        return CMD_USAGE;
    }
    status = parse_rest(&c, argc, argv, i);
    if (status != CMD_OK)
        return status;
    if (cmd_has(&c, "help")) {
        print_help_of(&c, stdout);
        return CMD_OK;
    }
    if (!last(&c)->fn) {
        print_help_of(&c, stderr);
        return CMD_USAGE;
    }
    return last(&c)->fn(&c);
}
