#include "loop/mailbox.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define N_POSTS 20000
#define N_THREADS 2

struct letter {
    struct mail mail;
    int thread;
    int number;
};

static struct loop *loop;
static struct mailbox *box;
static int next_number[N_THREADS];
static int n_received, n_dropped;

static int setup(void **state)
{
    (void) state;
    n_received = n_dropped = 0;
    next_number[0] = next_number[1] = 0;
    return loop_new(&loop);
}

static int teardown(void **state)
{
    (void) state;
    loop = loop_free(loop);
    return 0;
}

static void post(int thread, int number)
{
    struct letter *letter = malloc(sizeof(*letter));

    letter->thread = thread;
    letter->number = number;
    mailbox_post(box, &letter->mail);
}

static void *post_many(void *arg)
{
    for (int i = 0; i < N_POSTS; i++)
        post(*(int *) arg, i);
    return NULL;
}

static void on_drop(struct mail *m, void *arg)
{
    assert_ptr_equal(arg, &box);
    n_dropped++;
    free(container_of(m, struct letter, mail));
}

static void on_letter(struct mail *m, void *arg)
{
    struct letter *letter = container_of(m, struct letter, mail);

    assert_ptr_equal(arg, &box);
    assert_int_equal(letter->number, next_number[letter->thread]++);
    free(letter);
    if (++n_received == N_THREADS * N_POSTS)
        loop_quit(loop, 0);
}

static void threads_post_in_order(void **state)
{
    pthread_t threads[N_THREADS];
    int numbers[N_THREADS] = {0, 1};

    (void) state;
    assert_int_equal(mailbox_new(loop, on_letter, &box, &box), 0);
    for (int i = 0; i < N_THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, post_many, &numbers[i]), 0);
    assert_int_equal(loop_run(loop), 0);
    for (int i = 0; i < N_THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(n_received, N_THREADS * N_POSTS);
    box = mailbox_free(box, on_drop);
    assert_int_equal(n_dropped, 0);
}

static void undelivered_are_dropped(void **state)
{
    (void) state;
    assert_int_equal(mailbox_new(loop, on_letter, &box, &box), 0);
    post(0, 0);
    post(0, 1);
    box = mailbox_free(box, on_drop);
    assert_null(box);
    assert_int_equal(n_dropped, 2);
    assert_int_equal(n_received, 0);
    assert_null(mailbox_free(NULL, on_drop));
}

static void on_letter_free_box(struct mail *m, void *arg)
{
    (void) arg;
    n_received++;
    free(container_of(m, struct letter, mail));
    post(0, 9);
    box = mailbox_free(box, on_drop);
    loop_quit(loop, 0);
}

static void box_may_be_freed_while_delivering(void **state)
{
    (void) state;
    assert_int_equal(mailbox_new(loop, on_letter_free_box, &box, &box), 0);
    post(0, 0);
    post(0, 1);
    loop_run(loop);
    assert_int_equal(n_received, 1);
    assert_int_equal(n_dropped, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(threads_post_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(undelivered_are_dropped, setup, teardown),
        cmocka_unit_test_setup_teardown(box_may_be_freed_while_delivering, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
