/* redis.h: the configuration of our own Redis as text: on a Unix socket alone, every write in an
 * append-only file. Understood by Redis 6 to 8. Pure. */
#pragma once

#include "base/buf.h"

/* Paths: the socket, and the folder for the data. */
void render_redis(struct wr *w, const char *socket, const char *data, const char *log_level);
