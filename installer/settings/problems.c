#include "settings/problems.h"

#include "text/term.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DENSE_FROM 5

struct problems {
    struct setting_problem *list; /* the texts are copies */
    size_t n;
    bool failed;
};

int problems_new(struct problems **ret_p)
{
    *ret_p = calloc(1, sizeof(**ret_p));
    return *ret_p ? 0 : -ENOMEM;
}

static void done(struct setting_problem *p)
{
    free((char *) p->file);
    free((char *) p->key);
    free((char *) p->value);
    free((char *) p->what);
    free((char *) p->wanted);
    free((char *) p->example);
    free((char *) p->mend);
}

struct problems *problems_free(struct problems *p)
{
    if (!p)
        return NULL;
    for (size_t i = 0; i < p->n; i++)
        done(&p->list[i]);
    free(p->list);
    free(p);
    return NULL;
}

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool is_told(const struct problems *p, const struct setting_problem *q)
{
    for (size_t i = 0; i < p->n; i++)
        if (p->list[i].line == q->line && same_text(p->list[i].key, q->key) &&
            same_text(p->list[i].what, q->what))
            return true;
    return false;
}

static bool copy_text(const char **to, const char *from)
{
    *to = from ? strdup(from) : NULL;
    return *to || !from;
}

static bool copy(struct setting_problem *to, const struct setting_problem *from)
{
    bool ok = true;

    *to = (struct setting_problem){.severity = from->severity, .line = from->line};
    ok &= copy_text(&to->file, from->file);
    ok &= copy_text(&to->key, from->key);
    ok &= copy_text(&to->value, from->value);
    ok &= copy_text(&to->what, from->what);
    ok &= copy_text(&to->wanted, from->wanted);
    ok &= copy_text(&to->example, from->example);
    ok &= copy_text(&to->mend, from->mend);
    return ok;
}

void problems_add(const struct setting_problem *problem, void *problems)
{
    struct problems *p = problems;
    struct setting_problem *list, q;

    if (is_told(p, problem))
        return;
    list = realloc(p->list, (p->n + 1) * sizeof(*list));
    if (list)
        p->list = list;
    if (!list || !copy(&q, problem)) {
        if (list)
            done(&q);
        p->failed = true;
        return;
    }
    p->list[p->n++] = q;
}

bool problems_failed(const struct problems *p)
{
    return p->failed;
}

/* Insertion keeps the order within a line; most of it is in order already. */
void problems_sort(struct problems *p)
{
    for (size_t i = 1; i < p->n; i++) {
        struct setting_problem q = p->list[i];
        size_t k = i;

        for (; k > 0 && p->list[k - 1].line > q.line; k--)
            p->list[k] = p->list[k - 1];
        p->list[k] = q;
    }
}

size_t problems_n(const struct problems *p)
{
    return p->n;
}

size_t problems_count(const struct problems *p, enum setting_severity severity)
{
    size_t n = 0;

    for (size_t i = 0; i < p->n; i++)
        n += p->list[i].severity == severity;
    return n;
}

const struct setting_problem *problems_at(const struct problems *p, size_t i)
{
    return i < p->n ? &p->list[i] : NULL;
}

const char *problems_severity_name(enum setting_severity severity)
{
    switch (severity) {
    case SETTING_NOTICE:
        return "notice";
    case SETTING_WARNING:
        return "warning";
    case SETTING_ERROR:
        return "error";
    }
    return "";
}

static enum term_style style_of(enum setting_severity severity)
{
    switch (severity) {
    case SETTING_NOTICE:
        return TERM_BOLD;
    case SETTING_WARNING:
        return TERM_WARN;
    case SETTING_ERROR:
        return TERM_BAD;
    }
    return TERM_PLAIN;
}

/* So that many problems fit onto a screen, blank lines and examples go (the command has one). */
static void print_one(const struct setting_problem *q, FILE *to, bool dense)
{
    if (q->file)
        fprintf(to, "%s", q->file);
    if (q->file && q->line > 0)
        fprintf(to, ":%u", q->line);
    fprintf(to, "%s%s%s%s:", q->file ? ": " : "", term_on(to, style_of(q->severity)),
            problems_severity_name(q->severity), term_off(to));
    if (q->key)
        fprintf(to, " %s", q->key);
    if (q->key && q->value)
        fprintf(to, "=%s", q->value);
    fprintf(to, " %s\n", q->what);
    if (q->wanted)
        fprintf(to, "    allowed: %s\n", q->wanted);
    if (q->example && !(dense && q->mend))
        fprintf(to, "    example: %s%s%s\n", q->key ? q->key : "", q->key ? "=" : "", q->example);
    if (q->mend)
        fprintf(to, "    mend:    %s\n", q->mend);
}

void problems_print(const struct problems *p, FILE *to)
{
    bool dense = p->n > DENSE_FROM;

    for (size_t i = 0; i < p->n; i++) {
        if (i > 0 && !dense)
            fputc('\n', to);
        print_one(&p->list[i], to, dense);
    }
}

const char *problems_summary(const struct problems *p, char buf[static PROBLEMS_SUMMARY_SIZE])
{
    int at = 0;

    for (int severity = SETTING_ERROR; severity >= SETTING_NOTICE; severity--) {
        size_t n = problems_count(p, (enum setting_severity) severity);

        if (n > 0)
            at += snprintf(
                buf + at, PROBLEMS_SUMMARY_SIZE - (size_t) at, "%s%zu %s%s", at > 0 ? ", " : "", n,
                problems_severity_name((enum setting_severity) severity), n > 1 ? "s" : "");
    }
    if (at == 0)
        snprintf(buf, PROBLEMS_SUMMARY_SIZE, "no problems");
    return buf;
}

const char *problem_line(const struct setting_problem *p, char *buf, size_t cap)
{
    struct wr w = wr_init(buf, cap - 1);

    if (p->file && p->line)
        wr_fmt(&w, "%s:%u: ", p->file, p->line);
    else if (p->file)
        wr_fmt(&w, "%s: ", p->file);
    if (p->key)
        wr_fmt(&w, "%s%s%s ", p->key, p->value ? "=" : "", p->value ? p->value : "");
    wr_str(&w, p->what);
    if (p->wanted)
        wr_fmt(&w, "; allowed: %s", p->wanted);
    if (p->example)
        wr_fmt(&w, "; example: %s", p->example);
    if (p->mend)
        wr_fmt(&w, "; mend it by: %s", p->mend);
    *w.p = '\0'; /* cut where it did not fit */
    return buf;
}
