#include "acquire/look.h"

#include "acquire/acquire.h"
#include "apply/certificate.h"
#include "certs/life.h"
#include "host/paths.h"

#include <errno.h>

#define DAY_S 86400

/* A minute is what clocks may differ by when one is set right. */
#define FUTURE_S 60

void acquire_look(const struct settings *s, int64_t now_s, struct acquire_look *ret)
{
    const struct acme_config cas = {
        .ca = acquire_ca(s),
        .fallback = acquire_fallback(s),
        .fallback_after = (unsigned) settings_int(s, SET_ACME_FALLBACK_AFTER),
    };
    struct acme_ids ids;

    *ret = (struct acquire_look){
        .wanted = certificate_is_acme(s),
        .directory = settings_text(s, SET_ACME_SERVER),
    };
    state_init(&ret->state);
    ret->error = certificate_ids(s, &ids);
    if (ret->error == 0)
        ret->error = acme_look(path_of(PATH_ACME), &ids, &ret->state, &ret->pair, ret->ari_id);
    if (ret->error < 0)
        ret->pair = (struct due_pair){.ari_id = ret->ari_id};
    ret->due = due_renewal(&ret->pair, &ret->state, now_s);
    ret->renewal_s = due_renewal_s(&ret->pair, &ret->state);
    ret->next_s = acme_next_s(&cas, &ret->pair, &ret->state, now_s);
    ret->from_future = ret->state.attempt_s > now_s + FUTURE_S;
    ret->is_other_ca = *ret->state.directory && strcmp(ret->state.directory, ret->directory) != 0;
}

bool acquire_is_mended(const struct acquire_look *l, int64_t settings_s)
{
    return l->wanted && l->due != DUE_NOT && l->state.result == RESULT_FAILED &&
           l->state.failure.kind != FAILURE_CLOCK && settings_s > l->state.attempt_s;
}

int64_t acquire_next_s(const struct acquire_look *l, const struct certs_info *live, int64_t now_s)
{
    int64_t next_s = now_s + DAY_S;

    if (l->wanted)
        return l->next_s < next_s ? l->next_s : next_s;
    if (live && live->is_ours) {
        int64_t renewal_s = life_renewal_s(live->not_before_s, live->not_after_s);

        if (renewal_s > now_s && renewal_s < next_s)
            next_s = renewal_s;
    }
    return next_s;
}
