#include "turn/reservations.h"

#include "base/crypto.h"
#include "base/rnd.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

struct entry {
    struct reservation kept;
    uint64_t expires_ms;
    uint8_t token[RESERVATION_TOKEN_SIZE];
};

struct reservations {
    pthread_mutex_t lock;
    struct quota *quota;
    size_t n;
    struct entry entries[RESERVATIONS_MAX];
};

int reservations_new(struct quota *quota, struct reservations **ret_reservations)
{
    struct reservations *s = calloc(1, sizeof(*s));

    if (!s)
        return -ENOMEM;
    pthread_mutex_init(&s->lock, NULL);
    s->quota = quota;
    *ret_reservations = s;
    return 0;
}

static void remove_at(struct reservations *s, size_t i)
{
    s->entries[i] = s->entries[--s->n];
    secret_wipe(&s->entries[s->n], sizeof(s->entries[0]));
}

static void expire_locked(struct reservations *s, uint64_t now_ms)
{
    for (size_t i = 0; i < s->n;) {
        struct entry *e = &s->entries[i];

        if (e->expires_ms > now_ms) {
            i++;
            continue;
        }
        close(e->kept.fd);
        quota_give(s->quota, e->kept.quota_user);
        remove_at(s, i);
    }
}

struct reservations *reservations_free(struct reservations *s)
{
    if (!s)
        return NULL;
    expire_locked(s, UINT64_MAX);
    pthread_mutex_destroy(&s->lock);
    free(s);
    return NULL;
}

static int put_locked(struct reservations *s, struct bytes username, const struct entry *entry)
{
    struct entry *e = &s->entries[s->n];
    int r;

    if (s->n == RESERVATIONS_MAX)
        return -ENOSPC;
    *e = *entry;
    r = quota_take(s->quota, username, &e->kept.quota_user);
    if (r == 0)
        s->n++;
    return r;
}

int reservations_put(struct reservations *s, struct bytes username, int fd,
                     const struct addr *bound, uint64_t now_ms,
                     uint8_t ret_token[static RESERVATION_TOKEN_SIZE])
{
    struct entry e = {.kept = {.fd = fd, .bound = *bound},
                      .expires_ms = now_ms + RESERVATION_LIFETIME_MS};
    int r;

    rnd_bytes(e.token, sizeof(e.token));
    pthread_mutex_lock(&s->lock);
    expire_locked(s, now_ms);
    r = put_locked(s, username, &e);
    pthread_mutex_unlock(&s->lock);
    if (r == 0)
        memcpy(ret_token, e.token, sizeof(e.token));
    secret_wipe(&e, sizeof(e));
    return r;
}

static int take_locked(struct reservations *s, const uint8_t *token, struct bytes username,
                       struct reservation *ret)
{
    for (size_t i = 0; i < s->n; i++) {
        const struct entry *e = &s->entries[i];

        if (secret_eq(bytes_of(e->token, sizeof(e->token)),
                      bytes_of(token, RESERVATION_TOKEN_SIZE)) &&
            quota_user_is_named(e->kept.quota_user, username)) {
            *ret = e->kept;
            remove_at(s, i);
            return 0;
        }
    }
    return -ENOENT;
}

int reservations_take(struct reservations *s, const uint8_t token[static RESERVATION_TOKEN_SIZE],
                      struct bytes username, uint64_t now_ms, struct reservation *ret)
{
    int r;

    pthread_mutex_lock(&s->lock);
    expire_locked(s, now_ms);
    r = take_locked(s, token, username, ret);
    pthread_mutex_unlock(&s->lock);
    return r;
}

void reservations_expire(struct reservations *s, uint64_t now_ms)
{
    pthread_mutex_lock(&s->lock);
    expire_locked(s, now_ms);
    pthread_mutex_unlock(&s->lock);
}
