/* human.h: times and sizes as people read them. Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define HUMAN_SIZE 32

/* "5 s", "12 min", "3 h 5 min", "12 d 4 h". Returns buf, as all of these. */
const char *human_duration(uint64_t seconds, char buf[static HUMAN_SIZE]);

/* "512 B", "12.3 MiB". */
const char *human_size(uint64_t bytes, char buf[static HUMAN_SIZE]);

/* "2026-01-31 12:00:05", local time. */
const char *human_time(uint64_t time_us, char buf[static HUMAN_SIZE]);
