/* What is finally lost behind two links that lose, delay and reorder in both directions: the parts
 * that recover a stream, put together as a worker does, between a publisher and a subscriber that
 * behave as browsers do. Time is simulated; chance is a fixed sequence. */
#include "media/history.h"
#include "media/nack.h"
#include "media/retransmit.h"
#include "media/rewrite.h"
#include "media/rtt.h"
#include "tests/lib/chance.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define MS UINT64_C(1000)
#define STEP_US MS
#define PACKETS 20000
#define PACKET_US (8 * MS) /* 1,100 bytes each: 1.1 Mbit/s */
#define PACKET_SIZE 1100
#define IN_FLIGHT_MAX 4096
#define ASK_MAX 64
/* From sending to playing, as video_ends.c has it; browsers wait for longer before they give up. */
#define OVERDUE_US (1000 * MS)
#define FIRST_SEQ UINT64_C(0x10005)
#define PUBLISHER_RTT_US (50 * MS) /* after which a publisher repeats a packet once more */

struct link_config {
    unsigned loss_permille, reorder_permille;
    uint64_t delay_us;
};

enum what { MEDIA, REPEATED, ASKED };

struct packet {
    uint64_t at_us; /* of arrival; 0: none is here */
    enum what what;
    uint64_t seq; /* MEDIA, REPEATED */
    unsigned n;   /* ASKED: that many numbers */
    uint16_t seqs[ASK_MAX];
};

/* One direction. */
struct link {
    struct packet in_flight[IN_FLIGHT_MAX];
    unsigned last; /* used slots are below */
};

static struct link up, up_back, down, down_back;
static struct link_config config;
static struct chance dice;
static uint64_t now_us;

/* The forwarding unit, and the receiver. */
static struct nack nack, subscriber_nack;
static struct history *history;
static struct rewrite rewrite;
static struct retransmit retransmit;
static struct rtt publisher_rtt, subscriber_rtt;
static uint64_t n_repeated, n_duplicates;

static uint64_t repeated_us[PACKETS];
static uint64_t arrived_us[PACKETS]; /* at the subscriber; 0: never */

/* As netem does it: what is reordered is not delayed. */
static void transmit(struct link *l, struct packet p)
{
    unsigned i = 0;

    if (chance_below(&dice, 1000) < config.loss_permille)
        return;
    p.at_us = now_us + (chance_below(&dice, 1000) < config.reorder_permille ? MS : config.delay_us);
    while (i < l->last && l->in_flight[i].at_us)
        i++;
    assert_true(i < IN_FLIGHT_MAX);
    l->in_flight[i] = p;
    if (i == l->last)
        l->last++;
}

/* Calls for all that has arrived by now, in the order of arrival. */
static void deliver(struct link *l, void (*fn)(const struct packet *p))
{
    for (;;) {
        struct packet *first = NULL, p;

        for (unsigned i = 0; i < l->last; i++) {
            struct packet *q = &l->in_flight[i];

            if (q->at_us && q->at_us <= now_us && (!first || q->at_us < first->at_us))
                first = q;
        }
        if (!first)
            return;
        p = *first;
        first->at_us = 0;
        while (l->last && l->in_flight[l->last - 1].at_us == 0)
            l->last--;
        fn(&p);
    }
}

static void ask(struct link *l, struct nack *n, uint64_t retry_us)
{
    struct packet p = {.what = ASKED};
    bool broken;

    if (nack_deadline(n) > now_us)
        return;
    p.n = (unsigned) nack_due(n, now_us, retry_us, p.seqs, ASK_MAX, &broken);
    if (p.n > 0)
        transmit(l, p);
}

/* ---- the publisher ---- */

static void on_asked_of_publisher(const struct packet *p)
{
    for (unsigned i = 0; i < p->n; i++) {
        uint64_t n = (uint16_t) (p->seqs[i] - (uint16_t) FIRST_SEQ) + (uint64_t) 0;

        while (n + 65536 < PACKETS && (n + 65536) * PACKET_US <= now_us)
            n += 65536;
        if (repeated_us[n] && now_us - repeated_us[n] < PUBLISHER_RTT_US)
            continue;
        repeated_us[n] = now_us;
        transmit(&up, (struct packet){.what = REPEATED, .seq = FIRST_SEQ + n});
    }
}

/* ---- the forwarding unit ---- */

static void on_media(const struct packet *p)
{
    static uint8_t data[PACKET_SIZE];
    uint64_t took_us, out;
    uint32_t ts;

    assert_true(nack_packet(&nack, p->seq, p->what == REPEATED, now_us, &took_us));
    if (took_us)
        rtt_sample(&publisher_rtt, took_us);
    if (history_put(history, p->seq, bytes_of(data, sizeof(data)), now_us) < 0 ||
        rewrite_map(&rewrite, p->seq, 0, now_us, &out, &ts) < 0)
        return;
    retransmit_earn(&retransmit);
    if (out < rewrite.highest_out)
        retransmit_note(&retransmit, (uint16_t) out, now_us);
    transmit(&down, (struct packet){.what = MEDIA, .seq = out});
}

static void on_asked_by_subscriber(const struct packet *p)
{
    for (unsigned i = 0; i < p->n; i++) {
        uint64_t in, out;
        uint32_t ts;

        if (rewrite_source_seq(&rewrite, p->seqs[i], &in) < 0 ||
            !history_find(history, in, now_us).p ||
            !retransmit_grant(&retransmit, p->seqs[i], rtt_us(&subscriber_rtt), now_us))
            continue;
        assert_int_equal(rewrite_map(&rewrite, in, 0, now_us, &out, &ts), 0);
        assert_int_equal((uint16_t) out, p->seqs[i]);
        n_repeated++;
        transmit(&down, (struct packet){.what = REPEATED, .seq = out});
    }
}

/* ---- the subscriber ---- */

static uint64_t out_of_first;

static void on_media_of_subscriber(const struct packet *p)
{
    uint64_t took_us, n = p->seq - out_of_first;

    assert_true(nack_packet(&subscriber_nack, p->seq, p->what == REPEATED, now_us, &took_us));
    if (n >= PACKETS)
        return;
    n_duplicates += arrived_us[n] != 0;
    if (!arrived_us[n])
        arrived_us[n] = now_us;
}

/* ---- the run ---- */

static void start(void)
{
    memset(&up, 0, sizeof(up));
    memset(&up_back, 0, sizeof(up_back));
    memset(&down, 0, sizeof(down));
    memset(&down_back, 0, sizeof(down_back));
    memset(repeated_us, 0, sizeof(repeated_us));
    memset(arrived_us, 0, sizeof(arrived_us));
    nack_init(&nack);
    nack_init(&subscriber_nack);
    rewrite_init(&rewrite, 90000, 100, 0);
    retransmit = (struct retransmit){.credit = 0};
    publisher_rtt = (struct rtt){.smoothed_us = 0};
    subscriber_rtt = (struct rtt){.smoothed_us = (uint32_t) (2 * config.delay_us)};
    assert_int_equal(history_new(&history_video, &history), 0);
    n_repeated = n_duplicates = 0;
    dice.state = 1;
    out_of_first = 100;
}

static void run(void)
{
    unsigned n = 0;

    start();
    for (now_us = STEP_US; now_us < PACKETS * PACKET_US + 3000 * MS; now_us += STEP_US) {
        if (n < PACKETS && now_us >= n * PACKET_US) {
            struct packet p = {.what = MEDIA, .seq = FIRST_SEQ + n++};

            if (n == 1) /* what comes first decides where numbers begin */
                on_media(&p);
            else
                transmit(&up, p);
        }
        deliver(&up, on_media);
        deliver(&up_back, on_asked_of_publisher);
        deliver(&down, on_media_of_subscriber);
        deliver(&down_back, on_asked_by_subscriber);
        ask(&up_back, &nack, rtt_patience_us(&publisher_rtt));
        ask(&down_back, &subscriber_nack,
            RTT_ASSUMED_US); /* browsers that only receive know no better */
        if (now_us % (1000 * MS) == 0)
            assert_int_equal(history_tick(history, now_us), 0);
    }
    history = history_free(history);
}

/* In 100,000ths. */
static unsigned finally_lost(void)
{
    unsigned lost = 0;

    for (unsigned n = 1; n < PACKETS; n++)
        lost += arrived_us[n] == 0 || arrived_us[n] > n * PACKET_US + OVERDUE_US;
    return (unsigned) ((uint64_t) lost * 100000 / PACKETS);
}

static void expect(struct link_config c, unsigned most_lost, unsigned most_repeated_percent)
{
    unsigned lost;

    config = c;
    run();
    lost = finally_lost();
    print_message("%u.%u %% loss, %u ms, %u.%u %% reordered: %u.%03u %% finally lost, %u repeated, "
                  "%u twice\n",
                  c.loss_permille / 10, c.loss_permille % 10, (unsigned) (c.delay_us / 1000),
                  c.reorder_permille / 10, c.reorder_permille % 10, lost / 1000, lost % 1000,
                  (unsigned) n_repeated, (unsigned) n_duplicates);
    assert_true(lost < most_lost);
    assert_true(n_repeated * 100 <= (uint64_t) PACKETS * most_repeated_percent);
}

static void test_without_loss(void **state)
{
    (void) state;
    expect((struct link_config){.delay_us = 100 * MS}, 1, 0);
    assert_int_equal(nack.asked, 0);
}

static void test_little_loss(void **state)
{
    (void) state;
    expect((struct link_config){.loss_permille = 10, .delay_us = 50 * MS}, 100, 3);
    expect((struct link_config){.loss_permille = 10, .delay_us = 100 * MS}, 100, 3);
    expect((struct link_config){.loss_permille = 10, .delay_us = 100 * MS, .reorder_permille = 10},
           100, 30);
}

static void test_much_loss(void **state)
{
    (void) state;
    expect((struct link_config){.loss_permille = 50, .delay_us = 50 * MS}, 500, 12);
    expect((struct link_config){.loss_permille = 50, .delay_us = 100 * MS}, 500, 12);
    expect((struct link_config){.loss_permille = 50, .delay_us = 100 * MS, .reorder_permille = 10},
           500, 35);
}

static void test_a_bad_link(void **state)
{
    (void) state;
    expect((struct link_config){.loss_permille = 100, .delay_us = 50 * MS}, 2000, 20);
    expect((struct link_config){.loss_permille = 100, .delay_us = 100 * MS}, 2000, 20);
    expect((struct link_config){.loss_permille = 100, .delay_us = 100 * MS, .reorder_permille = 10},
           2000, 45);
}

/* Packets that are a little late are given time, and not asked for. */
static void test_reordering_alone(void **state)
{
    (void) state;
    expect((struct link_config){.delay_us = 20 * MS, .reorder_permille = 50}, 1, 15);
    assert_true(nack.asked < PACKETS / 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_loss),     cmocka_unit_test(test_little_loss),
        cmocka_unit_test(test_much_loss),        cmocka_unit_test(test_a_bad_link),
        cmocka_unit_test(test_reordering_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
