/* What is finally lost of a video that visavis-media forwards, when both the publisher's and the
 * subscriber's cable lose, delay and reorder packets in both directions; and how long its picture
 * stands still. Networks of its own: the server's, and for each pair those of its two ends, each
 * behind a bad cable. Ends in "N passed, N failed".
 * usage: loss check             what holds on a machine that is busy as well: most of what the
 *                               cables lose comes after all
 *        loss promises SECONDS  what is promised, too: how little is lost for good, or late, how
 *                               long the picture stands still. A thousandth shows after minutes */
#include "base/clock.h"
#include "tests/lib/cable.h"
#include "tests/lib/measure.h"
#include "tests/lib/media_client.h"
#include "tests/lib/netns.h"
#include "tests/lib/video_ends.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHECK_SECONDS 20
#define LEFT_MAX 0.25       /* of what would be lost if nobody repeated anything */
#define CONNECT_US 30000000 /* handshakes are lost as well */
#define WARM_US 2000000     /* the first key frame, and round trips are measured */
#define TAIL_US 1000000     /* what nothing follows is missed by nobody */
#define DRAIN_US 3000000    /* what is still on its way, or asked for again */
#define FRAME_US 33333
#define FRAME_PACKETS 4 /* 1.06 Mbit/s */

/* One video under one kind of cable. */
struct pair {
    const char *name;
    struct cable cable;
    double lost_percent; /* less than that */
    unsigned still_ms;   /* the picture stands still for no longer: until a packet is given up, which
                          * is after a second, and until a key frame has come instead */

    struct netns source_net, sink_net;
    struct child *cables[2];
    struct video_source source;
    struct video_sink sink;
    uint32_t first, end; /* packets that count */
    struct video_sight sight;
    json_t *figures[2]; /* the server's own, of the publisher and the subscriber */
};

static struct pair pairs[] = {
    {.name = "1 %, 100 ms, reordering",
     .cable = {.loss_permille = 10, .delay_ms = 100, .reorder_permille = 10},
     .lost_percent = 0.1,
     .still_ms = 1000},
    {.name = "5 %, 100 ms, reordering",
     .cable = {.loss_permille = 50, .delay_ms = 100, .reorder_permille = 10},
     .lost_percent = 0.5,
     .still_ms = 2000},
    {.name = "10 %, 100 ms, reordering",
     .cable = {.loss_permille = 100, .delay_ms = 100, .reorder_permille = 10},
     .lost_percent = 2.0,
     .still_ms = 3000},
    {.name = "10 %, 50 ms, jitter 20 ms",
     .cable = {.loss_permille = 100, .delay_ms = 50, .jitter_ms = 20},
     .lost_percent = 2.0,
     .still_ms = 3000},
};
#define N_PAIRS (sizeof(pairs) / sizeof(pairs[0]))

static struct netns server_net;
static struct loop *loop;
static struct rtc_hub *hub;
static struct child *server;
static struct media_client *client;
static unsigned n_passed, n_failed;

/* ---- the place ---- */

struct cable_ends {
    const struct netns *net;
    const struct cable *cable;
};

static int run_cable(void *arg)
{
    const struct cable_ends *e = arg;
    int r = netns_enter(e->net);

    signal(SIGTERM, SIG_DFL);
    if (r == 0)
        r = cable_run("left", "right", e->cable);
    fprintf(stderr, "loss: cable: %s\n", strerror(-r));
    return 1;
}

/* The server's network and that of a pair's end, 10.<nr>.0.1 and .2, with the cable between them.
 */
static void lay_cable(const struct cable *c, unsigned nr, struct netns *ret_end,
                      struct child **ret_child)
{
    char name[16], server_address[32], end_address[32], gateway[32];
    struct netns middle;
    struct cable_ends ends = {&middle, c};

    snprintf(name, sizeof(name), "end%u", nr);
    snprintf(server_address, sizeof(server_address), "10.%u.0.1/24", nr);
    snprintf(end_address, sizeof(end_address), "10.%u.0.2/24", nr);
    snprintf(gateway, sizeof(gateway), "via 10.%u.0.1", nr);
    measure_check(netns_new(&middle), "network");
    measure_check(netns_new(ret_end), "network");
    measure_check(netns_join(&middle, "left", NULL, &server_net, name, server_address), "cable");
    measure_check(netns_join(&middle, "right", NULL, ret_end, "end", end_address), "cable");
    measure_check(netns_enter(ret_end), "network");
    measure_check(netns_route("default", gateway), "route");
    measure_check(child_new("cable", ret_child), "cable");
    measure_check(child_fork(*ret_child, run_cable, &ends), "cable");
    netns_close(&middle);
}

static void start_server(void)
{
    char path[CHILD_PATH_SIZE];

    measure_check(netns_enter(&server_net), "network");
    measure_check(child_new("visavis-media", &server), "media daemon");
    child_path(server, "control", path);
    measure_check(child_write(server, "config",
                              "control = \"%s\";\nport = 41000;\nworkers = 1;\n"
                              "announce_loopback = false;\n"
                              "log_level = \"info\";\n",
                              path),
                  "configuration");
    measure_check(child_start_daemon(server, "visavis-media"), "visavis-media");
    measure_check(media_client_new(loop, path, NULL, NULL, &client), "control socket");
}

static struct rtc_peer *new_peer(enum sdp_direction d, const struct rtc_peer_handlers *h, void *arg)
{
    struct rtc_peer_config c = {.direction = d, .video = true, .handlers = h, .arg = arg};
    struct rtc_peer *p;

    measure_check(rtc_peer_new(hub, &c, &p), "peer");
    return p;
}

static void room_of(const struct pair *p, char ret[static 16])
{
    snprintf(ret, 16, "ses_%u", (unsigned) (p - pairs));
}

/* Sockets are made in the network that the thread is in. */
static void join(struct pair *p)
{
    char room[16];

    room_of(p, room);
    p->source = (struct video_source){.loop = loop, .frame_us = FRAME_US, .packets = FRAME_PACKETS};
    p->source.peer = new_peer(SDP_SENDONLY, &video_source_handlers, &p->source);
    p->sink = (struct video_sink){.loop = loop};
    p->sink.peer = new_peer(SDP_RECVONLY, &video_sink_handlers, &p->sink);
    measure_check(netns_enter(&p->source_net), "network");
    measure_check(media_client_publish(client, room, "str", p->source.peer),
                  media_client_error(client));
    measure_check(netns_enter(&p->sink_net), "network");
    measure_check(media_client_subscribe(client, room, "str", "sub", p->sink.peer),
                  media_client_error(client));
}

static bool is_connected(const struct rtc_peer *p)
{
    if (rtc_peer_state(p) == RTC_FAILED) {
        fprintf(stderr, "loss: %s\n", rtc_peer_error(p));
        exit(1);
    }
    return rtc_peer_state(p) == RTC_CONNECTED;
}

static void wait_connected(void)
{
    uint64_t until_us = clock_us() + CONNECT_US;
    bool all = false;

    while (!all) {
        measure_check(clock_us() < until_us ? 0 : -ETIMEDOUT, "connecting");
        measure_check(measure_pause(loop, 10000), "loop");
        all = true;
        for (size_t i = 0; i < N_PAIRS; i++)
            all &= is_connected(pairs[i].source.peer) && is_connected(pairs[i].sink.peer);
    }
}

/* ---- the run ---- */

/* The server's figures of one transport: those of a stream, or of a subscriber. */
static json_t *figures_of(const char *room, const char *key, const char *name)
{
    json_t *result, *figures;

    measure_check(media_client_call(client, "describe",
                                    json_pack("{s:s, s:s}", "room", room, key, name), &result),
                  media_client_error(client));
    figures = json_incref(json_object_get(result, "figures"));
    json_decref(result);
    return figures;
}

static void stop_pair(struct pair *p)
{
    char room[16];

    room_of(p, room);
    p->figures[0] = figures_of(room, "stream", "str");
    p->figures[1] = figures_of(room, "subscriber", "sub");
    measure_check(media_client_close_room(client, room), media_client_error(client));
    video_sight(&p->sink, p->first, p->end, &p->sight);
}

static void run(unsigned seconds)
{
    for (size_t i = 0; i < N_PAIRS; i++) {
        measure_check(video_sink_start(&pairs[i].sink), "timer");
        measure_check(video_source_start(&pairs[i].source), "timer");
    }
    measure_check(measure_pause(loop, WARM_US), "loop");
    for (size_t i = 0; i < N_PAIRS; i++)
        pairs[i].first = pairs[i].source.n_packets;
    measure_check(measure_pause(loop, seconds * (uint64_t) 1000000), "loop");
    for (size_t i = 0; i < N_PAIRS; i++)
        pairs[i].end = pairs[i].source.n_packets;
    measure_check(measure_pause(loop, TAIL_US), "loop");
    for (size_t i = 0; i < N_PAIRS; i++)
        loop_timer_stop(&pairs[i].source.timer);
    measure_check(measure_pause(loop, DRAIN_US), "loop");
    for (size_t i = 0; i < N_PAIRS; i++)
        stop_pair(&pairs[i]);
}

static json_int_t of_video(json_t *figures, const char *key)
{
    json_t *tracks = json_object_get(figures, "tracks");

    return json_integer_value(json_object_get(json_array_get(tracks, 0), key));
}

static json_int_t rtt_ms(json_t *figures)
{
    return json_integer_value(json_object_get(figures, "rttMs"));
}

static void print(const struct pair *p)
{
    const struct video_sight *s = &p->sight;

    printf("%-26s %7u %7.3f %7.3f %6u %6u %6u %5.1f %5.1f   %4d %4d %6.1f %6.1f\n", p->name,
           s->packets, 100.0 * s->lost / s->packets, 100.0 * s->overdue / s->packets, s->median_ms,
           s->worst_ms, s->longest_still_ms, s->nacked_percent, s->twice_percent,
           (int) rtt_ms(p->figures[0]), (int) rtt_ms(p->figures[1]),
           100.0 * (double) of_video(p->figures[0], "lost") /
               (double) of_video(p->figures[0], "packets"),
           100.0 * (double) of_video(p->figures[1], "repeated") /
               (double) of_video(p->figures[1], "packets"));
}

static void expect(const struct pair *p, const char *what, bool is)
{
    n_passed += is;
    n_failed += !is;
    printf("%s  %s: %s\n", is ? "ok    " : "FAILED", p->name, what);
}

static void check(const struct pair *p)
{
    const struct video_sight *s = &p->sight;
    double got_through = 1 - p->cable.loss_permille / 1000.0;
    unsigned way_ms = 2 * p->cable.delay_ms;

    expect(p, "most of what the cables lose comes after all",
           s->lost < LEFT_MAX * (1 - got_through * got_through) * s->packets);
    expect(p, "most pictures are shown", s->shown > s->frames / 2);
    expect(p, "the publisher's packets were lost, and came again",
           of_video(p->figures[0], "lost") > 0 && of_video(p->figures[0], "repeated") > 0);
    expect(p, "the subscriber's were", of_video(p->figures[1], "repeated") > 0);
    expect(p, "the server knows both round trips",
           rtt_ms(p->figures[0]) >= way_ms * 3 / 4 && rtt_ms(p->figures[1]) >= way_ms * 3 / 4);
}

static void check_promises(const struct pair *p)
{
    const struct video_sight *s = &p->sight;

    expect(p, "what was never there, or a second late, is below the bar",
           100.0 * (s->lost + s->overdue) / s->packets < p->lost_percent);
    expect(p, "the picture moves", s->longest_still_ms <= p->still_ms);
}

static int finish(bool promises)
{
    for (size_t i = 0; i < N_PAIRS; i++) {
        print(&pairs[i]);
        video_source_stop(&pairs[i].source);
        video_sink_stop(&pairs[i].sink);
        rtc_peer_free(pairs[i].source.peer);
        rtc_peer_free(pairs[i].sink.peer);
    }
    for (size_t i = 0; i < N_PAIRS; i++) {
        check(&pairs[i]);
        if (promises)
            check_promises(&pairs[i]);
    }
    expect(&pairs[0], "the server's log tells how it was",
           child_has_logged(server, "quality of a publisher: {") &&
               child_has_logged(server, "quality of a subscriber: {"));
    for (size_t i = 0; i < N_PAIRS; i++) {
        json_decref(pairs[i].figures[0]);
        json_decref(pairs[i].figures[1]);
        child_free(pairs[i].cables[0]);
        child_free(pairs[i].cables[1]);
    }
    media_client_free(client);
    child_free(server);
    rtc_hub_free(hub);
    loop_free(loop);
    printf("%u passed, %u failed\n", n_passed, n_failed);
    return n_failed == 0 ? 0 : 1;
}

/* False: not allowed here. */
static bool make_networks(void)
{
    int r = netns_new(&server_net);

    if (r == -EPERM)
        return false;
    measure_check(r, "network");
    for (unsigned i = 0; i < N_PAIRS; i++) {
        lay_cable(&pairs[i].cable, 2 * i + 1, &pairs[i].source_net, &pairs[i].cables[0]);
        lay_cable(&pairs[i].cable, 2 * i + 2, &pairs[i].sink_net, &pairs[i].cables[1]);
    }
    return true;
}

int main(int argc, char **argv)
{
    bool promises = argc == 3 && strcmp(argv[1], "promises") == 0;
    unsigned seconds = promises ? (unsigned) strtoul(argv[2], NULL, 10) : CHECK_SECONDS;

    setlinebuf(stdout);
    if (seconds == 0 || (!promises && (argc != 2 || strcmp(argv[1], "check") != 0))) {
        fprintf(stderr, "usage: loss check | loss promises SECONDS\n");
        return 2;
    }
    if (!make_networks()) {
        puts("networks cannot be made here\n0 passed, 0 failed, 1 skipped");
        return EXIT_SUCCESS;
    }
    measure_check(loop_new(&loop), "loop");
    measure_check(rtc_hub_new(loop, &hub), "hub");
    start_server();
    for (size_t i = 0; i < N_PAIRS; i++)
        join(&pairs[i]);
    wait_connected();
    printf("%-26s %7s %7s %7s %6s %6s %6s %5s %5s   %9s %6s %6s\n", "each cable", "packets",
           "lost %", "late %", "median", "worst", "still", "ask %", "2x %", "rtt up,dn", "up %",
           "rtx %");
    run(seconds);
    return finish(promises);
}
