/* pending.h: marks that the web server (and TURN, of certificates) has not taken notice of
 * something yet. They outlive whoever is killed, and runs that had to leave it alone. */
#pragma once

#include <stdbool.h>

enum pending {
    PENDING_CONFIGURATION, /* set and cleared by `visavis apply` */
    PENDING_CERTIFICATE,   /* by that and by `visavis cert` */
    N_PENDING
};

int pending_set(enum pending what);
bool pending_is(enum pending what);
int pending_clear(enum pending what);
