/* media_server.h: a server that forwards media, as a child process, with a load on it: our media
 * daemon, Debian's janus, or a floor under the same datagrams in the same rhythm. It ends the
 * program when something fails, and says what. */
#pragma once

#include "tests/lib/floor.h"
#include "tests/lib/janus_server.h"
#include "tests/lib/measure.h"
#include "tests/lib/media_load.h"

/* What the servers of a bench share. */
struct media_bed {
    struct loop *loop;
    struct loop_set *set;
    struct rtc_hub *hub;
};

void media_bed_open(struct media_bed *bed);
void media_bed_close(struct media_bed *bed);

/* A part of a bench, which may be run by itself. */
struct media_part {
    const char *name;
    void (*run)(struct media_bed *bed);
};

/* NULL: there is none of this name. */
const struct media_part *media_part_find(const struct media_part *parts, size_t n,
                                         const char *name);

struct media_server;

/* visavis-media with one worker, and nobody in it. The shape, which is borrowed, says what peers
 * negotiate: audio, video. */
struct media_server *media_server_new(struct media_bed *bed, const struct media_shape *shape);

/* The same with two workers; a room's transports beyond so many go to the second one. */
struct media_server *media_server_new_spread(struct media_bed *bed, const struct media_shape *shape,
                                             unsigned transports);

/* Janus likewise. profiles: what its peers offer, as in rtc_peer.h. */
struct media_server *media_server_new_janus(struct media_bed *bed, const struct media_shape *shape,
                                            const struct janus_config *config,
                                            const char *profiles);

/* One more room; its peers are connected afterwards. */
void media_server_add_room(struct media_server *s, unsigned publishers, unsigned subscribers);

/* All rooms of its shape. */
void media_server_fill(struct media_server *s);

/* A floor, with all rooms of the shape. */
struct media_server *media_server_new_floor(struct media_bed *bed, const struct media_shape *shape,
                                            enum floor_mode mode);

/* NULL is fine; returns NULL. */
struct media_server *media_server_free(struct media_server *s);

const struct child *media_server_child(const struct media_server *s);
struct measure_contender media_server_contender(const struct media_server *s);
