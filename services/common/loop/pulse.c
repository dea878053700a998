#include "loop/pulse.h"

#include "base/log.h"
#include "base/thread_trace.h"
#include "loop/mailbox.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#define ROUNDS_PER_WATCHDOG 6

/* Rounds without an answer: the manager gets no food any more after the first, and after this many
 * there is just time enough for a trace before it would act itself. */
#define ROUNDS_TO_END 2
#define NAME_SIZE 16 /* of a thread */

struct pulse_watch {
    struct list node;
    struct mailbox *box;
    struct mail question;
    atomic_bool outstanding;
    unsigned n_missed; /* rounds in a row */
    pthread_t thread;  /* set with the first answer, before outstanding says so */
    atomic_bool has_answered;
};

struct pulse {
    struct loop *loop;
    struct loop_timer timer;
    uint64_t interval_us; /* 0: no watchdog */
    bool alive;
    struct list watched;
};

/* On the thread: it answers by being here. */
static void on_question(struct mail *m, void *arg)
{
    struct pulse_watch *w = arg;

    (void) m;
    w->thread = pthread_self();
    w->has_answered = true;
    atomic_store(&w->outstanding, false);
}

static void drop_question(struct mail *m, void *arg)
{
    (void) m;
    (void) arg;
}

bool pulse_beat(struct pulse *p)
{
    struct pulse_watch *w;
    bool alive = true;

    list_for_each (w, &p->watched, node) {
        if (atomic_load(&w->outstanding)) {
            w->n_missed++;
            alive = false;
        } else {
            w->n_missed = 0;
            atomic_store(&w->outstanding, true);
            mailbox_post(w->box, &w->question);
        }
    }
    return alive;
}

/* Nothing in this process can set the thread going again: the manager starts another one. */
static void end_by(const struct pulse_watch *w, uint64_t silent_us)
{
    char name[NAME_SIZE] = "a thread";
    int r = -ESRCH;

    /* Only a thread that has answered once is known, and it does not end before it is unwatched. */
    if (w->has_answered)
        (void) pthread_getname_np(w->thread, name, sizeof(name));
    log_error("%s has not answered for %.1f s: this daemon ends. It is at:", name,
              (double) silent_us / 1e6);
    if (w->has_answered)
        r = thread_trace_log(w->thread);
    if (r < 0)
        log_error("an unknown place: %s", strerror(-r));
    abort();
}

static void on_timer(struct loop_timer *t)
{
    struct pulse *p = container_of(t, struct pulse, timer);
    bool alive = pulse_beat(p);
    const struct pulse_watch *w;

    list_for_each (w, &p->watched, node) {
        if (w->n_missed >= ROUNDS_TO_END)
            end_by(w, w->n_missed * p->interval_us);
    }

    if (alive != p->alive)
        (void) loop_feed_watchdog(p->loop, alive);
    p->alive = alive;
    (void) loop_timer_start(t, p->loop, p->interval_us, on_timer);
}

int pulse_new(struct loop *l, struct pulse **ret_p)
{
    struct pulse *p = calloc(1, sizeof(*p));
    uint64_t watchdog_us = 0;
    int r = 0;

    if (!p)
        return -ENOMEM;
    p->loop = l;
    p->alive = true;
    list_init(&p->watched);
    if (sd_watchdog_enabled(0, &watchdog_us) > 0)
        p->interval_us = watchdog_us / ROUNDS_PER_WATCHDOG;
    if (p->interval_us)
        r = thread_trace_prepare();
    if (r == 0 && p->interval_us)
        r = loop_timer_start(&p->timer, l, p->interval_us, on_timer);
    if (r < 0) {
        free(p);
        return r;
    }
    *ret_p = p;
    return 0;
}

struct pulse *pulse_free(struct pulse *p)
{
    if (!p)
        return NULL;
    loop_timer_done(&p->timer);
    free(p);
    return NULL;
}

int pulse_watch(struct pulse *p, struct loop *thread_loop, struct pulse_watch **ret_w)
{
    struct pulse_watch *w = p ? calloc(1, sizeof(*w)) : NULL;
    int r;

    if (!w) {
        if (!p)
            *ret_w = NULL;
        return p ? -ENOMEM : 0;
    }
    r = mailbox_new(thread_loop, on_question, w, &w->box);
    if (r < 0) {
        free(w);
        return r;
    }
    list_init(&w->question.node);
    list_append(&p->watched, &w->node);
    *ret_w = w;
    return 0;
}

struct pulse_watch *pulse_unwatch(struct pulse_watch *w)
{
    if (!w)
        return NULL;
    list_del(&w->node);
    mailbox_free(w->box, drop_question);
    free(w);
    return NULL;
}
