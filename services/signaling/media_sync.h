/* media_sync.h: what the media daemon should have of our sessions, and what becomes of them when it
 * does not. */
#pragma once

#include "signaling/media.h"

/* Their argument is the struct app. */
extern const struct media_handlers media_sync_handlers;
