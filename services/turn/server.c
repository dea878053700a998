#include "turn/server.h"

#include "base/crypto.h"
#include "base/log.h"
#include "loop/mailbox.h"
#include "turn/worker.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

struct thread {
    struct worker worker;
    struct loop *loop;
    struct mailbox *box;
    struct mail stop; /* the order to end; here, so that it needs no memory then */
    pthread_t id;
    bool running;
};

struct server {
    struct auth auth;
    struct quota *quota;
    size_t n_threads;
    struct thread threads[];
};

struct new_peers {
    struct mail mail;
    struct peers peers;
};

static void drop_mail(struct mail *m, void *arg)
{
    struct thread *t = arg;

    if (m != &t->stop)
        free(container_of(m, struct new_peers, mail));
}

static void on_mail(struct mail *m, void *arg)
{
    struct thread *t = arg;

    if (m == &t->stop)
        loop_quit(t->loop, 0);
    else
        t->worker.turn.peers = container_of(m, struct new_peers, mail)->peers;
    drop_mail(m, arg);
}

static int prepare(struct server *s, struct thread *t, const struct turn_config *config)
{
    int r = loop_new(&t->loop);

    if (r == 0)
        r = mailbox_new(t->loop, on_mail, t, &t->box);
    if (r == 0)
        r = worker_init(&t->worker, t->loop, config, &s->auth, s->quota);
    return r;
}

static void *run(void *arg)
{
    struct thread *t = arg;
    int r = loop_run(t->loop);

    if (r < 0)
        log_error("a worker's loop ended: %s", strerror(-r));
    return NULL;
}

static int start(struct thread *t)
{
    int r = pthread_create(&t->id, NULL, run, t);

    t->running = r == 0;
    return -r;
}

int server_new(const struct turn_config *config, struct server **ret_server)
{
    struct server *s = calloc(1, sizeof(*s) + config->n_threads * sizeof(s->threads[0]));
    int r;

    if (!s)
        return -ENOMEM;
    s->n_threads = config->n_threads;
    auth_init(&s->auth, config->secret, config->realm);
    r = quota_new(config->total_quota, config->user_quota, &s->quota);
    for (size_t i = 0; i < s->n_threads && r == 0; i++)
        r = prepare(s, &s->threads[i], config);
    for (size_t i = 0; i < s->n_threads && r == 0; i++)
        r = start(&s->threads[i]);
    if (r < 0) {
        server_free(s);
        return r;
    }
    *ret_server = s;
    return 0;
}

static int give_peers(struct thread *t, const struct peers *peers)
{
    struct new_peers *m = malloc(sizeof(*m));

    if (!m)
        return -ENOMEM;
    m->peers = *peers;
    mailbox_post(t->box, &m->mail);
    return 0;
}

int server_set_peers(struct server *s, const struct peers *peers)
{
    int result = 0;

    for (size_t i = 0; i < s->n_threads; i++) {
        int r = give_peers(&s->threads[i], peers);

        result = r < 0 ? r : result;
    }
    return result;
}

static void stop(struct thread *t)
{
    if (t->running) {
        mailbox_post(t->box, &t->stop);
        pthread_join(t->id, NULL);
    }
    worker_done(&t->worker);
    if (t->box)
        mailbox_free(t->box, drop_mail);
    loop_free(t->loop);
}

struct server *server_free(struct server *s)
{
    if (!s)
        return NULL;
    for (size_t i = 0; i < s->n_threads; i++)
        stop(&s->threads[i]);
    quota_free(s->quota);
    secret_wipe(&s->auth, sizeof(s->auth));
    free(s);
    return NULL;
}
