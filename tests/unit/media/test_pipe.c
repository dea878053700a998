#include "media/pipe.h"

#include "media/worker.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define N 2
#define END UINT32_MAX /* the type of the last record */

/* Two workers of which we need the loop and the mailbox alone; flush_follows: pipes are flushed by
 * hand. */
static struct worker workers[N];
static struct node node = {.n_workers = N};

/* What came, in its order: records by their type, mail by its slot. */
static uint32_t came[64];
static unsigned n_came, n_wrong;
static uint32_t next_nr;

static void on_record(struct pipe *p, const struct pipe_record *r, struct bytes body)
{
    (void) p;
    if (n_came < 64)
        came[n_came++] = r->type;
    for (size_t i = 0; i < body.len; i++)
        n_wrong += body.p[i] != (uint8_t) r->slot;
    if (r->type == END)
        loop_quit(workers[1].loop, 0);
    else
        n_wrong += r->type != next_nr++ && n_came >= 64;
}

static void on_mail(struct pipe *p, struct message *m)
{
    (void) p;
    if (m->type == MAIL_PIPE_NEW)
        return;
    if (n_came < 64)
        came[n_came++] = m->slot;
    n_wrong += m->slot != next_nr++ && n_came >= 64;
}

static const struct pipe_handlers handlers = {on_record, on_mail};

static void on_message(struct mail *mail, void *worker)
{
    struct worker *w = worker;

    pipes_on_mail(w->pipes, message_of(mail));
}

static void drop_message(struct mail *mail, void *worker)
{
    (void) worker;
    message_free(message_of(mail));
}

static int setup(void **state)
{
    (void) state;
    n_came = n_wrong = next_nr = 0;
    for (unsigned i = 0; i < N; i++) {
        struct worker *w = &workers[i];

        w->node = &node;
        w->index = i;
        w->flush_follows = true;
        assert_int_equal(loop_new(&w->loop), 0);
        assert_int_equal(loop_set_new(w->loop, &w->set), 0);
        assert_int_equal(mailbox_new(w->loop, on_message, w, &w->mailbox), 0);
        assert_int_equal(pipes_new(w, &handlers, &w->pipes), 0);
    }
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    for (unsigned i = 0; i < N; i++) {
        struct worker *w = &workers[i];

        mailbox_free(w->mailbox, drop_message);
        w->pipes = pipes_free(w->pipes);
        loop_set_free(w->set);
        loop_free(w->loop);
    }
    return 0;
}

static void post(struct pipe *p, uint32_t nr)
{
    struct message *m = message_new(MAIL_MIRROR_OPEN);

    assert_non_null(m);
    m->slot = nr;
    pipe_post(p, m);
}

static bool put(struct pipe *p, uint32_t nr, size_t len)
{
    uint8_t body[2000];

    memset(body, (int) (nr & 0xff), len);
    return pipe_write(p, nr, nr & 0xff, bytes_of(body, len));
}

/* Until the last record has come. */
static void run_reader(struct pipe *p)
{
    assert_true(pipe_write(p, END, 0, bytes_of(NULL, 0)));
    pipes_flush(workers[0].pipes);
    assert_int_equal(loop_run(workers[1].loop), 0);
}

static void there_is_one_for_each_direction(void **state)
{
    struct pipe *p = pipe_to(&workers[0], &workers[1]);

    (void) state;
    assert_non_null(p);
    assert_ptr_equal(pipe_to(&workers[0], &workers[1]), p);
    assert_ptr_not_equal(pipe_to(&workers[1], &workers[0]), p);
    assert_ptr_equal(p->from, &workers[0]);
    assert_ptr_equal(p->to, &workers[1]);
}

static void mail_and_records_keep_their_order(void **state)
{
    struct pipe *p = pipe_to(&workers[0], &workers[1]);

    (void) state;
    put(p, 0, 10);
    put(p, 1, 1200);
    post(p, 2);
    put(p, 3, 0);
    post(p, 4);
    post(p, 5);
    put(p, 6, 8);
    put(p, 7, 8);
    post(p, 8);
    run_reader(p);
    assert_int_equal(n_came, 10);
    for (uint32_t i = 0; i < 9; i++)
        assert_int_equal(came[i], i);
    assert_int_equal(n_wrong, 0);
    assert_int_equal(pipes_counters(workers[0].pipes)->records_out, 6);
    assert_int_equal(pipes_counters(workers[1].pipes)->records_in, 6);
}

static void a_full_pipe_counts_what_it_loses(void **state)
{
    struct pipe *p = pipe_to(&workers[0], &workers[1]);
    unsigned n = 0;

    (void) state;
    while (put(p, n, 1200))
        n++;
    assert_in_range(n, PIPE_RING_SIZE / 1300, PIPE_RING_SIZE / 1200);
    assert_false(put(p, n, 1200));
    assert_int_equal(pipes_counters(workers[0].pipes)->dropped, 2);
    post(p, n); /* mail is not lost */
    run_reader(p);
    assert_int_equal(n_wrong, 0);
    assert_int_equal(pipes_counters(workers[1].pipes)->records_in, n + 1);
}

#define N_SENT 60000u

static void *writer(void *arg)
{
    struct pipe *p = pipe_to(&workers[0], &workers[1]);
    uint32_t nr = 0;

    while (nr < N_SENT) {
        if (nr % 101 == 100)
            post(p, nr++);
        else if (put(p, nr, nr % 300))
            nr++;
        else
            sched_yield();
        if (nr % 7 == 0)
            pipes_flush(workers[0].pipes);
    }
    while (!pipe_write(p, END, 0, bytes_of(NULL, 0)))
        sched_yield();
    pipes_flush(workers[0].pipes);
    return arg;
}

static void nobody_sleeps_while_there_is_something(void **state)
{
    pthread_t thread;

    (void) state;
    n_came = 64; /* so many that on_record() checks them itself */
    assert_int_equal(pthread_create(&thread, NULL, writer, NULL), 0);
    assert_int_equal(loop_run(workers[1].loop), 0);
    pthread_join(thread, NULL);
    assert_int_equal(next_nr, N_SENT);
    assert_int_equal(n_wrong, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(there_is_one_for_each_direction),
        TEST(mail_and_records_keep_their_order),
        TEST(a_full_pipe_counts_what_it_loses),
        TEST(nobody_sleeps_while_there_is_something),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
