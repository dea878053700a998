#include "doctor/doctor_print.h"

#include "text/term.h"

#include <jansson.h>
#include <string.h>

#define INDENT 11 /* of text below a severity */
#define WIDTH_MIN 60

struct printer {
    FILE *to;
    unsigned width;
    bool details;
};

static const enum term_style style_of[] = {
    [SEVERITY_OK] = TERM_GOOD,      [SEVERITY_UNKNOWN] = TERM_DIM, [SEVERITY_NOTE] = TERM_PLAIN,
    [SEVERITY_WARNING] = TERM_WARN, [SEVERITY_FAILURE] = TERM_BAD,
};

static void print_severity(const struct printer *p, enum severity s)
{
    fprintf(p->to, "  %s%-9s%s", term_on(p->to, style_of[s]), severity_name(s), term_off(p->to));
}

/* Text that goes on from a column, wrapped at blanks. */
static void print_wrapped(const struct printer *p, unsigned column, unsigned indent,
                          const char *text)
{
    while (*text) {
        size_t len = strcspn(text, " \n");

        if (column > indent && column + 1 + len > p->width) {
            fprintf(p->to, "\n%*s", (int) indent, "");
            column = indent;
        } else if (column > indent) {
            fputc(' ', p->to);
            column++;
        }
        fprintf(p->to, "%.*s", (int) len, text);
        column += (unsigned) len;
        text += len;
        text += *text == ' ' || *text == '\n';
    }
    fputc('\n', p->to);
}

static void print_finding(const struct printer *p, const struct check_result *r,
                          const struct finding *f)
{
    print_severity(p, f->severity);
    fprintf(p->to, "%s:", r->check->id);
    print_wrapped(p, INDENT + (unsigned) strlen(r->check->id) + 1, INDENT, f->text);
    if (p->details && f->detail[0]) {
        fprintf(p->to, "%*s", INDENT, "");
        print_wrapped(p, INDENT, INDENT, f->detail);
    }
    if (f->command[0]) /* not wrapped: to be copied */
        fprintf(p->to, "%*s> %s\n", INDENT, "", f->command);
}

/* ---- what could not be found out: checks with the same reason share a line ---- */

static const char *unknown_reason(const struct check_result *r)
{
    return r->severity == SEVERITY_UNKNOWN && r->n_findings == 1 && !r->findings[0].command[0]
               ? r->findings[0].text
               : NULL;
}

static bool same_reason(const struct check_result *a, const struct check_result *b)
{
    return strcmp(a->group, b->group) == 0 && unknown_reason(b) &&
           strcmp(unknown_reason(a), unknown_reason(b)) == 0;
}

static void print_unknown(const struct printer *p, const struct doctor *d, size_t i)
{
    const struct check_result *r = doctor_result(d, i), *other;
    char ids[1024];
    size_t len = (size_t) snprintf(ids, sizeof(ids), "%s", r->check->id);

    for (size_t k = 0; k < i; k++)
        if (same_reason(r, doctor_result(d, k)))
            return;
    for (size_t k = i + 1; (other = doctor_result(d, k)); k++)
        if (same_reason(r, other) && len + strlen(other->check->id) + 4 < sizeof(ids))
            len += (size_t) snprintf(ids + len, sizeof(ids) - len, ", %s", other->check->id);
    print_severity(p, SEVERITY_UNKNOWN);
    fprintf(p->to, "%s:", ids);
    print_wrapped(p, INDENT + (unsigned) len + 1, INDENT, unknown_reason(r));
}

/* ---- groups ---- */

static size_t count_severity(const struct doctor *d, const char *group, enum severity s)
{
    const struct check_result *r;
    size_t n = 0;

    for (size_t i = 0; (r = doctor_result(d, i)); i++)
        n += (!group || strcmp(r->group, group) == 0) && r->severity == s;
    return n;
}

/* "2 failures, 1 unknown, 3 fine" */
static void print_counts(const struct printer *p, const struct doctor *d, const char *group)
{
    static const char *const plural[] = {
        [SEVERITY_OK] = "fine",          [SEVERITY_UNKNOWN] = "unknown",  [SEVERITY_NOTE] = "notes",
        [SEVERITY_WARNING] = "warnings", [SEVERITY_FAILURE] = "failures",
    };
    const char *comma = "";

    for (int s = N_SEVERITIES - 1; s >= 0; s--) {
        size_t n = count_severity(d, group, (enum severity) s);

        if (n == 0)
            continue;
        fprintf(p->to, "%s%zu %s", comma, n,
                n == 1 && s != SEVERITY_OK ? severity_name((enum severity) s) : plural[s]);
        comma = ", ";
    }
    fputc('\n', p->to);
}

static void print_group(const struct printer *p, const struct doctor *d, const char *group)
{
    const struct check_result *r;

    fprintf(p->to, "%s%-13s%s", term_on(p->to, TERM_BOLD), group, term_off(p->to));
    print_counts(p, d, group);
    for (enum severity s = SEVERITY_FAILURE; s > SEVERITY_UNKNOWN; s--)
        for (size_t i = 0; (r = doctor_result(d, i)); i++)
            for (size_t k = 0; strcmp(r->group, group) == 0 && k < r->n_findings; k++)
                if (r->findings[k].severity == s)
                    print_finding(p, r, &r->findings[k]);
    for (size_t i = 0; (r = doctor_result(d, i)); i++) {
        if (strcmp(r->group, group) != 0)
            continue;
        if (unknown_reason(r)) {
            print_unknown(p, d, i);
            continue;
        }
        for (size_t k = 0; k < r->n_findings; k++)
            if (r->findings[k].severity == SEVERITY_UNKNOWN)
                print_finding(p, r, &r->findings[k]);
    }
}

void doctor_print(const struct doctor *d, FILE *to, bool details)
{
    unsigned width = term_width(to);
    const struct printer p = {
        .to = to, .width = width < WIDTH_MIN ? WIDTH_MIN : width, .details = details};
    const struct check_result *r;
    const char *group = NULL;

    for (size_t i = 0; (r = doctor_result(d, i)); i++) {
        if (group && strcmp(group, r->group) == 0)
            continue;
        group = r->group;
        print_group(&p, d, group);
    }
    fputc('\n', to);
    print_counts(&p, d, NULL);
}

/* ---- JSON ---- */

static json_t *text_or_null(const char *text)
{
    return *text ? json_string(text) : json_null();
}

static json_t *result_json(const struct check_result *r)
{
    json_t *list = json_array();

    for (size_t i = 0; i < r->n_findings; i++) {
        const struct finding *f = &r->findings[i];

        json_array_append_new(list, json_pack("{s:s, s:s, s:o, s:o}", "severity",
                                              severity_name(f->severity), "text", f->text, "detail",
                                              text_or_null(f->detail), "command",
                                              text_or_null(f->command)));
    }
    return json_pack("{s:s, s:s, s:s, s:s, s:i, s:o}", "id", r->check->id, "group", r->group,
                     "title", r->check->title, "severity", severity_name(r->severity), "ms",
                     (int) r->took_ms, "findings", list);
}

static void dump(json_t *o, FILE *to)
{
    json_dumpf(o, to, JSON_INDENT(2));
    fputc('\n', to);
    json_decref(o);
}

void doctor_print_json(const struct doctor *d, FILE *to)
{
    json_t *list = json_array();
    const struct check_result *r;

    for (size_t i = 0; (r = doctor_result(d, i)); i++)
        json_array_append_new(list, result_json(r));
    dump(json_pack("{s:s, s:o}", "severity", severity_name(doctor_worst(d)), "checks", list), to);
}

/* ---- the list of checks ---- */

void doctor_print_list(const struct check_group *const *groups, FILE *to)
{
    for (; *groups; groups++)
        for (const struct check *c = (*groups)->checks; c->id; c++)
            fprintf(to, "%-26s %s%s\n", c->id, c->title,
                    c->flags & CHECK_PREFLIGHT ? " (preflight too)" : "");
}

void doctor_print_list_json(const struct check_group *const *groups, FILE *to)
{
    json_t *list = json_array();

    for (; *groups; groups++)
        for (const struct check *c = (*groups)->checks; c->id; c++)
            json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:b, s:b, s:b}", "id", c->id,
                                                  "group", (*groups)->name, "title", c->title,
                                                  "preflight", (c->flags & CHECK_PREFLIGHT) != 0,
                                                  "installed", (c->flags & CHECK_INSTALLED) != 0,
                                                  "needs_root", (c->flags & CHECK_ROOT) != 0));
    dump(json_pack("{s:o}", "checks", list), to);
}
