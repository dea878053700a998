#include "base/prom.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static uint8_t text[4096];
static struct wr w;
static const struct prom p = {&w, "x_"};

static const char *written(void)
{
    size_t len = 0;

    assert_int_equal(wr_finish(&w, &len), 0);
    text[len] = '\0';
    w = wr_init(text, sizeof(text) - 1);
    return (const char *) text;
}

static int setup(void **state)
{
    (void) state;
    w = wr_init(text, sizeof(text) - 1);
    return 0;
}

static void test_values(void **state)
{
    (void) state;
    prom_gauge(&p, "a", "Help.", -7);
    assert_string_equal(written(), "# HELP x_a Help.\n# TYPE x_a gauge\nx_a -7\n");
    prom_counter(&p, "a_total", "Help.", 18);
    assert_string_equal(written(),
                        "# HELP x_a_total Help.\n# TYPE x_a_total counter\nx_a_total 18\n");
    prom_seconds(&p, "t", NULL, 12000034);
    assert_string_equal(written(), "x_t 12.000034\n");
}

static void test_labels(void **state)
{
    struct prom_label labels[PROM_LABELS_MAX] = {{"one", "1"}, {"two", "a\"b\\c\nd"}, {"k", ""}};

    (void) state;
    prom_value(&p, "a", labels, 1);
    assert_string_equal(written(), "x_a{one=\"1\",two=\"a\\\"b\\\\c\\nd\",k=\"\"} 1\n");
    labels[1].name = NULL;
    prom_value(&p, "a", labels, 1);
    assert_string_equal(written(), "x_a{one=\"1\"} 1\n");
    labels[0].name = NULL;
    prom_value(&p, "a", labels, 1);
    assert_string_equal(written(), "x_a 1\n");
}

/* Cumulative; what is exactly at a bound is within it. */
static void test_histogram(void **state)
{
    struct prom_histogram h = {.sum_us = 0};
    const char *t;

    (void) state;
    prom_observe(&h, 0);
    prom_observe(&h, 1000);
    prom_observe(&h, 1001);
    prom_observe(&h, 60000000);
    prom_histogram(&p, "d", &(struct prom_label){"m", "n"}, &h);
    t = written();
    assert_non_null(strstr(t, "x_d_bucket{m=\"n\",le=\"0.001\"} 2\n"));
    assert_non_null(strstr(t, "x_d_bucket{m=\"n\",le=\"0.0025\"} 3\n"));
    assert_non_null(strstr(t, "x_d_bucket{m=\"n\",le=\"10\"} 3\n"));
    assert_non_null(strstr(t, "x_d_bucket{m=\"n\",le=\"+Inf\"} 4\n"
                              "x_d_sum{m=\"n\"} 60.002001\nx_d_count{m=\"n\"} 4\n"));
    prom_histogram(&p, "d", NULL, &h);
    t = written();
    assert_non_null(strstr(t, "x_d_bucket{le=\"+Inf\"} 4\nx_d_sum 60.002001\nx_d_count 4\n"));
}

static void test_full(void **state)
{
    size_t len;

    (void) state;
    w = wr_init(text, 20);
    prom_gauge(&p, "a", "Help.", 1);
    assert_int_equal(wr_finish(&w, &len), -ENOSPC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_values, setup),
        cmocka_unit_test_setup(test_labels, setup),
        cmocka_unit_test_setup(test_histogram, setup),
        cmocka_unit_test_setup(test_full, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
