#include "units/log_view.h"

#include "host/interrupt.h"
#include "text/json.h"
#include "text/term.h"

#include <time.h>
#include <unistd.h>

#define US_PER_S 1000000
#define BARE_INDENT 2

void log_view_init(struct log_view *v, FILE *to, bool json)
{
    *v = (struct log_view){.to = to, .json = json};
    if (gethostname(v->host, sizeof(v->host) - 1) != 0)
        snprintf(v->host, sizeof(v->host), "localhost");
}

static void print_json(const struct journal_line *line, FILE *to)
{
    json_t *o = json_object();

    json_object_set_new(o, "time", json_time(line->time_us));
    json_object_set_new(o, "unit", json_text(bytes_str(line->unit)));
    json_object_set_new(o, "level", json_string(journal_level_name(line->level)));
    json_object_set_new(o, "pid", line->pid ? json_integer(line->pid) : json_null());
    json_object_set_new(o, "from", json_string(line->from_manager ? "systemd" : "unit"));
    json_object_set_new(o, "text", json_text(line->text));
    json_dumpf(o, to, JSON_COMPACT);
    fputc('\n', to);
    json_decref(o);
}

static enum term_style style_of(int level)
{
    return level <= 3 ? TERM_BAD : level == 4 ? TERM_WARN : level >= 7 ? TERM_DIM : TERM_PLAIN;
}

/* "2026-01-31T12:00:00+0000 host visavis-media[123]: " */
static unsigned print_head(const struct log_view *v, const struct journal_line *line)
{
    time_t s = (time_t) (line->time_us / US_PER_S);
    char when[40], pid[16] = "";
    size_t stem = strcspn(line->unit, ".");
    struct tm tm;
    int n;

    localtime_r(&s, &tm);
    strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S%z", &tm);
    if (line->pid)
        snprintf(pid, sizeof(pid), "[%d]", (int) line->pid);
    if (line->from_manager)
        n = fprintf(v->to, "%s %s systemd%s: ", when, v->host, pid);
    else
        n = fprintf(v->to, "%s %s %.*s%s: ", when, v->host, (int) stem, line->unit, pid);
    return n > 0 ? (unsigned) n : 0;
}

bool log_view_line(const struct journal_line *line, void *arg)
{
    const struct log_view *v = arg;
    enum term_style style = style_of(line->level);
    unsigned indent;

    if (v->json) {
        print_json(line, v->to);
        return true;
    }
    if (v->bare && line->from_manager)
        return true;
    indent = v->bare ? BARE_INDENT : print_head(v, line);
    if (v->bare)
        fprintf(v->to, "%*s", BARE_INDENT, "");
    fputs(term_on(v->to, style), v->to);
    if (line->level <= 4 && !line->from_manager && !v->bare)
        fprintf(v->to, "%s: ", journal_level_name(line->level));
    term_text(v->to, line->text, indent);
    fprintf(v->to, "%s\n", style == TERM_PLAIN ? "" : term_off(v->to));
    return true;
}

int log_view_follow(struct log_view *v, struct journal *j)
{
    int stop = interrupt_fd();

    if (stop < 0)
        return stop;
    for (;;) {
        int r = journal_read(j, log_view_line, v);

        fflush(v->to);
        if (r == 0)
            r = journal_wait(j, stop);
        if (r <= 0)
            return r;
    }
}
