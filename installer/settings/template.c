#include "settings/template.h"

#include "settings/settings_names.h"
#include "settings/settings_table.h"
#include "text/text.h"

#include <stdio.h>

#define COLUMNS 100

/* ---- the template ---- */

static void put_comment(struct wr *w, const char *text)
{
    text_wrap(w, "# ", text, COLUMNS);
}

static void put_setting(struct wr *w, const struct setting_def *d)
{
    const char *value = d->shipped && d->shipped_value ? d->shipped_value : d->value;
    char wanted[256], line[512];

    wr_str(w, "\n");
    snprintf(line, sizeof(line), "%s.", d->doc);
    put_comment(w, line);
    if (d->more)
        put_comment(w, d->more);
    snprintf(line, sizeof(line), "Allowed: %s.", setting_wanted(d, wanted, sizeof(wanted)));
    put_comment(w, line);
    if (!*value) {
        snprintf(line, sizeof(line), "Example: %s", d->example);
        put_comment(w, line);
    }
    wr_fmt(w, "%s%s=%s\n", d->shipped ? "" : "#", d->key, value);
}

void template_write(struct wr *w)
{
    wr_str(w, "# Settings of Visavis: KEY=value, a line each. Values stand as they are, without "
              "quotes.\n"
              "# A line that begins with # is a comment; a key that is commented out or empty has "
              "its default.\n"
              "#\n"
              "# After a change:  visavis config check\n"
              "#                  sudo systemctl restart visavis.target\n"
              "# Only what is concerned is reloaded or restarted; `visavis config diff` tells "
              "what.\n");
    for (int group = 0; group < N_SETTING_GROUPS; group++) {
        wr_fmt(w, "\n\n# ---- %s ----\n", setting_group_title((enum setting_group) group));
        for (size_t i = 0; i < N_SETTINGS; i++)
            if ((int) setting_defs[i].group == group && setting_defs[i].scope != SETTING_DEV_ONLY)
                put_setting(w, &setting_defs[i]);
    }
}

/* ---- the reference ---- */

static void put_paragraph(struct wr *w, const char *text)
{
    text_wrap(w, "", text, COLUMNS);
}

static void put_item(struct wr *w, const char *name, const char *text)
{
    char line[1024];

    snprintf(line, sizeof(line), "%s: %s", name, text);
    wr_str(w, "- ");
    text_wrap(w, "  ", line, COLUMNS);
}

static void put_default(struct wr *w, const struct setting_def *d)
{
    char text[1024], dev[128] = "";

    if (d->dev_value)
        snprintf(dev, sizeof(dev), "; `%s` in `visavis dev`", d->dev_value);
    if (d->required)
        snprintf(text, sizeof(text), "none, it has to be set%s", dev);
    else if (*d->value)
        snprintf(text, sizeof(text), "`%s`%s", d->value, dev);
    else
        snprintf(text, sizeof(text), "empty%s", dev);
    put_item(w, "default", text);
    if (d->means_default) {
        snprintf(text, sizeof(text), "`%s` (OpenVidu's own default)", d->means_default);
        put_item(w, "means the default too", text);
    }
}

static size_t put_consumers(char *buf, size_t cap, const char *verb, unsigned consumers, size_t at)
{
    const char *separator = at > 0 ? "; " : "";

    for (unsigned bit = 1; bit <= SETTING_MANAGER; bit <<= 1) {
        if (!(consumers & bit) || at >= cap)
            continue;
        at += (size_t) snprintf(buf + at, cap - at, "%s%s%s", separator,
                                *separator == ',' ? "" : verb,
                                setting_consumer_name((enum setting_consumer) bit));
        separator = ", ";
    }
    return at;
}

static void put_effect(struct wr *w, const struct setting_def *d)
{
    char text[256] = "";
    size_t at = put_consumers(text, sizeof(text), "restarts ", d->restarts, 0);

    put_consumers(text, sizeof(text), "reloads ", d->reloads, at);
    if (text[0])
        put_item(w, "a change", text);
}

static void put_reference(struct wr *w, const struct setting_def *d)
{
    char wanted[256], line[512];

    wr_fmt(w, "\n### %s\n\n", d->key);
    snprintf(line, sizeof(line), "%s.%s%s", d->doc, d->more ? " " : "", d->more ? d->more : "");
    put_paragraph(w, line);
    wr_str(w, "\n");
    put_item(w, "allowed", setting_wanted(d, wanted, sizeof(wanted)));
    put_default(w, d);
    snprintf(line, sizeof(line), "`%s`", d->example);
    put_item(w, "example", line);
    put_effect(w, d);
    if (d->scope == SETTING_INSTALLED_ONLY)
        put_item(w, "where", "on an installed machine; `visavis dev` does not look at it");
    if (d->scope == SETTING_DEV_ONLY)
        put_item(w, "where", "`visavis dev` alone");
    if (d->ours)
        put_item(w, "OpenVidu", "does not know it");
}

static void put_grammar(struct wr *w)
{
    wr_str(w, "# Settings\n\n");
    put_paragraph(w, "All settings of an installed machine are in `/etc/visavis/.env`. OpenVidu's "
                     "keys keep their names and meanings. `visavis config check` tells everything "
                     "that is wrong with the file, `visavis config diff` what a changed file would "
                     "reload or restart, `visavis config show` the values in force. `sudo "
                     "systemctl restart visavis.target` puts them in force; with a wrong file it "
                     "fails, and what ran keeps running.");
    wr_str(w, "\n");
    put_paragraph(w, "A line is empty, a comment (`#` or `//` at its beginning) or `KEY=value`, "
                     "split at the first `=`. Values stand as they are: there are no quotes, "
                     "escapes, variables or continued lines. What docker compose would leave out "
                     "of a value is left out here too, with a warning: quotes and blanks around "
                     "it, and a comment behind a blank and `#`. A key that is commented out or "
                     "empty has its default. Of a key that is set twice the last line holds.");
    wr_str(w, "\n");
    put_paragraph(w, "`visavis dev` takes the same keys from its environment. Where no comma is "
                     "said to stand between items, a list is in brackets, in double quotes item by "
                     "item: `[\"a\",\"b\"]`; items without commas and brackets may go without "
                     "quotes.");
}

static void put_other_names(struct wr *w)
{
    const char *key, *text;

    wr_str(w, "\n## Keys that are accepted and ignored\n\n");
    put_paragraph(w, "A `*` stands for any end of a name.");
    wr_str(w, "\n| key | it ... |\n|---|---|\n");
    for (size_t i = 0; setting_ignored_at(i, &key, &text); i++)
        wr_fmt(w, "| `%s` | %s |\n", key, text);
    wr_str(w, "\n## Keys that have another name now\n\n");
    put_paragraph(w, "They are errors. So are names with dots (`openvidu.secret`).");
    wr_str(w, "\n| key | now |\n|---|---|\n");
    for (size_t i = 0; setting_old_at(i, &key, &text); i++)
        wr_fmt(w, "| `%s` | `%s` |\n", key, text);
}

void reference_write(struct wr *w)
{
    put_grammar(w);
    for (int group = 0; group < N_SETTING_GROUPS; group++) {
        wr_fmt(w, "\n## %s\n", setting_group_title((enum setting_group) group));
        for (size_t i = 0; i < N_SETTINGS; i++)
            if ((int) setting_defs[i].group == group)
                put_reference(w, &setting_defs[i]);
    }
    put_other_names(w);
}
