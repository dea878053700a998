/* visavis config show, diff: the values in force, and what the file would change about them. */
#include "cmd/cmd_config.h"

#include "apply/inforce.h"
#include "host/paths.h"
#include "text/json.h"
#include "text/term.h"
#include "text/text.h"

#include <errno.h>

/* The settings in force. CMD_OK also when there are none yet: *ret is NULL then. */
static int load_in_force(const struct cmd_call *call, struct settings **ret)
{
    int r = inforce_settings(ret);

    *ret = r == 0 ? *ret : NULL;
    if (r == 0 || r == -ENOENT)
        return CMD_OK;
    if (r == -EACCES)
        return cmd_fail(call, CMD_FAILED, "only root may read the values in force: use sudo");
    return cmd_fail(call, CMD_FAILED, "cannot read the values in force (%s): %s",
                    path_of(PATH_CURRENT), strerror(-r));
}

/* CMD_OK and the settings of a file, or the status after its problems. */
static int load_file(const char *file, struct settings **ret)
{
    struct problems *problems;
    int status;

    if (problems_new(&problems) < 0)
        return CMD_FAILED;
    status = config_load(file, problems, ret);
    if (status != CMD_OK)
        problems_print(problems, stderr);
    problems_free(problems);
    return status;
}

static const char *shown(const struct settings *s, enum setting id, bool secrets)
{
    const char *text = settings_text(s, id);

    return *text && !secrets && setting_is_hidden(setting_def(id)) ? "(hidden)" : text;
}

static bool is_of_machine(enum setting id)
{
    return setting_def(id)->scope != SETTING_DEV_ONLY;
}

/* ---- show ---- */

static int show_json(const struct settings *s, bool secrets, bool changed, const char *file)
{
    json_t *list = json_object();

    for (int i = 0; i < N_SETTINGS; i++) {
        enum setting id = (enum setting) i;

        if (is_of_machine(id) && !(changed && settings_is_default(s, id)))
            json_object_set_new(list, setting_def(id)->key,
                                json_pack("{s:s, s:b}", "value", shown(s, id, secrets), "default",
                                          settings_is_default(s, id)));
    }
    return json_print(
        json_pack("{s:b, s:s?, s:o}", "in_force", file == NULL, "file", file, "settings", list),
        CMD_OK);
}

static void show_text(const struct settings *s, bool secrets, bool changed)
{
    for (int group = 0; group < N_SETTING_GROUPS; group++) {
        bool titled = false;

        for (int i = 0; i < N_SETTINGS; i++) {
            enum setting id = (enum setting) i;
            bool own = !settings_is_default(s, id);

            if (!is_of_machine(id) || (int) setting_def(id)->group != group || (changed && !own))
                continue;
            if (!titled)
                printf("%s%s\n", group > 0 ? "\n" : "",
                       setting_group_title((enum setting_group) group));
            titled = true;
            printf("%s %s%s=%s%s\n", own ? "*" : " ", own ? term_on(stdout, TERM_BOLD) : "",
                   setting_def(id)->key, shown(s, id, secrets), own ? term_off(stdout) : "");
        }
    }
    printf("\n* is not the default.\n");
}

static int show(const struct cmd_call *call)
{
    const char *file = cmd_value(call, "file");
    bool secrets = cmd_has(call, "secrets"), changed = cmd_has(call, "changed");
    struct settings *s = NULL;
    int status = file ? load_file(file, &s) : load_in_force(call, &s);

    if (status == CMD_OK && !s) {
        fprintf(stderr, "Nothing is in force yet; these are the values of %s.\n",
                path_of(PATH_ENV));
        file = path_of(PATH_ENV);
        status = load_file(file, &s);
    }
    if (status == CMD_OK && cmd_json(call))
        status = show_json(s, secrets, changed, file);
    else if (status == CMD_OK)
        show_text(s, secrets, changed);
    settings_free(s);
    return status;
}

static const struct cmd_option show_options[] = {
    {.name = "secrets", .help = "show passwords too"},
    {.name = "changed", .help = "leave out what has its default"},
    {.name = "file", .arg = "FILE", .help = "the values that this file would give"},
    {0},
};

const struct cmd cmd_config_show = {
    .name = "show",
    .fn = show,
    .help = "show the values in force",
    .doc = "In force is what was read at the last start or `visavis apply`.",
    .options = show_options,
};

/* ---- diff ---- */

/* An empty CALL_SECRET that follows OPENVIDU_SECRET has not been changed by anybody. */
static bool is_changed(const struct settings *old, const struct settings *new, enum setting id)
{
    return settings_differ(old, new, id) &&
           !(settings_is_default(old, id) && settings_is_default(new, id));
}

json_t *config_consumers(unsigned consumers)
{
    json_t *list = json_array();

    for (unsigned bit = 1; bit <= SETTING_MANAGER; bit <<= 1)
        if (consumers & bit)
            json_array_append_new(list,
                                  json_string(setting_consumer_name((enum setting_consumer) bit)));
    return list;
}

static int diff_json(const struct settings *old, const struct settings *new, bool secrets)
{
    json_t *list = json_array();
    unsigned reloads, restarts;

    for (int i = 0; i < N_SETTINGS; i++) {
        enum setting id = (enum setting) i;
        const struct setting_def *d = setting_def(id);

        if (is_changed(old, new, id))
            json_array_append_new(list,
                                  json_pack("{s:s, s:s, s:s, s:o, s:o}", "key", d->key, "old",
                                            shown(old, id, secrets), "new", shown(new, id, secrets),
                                            "reloads", config_consumers(d->reloads), "restarts",
                                            config_consumers(d->restarts)));
    }
    settings_changes(old, new, &reloads, &restarts);
    return json_print(json_pack("{s:o, s:o, s:o}", "changes", list, "reloads",
                                config_consumers(reloads), "restarts", config_consumers(restarts)),
                      CMD_OK);
}

static void print_consumers(const char *verb, unsigned consumers)
{
    const char *separator = verb;

    for (unsigned bit = 1; bit <= SETTING_MANAGER; bit <<= 1) {
        if (!(consumers & bit))
            continue;
        printf("%s %s", separator, setting_consumer_name((enum setting_consumer) bit));
        separator = ",";
    }
    if (*separator == ',')
        putchar('\n');
}

static void diff_text(const struct settings *old, const struct settings *new, bool secrets)
{
    unsigned reloads, restarts;

    if (settings_changes(old, new, &reloads, &restarts) == 0) {
        puts("No difference: the file says what is in force.");
        return;
    }
    for (int i = 0; i < N_SETTINGS; i++) {
        enum setting id = (enum setting) i;

        if (!is_changed(old, new, id))
            continue;
        printf("%s%s%s\n", term_on(stdout, TERM_BOLD), setting_def(id)->key, term_off(stdout));
        printf("    in force:  %s\n", shown(old, id, secrets));
        printf("    file:      %s\n", shown(new, id, secrets));
    }
    puts("\nTo put this in force: sudo systemctl restart visavis.target");
    print_consumers("  restarts", restarts);
    print_consumers("  reloads ", reloads);
}

static int diff(const struct cmd_call *call)
{
    char buf[PATH_MAX];
    bool secrets = cmd_has(call, "secrets");
    struct settings *old = NULL, *new = NULL;
    int status = load_in_force(call, &old);

    if (status == CMD_OK && !old)
        status = cmd_fail(call, CMD_FAILED,
                          "nothing is in force yet: sudo systemctl start visavis.target");
    if (status == CMD_OK)
        status = load_file(config_file(call, buf), &new);
    if (status == CMD_OK && cmd_json(call))
        status = diff_json(old, new, secrets);
    else if (status == CMD_OK)
        diff_text(old, new, secrets);
    settings_free(old);
    settings_free(new);
    return status;
}

static const struct cmd_option diff_options[] = {
    {.name = "secrets", .help = "show passwords too"},
    CONFIG_FILE_OPTION,
    {0},
};

const struct cmd cmd_config_diff = {
    .name = "diff",
    .fn = diff,
    .help = "what the file would change, and whom that reloads or restarts",
    .doc = "Compares the file with the values in force. The exit status is 0 with and without\n"
           "differences.",
    .options = diff_options,
};
