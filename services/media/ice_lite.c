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

/* A place for a new pair: a free one, else that of the longest unheard, never the selected. */
static struct ice_pair *make_room(struct ice_lite *ice, struct ice_result *ret)
{
    struct ice_pair *oldest = NULL;

    for (struct ice_pair *p = ice->pairs; p < ice->pairs + ICE_PAIR_MAX; p++) {
        if (!tuple_is_set(&p->tuple))
            return p;
        if (p != ice->selected && (!oldest || p->heard_ms < oldest->heard_ms))
            oldest = p;
    }
    ret->evicted = oldest->tuple;
    return oldest;
}

static void open_pair(struct ice_lite *ice, const struct stun *m, const struct tuple *tuple,
                      uint64_t now_ms, struct ice_result *ret)
{
    struct ice_pair *p = ice_lite_find(ice, tuple);

    ret->verdict = p ? ICE_ANSWERED : ICE_OPENED;
    if (!p)
        p = make_room(ice, ret);
    *p = (struct ice_pair){.tuple = *tuple,
                           .priority = m->has_priority ? m->priority : 0,
                           .checked_ms = now_ms,
                           .heard_ms = now_ms};
    ret->pair = p;
}

/* A peer that has lost the address it used says so by nominating another pair. One that cannot
 * nominate (again) is followed to the pair that still works. */
static bool must_move(const struct ice_lite *ice, const struct stun *m, uint64_t now_ms)
{
    return !ice->selected || m->use_candidate || now_ms >= ice->selected->heard_ms + ICE_SILENCE_MS;
}

static void select_pair(struct ice_lite *ice, const struct stun *m, uint64_t now_ms,
                        struct ice_result *ret)
{
    if (ice->selected != ret->pair && must_move(ice, m, now_ms)) {
        ice->selected = ret->pair;
        ice->nominated = m->use_candidate;
        ret->selected_moved = true;
    } else if (ice->selected == ret->pair) {
        ice->nominated |= m->use_candidate;
    }
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
    open_pair(ice, m, tuple, now_ms, ret);
    select_pair(ice, m, now_ms, ret);
    respond_success(ice, m, &tuple->remote, ret);
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
    ice->selected = latest;
    ice->nominated = false;
    return true;
}

uint64_t ice_lite_consent_left_ms(const struct ice_lite *ice, uint64_t now_ms)
{
    uint64_t latest = 0;
    bool any = false;

    for (const struct ice_pair *p = ice->pairs; p < ice->pairs + ICE_PAIR_MAX; p++) {
        any |= tuple_is_set(&p->tuple);
        if (p->checked_ms > latest)
            latest = p->checked_ms;
    }
    if (!any || now_ms >= latest + ICE_CONSENT_MS)
        return 0;
    return latest + ICE_CONSENT_MS - now_ms;
}
