#include "media/rewrite.h"

#include "codec/rtp.h"

#include <string.h>

void rewrite_init(struct rewrite *r, uint32_t clock_rate, uint16_t seq, uint32_t ts)
{
    *r = (struct rewrite){
        .clock_rate = clock_rate,
        .highest_out = seq & 0x7fff,
        .first_ts = ts,
    };
}

void rewrite_resync(struct rewrite *r)
{
    r->started = false;
}

static void start(struct rewrite *r, uint64_t in_seq, uint32_t in_ts, uint64_t now_us)
{
    uint32_t ts = r->first_ts;

    if (r->continues) {
        /* What is replayed takes the time of now, what comes that of its round: it was earlier. */
        uint64_t elapsed_us = now_us > r->last_us ? now_us - r->last_us : 0;
        uint64_t elapsed = elapsed_us * r->clock_rate / 1000000;

        ts = r->last_ts + (elapsed ? (uint32_t) elapsed : 1);
        r->highest_out++;
    }
    r->ts_offset = ts - in_ts;
    r->offset = in_seq - r->highest_out;
    r->floor = in_seq;
    r->highest_in = in_seq;
    r->n_runs = 0;
    r->started = true;
    r->continues = true;
}

static void forget_oldest_run(struct rewrite *r)
{
    r->offset = r->runs[0].offset;
    if (r->floor < r->runs[0].end)
        r->floor = r->runs[0].end;
    r->n_runs--;
    memmove(&r->runs[0], &r->runs[1], r->n_runs * sizeof(r->runs[0]));
}

/* The offset behind everything that was dropped so far. */
static uint64_t newest_offset(const struct rewrite *r)
{
    return r->n_runs ? r->runs[r->n_runs - 1].offset : r->offset;
}

static void add_run(struct rewrite *r, uint64_t first, uint64_t end)
{
    struct rewrite_run *last = r->n_runs ? &r->runs[r->n_runs - 1] : NULL;
    uint64_t offset = newest_offset(r) + (end - first);

    if (last && last->end == first) {
        last->end = end;
        last->offset = offset;
        return;
    }
    if (r->n_runs == REWRITE_RUNS)
        forget_oldest_run(r);
    r->runs[r->n_runs++] = (struct rewrite_run){.first = first, .end = end, .offset = offset};
}

/* A newer number than all before. A jump too long for loss closes but for one number, which tells
 * the decoder that something is missing. */
static void advance(struct rewrite *r, uint64_t in_seq)
{
    if (in_seq - r->highest_in > REWRITE_GAP_MAX)
        add_run(r, r->highest_in + 1, in_seq - 1);
    r->highest_in = in_seq;
    if (in_seq > REWRITE_WINDOW && r->floor < in_seq - REWRITE_WINDOW)
        r->floor = in_seq - REWRITE_WINDOW;
    while (r->n_runs && r->runs[0].end <= r->floor)
        forget_oldest_run(r);
}

static int find(const struct rewrite *r, uint64_t in_seq, uint64_t *ret_seq)
{
    uint64_t offset = r->offset;

    if (in_seq < r->floor)
        return -ERANGE;
    for (unsigned i = r->n_runs; i-- > 0;) {
        if (in_seq >= r->runs[i].end) {
            offset = r->runs[i].offset;
            break;
        }
        if (in_seq >= r->runs[i].first)
            return -ENOENT;
    }
    *ret_seq = in_seq - offset;
    return 0;
}

int rewrite_map(struct rewrite *r, uint64_t in_seq, uint32_t in_ts, uint64_t now_us,
                uint64_t *ret_seq, uint32_t *ret_ts)
{
    bool first = !r->started;
    uint64_t seq;
    int e;

    if (first)
        start(r, in_seq, in_ts, now_us);
    else if (in_seq > r->highest_in)
        advance(r, in_seq);
    e = find(r, in_seq, &seq);
    if (e < 0)
        return e;
    if (first || seq > r->highest_out) {
        r->highest_out = seq;
        r->last_ts = rewrite_ts(r, in_ts);
        r->last_us = now_us;
    }
    *ret_seq = seq;
    *ret_ts = rewrite_ts(r, in_ts);
    return 0;
}

void rewrite_drop(struct rewrite *r, uint64_t in_seq)
{
    if (!r->started || in_seq <= r->highest_in)
        return;
    advance(r, in_seq);
    add_run(r, in_seq, in_seq + 1);
}

uint32_t rewrite_ts(const struct rewrite *r, uint32_t in_ts)
{
    return in_ts + r->ts_offset;
}

int rewrite_source_seq(const struct rewrite *r, uint16_t out_seq, uint64_t *ret_in_seq)
{
    uint64_t out = rtp_seq_extend(r->highest_out, out_seq);
    uint64_t in;

    if (!r->started || out > r->highest_out)
        return -ENOENT;
    in = out + r->offset;
    for (unsigned i = r->n_runs; i-- > 0;) {
        if (out + r->runs[i].offset >= r->runs[i].end) {
            in = out + r->runs[i].offset;
            break;
        }
    }
    if (in < r->floor || in > r->highest_in)
        return -ENOENT;
    *ret_in_seq = in;
    return 0;
}
