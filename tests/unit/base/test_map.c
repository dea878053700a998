#include "base/list.h"
#include "base/map.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define N 5000

static struct bytes number_key(const uint32_t *n)
{
    return bytes_of(n, sizeof(*n));
}

static void puts_gets_deletes(void **state)
{
    struct map *m;
    int a, b;

    (void) state;
    assert_int_equal(map_new(2, &m), 0);
    assert_null(map_get(m, bytes_str("a")));
    assert_int_equal(map_put(m, bytes_str("a"), &a), 0);
    assert_int_equal(map_put(m, bytes_str("a"), &b), -EEXIST);
    assert_int_equal(map_put(m, bytes_of(NULL, 0), &b), 0);
    assert_int_equal(map_put(m, bytes_str("c"), &b), -ENOSPC);
    assert_int_equal(map_put(m, bytes_str("a"), &b), -EEXIST);
    assert_ptr_equal(map_get(m, bytes_str("a")), &a);
    assert_ptr_equal(map_get(m, bytes_str("")), &b);
    assert_ptr_equal(map_del(m, bytes_str("a")), &a);
    assert_null(map_del(m, bytes_str("a")));
    assert_int_equal(map_count(m), 1);
    assert_int_equal(map_put(m, bytes_of("\0\0", 2), &a), 0);
    assert_null(map_get(m, bytes_of("\0", 1)));
    m = map_free(m);
    assert_null(m);
    assert_null(map_free(NULL));
}

static struct map *full_map(uint32_t *values)
{
    struct map *m;

    assert_int_equal(map_new(N, &m), 0);
    for (uint32_t i = 0; i < N; i++) {
        values[i] = i;
        assert_int_equal(map_put(m, number_key(&i), &values[i]), 0);
    }
    assert_int_equal(map_count(m), N);
    return m;
}

static void finds_all_after_growing(void **state)
{
    static uint32_t values[N];
    struct map *m = full_map(values);

    (void) state;
    for (uint32_t i = 0; i < N; i++)
        assert_ptr_equal(map_get(m, number_key(&i)), &values[i]);
    map_free(m);
}

/* Deletes every stride-th entry while visiting: each entry is still seen exactly once. */
static void visit_deleting(unsigned stride)
{
    static uint32_t values[N];
    static unsigned seen[N];
    struct map *m = full_map(values);
    size_t pos = 0;
    unsigned n = 0;
    unsigned n_deleted = 0;
    uint32_t *v;

    memset(seen, 0, sizeof(seen));
    while ((v = map_next(m, &pos))) {
        seen[*v]++;
        if (stride && n++ % stride == 0) {
            assert_ptr_equal(map_del(m, number_key(v)), v);
            n_deleted++;
        }
    }
    for (unsigned i = 0; i < N; i++)
        assert_int_equal(seen[i], 1);
    assert_int_equal(map_count(m), N - n_deleted);
    assert_null(map_next(m, &pos));
    map_free(m);
}

static void visits_each_once(void **state)
{
    (void) state;
    visit_deleting(0);
    visit_deleting(1);
    visit_deleting(2);
    visit_deleting(3);
}

/* Two maps with the same keys visit them in different orders: their hash keys are random. */
static void order_is_not_predictable(void **state)
{
    static uint32_t values[N];
    struct map *a = full_map(values);
    struct map *b = full_map(values);
    size_t pos_a = 0;
    size_t pos_b = 0;
    unsigned n_same = 0;

    (void) state;
    for (unsigned i = 0; i < N; i++)
        n_same += map_next(a, &pos_a) == map_next(b, &pos_b);
    assert_true(n_same < N / 10);
    map_free(a);
    map_free(b);
}

struct item {
    int value;
    struct list node;
};

static void list_keeps_order_and_survives_deletion(void **state)
{
    struct list head = LIST_INIT(head);
    struct item items[4];
    struct item *it;
    int sum = 0;

    (void) state;
    assert_null(list_first(&head, struct item, node));
    for (int i = 0; i < 4; i++)
        items[i].value = i;
    list_append(&head, &items[1].node);
    list_append(&head, &items[2].node);
    list_prepend(&head, &items[0].node);
    list_append(&head, &items[3].node);
    list_for_each (it, &head, node) {
        sum = sum * 10 + it->value;
        if (it->value % 2)
            list_del(&it->node);
    }
    assert_int_equal(sum, 123);
    list_del(&items[1].node);
    assert_ptr_equal(list_first(&head, struct item, node), &items[0]);
    assert_ptr_equal(head.prev, &items[2].node);
    list_for_each (it, &head, node)
        list_del(&it->node);
    assert_true(list_empty(&head));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(puts_gets_deletes),
        cmocka_unit_test(finds_all_after_growing),
        cmocka_unit_test(visits_each_once),
        cmocka_unit_test(order_is_not_predictable),
        cmocka_unit_test(list_keeps_order_and_survives_deletion),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
