#include "acme/record.h"

#include "base/buf.h"
#include "base/clock.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>

#define LABEL "_acme-challenge."
#define ASK_LIMIT_MS 3000
#define SERVERS_MAX 4 /* of struct dns_servers */

#define PAUSE_MIN_MS 1000
#define PAUSE_MAX_MS 15000
#define SLICE_MS 100 /* how soon a cancelled wait ends */

enum { RCODE_NONE = 0, RCODE_NXDOMAIN = 3 };

int record_name(const struct acme_id *id, char ret[static RECORD_NAME_SIZE])
{
    const char *base = id->is_wildcard ? id->text + strlen("*.") : id->text;
    struct wr w = wr_init(ret, RECORD_NAME_SIZE);

    if (id->is_ip)
        return -EINVAL;
    wr_str(&w, LABEL);
    wr_str(&w, base);
    wr_u8(&w, '\0');
    return w.failed ? -ENAMETOOLONG : 0;
}

/* Of letters, digits, '-', '_' and dots: nothing that a shell would expand or a URL end at. */
static bool is_plain(const char *name)
{
    return *name != '-' && name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.")] == '\0';
}

void record_target(const struct dns_servers *resolver, const char *name,
                   char ret[static RECORD_NAME_SIZE])
{
    struct dns_answer a;
    bool told = dns_ask(resolver, name, DNS_TXT, ASK_LIMIT_MS, &a) == 0 &&
                (a.rcode == RCODE_NONE || a.rcode == RCODE_NXDOMAIN) && a.name[0] &&
                is_plain(a.name);

    snprintf(ret, RECORD_NAME_SIZE, "%.*s", RECORD_NAME_SIZE - 1, told ? a.name : name);
}

/* ---- what a server says ---- */

void record_judge(struct record_server *s, int error, const struct dns_answer *a, const char *value)
{
    if (error < 0) {
        s->sight = RECORD_SILENT;
        s->n_silent++;
        return;
    }
    s->n_silent = 0;
    s->rcode = a->rcode;
    s->n_values = a->n;
    if (a->rcode != RCODE_NONE && a->rcode != RCODE_NXDOMAIN) {
        s->sight = RECORD_REFUSED;
        return;
    }
    s->sight = a->n > 0 ? RECORD_OTHER : RECORD_ABSENT;
    for (size_t i = 0; i < a->n; i++)
        if (strcmp(a->list[i].text, value) == 0)
            s->sight = RECORD_SEEN;
}

/* The resolver is the last that is left. */
static bool is_given_up(const struct record_server *s)
{
    return s->address.family && s->n_silent >= RECORD_SILENT_MAX;
}

bool record_is_everywhere(const struct record_server *list, size_t n)
{
    size_t n_seen = 0;

    for (size_t i = 0; i < n; i++) {
        if (is_given_up(&list[i]))
            continue;
        if (list[i].sight != RECORD_SEEN)
            return false;
        n_seen++;
    }
    return n_seen > 0;
}

static bool all_given_up(const struct record_server *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!is_given_up(&list[i]))
            return false;
    return true;
}

static void report_server(struct wr *w, const struct record_server *s)
{
    static const char *const plain[] = {
        [RECORD_SILENT] = " does not answer",
        [RECORD_ABSENT] = " has no TXT record there",
        [RECORD_SEEN] = " has it",
    };
    char text[ADDR_TEXT_SIZE];

    wr_str(w, s->address.family ? addr_format_ip(&s->address, text) : "the resolver");
    switch (s->sight) {
    case RECORD_REFUSED:
        wr_fmt(w, " answers with the error %d%s", s->rcode,
               s->rcode == 2   ? " (SERVFAIL)"
               : s->rcode == 5 ? " (REFUSED)"
                               : "");
        break;
    case RECORD_OTHER:
        wr_fmt(w, " has %zu other value%s alone", s->n_values, s->n_values == 1 ? "" : "s");
        break;
    default:
        wr_str(w, plain[s->sight]);
    }
}

const char *record_report(const struct record_server *list, size_t n, char *buf, size_t cap)
{
    struct wr w = wr_init(buf, cap - 1);

    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            wr_str(&w, "; ");
        report_server(&w, &list[i]);
    }
    buf[wr_len(&w)] = '\0';
    return buf;
}

/* ---- waiting ---- */

struct wait {
    const struct dns_servers *resolver;
    const char *name, *value;
    const atomic_bool *cancelled;
    uint64_t end_ms;
    struct record_server list[SERVERS_MAX];
    size_t n;
};

static void use_resolver(struct wait *w)
{
    w->list[0] = (struct record_server){.sight = RECORD_SILENT};
    w->n = 1;
}

static void find_servers(struct wait *w)
{
    struct dns_servers found;

    w->n = dns_zone_servers(w->resolver, w->name, &found);
    if (w->n > SERVERS_MAX)
        w->n = SERVERS_MAX;
    for (size_t i = 0; i < w->n; i++)
        w->list[i] = (struct record_server){.address = found.list[i], .sight = RECORD_SILENT};
    if (w->n == 0)
        use_resolver(w);
}

static void ask_all(struct wait *w)
{
    for (size_t i = 0; i < w->n && !atomic_load(w->cancelled); i++) {
        struct record_server *s = &w->list[i];
        struct dns_servers one = {.list = {s->address}, .n = 1};
        const struct dns_servers *whom = s->address.family ? &one : w->resolver;
        struct dns_answer a;
        int r;

        if (s->sight == RECORD_SEEN || is_given_up(s))
            continue;
        r = dns_ask(whom, w->name, DNS_TXT, ASK_LIMIT_MS, &a);
        record_judge(s, r, &a, w->value);
    }
    if (all_given_up(w->list, w->n))
        use_resolver(w);
}

static void pause_ms(const struct wait *w, uint64_t ms)
{
    uint64_t end = clock_ms() + ms;

    if (end > w->end_ms)
        end = w->end_ms;
    while (clock_ms() < end && !atomic_load(w->cancelled))
        poll(NULL, 0, SLICE_MS);
}

static int not_seen(const struct wait *w, unsigned limit_s, struct acme_failure *f)
{
    char report[1024];

    failure_set(f, FAILURE_LOCAL, STEP_CHALLENGE, -ETIMEDOUT, w->name,
                "the record was put up, but %u s later it cannot be seen everywhere: %s", limit_s,
                record_report(w->list, w->n, report, sizeof(report)));
    failure_next(f,
                 "See whether it was put into the right zone, while a try is going on: dig +short "
                 "TXT %s. Where the provider takes longer to publish a record, raise "
                 "ACME_DNS_WAIT.",
                 w->name);
    return -ETIMEDOUT;
}

int record_wait(const struct dns_servers *resolver, const char *name, const char *value,
                unsigned limit_s, const atomic_bool *cancelled, struct acme_failure *f)
{
    struct wait w = {.resolver = resolver,
                     .name = name,
                     .value = value,
                     .cancelled = cancelled,
                     .end_ms = clock_ms() + limit_s * UINT64_C(1000)};
    uint64_t pause = PAUSE_MIN_MS;

    find_servers(&w);
    for (;;) {
        ask_all(&w);
        if (atomic_load(cancelled))
            return -ECANCELED;
        if (record_is_everywhere(w.list, w.n))
            return 0;
        if (clock_ms() >= w.end_ms)
            return not_seen(&w, limit_s, f);
        pause_ms(&w, pause);
        pause += pause / 2;
        if (pause > PAUSE_MAX_MS)
            pause = PAUSE_MAX_MS;
    }
}
