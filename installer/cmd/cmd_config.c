/* visavis config: its table row, the check, and the generated texts. */
#include "cmd/cmd_config.h"

#include "base/crypto.h"
#include "host/paths.h"
#include "settings/envfile.h"
#include "settings/template.h"
#include "text/json.h"
#include "text/term.h"

#include <stdlib.h>

/* ---- which file ---- */

const char *config_file(const struct cmd_call *call, char buf[static PATH_MAX])
{
    const char *given = cmd_value(call, "file"), *dotenv = getenv("DOTENV_PATH");
    size_t len;

    if (given)
        return given;
    if (!dotenv || !*dotenv)
        return path_of(PATH_ENV);
    len = strlen(dotenv);
    if (len >= 4 && strcmp(dotenv + len - 4, ".env") == 0)
        return dotenv;
    snprintf(buf, PATH_MAX, "%s%s.env", dotenv, dotenv[len - 1] == '/' ? "" : "/");
    return buf;
}

static int load_input(struct problems *problems, struct settings **ret_s)
{
    /* One byte more than there may be shows that there is more. */
    char *content = malloc(ENVFILE_MAX + 1);
    size_t len;
    int r;

    if (!content)
        return -ENOMEM;
    len = fread(content, 1, ENVFILE_MAX + 1, stdin);
    r = ferror(stdin)
            ? -EIO
            : settings_load_bytes("-", bytes_of(content, len), problems_add, problems, ret_s);
    secret_wipe(content, len);
    free(content);
    return r;
}

int config_load(const char *file, struct problems *problems, struct settings **ret_s)
{
    int r = strcmp(file, "-") == 0 ? load_input(problems, ret_s)
                                   : settings_load_file(file, problems_add, problems, ret_s);

    if (r == -ENOMEM || problems_failed(problems))
        fputs("visavis config: out of memory\n", stderr);
    return r == 0 ? CMD_OK : r == -EINVAL || r == -ENOENT ? CMD_USAGE : CMD_FAILED;
}

/* ---- check ---- */

static int print_json(const char *file, const struct problems *p, int status)
{
    json_t *list = json_array();
    const struct setting_problem *q;

    for (size_t i = 0; (q = problems_at(p, i)); i++)
        json_array_append_new(list, json_pack("{s:s, s:i, s:s?, s:s?, s:s, s:s?, s:s?, s:s?}",
                                              "severity", problems_severity_name(q->severity),
                                              "line", (int) q->line, "key", q->key, "value",
                                              q->value, "what", q->what, "allowed", q->wanted,
                                              "example", q->example, "mend", q->mend));
    return json_print(json_pack("{s:o, s:b, s:i, s:i, s:i, s:o}", "file",
                                json_text(bytes_str(file)), "ok", status == CMD_OK, "errors",
                                (int) problems_count(p, SETTING_ERROR), "warnings",
                                (int) problems_count(p, SETTING_WARNING), "notices",
                                (int) problems_count(p, SETTING_NOTICE), "problems", list),
                      status);
}

static void print_text(const char *file, const struct problems *p)
{
    char summary[PROBLEMS_SUMMARY_SIZE];
    bool bad = problems_count(p, SETTING_ERROR) > 0;

    problems_print(p, stdout);
    printf("%s%s: %s%s%s\n", problems_n(p) > 0 ? "\n" : "", file,
           term_on(stdout, bad                 ? TERM_BAD
                           : problems_n(p) > 0 ? TERM_WARN
                                               : TERM_GOOD),
           problems_summary(p, summary), term_off(stdout));
}

static int check(const struct cmd_call *call)
{
    char buf[PATH_MAX];
    const char *file = config_file(call, buf);
    struct problems *problems;
    struct settings *s = NULL;
    int status;

    if (problems_new(&problems) < 0)
        return cmd_fail(call, CMD_FAILED, "out of memory");
    status = config_load(file, problems, &s);
    if (cmd_json(call))
        status = print_json(file, problems, status);
    else
        print_text(file, problems);
    problems_free(problems);
    settings_free(s);
    return status;
}

static const struct cmd_option file_options[] = {CONFIG_FILE_OPTION, {0}};

const struct cmd cmd_config_check = {
    .name = "check",
    .fn = check,
    .help = "tell everything that is wrong with the settings",
    .doc = "Reads the file as a restart would, and changes nothing. Errors would keep a restart\n"
           "from happening; with warnings and notices alone the exit status is 0.\n"
           "DOTENV_PATH in the environment names another file, or a folder with a .env.",
    .options = file_options,
};

/* ---- generated texts ---- */

static int print_generated(const struct cmd_call *call, void (*write)(struct wr *w))
{
    char *text = malloc(REFERENCE_MAX);
    struct wr w = wr_init(text, text ? REFERENCE_MAX : 0);
    size_t len = 0;
    int status = CMD_OK;

    write(&w);
    if (wr_finish(&w, &len) < 0)
        status = cmd_fail(call, CMD_FAILED, "out of memory");
    else if (cmd_json(call))
        status = json_print(json_pack("{s:o}", "text", json_text(bytes_of(text, len))), CMD_OK);
    else if (fwrite(text, 1, len, stdout) != len || fflush(stdout) != 0)
        status = cmd_fail(call, CMD_FAILED, "cannot write it all");
    free(text);
    return status;
}

static int print_template(const struct cmd_call *call)
{
    return print_generated(call, template_write);
}

static json_t *json_of_row(const struct setting_def *d)
{
    char wanted[256];

    return json_pack("{s:s, s:s, s:s, s:s?, s:s, s:s, s:o, s:o}", "key", d->key, "default",
                     d->value, "doc", d->doc, "more", d->more, "allowed",
                     setting_wanted(d, wanted, sizeof(wanted)), "example", d->example, "reloads",
                     config_consumers(d->reloads), "restarts", config_consumers(d->restarts));
}

static int print_reference(const struct cmd_call *call)
{
    json_t *list;

    if (!cmd_json(call))
        return print_generated(call, reference_write);
    list = json_array();
    for (int id = 0; id < N_SETTINGS; id++)
        json_array_append_new(list, json_of_row(setting_def((enum setting) id)));
    return json_print(json_pack("{s:o}", "settings", list), CMD_OK);
}

static const struct cmd cmd_config_template = {
    .name = "template",
    .fn = print_template,
    .help = "print a .env file with all keys, explained in comments",
};

static const struct cmd cmd_config_reference = {
    .name = "reference",
    .fn = print_reference,
    .help = "print the reference of all keys (Markdown)",
};

/* ---- config ---- */

static const struct cmd *const subs[] = {
    &cmd_config_check,
    &cmd_config_show,
    &cmd_config_diff,
    &cmd_config_set,
    &cmd_config_template,
    &cmd_config_reference,
    NULL,
};

const struct cmd cmd_config = {
    .name = "config",
    .help = "check, show, compare and change the settings",
    .subs = subs,
};
