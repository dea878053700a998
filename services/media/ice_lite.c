#include "media/ice_lite.h"

#include "base/rnd.h"

void ice_lite_init(struct ice_lite *ice)
{
    *ice = (struct ice_lite){.selected = NULL};
    rnd_alnum(ice->ufrag, 12);
    rnd_alnum(ice->pwd, 24);
}

struct bytes ice_lite_local_ufrag(const struct stun *m)
{
    const uint8_t *colon;

    if (!m->username.p)
        return bytes_of(NULL, 0);
    colon = memchr(m->username.p, ':', m->username.len);
    if (!colon)
        return bytes_of(NULL, 0);
    return bytes_of(m->username.p, (size_t) (colon - m->username.p));
}

static void respond_success(const struct ice_lite *ice, const struct stun *m,
                            const struct addr *remote, struct ice_result *ret)
{
    struct wr w = wr_init(ret->response, sizeof(ret->response));

    stun_begin(&w, STUN_SUCCESS, STUN_BINDING, m->tid);
    stun_put_xor_addr(&w, STUN_ATTR_XOR_MAPPED_ADDRESS, remote);
    stun_put_integrity(&w, bytes_str(ice->pwd));
    stun_put_fingerprint(&w);
    if (stun_finish(&w, &ret->response_len) < 0)
        ret->response_len = 0;
}

static void respond_error(const struct ice_lite *ice, const struct stun *m, unsigned code,
                          struct ice_result *ret)
{
    struct wr w = wr_init(ret->response, sizeof(ret->response));

    ret->verdict = ICE_REFUSED;
    stun_begin(&w, STUN_ERROR, STUN_BINDING, m->tid);
    stun_put_error(&w, code, "");
    if (code == 420)
        stun_put_unknown(&w, m->unknown, m->n_unknown);
    stun_put_integrity(&w, bytes_str(ice->pwd));
    stun_put_fingerprint(&w);
    if (stun_finish(&w, &ret->response_len) < 0)
        ret->response_len = 0;
}

struct ice_pair *ice_lite_find(struct ice_lite *ice, const struct tuple *tuple)
{
    for (struct ice_pair *p = ice->pairs; p < ice->pairs + ICE_PAIR_MAX; p++) {
        if (tuple_eq(&p->tuple, tuple))
            return p;
    }
    return NULL;
}

/* A connection that goes is closed, and comes again; datagrams only need another check. */
static bool goes_before(const struct ice_pair *a, const struct ice_pair *b)
{
    if (!a->tuple.way != !b->tuple.way)
        return !a->tuple.way;
    return a->heard_ms < b->heard_ms;
}

/* A place for a new pair: a free one, else that of the longest unheard, never the selected. */
static struct ice_pair *make_room(struct ice_lite *ice, struct ice_result *ret)
{
    struct ice_pair *oldest = NULL;

    for (struct ice_pair *p = ice->pairs; p < ice->pairs + ICE_PAIR_MAX; p++) {
        if (!tuple_is_set(&p->tuple))
            return p;
        if (p != ice->selected && (!oldest || goes_before(p, oldest)))
            oldest = p;
    }
    ret->evicted = oldest->tuple;
    return oldest;
}

/* ---- checks that came before ---- */

/* Ids are random; a peer that made two alike would only be heard later. */
static uint64_t shorten(const uint8_t tid[static STUN_TID_SIZE])
{
    uint64_t head, tail;

    memcpy(&head, tid, sizeof(head));
    memcpy(&tail, tid + STUN_TID_SIZE - sizeof(tail), sizeof(tail));
    return head ^ (tail << 32 | tail >> 32);
}

static bool knows(const struct ice_pair *p, uint64_t id)
{
    for (unsigned i = 0; i < p->n_recent && i < ICE_RECENT_MAX; i++) {
        if (p->recent[i] == id)
            return true;
    }
    return false;
}

/* The peer sends it again, by the same pair, or somebody else does. */
static bool came_before(const struct ice_lite *ice, uint64_t id)
{
    for (const struct ice_pair *p = ice->pairs; p < ice->pairs + ICE_PAIR_MAX; p++) {
        if (knows(p, id))
            return true;
    }
    return false;
}

static void remember(struct ice_pair *p, uint64_t id)
{
    p->recent[p->n_recent++ % ICE_RECENT_MAX] = id;
}

/* ---- the pair that is used ---- */

static void choose(struct ice_lite *ice, struct ice_pair *p, bool nominated, bool confirmed)
{
    ice->selected = p;
    ice->nominated = nominated;
    ice->confirmed = confirmed;
}

static struct ice_pair *open_pair(struct ice_lite *ice, const struct stun *m,
                                  const struct tuple *tuple, uint64_t now_ms,
                                  struct ice_result *ret)
{
    struct ice_pair *p = ice_lite_find(ice, tuple);

    ret->verdict = p ? ICE_ANSWERED : ICE_OPENED;
    if (!p) {
        p = make_room(ice, ret);
        *p = (struct ice_pair){.tuple = *tuple};
    }
    p->priority = m->has_priority ? m->priority : 0;
    p->heard_ms = now_ms;
    return p;
}

static bool is_silent(const struct ice_lite *ice, uint64_t now_ms)
{
    return now_ms >= ice->selected->heard_ms + ICE_SILENCE_MS;
}

/* A peer that has lost the address it used says so by nominating another pair. One that cannot
 * nominate (again) is followed to the pair that still works. */
static bool must_move(struct ice_lite *ice, const struct ice_pair *to, bool nominated,
                      uint64_t now_ms)
{
    bool doubted = nominated && !to->proven && now_ms < ice->doubt_until_ms;

    if (doubted)
        ice->doubt_until_ms = now_ms + ICE_DOUBT_MS;
    return (nominated && !doubted) || is_silent(ice, now_ms) ||
           ice_lite_consent_left_ms(ice, now_ms) == 0;
}

/* By a check that is new. */
static void select_pair(struct ice_lite *ice, struct ice_pair *p, bool nominated, uint64_t now_ms,
                        struct ice_result *ret)
{
    if (nominated)
        p->nomination = ++ice->n_nominations;
    if (ice->selected == p) {
        ice->nominated |= nominated;
    } else if (must_move(ice, p, nominated, now_ms)) {
        choose(ice, p, nominated, false);
        ret->selected_moved = true;
    }
}

static void take_check(struct ice_lite *ice, const struct stun *m, const struct tuple *tuple,
                       uint64_t now_ms, struct ice_result *ret)
{
    uint64_t id = shorten(m->tid);
    bool is_new = !came_before(ice, id);

    ret->pair = open_pair(ice, m, tuple, now_ms, ret);
    if (is_new) {
        remember(ret->pair, id);
        ret->pair->checked_ms = now_ms;
    }
    if (!ice->selected) {
        choose(ice, ret->pair, false, false);
        ret->selected_moved = true;
    }
    if (is_new)
        select_pair(ice, ret->pair, m->use_candidate, now_ms, ret);
}

void ice_lite_on_check(struct ice_lite *ice, const struct stun *m, const struct tuple *tuple,
                       uint64_t now_ms, struct ice_result *ret)
{
    ret->verdict = ICE_IGNORED;
    ret->pair = NULL;
    ret->selected_moved = false;
    ret->evicted = (struct tuple){.way = NULL};
    ret->response_len = 0;
    if (m->class != STUN_REQUEST || m->method != STUN_BINDING)
        return;
    if (!bytes_eq_str(ice_lite_local_ufrag(m), ice->ufrag))
        return;
    if (!stun_integrity_ok(m, bytes_str(ice->pwd)) || (m->has_fingerprint && !m->fingerprint_ok))
        return;
    if (m->n_unknown > 0) {
        respond_error(ice, m, 420, ret);
        return;
    }
    if (m->ice_controlled) { /* a lite agent never controls: the peer has to (section 7.3.1.1) */
        respond_error(ice, m, 487, ret);
        return;
    }
    take_check(ice, m, tuple, now_ms, ret);
    respond_success(ice, m, &tuple->remote, ret);
}

/* What comes by the pair that was nominated last counts at once: that may have been doubted. */
bool ice_lite_follow_media(struct ice_lite *ice, struct ice_pair *pair, uint64_t now_ms)
{
    bool contradicted = !ice->confirmed && ice->nominated;

    if (ice->confirmed && pair->nomination <= ice->selected->nomination && !is_silent(ice, now_ms))
        return false;
    if (contradicted)
        ice->doubt_until_ms = now_ms + ICE_DOUBT_MS;
    choose(ice, pair, pair->nomination > 0, true);
    return true;
}

bool ice_lite_forget(struct ice_lite *ice, struct ice_pair *pair)
{
    struct ice_pair *latest = NULL;

    *pair = (struct ice_pair){.checked_ms = 0};
    if (ice->selected != pair)
        return false;
    for (struct ice_pair *p = ice->pairs; p < ice->pairs + ICE_PAIR_MAX; p++) {
        if (tuple_is_set(&p->tuple) && (!latest || p->heard_ms > latest->heard_ms))
            latest = p;
    }
    choose(ice, latest, false, false);
    return true;
}

uint64_t ice_lite_consent_left_ms(const struct ice_lite *ice, uint64_t now_ms)
{
    const struct ice_pair *p = ice->selected;

    if (!p || now_ms >= p->checked_ms + ICE_CONSENT_MS)
        return 0;
    return p->checked_ms + ICE_CONSENT_MS - now_ms;
}
