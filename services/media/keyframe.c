#include "media/keyframe.h"

void keyframe_init(struct keyframe *k)
{
    *k = (struct keyframe){.wanted = false};
}

/* At once, but not before the last request had its time, nor while the encoder would drop it. */
static uint64_t earliest(const struct keyframe *k, uint64_t now_us)
{
    uint64_t at = now_us;

    if (k->asked && at < k->asked_us + KEYFRAME_RETRY_US)
        at = k->asked_us + KEYFRAME_RETRY_US;
    if (k->passed && at < k->passed_us + KEYFRAME_INTERVAL_US)
        at = k->passed_us + KEYFRAME_INTERVAL_US;
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
    k->passed = true;
    k->passed_us = now_us;
}

bool keyframe_due(struct keyframe *k, uint64_t now_us)
{
    if (!k->wanted || now_us < k->due_us)
        return false;
    k->asked = true;
    k->asked_us = now_us;
    k->due_us = now_us + k->retry_us;
    k->retry_us *= 2;
    if (k->retry_us > KEYFRAME_RETRY_MAX_US)
        k->retry_us = KEYFRAME_RETRY_MAX_US;
    return true;
}

uint64_t keyframe_deadline(const struct keyframe *k)
{
    return k->wanted ? k->due_us : UINT64_MAX;
}
