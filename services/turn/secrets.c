#include "turn/secrets.h"

#include <errno.h>
#include <stdlib.h>

static void secret_done(struct secret *s)
{
    if (s->text)
        secret_wipe(s->text, strlen(s->text));
    free(s->text);
    hmac_free(s->hmac);
    *s = (struct secret){.text = NULL};
}

void secrets_done(struct secrets *s)
{
    for (size_t i = 0; i < s->n; i++)
        secret_done(&s->list[i]);
    s->n = 0;
}

static const struct secret *find(const struct secrets *s, const char *text)
{
    for (size_t i = 0; i < s->n; i++) {
        if (secret_eq(bytes_str(s->list[i].text), bytes_str(text)))
            return &s->list[i];
    }
    return NULL;
}

/* One that is there already stays as it is. */
static int add(struct secrets *s, const char *text, uint64_t until_s)
{
    struct secret fresh = {.text = strdup(text), .until_s = until_s};

    if (!fresh.text || find(s, text) || hmac_new(HMAC_SHA1, bytes_str(text), &fresh.hmac) < 0) {
        bool known = fresh.text && find(s, text);

        secret_done(&fresh);
        return known ? 0 : -ENOMEM;
    }
    s->list[s->n++] = fresh;
    return 0;
}

/* Of the secrets now, the one that was in force last, and until when it is good. */
static const struct secret *before(const struct secrets *now, const char *in_force,
                                   uint64_t wall_ms, uint64_t *ret_until_s)
{
    const struct secret *last = now->n > 0 ? &now->list[now->n - 1] : NULL;

    if (now->n > 0 && !secret_eq(bytes_str(now->list[0].text), bytes_str(in_force))) {
        *ret_until_s = wall_ms / 1000 + SECRETS_BEFORE_S;
        return &now->list[0];
    }
    if (!last || last->until_s == UINT64_MAX)
        return NULL;
    *ret_until_s = last->until_s;
    return last;
}

/* Is each secret as good as it was? */
static bool includes(const struct secrets *s, const struct secrets *former)
{
    for (size_t i = 0; i < former->n; i++) {
        const struct secret *same = find(s, former->list[i].text);

        if (!same || same->until_s < former->list[i].until_s)
            return false;
    }
    return true;
}

int secrets_set(struct secrets *s, const char *in_force, const char *const *old, size_t n_old,
                uint64_t wall_ms)
{
    struct secrets fresh = {.epoch = s->epoch};
    const struct secret *kept;
    uint64_t until_s;
    int r;

    if (n_old > SECRETS_OLD_MAX)
        return -ENOSPC;
    r = add(&fresh, in_force, UINT64_MAX);
    for (size_t i = 0; i < n_old && r == 0; i++)
        r = add(&fresh, old[i], UINT64_MAX);
    kept = before(s, in_force, wall_ms, &until_s);
    if (r == 0 && kept)
        r = add(&fresh, kept->text, until_s);
    if (r < 0) {
        secrets_done(&fresh);
        return r;
    }
    if (!includes(&fresh, s))
        fresh.epoch++;
    secrets_done(s);
    *s = fresh;
    return 0;
}

int secrets_copy(const struct secrets *s, struct secrets *ret)
{
    int r = 0;

    *ret = (struct secrets){.epoch = s->epoch};
    for (size_t i = 0; i < s->n && r == 0; i++)
        r = add(ret, s->list[i].text, s->list[i].until_s);
    if (r < 0)
        secrets_done(ret);
    return r;
}

bool secrets_next_password(const struct secrets *s, size_t *pos, struct bytes username,
                           uint64_t expiry_s, char ret[static SECRETS_PASSWORD_SIZE])
{
    uint8_t mac[SHA1_SIZE];
    bool done = false;

    while (!done && *pos < s->n) {
        const struct secret *secret = &s->list[(*pos)++];

        done = expiry_s <= secret->until_s && hmac_sum(secret->hmac, &username, 1, mac) == 0;
    }
    if (done)
        base64_encode(bytes_of(mac, sizeof(mac)), ret, SECRETS_PASSWORD_SIZE);
    secret_wipe(mac, sizeof(mac));
    return done;
}
