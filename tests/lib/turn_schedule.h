/* turn_schedule.h: when which client of a load sends or is sent what, over and over. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct turn_event {
    uint64_t at_us; /* from the begin of the period */
    size_t client, size;
    unsigned n; /* packets, at once */
    bool down;  /* from the peer */
    bool equal; /* all of one size, as of a media server */
};

struct turn_schedule {
    uint64_t period_us;
    size_t n;
    struct turn_event *events; /* in the order of time */
};

/* Single packets at equal distances: each client sends one and gets one, then the next. */
int turn_schedule_even(struct turn_schedule *s, size_t n_clients, unsigned packets_per_s,
                       size_t size);

/* The first half of the clients sends as a browser does, the others get what a media server sends:
 * 30 video frames a second of 3 to 8 packets of about this size, and 50 packets of audio. burst:
 * the media server's packets of a frame have one size. The same each time. */
int turn_schedule_media(struct turn_schedule *s, size_t n_clients, size_t size, bool burst);

/* May be called on zeroed memory. */
void turn_schedule_done(struct turn_schedule *s);
