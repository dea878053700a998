#include "turn/server.h"

#include "base/clock.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/rnd.h"
#include "link/turn_api.h"
#include "turn/worker.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct thread {
    struct worker worker;
    struct auth auth;
    struct loop *loop;
    struct mailbox *box;
    struct pulse_watch *pulse;
    struct mail stop; /* the order to end; here, so that it needs no memory then */
    pthread_t id;
    bool running;
};

struct server {
    struct quota *quota;
    struct tls_context *tls; /* NULL: none could be loaded yet */
    struct reservations *reservations;
    size_t next_web;                  /* the thread that had the last connection of the web port */
    struct secrets secrets;           /* threads have copies */
    struct userhash_table *usernames; /* NULL: no USERHASH */
    size_t n_threads;
    struct thread threads[];
};

/* What a thread is told; it owns it then. */
struct news {
    struct mail mail;
    enum { NEWS_PEERS, NEWS_SETTINGS, NEWS_SWEEP, NEWS_CERTIFICATE, NEWS_WEB } type;
    struct peers *peers;
    struct secrets secrets;
    struct addr external_ip, alternate_server;
    uint64_t user_kbps;
    struct server_sweep *sweep;
    struct tls_context *tls;
    int web_fd; /* -1: none */
};

/* One thread less to wait for. */
static void sweep_done(struct server_sweep *sweep)
{
    if (__atomic_sub_fetch(&sweep->waiting, 1, __ATOMIC_ACQ_REL) == 0)
        mailbox_post(sweep->box, &sweep->mail);
}

static struct news *news_free(struct news *n)
{
    if (n && n->sweep)
        sweep_done(n->sweep);
    if (n) {
        secrets_done(&n->secrets);
        tls_context_unref(n->tls);
        if (n->type == NEWS_WEB && n->web_fd >= 0)
            close(n->web_fd);
        peers_unref(n->peers);
    }
    free(n);
    return NULL;
}

static void drop_mail(struct mail *m, void *arg)
{
    struct thread *t = arg;

    if (m != &t->stop)
        news_free(container_of(m, struct news, mail));
}

static void take_news(struct thread *t, struct news *n)
{
    struct turn *turn = &t->worker.turn;

    if (n->type == NEWS_PEERS) {
        turn_set_peers(turn, n->peers);
        n->peers = NULL;
    } else if (n->type == NEWS_SWEEP) {
        worker_sweep(&t->worker);
    } else if (n->type == NEWS_CERTIFICATE) {
        worker_set_tls(&t->worker, n->tls);
    } else if (n->type == NEWS_WEB) {
        worker_add_web(&t->worker, n->web_fd);
        n->web_fd = -1;
    } else {
        turn->external_ip = n->external_ip;
        turn->alternate_server = n->alternate_server;
        turn->user_kbps = n->user_kbps;
        auth_take_secrets(&t->auth, &n->secrets);
    }
}

static void on_mail(struct mail *m, void *arg)
{
    struct thread *t = arg;

    if (m == &t->stop)
        loop_quit(t->loop, 0);
    else
        take_news(t, container_of(m, struct news, mail));
    drop_mail(m, arg);
}

static int prepare_auth(const struct server *s, struct auth *a, const struct turn_config *config,
                        const uint8_t nonce_key[static NONCE_KEY_SIZE])
{
    struct secrets secrets;
    int r = auth_init(a, config->secret, config->realm, nonce_key);

    if (r == 0)
        r = secrets_copy(&s->secrets, &secrets);
    if (r == 0)
        auth_take_secrets(a, &secrets);
    if (r == 0 && config->sha256)
        r = auth_use_sha256(a, s->usernames, nonce_key);
    a->quota = s->quota;
    return r;
}

static int prepare(struct server *s, struct thread *t, const struct turn_config *config,
                   struct pulse *pulse, const uint8_t nonce_key[static NONCE_KEY_SIZE])
{
    int r = prepare_auth(s, &t->auth, config, nonce_key);

    if (r == 0)
        r = loop_new(&t->loop);
    if (r == 0)
        r = mailbox_new(t->loop, on_mail, t, &t->box);
    if (r == 0)
        r = pulse_watch(pulse, t->loop, &t->pulse);
    if (r == 0)
        r = worker_init(&t->worker, t->loop, config, &t->auth, s->quota);
    if (r == 0) {
        worker_set_tls(&t->worker, s->tls);
        t->worker.turn.reservations = s->reservations;
    }
    return r;
}

static int set_secrets(struct secrets *s, const struct turn_config *config)
{
    return secrets_set(s, config->secret, config->old_secrets, config->n_old_secrets,
                       clock_wall_ms());
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

/* A certificate that cannot be used never ends anything: what was there goes on, and the next
 * reload tries again. False: as before. */
static bool load_certificate(struct server *s, const struct turn_config *config)
{
    char why[TLS_CONTEXT_WHY_SIZE];
    struct tls_context *fresh;

    if (!config->certificate)
        return false;
    if (tls_context_new(config->certificate, config->certificate_key, &fresh, why) < 0) {
        log_error("%s; %s", why,
                  s->tls ? "going on with the certificate from before"
                         : "nobody is served over TLS until a reload finds a certificate");
        return false;
    }
    tls_context_unref(s->tls);
    s->tls = fresh;
    return true;
}

int server_new(const struct turn_config *config, struct pulse *pulse, struct server **ret_server)
{
    struct server *s = calloc(1, sizeof(*s) + config->n_threads * sizeof(s->threads[0]));
    uint8_t nonce_key[NONCE_KEY_SIZE];
    int r;

    if (!s)
        return -ENOMEM;
    s->n_threads = config->n_threads;
    rnd_bytes(nonce_key, sizeof(nonce_key));
    (void) load_certificate(s, config);
    r = quota_new(config->total_quota, config->user_quota, &s->quota);
    if (r == 0)
        r = reservations_new(s->quota, &s->reservations);
    if (r == 0)
        r = set_secrets(&s->secrets, config);
    if (r == 0 && config->sha256)
        r = userhash_table_new(TURN_API_REMEMBERED_MAX, config->realm, &s->usernames);
    for (size_t i = 0; i < s->n_threads && r == 0; i++)
        r = prepare(s, &s->threads[i], config, pulse, nonce_key);
    for (size_t i = 0; i < s->n_threads && r == 0; i++)
        r = start(&s->threads[i]);
    if (r < 0) {
        server_free(s);
        return r;
    }
    *ret_server = s;
    return 0;
}

static int give_peers(struct thread *t, struct peers *peers)
{
    struct news *n = calloc(1, sizeof(*n));

    if (!n)
        return -ENOMEM;
    n->type = NEWS_PEERS;
    n->peers = peers_ref(peers);
    mailbox_post(t->box, &n->mail);
    return 0;
}

int server_set_peers(struct server *s, struct peers *peers)
{
    int result = 0;

    for (size_t i = 0; i < s->n_threads; i++) {
        int r = give_peers(&s->threads[i], peers);

        result = r < 0 ? r : result;
    }
    return result;
}

static struct news *settings_new(const struct turn_config *config, const struct secrets *secrets)
{
    struct news *n = calloc(1, sizeof(*n));

    if (!n)
        return NULL;
    n->type = NEWS_SETTINGS;
    n->external_ip = config_told_ip(config);
    n->alternate_server = config->alternate_server;
    n->user_kbps = config->user_kbps;
    return secrets_copy(secrets, &n->secrets) == 0 ? n : news_free(n);
}

static void give_certificate(struct server *s)
{
    for (size_t i = 0; i < s->n_threads; i++) {
        struct news *n = calloc(1, sizeof(*n));

        if (!n) {
            log_error("no memory for a new certificate, a thread keeps the last one");
            continue;
        }
        n->type = NEWS_CERTIFICATE;
        n->tls = tls_context_ref(s->tls);
        mailbox_post(s->threads[i].box, &n->mail);
    }
}

/* An allocation has a relay, and another or a connection; who has none yet, and clients of the web
 * site, come on top. */
size_t server_descriptors(const struct turn_config *c)
{
    size_t waiting = CONN_STRANGERS_MAX + CONN_HANDSHAKES_MAX;

    if (c->web_backend)
        waiting += 2 * (size_t) PASS_MAX;
    return 2 * c->total_quota + c->n_threads * waiting;
}

void server_add_web(struct server *s, int fd)
{
    struct news *n = calloc(1, sizeof(*n));

    if (!n) {
        close(fd);
        return;
    }
    n->type = NEWS_WEB;
    n->web_fd = fd;
    s->next_web = (s->next_web + 1) % s->n_threads;
    mailbox_post(s->threads[s->next_web].box, &n->mail);
}

int server_reloaded(struct server *s, const struct turn_config *config)
{
    struct news **news = calloc(s->n_threads, sizeof(struct news *));
    struct secrets secrets = {.n = 0};
    bool complete =
        news && secrets_copy(&s->secrets, &secrets) == 0 && set_secrets(&secrets, config) == 0;

    if (load_certificate(s, config))
        give_certificate(s);

    for (size_t i = 0; complete && i < s->n_threads; i++) {
        news[i] = settings_new(config, &secrets);
        complete = news[i] != NULL;
    }
    for (size_t i = 0; news && i < s->n_threads; i++) {
        if (complete)
            mailbox_post(s->threads[i].box, &news[i]->mail);
        else
            news_free(news[i]);
    }
    free(news);
    if (complete) {
        secrets_done(&s->secrets);
        s->secrets = secrets;
        quota_set_limits(s->quota, config->total_quota, config->user_quota);
    } else {
        secrets_done(&secrets);
    }
    return complete ? 0 : -ENOMEM;
}

void server_sweep(struct server *s, struct server_sweep *sweep)
{
    sweep->waiting = 1;
    for (size_t i = 0; i < s->n_threads; i++) {
        struct news *n = calloc(1, sizeof(*n));

        if (!n)
            continue;
        n->type = NEWS_SWEEP;
        n->sweep = sweep;
        __atomic_add_fetch(&sweep->waiting, 1, __ATOMIC_RELAXED);
        mailbox_post(s->threads[i].box, &n->mail);
    }
    sweep_done(sweep);
}

struct quota *server_quota(struct server *s)
{
    return s->quota;
}

struct userhash_table *server_usernames(struct server *s)
{
    return s->usernames;
}

void server_stats(const struct server *s, struct stats *ret)
{
    *ret = (struct stats){.n = {0}};
    for (size_t i = 0; i < s->n_threads; i++)
        stats_sum(ret, &s->threads[i].worker.turn.stats);
}

void server_status(struct server *s, char *text, size_t size)
{
    struct stats sum;
    uint64_t refused = 0;

    server_stats(s, &sum);
    for (unsigned i = STAT_REFUSED_PASSWORD; i <= STAT_REFUSED_OTHER; i++)
        refused += sum.n[i];
    snprintf(text, size, "%zu allocations, %" PRIu64 " refused", quota_count(s->quota), refused);
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
    pulse_unwatch(t->pulse);
    loop_free(t->loop);
    auth_done(&t->auth);
}

struct server *server_free(struct server *s)
{
    if (!s)
        return NULL;
    for (size_t i = 0; i < s->n_threads; i++)
        stop(&s->threads[i]);
    reservations_free(s->reservations);
    quota_free(s->quota);
    userhash_table_free(s->usernames);
    secrets_done(&s->secrets);
    tls_context_unref(s->tls);
    free(s);
    return NULL;
}
