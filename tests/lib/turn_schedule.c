#include "tests/lib/turn_schedule.h"

#include <errno.h>
#include <stdlib.h>

#define FRAMES 3 /* in MEDIA_US */
#define AUDIO 5
#define MEDIA_US 100000
#define AUDIO_SIZE 120
#define FRAME_MIN 3 /* packets */
#define FRAME_MAX 8

static int init(struct turn_schedule *s, size_t n, uint64_t period_us)
{
    *s = (struct turn_schedule){.period_us = period_us, .n = n};
    s->events = calloc(n, sizeof(s->events[0]));
    return s->events ? 0 : -ENOMEM;
}

void turn_schedule_done(struct turn_schedule *s)
{
    free(s->events);
    *s = (struct turn_schedule){.n = 0};
}

int turn_schedule_even(struct turn_schedule *s, size_t n_clients, unsigned packets_per_s,
                       size_t size)
{
    size_t n = 2 * n_clients;
    uint64_t period_us = 1000000 * (uint64_t) n / packets_per_s;
    int r = init(s, n, period_us);

    for (size_t i = 0; i < n && r == 0; i++)
        s->events[i] = (struct turn_event){
            .at_us = period_us * i / n, .client = i / 2, .size = size, .n = 1, .down = i % 2};
    return r;
}

static int by_time(const void *a, const void *b)
{
    uint64_t x = ((const struct turn_event *) a)->at_us;
    uint64_t y = ((const struct turn_event *) b)->at_us;

    return (x > y) - (x < y);
}

int turn_schedule_media(struct turn_schedule *s, size_t n_clients, size_t size, bool burst)
{
    int r = init(s, n_clients * (FRAMES + AUDIO), MEDIA_US);
    unsigned seed = 1;

    for (size_t i = 0; i < s->n && r == 0; i++) {
        struct turn_event *e = &s->events[i];
        unsigned nr = i % (FRAMES + AUDIO);
        bool video = nr < FRAMES;
        uint64_t step_us = MEDIA_US / (video ? FRAMES : AUDIO);

        *e = (struct turn_event){.client = i / (FRAMES + AUDIO), .size = AUDIO_SIZE, .n = 1};
        e->at_us = (video ? nr : nr - FRAMES) * step_us + (unsigned) rand_r(&seed) % step_us;
        e->down = e->client >= n_clients / 2;
        if (video) {
            e->size = size;
            e->n = FRAME_MIN + (unsigned) rand_r(&seed) % (FRAME_MAX - FRAME_MIN + 1);
            e->equal = e->down && burst;
        }
    }
    if (r == 0)
        qsort(s->events, s->n, sizeof(s->events[0]), by_time);
    return r;
}
