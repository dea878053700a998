#include "acquire/metrics.h"

#include "base/prom.h"
#include "files/files.h"
#include "host/paths.h"

static void put_live(const struct prom *p, const struct certs_info *live, int64_t now_s)
{
    prom_gauge(p, "served", "1 when there is a certificate that can be served.", live != NULL);
    if (!live)
        return;
    prom_gauge(p, "not_before_seconds", "Begin of its validity, seconds since 1970.",
               live->not_before_s);
    prom_gauge(p, "not_after_seconds", "End of its validity, seconds since 1970.",
               live->not_after_s);
    prom_gauge(p, "days_left", "Whole days until then, negative after it; as of the last run.",
               certs_days_left(live, now_s));
    prom_gauge(p, "self_signed", "1 when this machine's own CA issued it.", live->is_ours);
}

/* Of a CA by ACME. */
static void put_acme(const struct prom *p, const struct acquire_look *l,
                     const struct certs_info *live, int64_t now_s)
{
    const struct acme_state *s = &l->state;

    prom_gauge(p, "temporary", "1 when a self-signed one stands in for that of the CA.",
               live && live->is_ours);
    prom_gauge(p, "renewal_seconds", "When its renewal falls due, seconds since 1970.",
               l->renewal_s < 0 ? now_s : l->renewal_s);
    prom_gauge(p, "next_try_seconds", "When it is looked after again, seconds since 1970.",
               l->next_s);
    prom_gauge(p, "last_attempt_seconds", "The last try to get one, seconds since 1970; 0 never.",
               s->attempt_s);
    prom_gauge(p, "last_success_seconds",
               "The last one that was issued, seconds since 1970; 0 never.", s->success_s);
    prom_gauge(p, "last_result", "Of the last try: 1 issued, 0 failed, -1 none yet.",
               s->result == RESULT_OK       ? 1
               : s->result == RESULT_FAILED ? 0
                                            : -1);
    prom_gauge(p, "failures", "Tries that failed since the last success.", s->failures);
}

void metrics_render(struct wr *w, const struct acquire_look *l, const struct certs_info *live,
                    int64_t now_s)
{
    const struct prom p = {w, "visavis_certificate_"};

    put_live(&p, live, now_s);
    prom_gauge(&p, "last_run_seconds", "When it was looked after last, seconds since 1970.", now_s);
    if (l->wanted)
        put_acme(&p, l, live, now_s);
}

int metrics_write(const struct acquire_look *l, const struct certs_info *live, int64_t now_s)
{
    static const struct file_access file = {0644, FILE_KEEP_OWNER, FILE_KEEP_OWNER};
    uint8_t text[METRICS_SIZE];
    struct wr w = wr_init(text, sizeof(text));
    char path[PATH_MAX];
    size_t len;
    int r;

    metrics_render(&w, l, live, now_s);
    r = wr_finish(&w, &len);
    if (r == 0)
        r = dir_make(path_join(path, PATH_RUN, "metrics"), NULL);
    return r < 0 ? r
                 : file_write(path_join(path, PATH_RUN, METRICS_FILE), bytes_of(text, len), &file);
}
