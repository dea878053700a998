#include "media/path.h"

#include <string.h>

void path_set(struct path *p, struct udp *u, const struct tuple *to)
{
    if (to->way && p->udp.queued)
        udp_flush(u);
    if (to->way)
        path_clear(p, u);
    else
        udp_path_set(u, &p->udp, &to->remote, &to->local);
    p->tuple = *to;
}

void path_clear(struct path *p, struct udp *u)
{
    udp_path_clear(u, &p->udp);
    p->tuple = (struct tuple){.way = NULL};
}

void path_commit(struct path *p, struct udp *u, const uint8_t *room, size_t len)
{
    struct way *w = p->tuple.way;

    if (w)
        w->type->send(w, bytes_of(room, len));
    else
        udp_commit(u, &p->udp, room, len);
}

void path_send(struct path *p, struct udp *u, struct bytes datagram)
{
    if (datagram.len > UDP_DATAGRAM_MAX)
        return;
    if (p->tuple.way) {
        p->tuple.way->type->send(p->tuple.way, datagram);
    } else {
        uint8_t *room = udp_reserve(u, 1);

        memcpy(room, datagram.p, datagram.len);
        udp_commit(u, &p->udp, room, datagram.len);
    }
}

void path_answer(struct udp *u, const struct udp_datagram *d, struct bytes datagram)
{
    if (!d->way)
        udp_send_to(u, &d->from, &d->to, datagram);
    else if (datagram.len <= UDP_DATAGRAM_MAX)
        d->way->type->send(d->way, datagram);
}

const char *way_protocol(const struct way *w)
{
    return w ? w->type->protocol : "udp";
}
