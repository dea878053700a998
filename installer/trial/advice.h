/* advice.h: what to do about a step of a trial that failed. Pure. */
#pragma once

#include "trial/trial.h"

struct trial_advice {
    const char *text;    /* a sentence or two */
    const char *command; /* to look further, or that mends it; "" */
};

/* Never without a text. */
struct trial_advice trial_advice(const struct trial_step *step);

/* The title of a step: "a session and a token over REST". */
const char *trial_step_title(const char *name);
