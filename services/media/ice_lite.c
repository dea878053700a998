#include "media/ice_lite.h"

#include "base/rnd.h"

void ice_lite_init(struct ice_lite *ice)
{
    *ice = (struct ice_lite){.n_addresses = 0};
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

static struct ice_address *find(struct ice_lite *ice, const struct addr *remote)
{
    for (unsigned i = 0; i < ice->n_addresses; i++) {
        if (addr_eq(&ice->addresses[i].remote, remote))
            return &ice->addresses[i];
    }
    return NULL;
}

/* A place for a new address: a free one, else that of the longest unheard, never the selected. */
static struct ice_address *make_room(struct ice_lite *ice, struct ice_result *ret)
{
    struct ice_address *oldest = NULL;

    if (ice->n_addresses < ICE_ADDRESS_MAX)
        return &ice->addresses[ice->n_addresses++];
    for (unsigned i = 0; i < ice->n_addresses; i++) {
        struct ice_address *a = &ice->addresses[i];

        if (addr_eq(&a->remote, &ice->selected))
            continue;
        if (!oldest || a->checked_ms < oldest->checked_ms)
            oldest = a;
    }
    ret->evicted = oldest->remote;
    return oldest;
}

static void open_address(struct ice_lite *ice, const struct stun *m, const struct addr *remote,
                         const struct addr *local, uint64_t now_ms, struct ice_result *ret)
{
    struct ice_address *a = find(ice, remote);

    ret->verdict = a ? ICE_ANSWERED : ICE_OPENED;
    if (!a)
        a = make_room(ice, ret);
    *a = (struct ice_address){.remote = *remote,
                              .local = *local,
                              .priority = m->has_priority ? m->priority : 0,
                              .checked_ms = now_ms};
}

static void select_address(struct ice_lite *ice, const struct stun *m, const struct addr *remote,
                           struct ice_result *ret)
{
    if (ice->selected.family != 0 && !m->use_candidate)
        return;
    ice->nominated |= m->use_candidate;
    if (addr_eq(&ice->selected, remote))
        return;
    ice->selected = *remote;
    ret->selected_moved = true;
}

void ice_lite_on_check(struct ice_lite *ice, const struct stun *m, const struct addr *remote,
                       const struct addr *local, uint64_t now_ms, struct ice_result *ret)
{
    ret->verdict = ICE_IGNORED;
    ret->selected_moved = false;
    ret->evicted = (struct addr){.family = 0};
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
    open_address(ice, m, remote, local, now_ms, ret);
    select_address(ice, m, remote, ret);
    respond_success(ice, m, remote, ret);
}

const struct ice_address *ice_lite_selected(const struct ice_lite *ice)
{
    if (ice->selected.family == 0)
        return NULL;
    for (unsigned i = 0; i < ice->n_addresses; i++) {
        if (addr_eq(&ice->addresses[i].remote, &ice->selected))
            return &ice->addresses[i];
    }
    return NULL;
}

uint64_t ice_lite_consent_left_ms(const struct ice_lite *ice, uint64_t now_ms)
{
    uint64_t latest = 0;

    for (unsigned i = 0; i < ice->n_addresses; i++) {
        if (ice->addresses[i].checked_ms > latest)
            latest = ice->addresses[i].checked_ms;
    }
    if (ice->n_addresses == 0 || now_ms >= latest + ICE_CONSENT_MS)
        return 0;
    return latest + ICE_CONSENT_MS - now_ms;
}
