#include "acme/due.h"

#include "certs/life.h"

#define MINUTE_S 60
#define HOUR_S 3600
#define DAY_S 86400
#define RETRY_AFTER_MAX_S (14 * DAY_S) /* CAs count in weeks at most */

const char *const due_reason_names[N_DUE_REASONS] = {
    [DUE_NOT] = "not",
    [DUE_NO_PAIR] = "no-pair",
    [DUE_OTHER_NAMES] = "other-names",
    [DUE_REVOKED] = "revoked",
    [DUE_ARI] = "ari",
    [DUE_AGE] = "age",
    [DUE_EXPIRED] = "expired",
    [DUE_NOT_YET_VALID] = "not-yet-valid",
};

/* ---- times that do not overflow ---- */

static int64_t plus(int64_t a, int64_t b)
{
    int64_t sum;

    if (__builtin_add_overflow(a, b, &sum))
        return b > 0 ? INT64_MAX : INT64_MIN;
    return sum;
}

static int64_t minus(int64_t a, int64_t b)
{
    int64_t difference;

    if (__builtin_sub_overflow(a, b, &difference))
        return b < 0 ? INT64_MAX : INT64_MIN;
    return difference;
}

static int64_t min(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t max(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* ---- renewal ---- */

/* One that ends before it begins has none. */
static int64_t life_of(int64_t not_before_s, int64_t not_after_s)
{
    return max(minus(not_after_s, not_before_s), 0);
}

static bool has_ari(const struct due_pair *p, const struct acme_state *s)
{
    const struct acme_ari *a = &s->ari;

    return p->ari_id && *p->ari_id && strcmp(p->ari_id, a->id) == 0 &&
           a->info.start_s < a->info.end_s && a->selected_s >= a->info.start_s;
}

/* A CA whose windows are always over would have each new pair replaced at once. */
static int64_t ari_s(const struct due_pair *p, const struct acme_state *s)
{
    int64_t tenth = life_of(p->not_before_s, p->not_after_s) / 10;

    if (s->success_s < p->not_before_s || s->success_s > p->not_after_s)
        return s->ari.selected_s;
    return max(s->ari.selected_s, plus(s->success_s, min(HOUR_S, tenth)));
}

int64_t due_renewal_s(const struct due_pair *p, const struct acme_state *s)
{
    if (!p->exists || !p->covers || p->revoked || life_of(p->not_before_s, p->not_after_s) == 0)
        return INT64_MIN;
    if (has_ari(p, s))
        return min(ari_s(p, s), life_part_left_s(p->not_before_s, p->not_after_s, 2));
    return life_renewal_s(p->not_before_s, p->not_after_s);
}

enum due_reason due_renewal(const struct due_pair *p, const struct acme_state *s, int64_t now_s)
{
    if (!p->exists)
        return DUE_NO_PAIR;
    if (!p->covers)
        return DUE_OTHER_NAMES;
    if (p->revoked)
        return DUE_REVOKED;
    if (now_s >= p->not_after_s || p->not_after_s <= p->not_before_s)
        return DUE_EXPIRED;
    if (plus(now_s, DUE_CLOCK_TOLERANCE_S) < p->not_before_s)
        return DUE_NOT_YET_VALID;
    if (now_s < due_renewal_s(p, s))
        return DUE_NOT;
    return has_ari(p, s) && now_s >= ari_s(p, s) ? DUE_ARI : DUE_AGE;
}

int64_t due_draw(const struct acme_renewal_info *info, uint32_t random, int64_t now_s)
{
    uint64_t width;

    if (info->end_s <= now_s || info->start_s >= info->end_s)
        return now_s;
    /* width * random / 2^32 in two halves */
    width = (uint64_t) info->end_s - (uint64_t) info->start_s;
    width = (width >> 32) * random + ((width & UINT32_MAX) * random >> 32);
    return (int64_t) ((uint64_t) info->start_s + width);
}

bool due_is_late(int64_t not_before_s, int64_t not_after_s, int64_t now_s)
{
    return now_s >= not_before_s && life_is_late(not_before_s, not_after_s, now_s);
}

/* ---- tries ---- */

static int64_t distance_of(unsigned failures, int64_t life_s)
{
    static const int64_t distances[] = {MINUTE_S, 10 * MINUTE_S, 100 * MINUTE_S, DAY_S};
    size_t last = sizeof(distances) / sizeof(distances[0]) - 1;
    int64_t distance;

    if (failures == 0)
        return 0;
    distance = distances[failures - 1 < last ? failures - 1 : last];
    return life_s > 0 ? min(distance, max(life_s / 10, 1)) : distance;
}

int64_t due_retry_s(const struct acme_state *s, int64_t life_s, int64_t now_s)
{
    int64_t distance = distance_of(s->failures, life_s);
    int64_t allowed = min(s->not_before_s, plus(s->attempt_s, RETRY_AFTER_MAX_S));
    int64_t retry;

    /* an hour: without failures there is no distance to tell a clock that was set by */
    if (s->attempt_s > plus(now_s, max(distance, DUE_CLOCK_TOLERANCE_S)))
        return 0;
    retry = s->failures > 0 ? plus(s->attempt_s, distance) : 0;
    if (s->not_before_s > 0)
        retry = max(retry, allowed);
    return max(retry, 0);
}

/* INT64_MAX: there is nothing to look at. */
static int64_t next_look_s(const struct due_pair *p, const struct acme_state *s, int64_t now_s)
{
    if (!p->exists || !p->ari_id || !*p->ari_id)
        return INT64_MAX;
    if (s->ari.id[0] && strcmp(s->ari.id, p->ari_id) != 0)
        return now_s;
    return s->ari.fetch_next_s > 0 ? min(s->ari.fetch_next_s, plus(now_s, DAY_S)) : INT64_MAX;
}

int64_t due_next_s(const struct due_pair *p, const struct acme_state *s, int64_t now_s)
{
    int64_t life = p->exists ? life_of(p->not_before_s, p->not_after_s) : 0;
    int64_t renewal = due_renewal_s(p, s);

    if (due_renewal(p, s, now_s) == DUE_NOT_YET_VALID)
        renewal = min(p->not_before_s, plus(now_s, HOUR_S));
    renewal = max(renewal, due_retry_s(s, life, now_s));
    return max(now_s, min(renewal, next_look_s(p, s, now_s)));
}
