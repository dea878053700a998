#include "media/keyframe.h"

void keyframe_init(struct keyframe *k)
{
    *k = (struct keyframe){.wanted = false};
}

void keyframe_restart(struct keyframe *k)
{
    k->wanted = k->asked = k->passed = k->charged = false;
}

/* At once, but not before the last request had its time, nor while the encoder would drop it, nor
 * before it was earned. */
static uint64_t earliest(const struct keyframe *k, uint64_t now_us)
{
    uint64_t ahead_us = KEYFRAME_BURST * (uint64_t) KEYFRAME_PACE_US;
    uint64_t at = now_us;

    if (k->asked && at < k->asked_us + k->answer_us)
        at = k->asked_us + k->answer_us;
    if (k->passed && at < k->passed_us + KEYFRAME_INTERVAL_US)
        at = k->passed_us + KEYFRAME_INTERVAL_US;
    if (!k->charged && k->paid_until_us + KEYFRAME_PACE_US > at + ahead_us)
        at = k->paid_until_us + KEYFRAME_PACE_US - ahead_us;
    return at;
}

void keyframe_want(struct keyframe *k, uint64_t now_us)
{
    k->due_us = earliest(k, now_us);
    k->wanted = true;
    k->retry_us = KEYFRAME_RETRY_US;
}

void keyframe_passed(struct keyframe *k, uint64_t now_us)
{
    k->wanted = false;
    k->charged = false;
    k->passed = true;
    k->passed_us = now_us;
}

static void charge(struct keyframe *k, uint64_t now_us)
{
    if (k->charged)
        return;
    if (k->paid_until_us < now_us)
        k->paid_until_us = now_us;
    k->paid_until_us += KEYFRAME_PACE_US;
    k->charged = true;
}

bool keyframe_due(struct keyframe *k, uint64_t rtt_us, uint64_t now_us)
{
    if (!k->wanted || now_us < k->due_us)
        return false;
    charge(k, now_us);
    k->asked = true;
    k->asked_us = now_us;
    k->n_asked++;
    k->answer_us = rtt_us + rtt_us / 4;
    if (k->answer_us < KEYFRAME_RETRY_US)
        k->answer_us = KEYFRAME_RETRY_US;
    k->due_us = now_us + (k->retry_us > k->answer_us ? k->retry_us : k->answer_us);
    k->retry_us *= 2;
    if (k->retry_us > KEYFRAME_RETRY_MAX_US)
        k->retry_us = KEYFRAME_RETRY_MAX_US;
    return true;
}

uint64_t keyframe_deadline(const struct keyframe *k)
{
    return k->wanted ? k->due_us : UINT64_MAX;
}
