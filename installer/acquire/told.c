#include "acquire/told.h"

#include "acquire/look.h"

#include "acme/due.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

const char *told_time(int64_t s, char buf[static TOLD_TIME_SIZE])
{
    time_t t = (time_t) s;
    struct tm tm;

    if (!gmtime_r(&t, &tm) || strftime(buf, TOLD_TIME_SIZE, "%Y-%m-%d %H:%M:%S UTC", &tm) == 0)
        snprintf(buf, TOLD_TIME_SIZE, "an unknown time");
    return buf;
}

bool told_has_window(const struct acquire_look *l)
{
    const struct acme_ari *ari = &l->state.ari;

    return *l->ari_id && strcmp(ari->id, l->ari_id) == 0 && ari->info.start_s < ari->info.end_s;
}

/* ---- parts ---- */

static const char *const reasons[N_DUE_REASONS] = {
    [DUE_NOT] = "it is not due",
    [DUE_NO_PAIR] = "there is none yet",
    [DUE_OTHER_NAMES] = "the names, or the kind of key, are others now",
    [DUE_REVOKED] = "it was revoked",
    [DUE_ARI] = "the CA says that it is time",
    [DUE_AGE] = "most of its time is over",
    [DUE_EXPIRED] = "it has expired",
    [DUE_NOT_YET_VALID] = "it is not valid yet by this machine's clock",
};

const char *told_renewal(const struct acquire_look *l, int64_t now_s, char *buf, size_t size)
{
    char at[TOLD_TIME_SIZE], from[TOLD_TIME_SIZE], to[TOLD_TIME_SIZE];
    const struct acme_renewal_info *info = &l->state.ari.info;

    if (l->due != DUE_NOT || l->renewal_s <= now_s)
        snprintf(buf, size, "now: %s%s%s", reasons[l->due],
                 l->due == DUE_ARI && *info->explanation ? ", see " : "",
                 l->due == DUE_ARI ? info->explanation : "");
    else if (told_has_window(l))
        snprintf(buf, size, "%s, drawn from the CA's window from %s to %s%s%s",
                 told_time(l->renewal_s, at), told_time(info->start_s, from),
                 told_time(info->end_s, to), *info->explanation ? ", see " : "", info->explanation);
    else
        snprintf(buf, size, "%s, by its age", told_time(l->renewal_s, at));
    return buf;
}

const char *told_last(const struct acquire_look *l, char *buf, size_t size)
{
    const struct acme_state *s = &l->state;
    char at[TOLD_TIME_SIZE], by[48] = "", times[48] = "";

    if (s->type < N_CHALLENGE_TYPES)
        snprintf(by, sizeof(by), ", by %s", acme_challenge_names[s->type]);
    if (s->failures > 1)
        snprintf(times, sizeof(times), ", %u times in a row", s->failures);
    if (s->result == RESULT_OK)
        snprintf(buf, size, "ok on %s%s", told_time(s->attempt_s, at), by);
    else if (s->result == RESULT_FAILED)
        snprintf(buf, size, "failed on %s%s", told_time(s->attempt_s, at), times);
    else
        snprintf(buf, size, "never");
    return buf;
}

const char *told_next(const struct acquire_look *l, int64_t now_s, char *buf, size_t size)
{
    char at[TOLD_TIME_SIZE];

    if (l->next_s <= now_s)
        snprintf(buf, size, "at the next run, which `sudo visavis cert renew` starts at once");
    else
        snprintf(buf, size, "after %s%s", told_time(l->next_s, at),
                 l->state.not_before_s >= l->next_s ? ", as the CA asked" : "");
    return buf;
}

/* ---- is there something to say? ---- */

static void say(struct told *t, enum told_level level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static void say(struct told *t, enum told_level level, const char *fmt, ...)
{
    va_list args;

    t->level = level;
    va_start(args, fmt);
    vsnprintf(t->text, sizeof(t->text), fmt, args);
    va_end(args);
}

static void advise(struct told *t, const char *next, const char *command)
{
    snprintf(t->next, sizeof(t->next), "%s", next);
    snprintf(t->command, sizeof(t->command), "%s", command);
}

/* Step, place and what was found, without a final dot; what to do stays apart. */
static void reason(const struct acme_failure *f, char *buf, size_t size)
{
    struct acme_failure without = *f;
    size_t len;

    without.next[0] = '\0';
    len = strlen(failure_text(&without, buf, size));
    if (len > 0 && buf[len - 1] == '.')
        buf[len - 1] = '\0';
}

static void judge_failed(const struct acquire_look *l, const struct certs_info *live, int64_t now_s,
                         struct told *t)
{
    char on[TOLD_TIME_SIZE], next[96], until[TOLD_TIME_SIZE];
    const struct acme_state *s = &l->state;
    const char *served = "No certificate is served";
    enum told_level level = TOLD_FAILURE;
    char valid[96];

    if (live && live->is_ours) {
        served = "A temporary self-signed certificate is served";
    } else if (live && now_s > live->not_after_s) {
        served = "The certificate being served has expired";
    } else if (live) {
        snprintf(valid, sizeof(valid), "The certificate being served is valid until %s",
                 told_time(live->not_after_s, until));
        served = valid;
        level =
            due_is_late(live->not_before_s, live->not_after_s, now_s) ? TOLD_FAILURE : TOLD_WARNING;
    }
    say(t, level, "%s; the last try to get one from %s failed on %s.", served,
        *s->directory ? s->directory : l->directory, told_time(s->attempt_s, on));
    reason(&s->failure, t->why, sizeof(t->why));
    snprintf(t->when, sizeof(t->when), "The next try is made %s.",
             told_next(l, now_s, next, sizeof(next)));
    if (s->failure.kind == FAILURE_CLOCK)
        advise(t, "Set the clock right.", "timedatectl set-ntp true");
    else
        advise(t, s->failure.next, "visavis cert issue");
}

static void judge_clock(const struct acquire_look *l, int64_t now_s, struct told *t)
{
    char then[TOLD_TIME_SIZE], now[TOLD_TIME_SIZE];

    say(t, TOLD_WARNING,
        "The last try to get a certificate was noted on %s, and this machine's clock says %s: the "
        "clock is wrong now, or was then. No certificate is renewed for it.",
        told_time(l->state.attempt_s, then), told_time(now_s, now));
    advise(t, "Set the clock right.", "timedatectl set-ntp true");
}

static void judge_not_yet(const struct certs_info *live, int64_t now_s, struct told *t)
{
    char from[TOLD_TIME_SIZE], now[TOLD_TIME_SIZE];

    say(t, TOLD_FAILURE,
        "The certificate of the CA is valid from %s on, and this machine's clock says %s: a CA's "
        "clock is right, so this one is wrong.",
        told_time(live->not_before_s, from), told_time(now_s, now));
    advise(t, "Set the clock right.", "timedatectl set-ntp true");
}

void told_judge(const struct acquire_look *l, const struct certs_info *live, int64_t now_s,
                struct told *ret)
{
    bool temporary = !live || live->is_ours;

    *ret = (struct told){.level = TOLD_FINE};
    if (!l->wanted)
        return;
    if (l->error == -EINVAL || l->error == -EACCES) {
        say(ret, TOLD_WARNING, "What is kept about the certificate of the CA cannot be read: %s.",
            l->error == -EINVAL ? "it is damaged, and the next run makes it anew"
                                : "only root may");
        advise(ret, "", l->error == -EINVAL ? "visavis cert renew" : "");
    } else if (l->state.result == RESULT_FAILED && l->from_future) {
        judge_clock(l, now_s, ret);
    } else if (l->state.result == RESULT_FAILED) {
        judge_failed(l, live, now_s, ret);
    } else if (temporary && l->pair.exists) {
        say(ret, TOLD_FAILURE, "The CA has issued a certificate, and it is not served.");
        advise(ret, "", "visavis cert renew");
    } else if (temporary) {
        say(ret, TOLD_WARNING,
            "%s, and the first try to get one from %.1024s has not come to its end. It is made by "
            "itself once the server has started, and may take some minutes.",
            live ? "A temporary self-signed certificate is served" : "There is no certificate",
            l->directory);
        advise(ret, "", "visavis cert issue");
    } else if (l->pair.revoked) {
        say(ret, TOLD_FAILURE, "The certificate of the CA was revoked. The next run replaces it.");
        advise(ret, "", "visavis cert renew");
    } else if (now_s < live->not_before_s) {
        judge_not_yet(live, now_s, ret);
    } else if (due_is_late(live->not_before_s, live->not_after_s, now_s)) {
        say(ret, TOLD_WARNING, "The renewal of the certificate is overdue, and was not tried.");
        advise(ret, "", "visavis cert renew");
    }
}

/* Adds a part with a blank before it, and a full stop behind what has no end. */
static void add(struct wr *w, const char *part)
{
    size_t len = strlen(part);

    if (len == 0)
        return;
    wr_fmt(w, " %s%s", part, strchr(".!?", part[len - 1]) ? "" : ".");
}

const char *told_finding(const struct told *t, char buf[static TOLD_SIZE])
{
    struct wr w = wr_init(buf, TOLD_SIZE);

    wr_str(&w, t->text);
    add(&w, t->why);
    add(&w, t->when);
    wr_u8(&w, 0);
    if (w.failed)
        snprintf(buf, TOLD_SIZE, "%s", t->text);
    return buf;
}

const char *told_text(const struct told *t, char buf[static TOLD_SIZE])
{
    struct wr w = wr_init(buf, TOLD_SIZE);
    char finding[TOLD_SIZE];

    wr_str(&w, told_finding(t, finding));
    add(&w, t->next);
    if (*t->command)
        wr_fmt(&w, " %s: sudo %s",
               strstr(t->command, "cert issue") ? "To try it at once" : "What to do", t->command);
    wr_u8(&w, 0);
    if (w.failed)
        snprintf(buf, TOLD_SIZE, "%s", t->text);
    return buf;
}
