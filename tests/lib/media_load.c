#include "tests/lib/media_load.h"

#include "base/clock.h"
#include "tests/lib/loopback.h"
#include "tests/lib/measure.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECT_US 30000000
#define SOUND_US 20000
#define SOUND_SIZE 80
#define REPORT_US 50000  /* between reports of some of the peers */
#define REPORT_SLICES 20 /* so many make all of them */
#define WIRE_OVERHEAD 28 /* RTP header and tag */

struct source {
    struct list node;
    struct media_load *load;
    struct rtc_peer *peer; /* else a plain socket */
    int fd;
    struct loop_timer sound, picture;
    uint64_t sound_us, picture_us; /* when the next one is due */
    uint32_t ts;
    uint64_t key_frames;
};

struct sink {
    struct list node;
    struct rtc_peer *peer; /* else a plain socket */
    struct loop_fd io;
    int fd;
    uint64_t n;
};

struct media_load {
    struct loop *loop;
    struct loop_set *set;
    const struct media_shape *shape;
    struct list sources, sinks;
    size_t n_sources;
    struct loop_timer reports;
    unsigned report_slice;
    uint64_t n_sent; /* packets of the sources */
};

static unsigned n_active(const struct media_shape *s)
{
    return s->active ? s->active : s->publishers;
}

double media_shape_rate(const struct media_shape *s)
{
    double sound = s->audio ? 1e6 / SOUND_US : 0;
    double video = s->burst ? s->burst * 1e6 / s->picture_us : 0;

    return s->rooms * n_active(s) * s->subscribers * (sound + video);
}

/* ---- sending ---- */

static void send_packet(struct source *s, enum sdp_kind kind, uint8_t *data, size_t len,
                        bool marker)
{
    struct rtc_packet packet = {kind, marker, s->ts, bytes_of(data, len)};

    s->load->n_sent++;
    if (s->peer)
        (void) rtc_peer_send(s->peer, &packet); /* what is lost shows */
    else
        (void) send(s->fd, data, len + WIRE_OVERHEAD, 0);
}

/* Steady on the average, whatever the delay of one call is. */
static uint64_t until_next(uint64_t *due_us, uint64_t period_us)
{
    uint64_t now_us = clock_us();

    *due_us += period_us;
    return *due_us > now_us ? *due_us - now_us : 0;
}

static void on_sound(struct loop_timer *t)
{
    struct source *s = container_of(t, struct source, sound);
    uint8_t data[SOUND_SIZE + WIRE_OVERHEAD] = {0x78};

    send_packet(s, SDP_AUDIO, data, SOUND_SIZE, false);
    loop_timer_start(t, s->load->loop, until_next(&s->sound_us, SOUND_US), on_sound);
}

/* VP8's payload descriptor (RFC 7741) with S in a picture's first packet, then P: 0 in the key
 * frames, which are sent when asked for. */
static void on_picture(struct loop_timer *t)
{
    struct source *s = container_of(t, struct source, picture);
    const struct media_shape *shape = s->load->shape;
    uint64_t asked = s->peer ? rtc_peer_counters(s->peer)->pli : 0;
    uint8_t data[RTC_PAYLOAD_MAX + WIRE_OVERHEAD] = {0x10, asked == s->key_frames};
    size_t size = shape->size ? shape->size : MEDIA_PICTURE_SIZE;

    s->key_frames = asked;
    s->ts += 3000;
    for (unsigned i = 0; i < shape->burst; i++) {
        send_packet(s, SDP_VIDEO, data, size - (shape->uneven && i == 0), i + 1 == shape->burst);
        data[0] = 0;
    }
    loop_timer_start(t, s->load->loop, until_next(&s->picture_us, shape->picture_us), on_picture);
}

/* Each peer's once a second, not all at once. */
static void on_reports(struct loop_timer *t)
{
    struct media_load *m = container_of(t, struct media_load, reports);
    unsigned slice = m->report_slice++ % REPORT_SLICES, i = 0;
    const struct source *s;
    const struct sink *k;

    list_for_each (s, &m->sources, node) {
        if (s->peer && i++ % REPORT_SLICES == slice)
            (void) rtc_peer_send_report(s->peer);
    }
    list_for_each (k, &m->sinks, node) {
        if (k->peer && i++ % REPORT_SLICES == slice)
            (void) rtc_peer_send_report(k->peer);
    }
    loop_timer_start(t, m->loop, REPORT_US, on_reports);
}

static void start_source(struct source *s, uint64_t sound_us, uint64_t picture_us)
{
    const struct media_load *m = s->load;

    s->sound_us = clock_us() + sound_us;
    s->picture_us = clock_us() + picture_us;
    if (m->shape->audio)
        measure_check(loop_timer_start(&s->sound, m->loop, sound_us, on_sound), "timer");
    if (m->shape->burst)
        measure_check(loop_timer_start(&s->picture, m->loop, picture_us, on_picture), "timer");
}

/* Publishers begin one after the other, so that their beats are spread evenly. */
void media_load_start(void *load)
{
    struct media_load *m = load;
    const struct media_shape *shape = m->shape;
    struct source *s;
    size_t i = 0;

    list_for_each (s, &m->sources, node) {
        if (i % shape->publishers < n_active(shape))
            start_source(s, SOUND_US * i / m->n_sources, shape->picture_us * i / m->n_sources);
        i++;
    }
    measure_check(loop_timer_start(&m->reports, m->loop, REPORT_US, on_reports), "timer");
}

void media_load_stop(void *load)
{
    struct media_load *m = load;
    struct source *s;

    list_for_each (s, &m->sources, node) {
        loop_timer_stop(&s->sound);
        loop_timer_stop(&s->picture);
    }
    loop_timer_stop(&m->reports);
}

/* ---- counting ---- */

static void on_sink(struct loop_fd *io, uint32_t revents)
{
    (void) revents;
    container_of(io, struct sink, io)->n += loopback_drain(io->fd);
}

uint64_t media_load_arrived(void *load)
{
    const struct media_load *m = load;
    const struct sink *k;
    uint64_t n = 0;

    list_for_each (k, &m->sinks, node) {
        const struct rtc_counters *c = k->peer ? rtc_peer_counters(k->peer) : NULL;

        n += c ? c->datagrams_in - c->rtcp_in : k->n;
    }
    return n;
}

uint64_t media_load_sent(void *load)
{
    const struct media_load *m = load;

    return m->n_sent;
}

uint64_t media_load_due(void *load)
{
    const struct media_load *m = load;

    return m->n_sent * m->shape->subscribers;
}

/* ---- life ---- */

int media_load_new(struct loop *l, struct loop_set *set, const struct media_shape *shape,
                   struct media_load **ret_m)
{
    struct media_load *m = calloc(1, sizeof(*m));

    if (!m)
        return -ENOMEM;
    m->loop = l;
    m->set = set;
    m->shape = shape;
    list_init(&m->sources);
    list_init(&m->sinks);
    *ret_m = m;
    return 0;
}

static void free_source(struct source *s)
{
    loop_timer_done(&s->sound);
    loop_timer_done(&s->picture);
    rtc_peer_free(s->peer);
    if (s->fd >= 0)
        close(s->fd);
    free(s);
}

static void free_sink(struct sink *k)
{
    loop_fd_stop(&k->io);
    rtc_peer_free(k->peer);
    if (k->fd >= 0)
        close(k->fd);
    free(k);
}

struct media_load *media_load_free(struct media_load *m)
{
    struct source *s;
    struct sink *k;

    if (!m)
        return NULL;
    list_for_each (s, &m->sources, node)
        free_source(s);
    list_for_each (k, &m->sinks, node)
        free_sink(k);
    loop_timer_done(&m->reports);
    free(m);
    return NULL;
}

static int refuse(struct rtc_peer *p, int fd)
{
    rtc_peer_free(p);
    if (fd >= 0)
        close(fd);
    return -ENOMEM;
}

static int add_source(struct media_load *m, struct rtc_peer *p, int fd)
{
    struct source *s = calloc(1, sizeof(*s));

    if (!s)
        return refuse(p, fd);
    *s = (struct source){.load = m, .peer = p, .fd = fd};
    list_append(&m->sources, &s->node);
    m->n_sources++;
    return 0;
}

static int add_sink(struct media_load *m, struct rtc_peer *p, int fd)
{
    struct sink *k = calloc(1, sizeof(*k));

    if (!k)
        return refuse(p, fd);
    *k = (struct sink){.peer = p, .fd = fd};
    list_append(&m->sinks, &k->node);
    return p ? 0 : loop_fd_start(&k->io, m->set, fd, EPOLLIN, on_sink);
}

int media_load_add_publisher(struct media_load *m, struct rtc_peer *p)
{
    return add_source(m, p, -1);
}

int media_load_add_subscriber(struct media_load *m, struct rtc_peer *p)
{
    return add_sink(m, p, -1);
}

int media_load_add_source(struct media_load *m, int fd)
{
    return add_source(m, NULL, fd);
}

int media_load_add_sink(struct media_load *m, int fd)
{
    return add_sink(m, NULL, fd);
}

/* ---- connecting ---- */

/* 1: it is connected. */
static int progress_of(const struct rtc_peer *p)
{
    enum rtc_peer_state state = p ? rtc_peer_state(p) : RTC_CONNECTED;

    return state == RTC_CONNECTED                       ? 1
           : state == RTC_FAILED || state == RTC_CLOSED ? -ECONNABORTED
                                                        : 0;
}

/* 1: all are connected. */
static int progress(const struct media_load *m)
{
    const struct source *s;
    const struct sink *k;
    int r = 1;

    list_for_each (s, &m->sources, node) {
        if (r == 1)
            r = progress_of(s->peer);
    }
    list_for_each (k, &m->sinks, node) {
        if (r == 1)
            r = progress_of(k->peer);
    }
    return r;
}

const char *media_load_error(const struct media_load *m)
{
    const struct source *s;
    const struct sink *k;
    const char *error = "";

    list_for_each (s, &m->sources, node) {
        if (!*error && progress_of(s->peer) < 0)
            error = rtc_peer_error(s->peer);
    }
    list_for_each (k, &m->sinks, node) {
        if (!*error && progress_of(k->peer) < 0)
            error = rtc_peer_error(k->peer);
    }
    return error;
}

int media_load_connect(struct media_load *m)
{
    uint64_t deadline_us = clock_us() + CONNECT_US;
    int r = progress(m);

    while (r == 0) {
        r = clock_us() > deadline_us ? -ETIMEDOUT : measure_pause(m->loop, 10000);
        if (r == 0)
            r = progress(m);
    }
    return r < 0 ? r : 0;
}
