/* logs, and kms-logs as the original called those of its media server. */
#include "cmd/manage.h"
#include "cmd/verbs.h"
#include "units/log_view.h"

#include <errno.h>

#define FOLLOW_LINES 10
#define LINES_MAX 1000000

struct wanted {
    const char *units[SERVICES_MAX];
    size_t n_units;
    bool follow, all;
    unsigned n_lines;
};

/* What lines may be about (base/log.h). */
static const struct {
    const char *option, *field;
} filters[] = {
    {"session", "SESSION_ID"},
    {"connection", "CONNECTION_ID"},
    {"join", "JOIN_ID"},
};
#define N_FILTERS (sizeof(filters) / sizeof(filters[0]))

static int parse_lines(const struct cmd_call *call, struct wanted *w)
{
    const char *text = cmd_value(call, "lines");
    uint64_t n;

    w->all = !text && !w->follow;
    w->n_lines = FOLLOW_LINES;
    if (!text)
        return CMD_OK;
    w->all = strcmp(text, "all") == 0;
    if (!w->all && bytes_to_u64(bytes_str(text), LINES_MAX, &n) < 0)
        return cmd_fail(call, CMD_USAGE, "--lines %s: a number up to %d, or all, for example 100",
                        text, LINES_MAX);
    if (!w->all)
        w->n_lines = (unsigned) n;
    return CMD_OK;
}

/* No name: all of the product's own. nginx, which other sites may use, only when it is asked for.
 */
static int parse_units(const struct cmd_call *call, struct wanted *w)
{
    const struct service *some[SERVICES_MAX];
    size_t n;
    int status = manage_services(call, true, some, &n);

    if (status != CMD_OK)
        return status;
    for (size_t i = 0; i < n; i++)
        w->units[w->n_units++] = some[i]->unit;
    for (const struct service *s = services; n == 0 && s->word; s++)
        if (!s->shared || cmd_n_args(call) > 0)
            w->units[w->n_units++] = s->unit;
    return CMD_OK;
}

static int filter(const struct cmd_call *call, struct journal *j)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < N_FILTERS; i++) {
        const char *value = cmd_value(call, filters[i].option);

        if (value)
            r = journal_filter(j, filters[i].field, value);
    }
    return r;
}

static int show(const struct cmd_call *call, const struct wanted *w)
{
    struct log_view v;
    struct journal *j;
    int r;

    if (!units_available())
        return manage_no_systemd(call);
    r = journal_open(w->units, w->n_units, &j);
    if (r == -EACCES)
        return cmd_need_root(call);
    if (r < 0)
        return cmd_fail(call, CMD_FAILED, "cannot read the journal: %s", strerror(-r));
    log_view_init(&v, stdout, cmd_json(call));
    r = filter(call, j);
    if (r == 0)
        r = w->all ? journal_seek_first(j) : journal_seek_last(j, w->n_lines);
    if (r == 0)
        r = w->follow ? log_view_follow(&v, j) : journal_read(j, log_view_line, &v);
    journal_close(j);
    if (r < 0)
        return cmd_fail(call, CMD_FAILED, "cannot read the journal: %s", strerror(-r));
    return CMD_OK;
}

static int run(const struct cmd_call *call)
{
    struct wanted w = {.follow = cmd_has(call, "follow")};
    int status = parse_lines(call, &w);

    if (status == CMD_OK)
        status = parse_units(call, &w);
    return status == CMD_OK ? show(call, &w) : status;
}

static int run_kms(const struct cmd_call *call)
{
    struct wanted w = {
        .follow = cmd_has(call, "follow"), .units = {"visavis-media.service"}, .n_units = 1};
    int status = parse_lines(call, &w);

    return status == CMD_OK ? show(call, &w) : status;
}

static const struct cmd_option options[] = {
    {.name = "follow", .letter = 'f', .help = "the last 10 lines, then what comes, until Ctrl+C"},
    {.name = "lines",
     .letter = 'n',
     .arg = "LINES",
     .help = "begin so many lines before the end; all: at the beginning"},
    {.name = "session", .arg = "ID", .help = "only what was said about this session"},
    {.name = "connection", .arg = "ID", .help = "only about this participant, by its connection"},
    {.name = "join", .arg = "ID", .help = "the same by the id that all daemons name a join by"},
    {0},
};

const struct cmd cmd_logs = {
    .name = "logs",
    .fn = run,
    .args = "[UNIT...]",
    .words = manage_word,
    .options = options,
    .help = "print or follow the log",
    .doc =
        "UNIT is signaling, media, turn, call, redis, nginx, setup or cert; several may be given.\n"
        "Without one the log is that of all but nginx, with `all` nginx too.\n"
        "\n"
        "Warnings and errors are in colour on a terminal and begin with their level. With --json\n"
        "each line is a document: time, unit, level, pid, from (unit, or systemd about it), text.\n"
        "Lines about sessions begin with their ids in brackets, as in [session S connection C "
        "join\n"
        "J]; TURN's have that of the join alone, so --join finds what all daemons did for "
        "somebody.\n"
        "What nginx answered to visitors is in /var/log/nginx/, not here.",
};

const struct cmd cmd_kms_logs = {
    .name = "kms-logs",
    .fn = run_kms,
    .options = options,
    .help = "the same as `logs media`",
    .internal = true,
};
