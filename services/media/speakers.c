#include "media/speakers.h"

#define SILENCE_DBOV 80 /* levels below this are noise: speech has -20 to -50 */
#define UNIT 16
#define SPEAKS (15 * UNIT) /* smoothed: a second of speech, or less of a loud voice */
#define LOUDER (6 * UNIT)
#define TICKS 2

void speakers_init(struct speakers *s)
{
    list_init(&s->order);
}

void speakers_add(struct speakers *s, struct speaker *sp)
{
    *sp = (struct speaker){.n = 0};
    list_append(&s->order, &sp->node);
}

void speakers_remove(struct speaker *sp)
{
    list_del(&sp->node);
}

void speaker_heard(struct speaker *sp, uint8_t level)
{
    if (level < SILENCE_DBOV)
        sp->sum += SILENCE_DBOV - level;
    sp->n++;
}

/* A quarter of what is new: three quarters are in after five ticks. Without packets it is silent
 * (DTX). */
static void smooth(struct speaker *sp)
{
    unsigned now = sp->n ? sp->sum * UNIT / sp->n : 0;

    sp->score = (3 * sp->score + now) / 4;
    sp->sum = sp->n = 0;
}

/* The first further up that is clearly less loud; NULL: none. */
static struct speaker *to_pass(const struct speakers *s, const struct speaker *sp)
{
    struct speaker *other;

    if (sp->score < SPEAKS)
        return NULL;
    list_for_each (other, &s->order, node) {
        if (other == sp)
            return NULL;
        if (other->score + LOUDER < sp->score)
            return other;
    }
    return NULL;
}

bool speakers_tick(struct speakers *s)
{
    struct speaker *sp, *other;
    bool changed = false;

    list_for_each (sp, &s->order, node)
        smooth(sp);
    list_for_each (sp, &s->order, node) {
        other = to_pass(s, sp);
        sp->ahead = other ? sp->ahead + 1 : 0;
        if (sp->ahead < TICKS)
            continue;
        list_del(&sp->node);
        list_append(&other->node, &sp->node); /* before it */
        sp->ahead = 0;
        changed = true;
    }
    return changed;
}
