/* decided.h: what was decided about a generation beside the settings, kept with it as decided.env:
 * for those who ask, and so that the next decision holds on to it. */
#pragma once

#include "base/buf.h"
#include "host/network.h"
#include "nginx/nginx.h"

struct decided {
    struct turn_ip turn_ip;
    struct turn_ip public_ip; /* own address for the allow lists; "" without any */
    enum proxy_layout layout;
};

/* Pure. */
void decided_render(struct wr *w, const struct decided *d);

/* -EBADMSG: not written by decided_render(). */
int decided_parse(struct bytes content, struct decided *ret);
