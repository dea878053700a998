#include "turn/quota.h"

#include "base/map.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

struct quota {
    pthread_mutex_t lock;
    struct map *users; /* user name -> quota_user */
    size_t max_total, max_per_user;
    size_t total;
};

struct quota_user {
    size_t n;
    size_t len;
    uint8_t name[];
};

int quota_new(size_t max_total, size_t max_per_user, struct quota **ret_quota)
{
    struct quota *q = calloc(1, sizeof(*q));
    int r;

    if (!q)
        return -ENOMEM;
    r = map_new(SIZE_MAX, &q->users); /* never more than the total */
    if (r < 0) {
        free(q);
        return r;
    }
    pthread_mutex_init(&q->lock, NULL);
    q->max_total = max_total;
    q->max_per_user = max_per_user;
    *ret_quota = q;
    return 0;
}

void quota_set_limits(struct quota *q, size_t max_total, size_t max_per_user)
{
    pthread_mutex_lock(&q->lock);
    q->max_total = max_total;
    q->max_per_user = max_per_user;
    pthread_mutex_unlock(&q->lock);
}

struct quota *quota_free(struct quota *q)
{
    if (!q)
        return NULL;
    map_free(q->users);
    pthread_mutex_destroy(&q->lock);
    free(q);
    return NULL;
}

static int add_user(struct quota *q, struct bytes name, struct quota_user **ret)
{
    struct quota_user *u = malloc(sizeof(*u) + name.len);
    int r;

    if (!u)
        return -ENOMEM;
    *u = (struct quota_user){.len = name.len};
    if (name.len)
        memcpy(u->name, name.p, name.len);
    r = map_put(q->users, name, u);
    if (r < 0) {
        free(u);
        return r;
    }
    *ret = u;
    return 0;
}

static int take_locked(struct quota *q, struct bytes username, struct quota_user **ret_user)
{
    struct quota_user *u = map_get(q->users, username);
    int r;

    if (u && u->n >= q->max_per_user)
        return -EDQUOT;
    if (q->total >= q->max_total)
        return -ENOSPC;
    if (!u) {
        r = add_user(q, username, &u);
        if (r < 0)
            return r;
    }
    u->n++;
    q->total++;
    *ret_user = u;
    return 0;
}

int quota_take(struct quota *q, struct bytes username, struct quota_user **ret_user)
{
    int r;

    pthread_mutex_lock(&q->lock);
    r = take_locked(q, username, ret_user);
    pthread_mutex_unlock(&q->lock);
    return r;
}

void quota_give(struct quota *q, struct quota_user *user)
{
    pthread_mutex_lock(&q->lock);
    q->total--;
    if (--user->n == 0) {
        map_del(q->users, bytes_of(user->name, user->len));
        free(user);
    }
    pthread_mutex_unlock(&q->lock);
}

size_t quota_count(struct quota *q)
{
    size_t n;

    pthread_mutex_lock(&q->lock);
    n = q->total;
    pthread_mutex_unlock(&q->lock);
    return n;
}
