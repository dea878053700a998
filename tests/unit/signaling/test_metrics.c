#include "app_kit.h"

#include "signaling/metrics.h"
#include "signaling/rest.h"
#include "signaling/rpc.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define DOCUMENT "services/signaling/metrics.md"

static char text[METRICS_SIZE + 1];
static json_t *media; /* what the media daemon answers to "stats" */

static void render(void)
{
    struct wr w = wr_init(text, METRICS_SIZE);
    size_t len = 0;

    metrics_render(&w, &app);
    metrics_render_media(&w, media);
    assert_int_equal(wr_finish(&w, &len), 0);
    text[len] = '\0';
}

static int setup(void **state)
{
    (void) state;
    app_kit_start();
    app.sessions.stats = &app.stats;
    media = json_object();
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    json_decref(media);
    app_kit_stop();
    return 0;
}

static void expect(const char *line)
{
    char with_ends[256];

    snprintf(with_ends, sizeof(with_ends), "\n%s\n", line);
    if (!strstr(text, with_ends))
        fail_msg("no line \"%s\" in:\n%s", line, text);
}

/* Also when every number is as long as it can get. */
static void test_all_fit(void **state)
{
    (void) state;
    memset(&app.stats, 0x7f, sizeof(app.stats));
    render();
    assert_true(strlen(text) < METRICS_SIZE);
    assert_true(strlen(text) > METRICS_SIZE / 64);
}

/* Each name has one head, and its lines stand behind it. */
static void test_form(void **state)
{
    char name[128] = "", *copy, *line, *rest;
    size_t n = 0;

    (void) state;
    memset(&app.stats, 1, sizeof(app.stats));
    render();
    copy = strdup(text);
    for (line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char head[160];

        if (strncmp(line, "# HELP ", 7) == 0) {
            snprintf(name, sizeof(name), "%.*s", (int) strcspn(line + 7, " "), line + 7);
            snprintf(head, sizeof(head), "# HELP %s ", name);
            assert_null(strstr(strstr(text, head) + 1, head));
            n++;
        } else if (strncmp(line, "# TYPE ", 7) == 0) {
            assert_memory_equal(line + 7, name, strlen(name));
        } else {
            assert_memory_equal(line, name, strlen(name));
            assert_non_null(strrchr(line, ' '));
        }
    }
    free(copy);
    assert_true(n > 20);
}

static void test_counts(void **state)
{
    size_t n = 0;

    (void) state;
    app.stats.rpc[rpc_n_methods()][STATS_ERROR] = 5;
    app.stats.rest[rest_n_routes()][3] = 6;
    while (strcmp(rest_route_path(n), "sessions/*") != 0)
        n++;
    app.stats.rest[n][1] = 7;
    stats_event(&app.stats, "participantJoined");
    stats_event(&app.stats, "no such event");
    stats_left(&app.stats, "networkDisconnect");
    stats_left(&app.stats, "no such reason");
    stats_refused(&app.stats, STATS_MAX_SESSIONS);
    stats_event(NULL, "participantJoined");
    app.stats.dropped[STATS_SLOW] = 8;
    app.stats.media_failed[stats_media_of("offer")] = 9;
    render();
    expect("visavis_signaling_rpc_requests_total{method=\"unknown\",outcome=\"error\"} 5");
    expect("visavis_signaling_rpc_requests_total{method=\"joinRoom\",outcome=\"result\"} 0");
    expect("visavis_signaling_rest_requests_total{method=\"any\",route=\"other\",status=\"4xx\"} "
           "6");
    expect("visavis_signaling_rest_requests_total{method=\"GET\",route=\"sessions/*\","
           "status=\"2xx\"} 7");
    expect("visavis_signaling_events_total{event=\"participantJoined\"} 1");
    expect("visavis_signaling_events_total{event=\"other\"} 1");
    expect("visavis_signaling_participants_left_total{reason=\"networkDisconnect\"} 1");
    expect("visavis_signaling_participants_left_total{reason=\"other\"} 1");
    expect("visavis_signaling_refused_total{limit=\"max_sessions\"} 1");
    expect("visavis_signaling_websockets_ended_total{cause=\"slow\"} 8");
    expect("visavis_signaling_media_calls_failed_total{method=\"offer\"} 9");
    expect("visavis_signaling_media_up 1");
    expect("visavis_signaling_turn_up 1");
}

/* All workers' tracks are summed, and so are the kinds that one of them lacks. */
static void test_media(void **state)
{
    (void) state;
    json_decref(media);
    media = json_pack("{s:[{s:i,s:i,s:{s:{s:{s:i}},s:i}},{s:i,s:i,s:{s:{s:{s:i},s:{s:i}},s:i}}]}",
                      "workers", "port", 40000, "transports", 3, "media", "in", "video", "lost", 5,
                      "transportsEnded", 7, "port", 40001, "transports", 4, "media", "in", "audio",
                      "lost", 1, "video", "lost", 6, "transportsEnded", 8);
    assert_non_null(media);
    render();
    expect("visavis_media_transports{port=\"40000\"} 3");
    expect("visavis_media_transports{port=\"40001\"} 4");
    expect("visavis_media_lost_packets_total{kind=\"audio\"} 1");
    expect("visavis_media_lost_packets_total{kind=\"video\"} 11");
    expect("visavis_media_sent_packets_total{kind=\"video\"} 0");
    expect("visavis_media_transports_ended_total 15");
    json_object_update_new(json_array_get(json_object_get(media, "workers"), 1),
                           json_pack("{s:i, s:f, s:{s:i, s:i, s:i}}", "badMedia", 9, "load", 0.125,
                                     "tcp", "connections", 10, "refused", 11, "droppedOut", 12));
    render();
    expect("visavis_media_bad_media_total{port=\"40000\"} 0");
    expect("visavis_media_bad_media_total{port=\"40001\"} 9");
    expect("visavis_media_load_ratio{port=\"40001\"} 0.125000");
    expect("visavis_media_tcp_connections_total{port=\"40001\"} 10");
    expect("visavis_media_tcp_refused_total{port=\"40001\"} 11");
    expect("visavis_media_tcp_dropped_total{port=\"40001\"} 12");
    json_object_set_new(media, "refused", json_pack("{s:i}", "MEDIA_MAX_ROOMS", 3));
    render();
    expect("visavis_media_refused_total{limit=\"MEDIA_MAX_ROOMS\"} 3");
}

/* What is told of names is what the document says. */
static void test_documented(void **state)
{
    static char document[65536];
    FILE *f = fopen(DOCUMENT, "r");
    size_t n_told = 0, n_rows = 0;
    char *line, *rest, *copy;

    (void) state;
    assert_non_null(f);
    document[fread(document, 1, sizeof(document) - 1, f)] = '\0';
    fclose(f);
    render();
    copy = strdup(text);
    for (line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char row[512];
        const char *help, *type;
        size_t len;

        if (strncmp(line, "# HELP ", 7) != 0)
            continue;
        len = strcspn(line + 7, " ");
        help = line + 7 + len + 1;
        type = strtok_r(NULL, "\n", &rest) + 7 + len + 1;
        snprintf(row, sizeof(row), "\n| `%.*s` | %s | %s", (int) len, line + 7, type, help);
        if (!strstr(document, row))
            fail_msg("%s has no row like:%s |", DOCUMENT, row);
        n_told++;
    }
    for (line = document; (line = strstr(line, "\n| `visavis_signaling_")); line++)
        n_rows++;
    for (line = document; (line = strstr(line, "\n| `visavis_media_")); line++)
        n_rows++;
    for (line = document; (line = strstr(line, "\n| `process_")); line++)
        n_rows++;
    assert_int_equal(n_rows, n_told);
    free(copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_all_fit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_form, setup, teardown),
        cmocka_unit_test_setup_teardown(test_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_media, setup, teardown),
        cmocka_unit_test_setup_teardown(test_documented, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
