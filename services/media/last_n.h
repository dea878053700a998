/* last_n.h: of a room, the video of those alone who spoke last is forwarded (the setting last_n).
 *
 * It counts who sends audio with its level and video; streams without audio, such as screens, are
 * always forwarded. What is held back shows to its subscribers as a picture that stands still, and
 * goes on with a key frame. A room on several workers has its order on each of them, from the
 * streams that are watched there. On the room's worker. */
#pragma once

#include "media/speakers.h"
#include "media/wheel.h"

struct publisher;
struct worker;

struct last_n {
    struct worker *worker;
    unsigned n; /* 0: all are forwarded, and nothing is measured */
    struct speakers speakers;
    struct wheel_timer timer; /* while there is somebody to listen to */
};

void last_n_init(struct last_n *l, struct worker *w);
void last_n_done(struct last_n *l);

/* What the publisher sends has become known, or another. */
void last_n_changed(struct last_n *l, struct publisher *p);
void last_n_remove(struct last_n *l, struct publisher *p);
