/* cdr_prune.h: old CDR files go, so that the disk does not fill up. */
#pragma once

#include <stdint.h>

/* As long, and as much, as the original keeps. */
#define CDR_KEEP_DAYS 30
#define CDR_KEEP_BYTES (20ull << 30)

/* Removes the files of the folder that were last written more than CDR_KEEP_DAYS before now_ms, and
 * the oldest of those that are more than keep_bytes together, but never the newest. Returns how
 * many.
 */
unsigned cdr_prune(const char *folder, uint64_t now_ms, uint64_t keep_bytes);
