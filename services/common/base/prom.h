/* prom.h: figures in the text format of Prometheus (0.0.4), through a cursor that fails by itself.
 * All lines of one name stand together, behind its head. Names and help are ours; values of labels
 * may be anything. */
#pragma once

#include "base/buf.h"

#define PROM_TYPE "text/plain; version=0.0.4; charset=utf-8"

struct prom {
    struct wr *w;
    const char *prefix; /* of all names: "visavis_turn_" */
};

#define PROM_LABELS_MAX 3
struct prom_label {
    const char *name, *value; /* NULL: no more of them */
};

/* type: "counter", "gauge" or "histogram". */
void prom_head(const struct prom *p, const char *name, const char *type, const char *help);

/* labels: PROM_LABELS_MAX of them, or NULL. */
void prom_value(const struct prom *p, const char *name, const struct prom_label *labels,
                uint64_t v);
/* us: or millionths of what else a name says. */
void prom_seconds(const struct prom *p, const char *name, const struct prom_label *labels,
                  uint64_t us);

/* A head and its only line. */
void prom_gauge(const struct prom *p, const char *name, const char *help, int64_t v);
void prom_counter(const struct prom *p, const char *name, const char *help, uint64_t v);

/* How long things take: from a millisecond to ten seconds. */
#define PROM_BUCKETS 12
struct prom_histogram {
    uint64_t n[PROM_BUCKETS + 1]; /* the last: longer than that */
    uint64_t sum_us;
};

void prom_observe(struct prom_histogram *h, uint64_t us);

/* The lines behind its head; one label at most. */
void prom_histogram(const struct prom *p, const char *name, const struct prom_label *label,
                    const struct prom_histogram *h);
