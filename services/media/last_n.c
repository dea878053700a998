#include "media/last_n.h"

#include "media/publisher.h"

static bool counts(const struct publisher *p)
{
    const struct neg_media *audio = &p->neg.media[SDP_AUDIO];

    return audio->active && audio->ext_id[NEG_EXT_AUDIO_LEVEL] != 0 &&
           p->neg.media[SDP_VIDEO].active;
}

static void choose(struct last_n *l)
{
    struct publisher *p;
    unsigned nr = 0;

    list_for_each (p, &l->speakers.order, speaker.node)
        publisher_hold_video(p, nr++ >= l->n);
}

static void on_timer(struct wheel_timer *t)
{
    struct last_n *l = container_of(t, struct last_n, timer);

    if (speakers_tick(&l->speakers))
        choose(l);
    if (!list_empty(&l->speakers.order))
        wheel_start(&l->worker->wheel, t, SPEAKERS_TICK_MS);
}

void last_n_init(struct last_n *l, struct worker *w)
{
    *l = (struct last_n){.worker = w, .n = (unsigned) w->node->config->last_n};
    speakers_init(&l->speakers);
    wheel_timer_init(&l->timer, on_timer);
}

void last_n_done(struct last_n *l)
{
    wheel_stop(&l->worker->wheel, &l->timer);
}

void last_n_changed(struct last_n *l, struct publisher *p)
{
    bool counted = !list_empty(&p->speaker.node);

    if (l->n == 0 || counted == counts(p))
        return;
    if (counted) {
        last_n_remove(l, p);
        publisher_hold_video(p, false);
        return;
    }
    speakers_add(&l->speakers, &p->speaker);
    choose(l);
    if (!wheel_timer_is_armed(&l->timer))
        wheel_start(&l->worker->wheel, &l->timer, SPEAKERS_TICK_MS);
}

void last_n_remove(struct last_n *l, struct publisher *p)
{
    speakers_remove(&p->speaker);
    if (l->n > 0)
        choose(l);
}
