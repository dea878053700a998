#include "acquire/told.h"

#include "acquire/look.h"

static json_t *text(const char *s)
{
    return *s ? json_text(bytes_str(s)) : json_null();
}

/* 0, and what lies before: no time. */
static json_t *when(int64_t s)
{
    return json_time(s > 0 ? (uint64_t) s * UINT64_C(1000000) : 0);
}

static json_t *problem_json(const struct acme_problem *p)
{
    json_t *sub = json_array();

    for (size_t i = 0; i < p->n_sub; i++)
        json_array_append_new(sub, json_pack("{s:s,s:o,s:o}", "type",
                                             acme_problem_type_name(p->sub[i].type), "identifier",
                                             text(p->sub[i].identifier), "detail",
                                             text(p->sub[i].detail)));
    return json_pack("{s:o,s:I,s:o,s:o,s:o}", "type", text(p->type_text), "status",
                     (json_int_t) p->status, "detail", text(p->detail), "subproblems", sub,
                     "verbatim", text(p->verbatim));
}

json_t *told_failure_json(const struct acme_failure *f)
{
    char whole[4096];

    if (f->kind == FAILURE_NONE)
        return json_null();
    return json_pack("{s:s,s:s,s:o,s:o,s:o,s:o,s:o,s:o}", "kind", acme_failure_names[f->kind],
                     "step", acme_step_names[f->step], "where", text(f->where), "what",
                     text(f->what), "next", text(f->next), "text",
                     text(failure_text(f, whole, sizeof(whole))), "notBefore", when(f->not_before),
                     "problem",
                     f->problem.type == PROBLEM_NONE ? json_null() : problem_json(&f->problem));
}

static json_t *renewal_json(const struct acquire_look *l, int64_t now_s)
{
    bool window = told_has_window(l);
    const struct acme_renewal_info *info = &l->state.ari.info;
    bool due = l->due != DUE_NOT;

    return json_pack("{s:b,s:s,s:o,s:o,s:o,s:o}", "due", due, "reason",
                     due      ? due_reason_names[l->due]
                     : window ? due_reason_names[DUE_ARI]
                              : due_reason_names[DUE_AGE],
                     "at", when(l->renewal_s < 0 ? now_s : l->renewal_s), "windowStart",
                     window ? when(info->start_s) : json_null(), "windowEnd",
                     window ? when(info->end_s) : json_null(), "explanation",
                     window ? text(info->explanation) : json_null());
}

json_t *told_json(const struct acquire_look *l, int64_t now_s)
{
    const struct acme_state *s = &l->state;

    return json_pack("{s:o,s:s,s:o,s:o,s:o,s:I,s:o,s:b,s:b,s:o,s:o,s:o,s:o}", "server",
                     text(l->directory), "result", acme_result_names[s->result], "lastAttempt",
                     when(s->attempt_s), "lastSuccess", when(s->success_s), "attemptServer",
                     text(s->directory), "failures", (json_int_t) s->failures, "challenge",
                     text(s->type < N_CHALLENGE_TYPES ? acme_challenge_names[s->type] : ""),
                     "stagingFirst", s->staging_first, "revoked", l->pair.revoked, "renewal",
                     renewal_json(l, now_s), "nextTry", when(l->next_s), "notBefore",
                     when(s->not_before_s), "failure", told_failure_json(&s->failure));
}
