#include "tests/lib/media_server.h"

#include "tests/lib/janus_client.h"
#include "tests/lib/loopback.h"
#include "tests/lib/media_client.h"
#include "tests/lib/media_daemon.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct media_server {
    struct media_bed *bed;
    const struct media_shape *shape;
    struct child *child;
    struct media_load *load;
    struct media_client *client; /* of ours */
    struct janus_client *janus;
    const char *profiles;
    unsigned n_rooms;
};

void media_bed_open(struct media_bed *bed)
{
    measure_check(loop_new(&bed->loop), "loop");
    measure_check(loop_set_new(bed->loop, &bed->set), "loop");
    measure_check(rtc_hub_new(bed->loop, &bed->hub), "hub");
}

void media_bed_close(struct media_bed *bed)
{
    rtc_hub_free(bed->hub);
    loop_set_free(bed->set);
    loop_free(bed->loop);
}

const struct media_part *media_part_find(const struct media_part *parts, size_t n, const char *name)
{
    size_t i = 0;

    while (i < n && strcmp(parts[i].name, name) != 0)
        i++;
    return i < n ? &parts[i] : NULL;
}

static struct media_server *new_server(struct media_bed *bed, const struct media_shape *shape)
{
    struct media_server *s = calloc(1, sizeof(*s));

    measure_check(s ? 0 : -ENOMEM, "server");
    s->bed = bed;
    s->shape = shape;
    measure_check(media_load_new(bed->loop, bed->set, shape, &s->load), "load");
    return s;
}

/* ---- ours ---- */

/* spread 0: rooms stay together. */
static struct media_server *start_ours(struct media_bed *bed, const struct media_shape *shape,
                                       unsigned workers, unsigned spread)
{
    struct media_server *s = new_server(bed, shape);
    char path[CHILD_PATH_SIZE];

    measure_check(media_daemon_new(&s->child, workers,
                                   "room_spread = %u;\nlog_level = \"warning\";\n", spread),
                  "visavis-media");
    measure_check(media_daemon_start(s->child), "visavis-media");
    child_path(s->child, "control", path);
    measure_check(media_client_new(bed->loop, path, NULL, NULL, &s->client), "control socket");
    return s;
}

struct media_server *media_server_new(struct media_bed *bed, const struct media_shape *shape)
{
    return start_ours(bed, shape, 1, 0);
}

struct media_server *media_server_new_spread(struct media_bed *bed, const struct media_shape *shape,
                                             unsigned transports)
{
    return start_ours(bed, shape, 2, transports);
}

static void publish_to_ours(struct media_server *s, unsigned room, unsigned nr, struct rtc_peer *p)
{
    char room_id[32], stream[32];

    snprintf(room_id, sizeof(room_id), "ses_%u", room);
    snprintf(stream, sizeof(stream), "str_%u", nr);
    measure_check(media_client_publish(s->client, room_id, stream, p),
                  media_client_error(s->client));
}

static void subscribe_to_ours(struct media_server *s, unsigned room, unsigned nr, unsigned to,
                              struct rtc_peer *p)
{
    char room_id[32], stream[32], id[64];

    snprintf(room_id, sizeof(room_id), "ses_%u", room);
    snprintf(stream, sizeof(stream), "str_%u", to);
    snprintf(id, sizeof(id), "con_%u_%s", nr, stream);
    measure_check(media_client_subscribe(s->client, room_id, stream, id, p),
                  media_client_error(s->client));
}

/* ---- janus ---- */

struct media_server *media_server_new_janus(struct media_bed *bed, const struct media_shape *shape,
                                            const struct janus_config *config, const char *profiles)
{
    struct media_server *s = new_server(bed, shape);

    s->profiles = profiles;
    measure_check(janus_server_start(bed->loop, config, &s->child, &s->janus), "janus");
    return s;
}

/* Its rooms and feeds are numbered from 1. */
static void publish_to_janus(struct media_server *s, unsigned room, unsigned nr, struct rtc_peer *p)
{
    measure_check(janus_client_publish(s->janus, room + 1, nr + 1, p),
                  janus_client_error(s->janus));
}

static void subscribe_to_janus(struct media_server *s, unsigned room, unsigned to,
                               struct rtc_peer *p)
{
    measure_check(janus_client_subscribe(s->janus, room + 1, to + 1, p),
                  janus_client_error(s->janus));
}

/* ---- rooms ---- */

static struct rtc_peer *new_peer(const struct media_server *s, enum sdp_direction d)
{
    struct rtc_peer_config c = {.direction = d,
                                .audio = s->shape->audio,
                                .video = s->shape->burst > 0,
                                .profiles = s->profiles};
    struct rtc_peer *p;

    c.sealed = d == SDP_RECVONLY; /* a publisher reads what it is asked for */
    measure_check(rtc_peer_new(s->bed->hub, &c, &p), "peer");
    return p;
}

static void publish(struct media_server *s, unsigned room, unsigned nr)
{
    struct rtc_peer *p = new_peer(s, SDP_SENDONLY);

    if (s->janus)
        publish_to_janus(s, room, nr, p);
    else
        publish_to_ours(s, room, nr, p);
    measure_check(media_load_add_publisher(s->load, p), "publisher");
}

static void subscribe(struct media_server *s, unsigned room, unsigned nr, unsigned to)
{
    struct rtc_peer *p = new_peer(s, SDP_RECVONLY);

    if (s->janus)
        subscribe_to_janus(s, room, to, p);
    else
        subscribe_to_ours(s, room, nr, to, p);
    measure_check(media_load_add_subscriber(s->load, p), "subscriber");
}

static void wait_connected(struct media_server *s)
{
    int r = media_load_connect(s->load);

    measure_check(r, r == -ECONNABORTED ? media_load_error(s->load) : "connecting");
    if (s->janus)
        measure_check(janus_client_wait_up(s->janus), "janus's peers");
}

void media_server_add_room(struct media_server *s, unsigned publishers, unsigned subscribers)
{
    unsigned room = s->n_rooms++;

    if (s->janus)
        measure_check(janus_client_create_room(s->janus, room + 1), janus_client_error(s->janus));
    for (unsigned i = 0; i < publishers; i++)
        publish(s, room, i);
    wait_connected(s);
    for (unsigned i = 0; i < publishers * subscribers; i++)
        subscribe(s, room, i % subscribers, i / subscribers);
    wait_connected(s);
}

void media_server_fill(struct media_server *s)
{
    for (unsigned r = 0; r < s->shape->rooms; r++)
        media_server_add_room(s, s->shape->publishers, s->shape->subscribers);
}

/* ---- a floor ---- */

static int open_socket(const struct addr *to, struct addr *ret_addr)
{
    int fd = loopback_open(to, ret_addr);

    measure_check(fd, "socket");
    return fd;
}

static void add_group(struct media_server *s, const struct addr *center, struct addr *to,
                      struct floor_group *ret)
{
    struct addr own;

    measure_check(media_load_add_source(s->load, open_socket(center, &own)), "source");
    *ret = (struct floor_group){own.port, to, s->shape->subscribers};
    for (unsigned i = 0; i < s->shape->subscribers; i++)
        measure_check(media_load_add_sink(s->load, open_socket(center, &to[i])), "sink");
}

struct media_server *media_server_new_floor(struct media_bed *bed, const struct media_shape *shape,
                                            enum floor_mode mode)
{
    struct media_server *s = new_server(bed, shape);
    size_t n = (size_t) shape->rooms * shape->publishers;
    struct floor_group *groups = calloc(n, sizeof(*groups));
    struct addr *to = calloc(n * shape->subscribers, sizeof(*to)), center;
    struct floor_config config = {
        .mode = mode, .fd = open_socket(NULL, &center), .groups = groups, .n_groups = n};

    measure_check(groups && to ? 0 : -ENOMEM, "floor");
    measure_check(child_new("floor", &s->child), "floor");
    for (size_t i = 0; i < n; i++)
        add_group(s, &center, &to[i * shape->subscribers], &groups[i]);
    measure_check(child_fork(s->child, floor_run, &config), "floor");
    close(config.fd);
    free(groups);
    free(to);
    return s;
}

/* ---- either ---- */

struct media_server *media_server_free(struct media_server *s)
{
    if (!s)
        return NULL;
    media_load_free(s->load);
    media_client_free(s->client);
    if (s->janus)
        janus_server_end(s->child, s->janus);
    else
        child_free(s->child);
    free(s);
    return NULL;
}

const struct child *media_server_child(const struct media_server *s)
{
    return s->child;
}

struct measure_contender media_server_contender(const struct media_server *s)
{
    return (struct measure_contender){
        .child = s->child,
        .start = media_load_start,
        .stop = media_load_stop,
        .arrived = media_load_arrived,
        .due = media_load_due,
        .arg = s->load,
    };
}
