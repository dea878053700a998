#include "cmd/cmd.h"

#include "host/paths.h"
#include "text/nearest.h"
#include "text/table.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

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

const struct cmd_option cmd_option_help = {.name = "help", .letter = 'h', .help = "show this text"};
const struct cmd_option cmd_option_json = {.name = "json", .help = "print JSON instead of text"};

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

int cmd_need_root(const struct cmd_call *c)
{
    if (geteuid() == 0 || *path_root())
        return CMD_OK;
    print_name(c, stderr);
    fputs(": this needs root: sudo ", stderr);
    print_name(c, stderr);
    for (size_t i = 0; i < c->n_args; i++)
        fprintf(stderr, " %s", c->args[i]);
    fputc('\n', stderr);
    return CMD_FAILED;
}

/* ---- help ---- */

static void print_verbs(const struct cmd *const *list, FILE *to)
{
    struct table *t = table_new();

    for (; *list; list++) {
        if ((*list)->internal)
            continue;
        table_row(t);
        table_cell(t, TERM_BOLD, "%s", (*list)->name);
        table_cell(t, TERM_PLAIN, "%s", (*list)->help);
    }
    table_print(t, to, 2);
    table_free(t);
}

static void add_option(struct table *t, const struct cmd_option *o)
{
    char letter[8] = "    ";

    if (o->letter)
        snprintf(letter, sizeof(letter), "-%c, ", o->letter);
    table_row(t);
    table_cell(t, TERM_PLAIN, "%s--%s%s%s", letter, o->name, o->arg ? " " : "",
               o->arg ? o->arg : "");
    table_cell(t, TERM_PLAIN, "%s", o->help);
}

static void print_options(const struct cmd *cmd, FILE *to)
{
    struct table *t = table_new();

    for (const struct cmd_option *o = cmd->options; o && o->name; o++)
        add_option(t, o);
    if (!cmd->no_json)
        add_option(t, &cmd_option_json);
    add_option(t, &cmd_option_help);
    table_print(t, to, 2);
    table_free(t);
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
    fprintf(to, "\n%c%s.\n", toupper((unsigned char) cmd->help[0]), cmd->help + 1);
    if (cmd->doc)
        fprintf(to, "\n%s\n", cmd->doc);
    if (cmd->subs) {
        fputc('\n', to);
        print_verbs(cmd->subs, to);
    }
    fputc('\n', to);
    print_options(cmd, to);
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

static bool is_option(const struct cmd_option *o, const char *name, size_t len, char letter)
{
    if (name)
        return strlen(o->name) == len && strncmp(o->name, name, len) == 0;
    return letter && o->letter == letter;
}

static const struct cmd_option *find_option(const struct cmd *cmd, const char *name, size_t len,
                                            char letter)
{
    for (const struct cmd_option *o = cmd->options; o && o->name; o++)
        if (is_option(o, name, len, letter))
            return o;
    if (is_option(&cmd_option_help, name, len, letter))
        return &cmd_option_help;
    return !cmd->no_json && is_option(&cmd_option_json, name, len, letter) ? &cmd_option_json
                                                                           : NULL;
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

static int no_such_option(const struct cmd_call *c, const char *text)
{
    struct nearest n;
    size_t len = strcspn(text, "=");
    char name[64];

    if (text[1] == '-' && len < sizeof(name)) {
        memcpy(name, text, len);
        name[len] = 0;
        nearest_start(&n, name + 2, 2);
        for (const struct cmd_option *o = last(c)->options; o && o->name; o++)
            nearest_offer(&n, o->name);
        if (!last(c)->no_json)
            nearest_offer(&n, cmd_option_json.name);
        nearest_offer(&n, cmd_option_help.name);
        if (n.found)
            return cmd_fail(c, CMD_USAGE, "there is no option '%s'; did you mean --%s?", name,
                            n.found);
    }
    return cmd_fail(c, CMD_USAGE, "there is no option '%s'; --help lists them", text);
}

/* The option's value is what follows in the same word, else the next word; *i steps over that. */
static int take(struct cmd_call *c, const struct cmd_option *o, const char *value, int argc,
                char **argv, int *i)
{
    if (o->arg && !value) {
        if (*i + 1 == argc)
            return cmd_fail(c, CMD_USAGE, "--%s needs a value: --%s %s", o->name, o->name, o->arg);
        value = argv[++*i];
    }
    if (!give(c, o, value ? value : ""))
        return cmd_fail(c, CMD_USAGE, "too many options");
    return CMD_OK;
}

/* "--name", "--name=value", "--name value". */
static int parse_long(struct cmd_call *c, int argc, char **argv, int *i)
{
    const char *name = argv[*i] + 2;
    size_t len = strcspn(name, "=");
    const char *value = name[len] == '=' ? name + len + 1 : NULL;
    const struct cmd_option *o = find_option(last(c), name, len, 0);

    if (!o)
        return no_such_option(c, argv[*i]);
    if (value && !o->arg)
        return cmd_fail(c, CMD_USAGE, "--%s takes no value", o->name);
    return take(c, o, value, argc, argv, i);
}

/* "-f", "-n value", "-nvalue", "-fn value". */
static int parse_letters(struct cmd_call *c, int argc, char **argv, int *i)
{
    const char *text = argv[*i];

    for (const char *letter = text + 1; *letter; letter++) {
        const struct cmd_option *o = find_option(last(c), NULL, 0, *letter);
        int status;

        if (!o)
            return no_such_option(c, text);
        if (o->arg)
            return take(c, o, letter[1] ? letter + 1 : NULL, argc, argv, i);
        status = take(c, o, NULL, argc, argv, i);
        if (status != CMD_OK)
            return status;
    }
    return CMD_OK;
}

static const char *nearest_verb(const struct cmd *const *list, const char *name)
{
    struct nearest n;

    nearest_start(&n, name, 2);
    for (; *list; list++)
        if (!(*list)->internal)
            nearest_offer(&n, (*list)->name);
    return n.found;
}

static int unexpected(const struct cmd_call *c, const char *text)
{
    const char *near;

    if (!last(c)->subs)
        return cmd_fail(c, CMD_USAGE, "unexpected argument '%s'", text);
    near = nearest_verb(last(c)->subs, text);
    if (near)
        return cmd_fail(c, CMD_USAGE, "there is no verb '%s'; did you mean '%s'?", text, near);
    return cmd_fail(c, CMD_USAGE, "there is no verb '%s'; --help lists them", text);
}

static int parse_rest(struct cmd_call *c, int argc, char **argv, int i)
{
    bool options = true;

    for (; i < argc; i++) {
        int status = CMD_OK;

        if (options && strcmp(argv[i], "--") == 0)
            options = false;
        else if (options && argv[i][0] == '-' && argv[i][1])
            status = argv[i][1] == '-' ? parse_long(c, argc, argv, &i)
                                       : parse_letters(c, argc, argv, &i);
        else if (!last(c)->args)
            status = unexpected(c, argv[i]);
        else if (c->n_args == VALUES_MAX)
            status = cmd_fail(c, CMD_USAGE, "too many arguments");
        else
            c->args[c->n_args++] = argv[i];
        if (status != CMD_OK)
            return status;
    }
    return CMD_OK;
}

const struct cmd *cmd_find(const struct cmd *const *list, const char *name)
{
    for (; list && *list; list++)
        if (strcmp((*list)->name, name) == 0)
            return *list;
    return NULL;
}

/* Follows argv from i on through the verbs; the index of what comes after them. */
static int find_path(struct cmd_call *c, const struct cmd *const *list, int argc, char **argv,
                     int i)
{
    for (; i < argc && c->n_path < LEVELS_MAX; i++) {
        const struct cmd *cmd = cmd_find(list, argv[i]);

        if (!cmd)
            break;
        c->path[c->n_path++] = cmd;
        list = cmd->subs;
    }
    return i;
}

static int no_such_verb(const struct cmd *const *all, const char *name)
{
    const char *near = nearest_verb(all, name);

    if (near)
        fprintf(stderr, "visavis: there is no verb '%s'; did you mean '%s'?\n", name, near);
    else
        fprintf(stderr, "visavis: there is no verb '%s'; `visavis help` lists them\n", name);
    return CMD_USAGE;
}

/* "help", "help VERB...". */
static int help(const struct cmd *const *all, int argc, char **argv)
{
    struct cmd_call c = {.n_path = 0};
    int i = find_path(&c, all, argc, argv, 2);

    if (c.n_path > 0 && i < argc)
        return unexpected(&c, argv[i]);
    if (i < argc && argv[i][0] != '-')
        return no_such_verb(all, argv[i]);
    if (c.n_path > 0)
        print_help_of(&c, stdout);
    else
        print_help(all, stdout);
    return CMD_OK;
}

static bool is_one_of(const char *text, const char *const *words)
{
    for (; *words; words++)
        if (strcmp(text, *words) == 0)
            return true;
    return false;
}

int cmd_main(const struct cmd *const *all, int argc, char **argv)
{
    static const char *const help_words[] = {"help", "--help", "-h", NULL};
    struct cmd_call c = {.n_path = 0};
    int i, status;

    if (argc < 2) {
        print_help(all, stderr);
        return CMD_USAGE;
    }
    if (is_one_of(argv[1], help_words))
        return help(all, argc, argv);
    if (strcmp(argv[1], "--version") == 0)
        argv[1] = argv[1] + strlen("--");
    i = find_path(&c, all, argc, argv, 1);
    if (c.n_path == 0)
        return no_such_verb(all, argv[1]);
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
