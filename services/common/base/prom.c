#include "base/prom.h"

#include <inttypes.h>

static const uint64_t bounds_us[PROM_BUCKETS] = {
    1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, 2500000, 10000000,
};

void prom_head(const struct prom *p, const char *name, const char *type, const char *help)
{
    wr_fmt(p->w, "# HELP %s%s %s\n# TYPE %s%s %s\n", p->prefix, name, help, p->prefix, name, type);
}

static void put_escaped(struct wr *w, const char *text)
{
    for (; *text; text++) {
        if (*text == '\n') {
            wr_str(w, "\\n");
            continue;
        }
        if (*text == '"' || *text == '\\')
            wr_u8(w, '\\');
        wr_u8(w, (uint8_t) *text);
    }
}

static void put_name(const struct prom *p, const char *name, const struct prom_label *labels)
{
    wr_fmt(p->w, "%s%s", p->prefix, name);
    for (size_t i = 0; labels && i < PROM_LABELS_MAX && labels[i].name; i++) {
        wr_fmt(p->w, "%c%s=\"", i == 0 ? '{' : ',', labels[i].name);
        put_escaped(p->w, labels[i].value);
        wr_u8(p->w, '"');
    }
    wr_str(p->w, labels && labels[0].name ? "} " : " ");
}

static void put_seconds(struct wr *w, uint64_t us)
{
    wr_fmt(w, "%" PRIu64 ".%06" PRIu64, us / 1000000, us % 1000000);
}

void prom_value(const struct prom *p, const char *name, const struct prom_label *labels, uint64_t v)
{
    put_name(p, name, labels);
    wr_fmt(p->w, "%" PRIu64 "\n", v);
}

void prom_seconds(const struct prom *p, const char *name, const struct prom_label *labels,
                  uint64_t us)
{
    put_name(p, name, labels);
    put_seconds(p->w, us);
    wr_u8(p->w, '\n');
}

void prom_gauge(const struct prom *p, const char *name, const char *help, int64_t v)
{
    prom_head(p, name, "gauge", help);
    put_name(p, name, NULL);
    wr_fmt(p->w, "%" PRId64 "\n", v);
}

void prom_counter(const struct prom *p, const char *name, const char *help, uint64_t v)
{
    prom_head(p, name, "counter", help);
    prom_value(p, name, NULL, v);
}

void prom_observe(struct prom_histogram *h, uint64_t us)
{
    size_t i = 0;

    while (i < PROM_BUCKETS && us > bounds_us[i])
        i++;
    h->n[i]++;
    h->sum_us += us;
}

/* "name_bucket{label="value",le="0.001"} 3" */
void prom_histogram(const struct prom *p, const char *name, const struct prom_label *label,
                    const struct prom_histogram *h)
{
    uint64_t n = 0;

    for (size_t i = 0; i <= PROM_BUCKETS; i++) {
        n += h->n[i];
        wr_fmt(p->w, "%s%s_bucket{", p->prefix, name);
        if (label)
            wr_fmt(p->w, "%s=\"%s\",", label->name, label->value);
        wr_str(p->w, "le=\"");
        if (i < PROM_BUCKETS)
            wr_fmt(p->w, "%g", (double) bounds_us[i] / 1e6);
        else
            wr_str(p->w, "+Inf");
        wr_fmt(p->w, "\"} %" PRIu64 "\n", n);
    }
    wr_fmt(p->w, "%s%s_sum", p->prefix, name);
    if (label)
        wr_fmt(p->w, "{%s=\"%s\"}", label->name, label->value);
    wr_u8(p->w, ' ');
    put_seconds(p->w, h->sum_us);
    wr_fmt(p->w, "\n%s%s_count", p->prefix, name);
    if (label)
        wr_fmt(p->w, "{%s=\"%s\"}", label->name, label->value);
    wr_fmt(p->w, " %" PRIu64 "\n", n);
}
