/* due.h: when is what due? Renewal by ARI (RFC 9773 section 4.2), else by a fraction of the
 * lifetime; another try after a failure; is the clock to be believed? Pure. There is no number of
 * days in here: certificates live for months, days, or 20 seconds. */
#pragma once

#include "acme/state.h"

/* Clocks differ by so much. */
#define DUE_CLOCK_TOLERANCE_S 3600

struct due_pair {
    bool exists;
    bool covers; /* all that is wanted: names, kind of key */
    bool revoked;
    int64_t not_before_s, not_after_s;
    const char *ari_id; /* "": it has none */
};

enum due_reason {
    DUE_NOT,
    DUE_NO_PAIR,
    DUE_OTHER_NAMES, /* the pair does not cover what is wanted */
    DUE_REVOKED,
    DUE_ARI, /* the moment drawn from the CA's window has come */
    DUE_AGE, /* 2/3 of its life is over, or 1/2 of one under ten days */
    DUE_EXPIRED,
    DUE_NOT_YET_VALID, /* begins in the future: either it or our clock is wrong */
    N_DUE_REASONS
};
extern const char *const due_reason_names[N_DUE_REASONS];

/* By ARI alone when there is a window of this very certificate, by age otherwise. But a window far
 * off does not let the pair come to its end: once it is late (due_is_late) age counts; and one that
 * is over does not have a pair replaced that was got within the hour (or the tenth of its life).
 * A pair that begins within the next hour is fine: clocks differ by so much. */
enum due_reason due_renewal(const struct due_pair *p, const struct acme_state *s, int64_t now_s);

/* When due_renewal() will first say so, the state as it is; DUE_NOT_YET_VALID apart. INT64_MIN:
 * now.
 */
int64_t due_renewal_s(const struct due_pair *p, const struct acme_state *s);

/* When the next try may be made after failures in a row: 1, 10, 100 minutes, then a day after the
 * last, but never more than a tenth of the pair's life after it; and not before the CA allows it
 * (of which two weeks are believed). 0: at once. life_s 0: no pair. When the last attempt is
 * further in the future than that distance, the clock was wrong then: at once. */
int64_t due_retry_s(const struct acme_state *s, int64_t life_s, int64_t now_s);

/* A moment within the window, evenly drawn by random (0 … UINT32_MAX), past or to come; a window
 * that is over: now. */
int64_t due_draw(const struct acme_renewal_info *info, uint32_t random, int64_t now_s);

/* When to look again: the earlier of the renewal (after failures: of the retry) and the next look
 * at ARI, which is never more than a day away; not in the past. For timers. A pair that is not yet
 * valid is looked at each hour. */
int64_t due_next_s(const struct due_pair *p, const struct acme_state *s, int64_t now_s);

/* Trouble, for status and doctor: so little of its life is left that renewals must have failed for
 * long: half of what is left at the fraction above. */
bool due_is_late(int64_t not_before_s, int64_t not_after_s, int64_t now_s);
