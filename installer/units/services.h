/* services.h: the units of the product and the words that an operator calls them by. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define TARGET_UNIT "visavis.target"
#define SETUP_UNIT "visavis-setup.service"

struct service {
    const char *word; /* "media" */
    const char *unit; /* "visavis-media.service" */
    const char *role; /* a few words */
    bool shared;      /* not the product's own: other sites may use it, so it is never stopped */
    bool at_times;    /* runs now and then; not running is well */
};

/* In the order in which they are shown; ended by an empty one. */
extern const struct service services[];

/* By its word, its unit, or its unit without ".service"; NULL. */
const struct service *service_find(const char *name);

/* The one with this unit; NULL. */
const struct service *service_of_unit(const char *unit);

/* What a misspelt word may have been meant to be; NULL. */
const struct service *service_nearest(const char *name);

/* "signaling, media, ... or nginx" */
void service_words(char *buf, size_t size);
