/* The media daemon's figures among ours: what it answers to "stats" (link/media_api.h). */
#include "base/prom.h"
#include "signaling/metrics.h"

#include <stdio.h>

#define PREFIX "visavis_media_"
#define LABELS(...) ((struct prom_label[PROM_LABELS_MAX]){__VA_ARGS__})

static const char *const kinds[] = {"audio", "video"};
#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* Sums of all tracks that there are and were: those that come in, and those that go out. */
static const struct {
    const char *direction, *key, *name, *help;
} tracks[] = {
    {"in", "packets", "received_packets_total", "Packets that came from publishers."},
    {"in", "bytes", "received_bytes_total", "Their payload."},
    {"in", "lost", "lost_packets_total", "Packets of publishers that did not come by themselves."},
    {"in", "nacks", "nacks_sent_total", "Packets that publishers were asked for again."},
    {"in", "repeated", "retransmissions_received_total", "Retransmissions that came of them."},
    {"in", "givenUp", "given_up_packets_total", "Packets that were asked for in vain."},
    {"in", "keyFrameRequests", "key_frame_requests_sent_total",
     "Key frames that publishers were asked for."},
    {"in", "keyFrames", "key_frames_total", "Key frames that came."},
    {"in", "freezes", "freezes_total", "How often nothing came of a track for over a second."},
    {"out", "packets", "sent_packets_total", "Packets that were sent to subscribers."},
    {"out", "bytes", "sent_bytes_total", "Their payload."},
    {"out", "lost", "reported_lost_packets_total", "Of these, those that subscribers missed."},
    {"out", "nacks", "nacks_received_total", "Packets that subscribers asked for again."},
    {"out", "repeated", "retransmissions_sent_total", "Retransmissions that they were sent."},
    {"out", "keyFrameRequests", "key_frame_requests_received_total",
     "Key frames that subscribers asked for."},
};
#define N_TRACKS (sizeof(tracks) / sizeof(tracks[0]))

/* Of each worker; or of a part of it, which may not be there. */
static const struct {
    const char *part, *key, *name, *type, *help;
} workers[] = {
    {NULL, "transports", "transports", "gauge", "Transports now."},
    {NULL, "rooms", "rooms", "gauge", "Rooms now."},
    {NULL, "packetsIn", "datagrams_received_total", "counter", "Datagrams that came."},
    {NULL, "packetsOut", "datagrams_sent_total", "counter", "Datagrams that were sent."},
    {NULL, "messagesOut", "sends_total", "counter",
     "Messages to the kernel that they were sent in."},
    {NULL, "droppedOut", "datagrams_refused_total", "counter",
     "Datagrams that the kernel did not take."},
    {NULL, "junk", "junk_total", "counter", "Datagrams that were of no transport."},
    {NULL, "badMedia", "bad_media_total", "counter",
     "Packets that were not authentic, came twice, or were of too many sources."},
    {"tcp", "connections", "tcp_connections_total", "counter", "Connections that came by TCP."},
    {"tcp", "refused", "tcp_refused_total", "counter",
     "Of these, those that were too many, too slow, or no media."},
    {"tcp", "droppedOut", "tcp_dropped_total", "counter",
     "Packets that clients did not take from them in time."},
    {NULL, "pipedOut", "piped_total", "counter",
     "Messages, most of them packets, for other workers, of rooms that one does not carry."},
    {NULL, "pipeDropped", "piped_dropped_total", "counter",
     "Of these, those that were lost because the other worker did not keep up."},
};
#define N_WORKERS (sizeof(workers) / sizeof(workers[0]))

static uint64_t number(const json_t *of, const char *key)
{
    json_int_t n = json_integer_value(json_object_get(of, key));

    return n > 0 ? (uint64_t) n : 0;
}

static uint64_t sum_of_tracks(const json_t *list, const char *direction, const char *kind,
                              const char *key)
{
    const json_t *worker;
    uint64_t n = 0;
    size_t i;

    json_array_foreach (list, i, worker) {
        const json_t *media = json_object_get(worker, "media");

        n += number(json_object_get(json_object_get(media, direction), kind), key);
    }
    return n;
}

static uint64_t sum(const json_t *list, const char *key)
{
    const json_t *worker;
    uint64_t n = 0;
    size_t i;

    json_array_foreach (list, i, worker)
        n += number(json_object_get(worker, "media"), key);
    return n;
}

static void put_workers(const struct prom *p, const json_t *list)
{
    for (size_t k = 0; k < N_WORKERS; k++) {
        const json_t *worker;
        size_t i;

        prom_head(p, workers[k].name, workers[k].type, workers[k].help);
        json_array_foreach (list, i, worker) {
            const json_t *of = workers[k].part ? json_object_get(worker, workers[k].part) : worker;
            char port[24];

            snprintf(port, sizeof(port), "%u", (unsigned) number(worker, "port"));
            prom_value(p, workers[k].name, LABELS({"port", port}), number(of, workers[k].key));
        }
    }
}

/* Which the media daemon places rooms by. */
static void put_load(const struct prom *p, const json_t *list)
{
    const json_t *worker;
    size_t i;

    prom_head(p, "load_ratio", "gauge", "Processor time that it takes, of one core.");
    json_array_foreach (list, i, worker) {
        double load = json_real_value(json_object_get(worker, "load"));
        char port[24];

        snprintf(port, sizeof(port), "%u", (unsigned) number(worker, "port"));
        prom_seconds(p, "load_ratio", LABELS({"port", port}), (uint64_t) (load * 1e6));
    }
}

/* By the setting that raises the limit. */
static void put_refused(const struct prom *p, json_t *refused)
{
    const char *limit;
    json_t *n;

    prom_head(p, "refused_total", "counter", "What was refused because of a limit.");
    json_object_foreach (refused, limit, n)
        prom_value(p, "refused_total", LABELS({"limit", limit}), number(refused, limit));
}

void metrics_render_media(struct wr *w, const json_t *stats)
{
    const struct prom p = {w, PREFIX};
    const json_t *list = json_object_get(stats, "workers");

    put_workers(&p, list);
    put_load(&p, list);
    put_refused(&p, json_object_get(stats, "refused"));
    for (size_t i = 0; i < N_TRACKS; i++) {
        prom_head(&p, tracks[i].name, "counter", tracks[i].help);
        for (size_t k = 0; k < N_KINDS; k++)
            prom_value(&p, tracks[i].name, LABELS({"kind", kinds[k]}),
                       sum_of_tracks(list, tracks[i].direction, kinds[k], tracks[i].key));
    }
    prom_counter(&p, "transports_ended_total", "Transports that ended.",
                 sum(list, "transportsEnded"));
    prom_counter(&p, "transports_unconnected_total", "Of these, those that were never connected.",
                 sum(list, "transportsUnconnected"));
}
