#include "turn/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const char *render(const struct stats *s, size_t n_revoked)
{
    static char text[METRICS_SIZE + 1];
    struct wr w = wr_init(text, METRICS_SIZE);
    size_t len = 0;

    metrics_render(&w, s, n_revoked);
    assert_int_equal(wr_finish(&w, &len), 0);
    text[len] = '\0';
    return text;
}

static void expect_line(const char *text, const char *line)
{
    char with_ends[256];

    snprintf(with_ends, sizeof(with_ends), "\n%s\n", line);
    if (!strstr(text, with_ends))
        fail_msg("no line \"%s\" in:\n%s", line, text);
}

/* Each number that is counted is somewhere in the file. */
static void test_all_are_told(void **state)
{
    struct stats s = {.n = {0}};
    char value[32];

    (void) state;
    for (unsigned i = STAT_PACKETS_TO_PEERS; i < N_STATS; i++)
        s.n[i] = 700000 + i;
    for (unsigned i = STAT_PACKETS_TO_PEERS; i < N_STATS; i++) {
        snprintf(value, sizeof(value), " %u\n", 700000 + i);
        if (!strstr(render(&s, 0), value))
            fail_msg("number %u is nowhere", i);
    }
}

static void test_largest_numbers_fit(void **state)
{
    struct stats s;

    (void) state;
    memset(&s, 0xff, sizeof(s));
    assert_non_null(strstr(render(&s, SIZE_MAX), "18446744073709551615"));
}

/* One that came and went while the numbers were read was perhaps seen to go alone. */
static void test_no_less_than_none(void **state)
{
    struct stats s = {.n = {0}};

    (void) state;
    s.n[STAT_ALLOCATIONS_MADE + TRANSPORT_UDP] = 7;
    s.n[STAT_ALLOCATIONS_ENDED + TRANSPORT_UDP] = 8;
    expect_line(render(&s, 0), "visavis_turn_allocations{transport=\"udp\"} 0");
}

static void test_kinds(void **state)
{
    struct stats s = {.n = {0}};
    const char *text;

    (void) state;
    s.n[STAT_ALLOCATIONS_MADE + TRANSPORT_UDP] = 7;
    s.n[STAT_ALLOCATIONS_ENDED + TRANSPORT_UDP] = 3;
    s.n[STAT_ALLOCATIONS_MADE + TRANSPORT_TLS] = 9;
    s.n[STAT_CONNECTIONS_MADE + TRANSPORT_TLS] = 20;
    s.n[STAT_CONNECTIONS_ENDED + TRANSPORT_TLS] = 5;
    text = render(&s, 2);
    expect_line(text, "visavis_turn_allocations{transport=\"udp\"} 4");
    expect_line(text, "visavis_turn_allocations{transport=\"tls\"} 9");
    expect_line(text, "visavis_turn_allocations_made_total{transport=\"udp\"} 7");
    expect_line(text, "visavis_turn_allocations_made_total{transport=\"tcp\"} 0");
    expect_line(text, "visavis_turn_connections{transport=\"tls\"} 15");
    expect_line(text, "visavis_turn_connections_made_total{transport=\"tls\"} 20");
    expect_line(text, "visavis_turn_revoked_credentials 2");
    assert_null(strstr(text, "visavis_turn_connections{transport=\"udp\"}"));
}

/* As node_exporter wants it: HELP and TYPE once, before the lines of that name, which stand
 * together. */
static void test_form(void **state)
{
    const struct stats s = {.n = {0}};
    char *text = strdup(render(&s, 0)), *rest = text, *line, name[128] = "", of[128], type[32];
    char told[8192] = "";

    (void) state;
    while ((line = strsep(&rest, "\n")) && *line) {
        if (sscanf(line, "# HELP %127s", of) == 1) {
            snprintf(name, sizeof(name), "%s", of);
            assert_null(strstr(told, line));
            strncat(told, line, sizeof(told) - strlen(told) - 1);
            line = strsep(&rest, "\n");
            assert_int_equal(sscanf(line, "# TYPE %127s %31s", of, type), 2);
            assert_string_equal(of, name);
            assert_true(strcmp(type, "gauge") == 0 || strcmp(type, "counter") == 0);
            assert_int_equal(strcmp(type, "counter") == 0, strstr(name, "_total") != NULL);
            continue;
        }
        assert_int_equal(sscanf(line, "%127[a-z_]", of), 1);
        assert_string_equal(of, name);
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_are_told),
        cmocka_unit_test(test_largest_numbers_fit),
        cmocka_unit_test(test_no_less_than_none),
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_form),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
