/* Each script finds out first which verb the words before the cursor lead to ("", " start",
 * " config check"), then offers what that verb takes. */
#include "cmd/completion.h"

#define PATH_TEXT 128

/* Called for every verb that is not internal, with its path (" config check") and what is inside.
 */
typedef void visit_fn(FILE *to, const char *path, const struct cmd *cmd);

static void each(FILE *to, const char *path, const struct cmd *const *list, visit_fn *fn)
{
    char below[PATH_TEXT];

    for (; list && *list; list++) {
        if ((*list)->internal)
            continue;
        snprintf(below, sizeof(below), "%s %s", path, (*list)->name);
        fn(to, below, *list);
        each(to, below, (*list)->subs, fn);
    }
}

static void print_names(FILE *to, const struct cmd *const *list)
{
    for (; list && *list; list++)
        if (!(*list)->internal)
            fprintf(to, "%s ", (*list)->name);
}

static void print_words(FILE *to, const struct cmd *cmd)
{
    print_names(to, cmd->subs);
    for (size_t i = 0; cmd->words && cmd->words(i); i++)
        fprintf(to, "%s ", cmd->words(i));
}

static bool takes_files(const struct cmd *cmd)
{
    return cmd->args && !cmd->words;
}

/* All options with those that every verb has. */
typedef void option_fn(FILE *to, const char *path, const struct cmd_option *o);

static void each_option(FILE *to, const char *path, const struct cmd *cmd, option_fn *fn)
{
    for (const struct cmd_option *o = cmd->options; o && o->name; o++)
        fn(to, path, o);
    if (!cmd->no_json)
        fn(to, path, &cmd_option_json);
    fn(to, path, &cmd_option_help);
}

static void pattern(FILE *to, const char *path, const struct cmd *cmd)
{
    (void) cmd;
    fprintf(to, "|\"%s\"", path);
}

/* ---- bash ---- */

static void bash_option(FILE *to, const char *path, const struct cmd_option *o)
{
    (void) path;
    fprintf(to, "--%s ", o->name);
}

static void bash_verb(FILE *to, const char *path, const struct cmd *cmd)
{
    fprintf(to, "    \"%s\")\n        words='", path);
    print_words(to, cmd);
    fputs("'\n        options='", to);
    each_option(to, path, cmd, bash_option);
    fprintf(to, "'\n%s        ;;\n", takes_files(cmd) ? "        files=1\n" : "");
}

static void bash_valued(FILE *to, const char *path, const struct cmd_option *o)
{
    if (!o->arg)
        return;
    fprintf(to, "|\"%s --%s\"", path, o->name);
    if (o->letter)
        fprintf(to, "|\"%s -%c\"", path, o->letter);
}

static void bash_valued_of(FILE *to, const char *path, const struct cmd *cmd)
{
    each_option(to, path, cmd, bash_valued);
}

void completion_bash(FILE *to, const struct cmd *const *all)
{
    fputs("# bash completion for visavis\n"
          "_visavis() {\n"
          "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
          "    local at='' words='' options='' files='' i\n"
          "    COMPREPLY=()\n"
          "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
          "        case \"$at ${COMP_WORDS[i]}\" in\n"
          "        \" help\"",
          to);
    each(to, "", all, pattern);
    fputs(") at=\"$at ${COMP_WORDS[i]}\" ;;\n"
          "        esac\n"
          "    done\n"
          "    case $at in\n"
          "    '')\n"
          "        words='",
          to);
    print_names(to, all);
    fputs("help'\n        options='--help --version'\n        ;;\n    ' help')\n        words='",
          to);
    print_names(to, all);
    fputs("'\n        ;;\n", to);
    each(to, "", all, bash_verb);
    fputs("    esac\n"
          "    case \"$at $prev\" in\n"
          "    \"- -\"",
          to);
    each(to, "", all, bash_valued_of);
    fputs(") options='' words='' files=1 ;;\n"
          "    esac\n"
          "    case $cur in\n"
          "    -*) mapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$cur\") ;;\n"
          "    *) mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\") ;;\n"
          "    esac\n"
          "    if [ -n \"$files\" ] && [ ${#COMPREPLY[@]} -eq 0 ]; then\n"
          "        compopt -o filenames 2>/dev/null\n"
          "        mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
          "    fi\n"
          "}\n"
          "complete -F _visavis visavis\n",
          to);
}

/* ---- zsh ---- */

/* Within single quotes, and a colon parts a word from what it means. */
static void zsh_item(FILE *to, const char *word, const char *help)
{
    fprintf(to, " '%s:", word);
    for (; *help; help++)
        fputs(*help == '\'' ? "'\\''" : (char[]){*help, 0}, to);
    fputc('\'', to);
}

static void zsh_names(FILE *to, const struct cmd *const *list)
{
    for (; list && *list; list++)
        if (!(*list)->internal)
            zsh_item(to, (*list)->name, (*list)->help);
}

static void zsh_option(FILE *to, const char *path, const struct cmd_option *o)
{
    char word[80];

    (void) path;
    snprintf(word, sizeof(word), "--%s", o->name);
    zsh_item(to, word, o->help);
}

static void zsh_verb(FILE *to, const char *path, const struct cmd *cmd)
{
    fprintf(to, "    '%s')\n        verbs=(", path);
    zsh_names(to, cmd->subs);
    for (size_t i = 0; cmd->words && cmd->words(i); i++)
        fprintf(to, " '%s'", cmd->words(i));
    fputs(")\n        options=(", to);
    each_option(to, path, cmd, zsh_option);
    fprintf(to, ")\n%s        ;;\n", takes_files(cmd) ? "        files=1\n" : "");
}

void completion_zsh(FILE *to, const struct cmd *const *all)
{
    fputs("#compdef visavis\n"
          "_visavis() {\n"
          "    local at= files= i\n"
          "    local -a verbs options\n"
          "    for ((i = 2; i < CURRENT; i++)); do\n"
          "        case \"$at ${words[i]}\" in\n"
          "        (\" help\"",
          to);
    each(to, "", all, pattern);
    fputs(") at=\"$at ${words[i]}\" ;;\n"
          "        esac\n"
          "    done\n"
          "    case \"$at\" in\n"
          "    '')\n"
          "        verbs=(",
          to);
    zsh_names(to, all);
    zsh_item(to, "help", "list the verbs, or explain one");
    fputs(")\n        options=('--help:list the verbs' '--version:print the version')\n        ;;\n"
          "    ' help')\n        verbs=(",
          to);
    zsh_names(to, all);
    fputs(")\n        ;;\n", to);
    each(to, "", all, zsh_verb);
    fputs("    esac\n"
          "    if [[ $PREFIX == -* ]]; then\n"
          "        _describe -o option options\n"
          "    else\n"
          "        (( ${#verbs} )) && _describe argument verbs\n"
          "        [[ -n $files ]] && _files\n"
          "    fi\n"
          "}\n"
          "_visavis \"$@\"\n",
          to);
}

/* ---- fish ---- */

static void fish_text(FILE *to, const char *text)
{
    fputc('\'', to);
    for (; *text; text++) {
        if (*text == '\'' || *text == '\\')
            fputc('\\', to);
        fputc(*text, to);
    }
    fputc('\'', to);
}

static void fish_line(FILE *to, const char *path, const char *word, const char *help)
{
    fprintf(to, "complete -c visavis -n '__visavis_at \"%s\"' -a %s -d ", path, word);
    fish_text(to, help);
    fputc('\n', to);
}

static void fish_option(FILE *to, const char *path, const struct cmd_option *o)
{
    fprintf(to, "complete -c visavis -n '__visavis_at \"%s\"' -l %s", path, o->name);
    if (o->letter)
        fprintf(to, " -s %c", o->letter);
    fprintf(to, "%s -d ", o->arg ? " -r -F" : "");
    fish_text(to, o->help);
    fputc('\n', to);
}

static void fish_verb(FILE *to, const char *path, const struct cmd *cmd)
{
    for (const struct cmd *const *s = cmd->subs; s && *s; s++)
        if (!(*s)->internal)
            fish_line(to, path, (*s)->name, (*s)->help);
    for (size_t i = 0; cmd->words && cmd->words(i); i++)
        fish_line(to, path, cmd->words(i), "");
    if (takes_files(cmd))
        fprintf(to, "complete -c visavis -n '__visavis_at \"%s\"' -F\n", path);
    each_option(to, path, cmd, fish_option);
}

static void fish_pattern(FILE *to, const char *path, const struct cmd *cmd)
{
    (void) cmd;
    fprintf(to, " '%s'", path);
}

void completion_fish(FILE *to, const struct cmd *const *all)
{
    fputs("# fish completion for visavis\n"
          "function __visavis_at\n"
          "    set -l at ''\n"
          "    set -l before (commandline -opc)\n"
          "    for word in $before[2..-1]\n"
          "        switch \"$at $word\"\n"
          "            case ' help'",
          to);
    each(to, "", all, fish_pattern);
    fputs("\n"
          "                set at \"$at $word\"\n"
          "        end\n"
          "    end\n"
          "    test \"$at\" = \"$argv[1]\"\n"
          "end\n"
          "complete -c visavis -f\n",
          to);
    for (const struct cmd *const *v = all; *v; v++) {
        if ((*v)->internal)
            continue;
        fish_line(to, "", (*v)->name, (*v)->help);
        fish_line(to, " help", (*v)->name, (*v)->help);
    }
    fish_line(to, "", "help", "list the verbs, or explain one");
    each(to, "", all, fish_verb);
}
