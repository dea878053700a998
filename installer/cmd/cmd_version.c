#include "cmd/verbs.h"
#include "host/versions.h"
#include "text/json.h"
#include "text/table.h"

static int run(const struct cmd_call *call)
{
    json_t *o = cmd_json(call) ? json_object() : NULL;
    struct table *t = o ? NULL : table_new();
    struct versions v;

    versions_look(&v);
    for (enum version_of i = 0; i < N_VERSIONS; i++) {
        if (o)
            json_object_set_new(o, i == VERSION_VISAVIS ? "version" : version_key(i),
                                *v.text[i] ? json_text(bytes_str(v.text[i])) : json_null());
        table_row(t);
        table_cell(t, TERM_PLAIN, "%s", version_title(i));
        table_cell(t, *v.text[i] ? TERM_PLAIN : TERM_DIM, "%s",
                   *v.text[i] ? v.text[i] : "not installed");
    }
    if (o)
        return json_print(o, CMD_OK);
    table_print(t, stdout, 0);
    table_free(t);
    return CMD_OK;
}

const struct cmd cmd_version = {
    .name = "version",
    .fn = run,
    .help = "print the version, and those of what it runs on",
};
