#include "acme/state.h"

#include "acme/printable.h"

#include <errno.h>
#include <stdlib.h>

#define VERSION 1
#define TEXT_MAX 262144
#define FAILURES_MAX 1000000

const char *const acme_result_names[N_ACME_RESULTS] = {
    [RESULT_NEVER] = "never",
    [RESULT_OK] = "ok",
    [RESULT_FAILED] = "failed",
};

void state_init(struct acme_state *s)
{
    *s = (struct acme_state){.result = RESULT_NEVER, .type = N_CHALLENGE_TYPES};
}

/* ---- reading: what is missing or of another kind leaves the value as it is ---- */

static void get_text(const json_t *o, const char *key, bool lines, char *ret, size_t cap)
{
    const json_t *v = json_object_get(o, key);

    if (json_is_string(v))
        printable_copy(bytes_str(json_string_value(v)), lines, ret, cap);
}

static void get_number(const json_t *o, const char *key, int64_t max, int64_t *ret)
{
    const json_t *v = json_object_get(o, key);

    if (json_is_integer(v) && json_integer_value(v) >= 0)
        *ret = json_integer_value(v) < max ? json_integer_value(v) : max;
}

static void get_time(const json_t *o, const char *key, int64_t *ret)
{
    get_number(o, key, INT64_MAX, ret);
}

static void get_unsigned(const json_t *o, const char *key, unsigned max, unsigned *ret)
{
    int64_t v = *ret;

    get_number(o, key, max, &v);
    *ret = (unsigned) v;
}

/* The place of a word in a table. */
static unsigned get_word(const json_t *o, const char *key, const char *const *names, unsigned n,
                         unsigned otherwise)
{
    const char *text = json_string_value(json_object_get(o, key));

    for (unsigned i = 0; text && i < n; i++)
        if (strcmp(text, names[i]) == 0)
            return i;
    return otherwise;
}

static enum acme_problem_type get_type(const json_t *o)
{
    const char *text = json_string_value(json_object_get(o, "type"));

    return text ? acme_problem_type_of(text) : PROBLEM_NONE;
}

static void get_problem(const json_t *o, struct acme_problem *p)
{
    const json_t *list = json_object_get(o, "subproblems");
    const json_t *one;
    size_t i;

    p->type = get_type(o);
    get_unsigned(o, "status", 999, &p->status);
    get_text(o, "typeText", false, p->type_text, sizeof(p->type_text));
    get_text(o, "detail", false, p->detail, sizeof(p->detail));
    get_text(o, "verbatim", true, p->verbatim, sizeof(p->verbatim));
    json_array_foreach (list, i, one) {
        if (p->n_sub == ACME_SUBPROBLEMS_MAX)
            break;
        p->sub[p->n_sub].type = get_type(one);
        get_text(one, "identifier", false, p->sub[p->n_sub].identifier,
                 sizeof(p->sub[0].identifier));
        get_text(one, "detail", false, p->sub[p->n_sub].detail, sizeof(p->sub[0].detail));
        p->n_sub++;
    }
}

static void get_failure(const json_t *o, struct acme_failure *f)
{
    f->kind = (enum acme_failure_kind) get_word(o, "kind", acme_failure_names, N_FAILURE_KINDS,
                                                FAILURE_NONE);
    f->step = (enum acme_step) get_word(o, "step", acme_step_names, N_ACME_STEPS, STEP_CLOCK);
    get_text(o, "where", false, f->where, sizeof(f->where));
    get_text(o, "what", false, f->what, sizeof(f->what));
    get_text(o, "next", false, f->next, sizeof(f->next));
    get_time(o, "notBefore", &f->not_before);
    get_problem(json_object_get(o, "problem"), &f->problem);
}

static void get_ari(const json_t *o, struct acme_ari *a)
{
    get_text(o, "id", false, a->id, sizeof(a->id));
    get_time(o, "start", &a->info.start_s);
    get_time(o, "end", &a->info.end_s);
    get_text(o, "explanation", false, a->info.explanation, sizeof(a->info.explanation));
    get_time(o, "selected", &a->selected_s);
    get_time(o, "fetched", &a->fetched_s);
    get_time(o, "fetchNext", &a->fetch_next_s);
}

static void get_state(const json_t *o, struct acme_state *s)
{
    s->result =
        (enum acme_result) get_word(o, "result", acme_result_names, N_ACME_RESULTS, RESULT_NEVER);
    get_time(o, "attempt", &s->attempt_s);
    get_time(o, "success", &s->success_s);
    get_unsigned(o, "failures", FAILURES_MAX, &s->failures);
    get_time(o, "notBefore", &s->not_before_s);
    get_text(o, "notBeforeDirectory", false, s->not_before_directory,
             sizeof(s->not_before_directory));
    get_text(o, "directory", false, s->directory, sizeof(s->directory));
    s->staging_first = json_is_true(json_object_get(o, "stagingFirst"));
    s->type = (enum acme_challenge_type) get_word(o, "challenge", acme_challenge_names,
                                                  N_CHALLENGE_TYPES, N_CHALLENGE_TYPES);
    get_failure(json_object_get(o, "failure"), &s->failure);
    get_ari(json_object_get(o, "ari"), &s->ari);
}

int state_parse(struct bytes text, struct acme_state *ret)
{
    json_t *root = NULL;
    int error = -EBADMSG;

    state_init(ret);
    if (text.len > 0 && text.len <= TEXT_MAX)
        root = json_loadb((const char *) text.p, text.len, JSON_REJECT_DUPLICATES, NULL);
    if (json_integer_value(json_object_get(root, "version")) == VERSION) {
        get_state(root, ret);
        error = 0;
    }
    json_decref(root);
    return error;
}

/* ---- writing: an object that could not be made is NULL, and stays so ---- */

static json_t *put(json_t *o, const char *key, json_t *v)
{
    if (!o || !v) {
        json_decref(o);
        json_decref(v);
        return NULL;
    }
    if (json_object_set_new(o, key, v) < 0) {
        json_decref(o);
        return NULL;
    }
    return o;
}

static json_t *put_number(json_t *o, const char *key, int64_t v)
{
    return v > 0 ? put(o, key, json_integer(v)) : o;
}

/* Made printable once more: what is no UTF-8 could not be kept. */
static json_t *put_text(json_t *o, const char *key, const char *text)
{
    char clean[ACME_PROBLEM_VERBATIM];

    if (!*text)
        return o;
    return put(o, key, json_string(printable_copy(bytes_str(text), true, clean, sizeof(clean))));
}

static json_t *problem_object(const struct acme_problem *p)
{
    json_t *o = put_text(json_object(), "type", acme_problem_type_name(p->type));
    json_t *list = json_array();

    o = put_number(o, "status", p->status);
    o = put_text(o, "typeText", p->type_text);
    o = put_text(o, "detail", p->detail);
    for (size_t i = 0; list && i < p->n_sub; i++) {
        json_t *one = put_text(json_object(), "type", acme_problem_type_name(p->sub[i].type));

        one = put_text(one, "identifier", p->sub[i].identifier);
        one = put_text(one, "detail", p->sub[i].detail);
        if (json_array_append_new(list, one) < 0) {
            json_decref(list);
            list = NULL;
        }
    }
    return put_text(put(o, "subproblems", list), "verbatim", p->verbatim);
}

static json_t *failure_object(const struct acme_failure *f)
{
    json_t *o = put_text(json_object(), "kind", acme_failure_names[f->kind]);

    o = put_text(o, "step", acme_step_names[f->step]);
    o = put_text(o, "where", f->where);
    o = put_text(o, "what", f->what);
    o = put_text(o, "next", f->next);
    o = put_number(o, "notBefore", f->not_before);
    if (f->problem.type != PROBLEM_NONE || f->problem.verbatim[0])
        o = put(o, "problem", problem_object(&f->problem));
    return o;
}

static json_t *ari_object(const struct acme_ari *a)
{
    json_t *o = put_text(json_object(), "id", a->id);

    o = put_number(o, "start", a->info.start_s);
    o = put_number(o, "end", a->info.end_s);
    o = put_text(o, "explanation", a->info.explanation);
    o = put_number(o, "selected", a->selected_s);
    o = put_number(o, "fetched", a->fetched_s);
    return put_number(o, "fetchNext", a->fetch_next_s);
}

char *state_text(const struct acme_state *s)
{
    json_t *o = put(json_object(), "version", json_integer(VERSION));
    char *text;

    o = put_text(o, "result", acme_result_names[s->result]);
    o = put_number(o, "attempt", s->attempt_s);
    o = put_number(o, "success", s->success_s);
    o = put_number(o, "failures", s->failures);
    o = put_number(o, "notBefore", s->not_before_s);
    o = put_text(o, "notBeforeDirectory", s->not_before_directory);
    o = put_text(o, "directory", s->directory);
    o = put(o, "stagingFirst", json_boolean(s->staging_first));
    if (s->type < N_CHALLENGE_TYPES)
        o = put_text(o, "challenge", acme_challenge_names[s->type]);
    if (s->failure.kind != FAILURE_NONE)
        o = put(o, "failure", failure_object(&s->failure));
    o = put(o, "ari", ari_object(&s->ari));
    text = o ? json_dumps(o, JSON_INDENT(2)) : NULL;
    json_decref(o);
    return text;
}
