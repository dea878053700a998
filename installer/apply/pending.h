/* pending.h: marks that the web server has not taken notice of something yet. They outlive whoever
 * is killed, and runs that had to leave it alone. */
#pragma once

#include <stdbool.h>

enum pending {
    PENDING_CONFIGURATION, /* set and cleared by `visavis apply` */
    PENDING_CERTIFICATE,   /* by `visavis cert`; `visavis apply` clears it, too */
    N_PENDING
};

int pending_set(enum pending what);
bool pending_is(enum pending what);
int pending_clear(enum pending what);
