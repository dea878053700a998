#include "turn/metrics.h"

#include "base/log.h"
#include "base/prom.h"
#include "files/files.h"

#include <stdlib.h>

struct metrics {
    struct loop *loop;
    const char *path;
    struct server *server;
    struct loop_timer timer;
    int error; /* of the last attempt, which was told */
};

/* Counters, or differences of two; those of one name stand together. */
struct row {
    const char *name, *type, *help;
    const char *label, *value; /* NULL: none */
    enum turn_stat stat;
};

static const struct row rows[] = {
    {"packets_total", "counter", "Datagrams that were relayed.", "to", "peers",
     STAT_PACKETS_TO_PEERS},
    {"packets_total", NULL, NULL, "to", "clients", STAT_PACKETS_TO_CLIENTS},
    {"bytes_total", "counter", "What was relayed, without headers.", "to", "peers",
     STAT_BYTES_TO_PEERS},
    {"bytes_total", NULL, NULL, "to", "clients", STAT_BYTES_TO_CLIENTS},
    {"packets_lost_total", "counter", "Datagrams that a socket could not take.", NULL, NULL,
     STAT_PACKETS_LOST},
    {"packets_refused_total", "counter", "Datagrams that might not pass, by reason.", "reason",
     "peer", STAT_DENIED_PEER},
    {"packets_refused_total", NULL, NULL, "reason", "permission", STAT_NO_PERMISSION},
    {"packets_refused_total", NULL, NULL, "reason", "bandwidth", STAT_OVER_BANDWIDTH},
    {"packets_refused_total", NULL, NULL, "reason", "malformed", STAT_MALFORMED},
    {"packets_refused_total", NULL, NULL, "reason", "rate", STAT_UNANSWERED},
    {"requests_refused_total", "counter", "Requests that were refused, by reason.", "reason",
     "unauthenticated", STAT_REFUSED_UNKNOWN},
    {"requests_refused_total", NULL, NULL, "reason", "password", STAT_REFUSED_PASSWORD},
    {"requests_refused_total", NULL, NULL, "reason", "expired", STAT_REFUSED_EXPIRED},
    {"requests_refused_total", NULL, NULL, "reason", "stale", STAT_REFUSED_STALE},
    {"requests_refused_total", NULL, NULL, "reason", "quota", STAT_REFUSED_QUOTA},
    {"requests_refused_total", NULL, NULL, "reason", "capacity", STAT_REFUSED_CAPACITY},
    {"requests_refused_total", NULL, NULL, "reason", "peer", STAT_REFUSED_PEER},
    {"requests_refused_total", NULL, NULL, "reason", "other", STAT_REFUSED_OTHER},
    {"connections_refused_total", "counter", "Connections that were too many.", NULL, NULL,
     STAT_CONNECTIONS_REFUSED},
    {"connections_dropped_total", "counter", "Connections that were slow, or of no use.", NULL,
     NULL, STAT_CONNECTIONS_DROPPED},
};

static void put_value(const struct prom *p, const char *name, const char *label, const char *value,
                      uint64_t n)
{
    prom_value(p, name, (struct prom_label[PROM_LABELS_MAX]){{label, value}}, n);
}

/* Threads go on counting while they are read: what came and went meanwhile may be among those that
 * went alone. */
static uint64_t difference(uint64_t made, uint64_t ended)
{
    return made > ended ? made - ended : 0;
}

/* Each of these stands for all kinds of transport: minus the second when there is one. */
static void put_kinds(const struct prom *p, const struct stats *s, const char *name,
                      const char *help, unsigned made, unsigned ended, enum transport_kind first)
{
    prom_head(p, name, ended == N_STATS ? "counter" : "gauge", help);
    for (unsigned kind = first; kind < N_TRANSPORT_KINDS; kind++)
        put_value(p, name, "transport", transport_kind_names[kind],
                  difference(s->n[made + kind], ended == N_STATS ? 0 : s->n[ended + kind]));
}

void metrics_render(struct wr *w, const struct stats *s, size_t n_revoked)
{
    const struct prom p = {w, "visavis_turn_"};

    put_kinds(&p, s, "allocations", "Allocations now, by transport of the client.",
              STAT_ALLOCATIONS_MADE, STAT_ALLOCATIONS_ENDED, TRANSPORT_UDP);
    put_kinds(&p, s, "allocations_made_total", "Allocations ever, by transport of the client.",
              STAT_ALLOCATIONS_MADE, N_STATS, TRANSPORT_UDP);
    put_kinds(&p, s, "connections", "Connections of clients now, by transport.",
              STAT_CONNECTIONS_MADE, STAT_CONNECTIONS_ENDED, TRANSPORT_TCP);
    put_kinds(&p, s, "connections_made_total", "Connections of clients ever, by transport.",
              STAT_CONNECTIONS_MADE, N_STATS, TRANSPORT_TCP);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].help)
            prom_head(&p, rows[i].name, rows[i].type, rows[i].help);
        put_value(&p, rows[i].name, rows[i].label, rows[i].value, s->n[rows[i].stat]);
    }
    prom_gauge(&p, "revoked_credentials",
               "Credentials whose participants have gone before their time was over.",
               (int64_t) n_revoked);
}

static int write_file(const struct metrics *m, const struct stats *s)
{
    static const struct file_access access = {0644, FILE_KEEP_OWNER, FILE_KEEP_OWNER};
    uint8_t text[METRICS_SIZE];
    struct wr w = wr_init(text, sizeof(text));
    size_t len;
    int r;

    metrics_render(&w, s, quota_n_revoked(server_quota(m->server)));
    r = wr_finish(&w, &len);
    return r < 0 ? r : file_write(m->path, bytes_of(text, len), &access);
}

static void update(struct metrics *m, const struct stats *s)
{
    int r = write_file(m, s);

    if (r < 0 && r != m->error)
        log_warning("cannot write %s: %s, trying again", m->path, strerror(-r));
    m->error = r;
}

static void on_timer(struct loop_timer *t)
{
    struct metrics *m = container_of(t, struct metrics, timer);
    struct stats s;

    server_stats(m->server, &s);
    update(m, &s);
    (void) loop_timer_start(t, m->loop, METRICS_INTERVAL_S * 1000000u, on_timer);
}

int metrics_new(struct loop *l, const char *path, struct server *server,
                struct metrics **ret_metrics)
{
    struct metrics *m = calloc(1, sizeof(*m));
    int r;

    if (!m)
        return -ENOMEM;
    m->loop = l;
    m->path = path;
    m->server = server;
    r = loop_timer_start(&m->timer, l, 0, on_timer);
    if (r < 0) {
        free(m);
        return r;
    }
    *ret_metrics = m;
    return 0;
}

struct metrics *metrics_free(struct metrics *m)
{
    struct stats s;

    if (!m)
        return NULL;
    loop_timer_done(&m->timer);
    server_stats(m->server, &s);
    for (unsigned kind = 0; kind < N_TRANSPORT_KINDS; kind++) {
        s.n[STAT_ALLOCATIONS_ENDED + kind] = s.n[STAT_ALLOCATIONS_MADE + kind];
        s.n[STAT_CONNECTIONS_ENDED + kind] = s.n[STAT_CONNECTIONS_MADE + kind];
    }
    update(m, &s);
    free(m);
    return NULL;
}
