/* advice.h: what to do about a step of a trial that failed. Pure. */
#pragma once

#include "trial/trial.h"

struct trial_advice {
    const char *text;    /* a sentence or two */
    const char *command; /* to look further, or that mends it; "" */
};

/* Never without a text. */
struct trial_advice trial_advice(const struct trial_step *step);

/* Which port of ours is not reached. */
enum trial_cause {
    TRIAL_ELSEWHERE,    /* none: trial_advice() */
    TRIAL_MEDIA_PORT,   /* packets do not get to media, or not back */
    TRIAL_TURN_PORT,    /* TURN is silent */
    TRIAL_BEHIND_RELAY, /* TURN is reached, and media is not from there */
};
enum trial_cause trial_cause(const char *path, const struct trial_step *failed);

/* The title of a step: "a session and a token over REST". */
const char *trial_step_title(const char *name);
