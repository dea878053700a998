#include "probe/report.h"

#include "probe/summary.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>

static const char *const kind_names[RTC_KINDS] = {[SDP_AUDIO] = "audio", [SDP_VIDEO] = "video"};

static const char *const verdict_names[] = {
    [PROBE_NOT_RUN] = "not run",
    [PROBE_LEFT_OUT] = "left out",
    [PROBE_PASSED] = "ok",
    [PROBE_FAILED] = "failed",
};

static bool wants(const struct probe *p, unsigned kind)
{
    return kind == SDP_AUDIO ? probe_config(p)->audio : probe_config(p)->video;
}

static double ms(uint64_t us)
{
    return (double) us / 1000;
}

/* ---- JSON ---- */

static json_t *json_addr(const struct addr *a)
{
    char text[ADDR_TEXT_SIZE];

    return a->family ? json_string(addr_format(a, text)) : json_null();
}

static json_t *json_ms(uint64_t us)
{
    return us ? json_real(ms(us)) : json_null();
}

static json_t *json_path(bool has, const struct ice_path *path)
{
    if (!has)
        return json_null();
    return json_pack("{s:s, s:s, s:s, s:o, s:o}", "local",
                     sdp_candidate_type_name(path->local_type), "remote",
                     sdp_candidate_type_name(path->remote_type), "protocol",
                     path->protocol == SDP_UDP ? "udp" : "tcp", "localAddress",
                     json_addr(&path->local), "remoteAddress", json_addr(&path->remote));
}

/* Where the server says that media is. */
static json_t *json_offers(const struct probe_publisher *b)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < b->n_offers; i++)
        json_array_append_new(list, json_pack("{s:s, s:o}", "protocol",
                                              b->offers[i].protocol == SDP_UDP ? "udp" : "tcp",
                                              "address", json_addr(&b->offers[i].addr)));
    return list;
}

static json_t *json_step(const struct probe *p, enum probe_step step)
{
    const struct probe_step_result *s = probe_step(p, step);
    json_t *j = json_pack("{s:s, s:s}", "name", probe_step_name(step), "verdict",
                          verdict_names[s->verdict]);

    if (s->verdict == PROBE_PASSED || s->verdict == PROBE_FAILED)
        json_object_set_new(j, "ms", json_real(ms(s->took_us)));
    if (s->verdict == PROBE_FAILED) {
        json_object_set_new(j, "reason", json_string(s->reason));
        json_object_set_new(j, "message", json_string(s->message));
        if (s->code)
            json_object_set_new(j, "code", json_integer(s->code));
    }
    return j;
}

static json_t *json_relay(const struct probe *p)
{
    const struct turn_check_result *r = probe_relay(p);

    if (!r)
        return json_null();
    return json_pack("{s:s, s:b, s:o, s:o}", "url", probe_relay_url(p), "allocated",
                     r->step == TURN_CHECK_DONE, "mapped", json_addr(&r->mapped), "relayed",
                     json_addr(&r->relayed));
}

static json_t *json_publisher(const struct probe *p, const struct probe_publisher *b)
{
    json_t *j = json_pack("{s:s, s:o, s:o}", "stream", b->stream, "connectedMs",
                          json_ms(b->connected_us), "path", json_path(b->has_path, &b->path));

    for (unsigned kind = 0; kind < RTC_KINDS; kind++)
        if (wants(p, kind))
            json_object_set_new(
                j, kind_names[kind],
                json_pack("{s:I, s:I, s:I}", "packets", (json_int_t) b->packets[kind], "bytes",
                          (json_int_t) b->bytes[kind], "dropped", (json_int_t) b->dropped[kind]));
    json_object_set_new(j, "keyFramesAsked",
                        json_integer((json_int_t) b->counters.pli + (json_int_t) b->counters.fir));
    json_object_set_new(j, "nacked", json_integer((json_int_t) b->counters.nacked));
    return j;
}

static json_t *json_delay(const struct meter *m)
{
    if (m->n_delays == 0)
        return json_null(); /* recorded media carries no time */
    return json_pack("{s:f, s:f, s:f, s:f, s:f}", "min", ms(m->delay_min_us), "average",
                     ms(m->delay_sum_us) / (double) m->n_delays, "median",
                     ms(meter_delay_us(m, 0.5)), "p95", ms(meter_delay_us(m, 0.95)), "max",
                     ms(m->delay_max_us));
}

static json_t *json_meter(const struct meter *m)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:f, s:f, s:f, s:o}", "packets",
                     (json_int_t) m->packets, "bytes", (json_int_t) m->bytes, "lost",
                     (json_int_t) meter_lost(m), "lostAtFirst", (json_int_t) meter_lost_at_first(m),
                     "late", (json_int_t) m->late, "kbit/s", meter_kbit_s(m), "jitterMs",
                     meter_jitter_ms(m), "longestGapMs", ms(m->longest_gap_us), "delayMs",
                     json_delay(m));
}

static json_t *json_subscription(const struct probe *p, const struct probe_subscription *s)
{
    json_t *j = json_pack("{s:s, s:o, s:o, s:o}", "stream", s->stream, "connectedMs",
                          json_ms(s->connected_us), "firstPacketMs", json_ms(s->first_packet_us),
                          "path", json_path(s->has_path, &s->path));

    for (unsigned kind = 0; kind < RTC_KINDS; kind++)
        if (wants(p, kind))
            json_object_set_new(j, kind_names[kind], json_meter(&s->meters[kind]));
    return j;
}

static json_t *json_totals(struct probe *p)
{
    json_t *j = json_object();
    struct summary s;

    for (unsigned kind = 0; kind < RTC_KINDS; kind++) {
        if (!wants(p, kind))
            continue;
        summary_make(p, (enum sdp_kind) kind, &s);
        json_object_set_new(
            j, kind_names[kind],
            json_pack("{s:I, s:I, s:I, s:f, s:f, s:f, s:f}", "packets", (json_int_t) s.packets,
                      "lost", (json_int_t) s.lost, "lostAtFirst", (json_int_t) s.lost_at_first,
                      "lossPercent", s.loss_percent, "lossPercentAtFirst", s.loss_percent_at_first,
                      "worstDelayP95Ms", ms(s.delay_p95_us), "worstJitterMs", s.jitter_ms));
    }
    return j;
}

int report_json(struct probe *p, FILE *to)
{
    const struct probe_publisher *publishers;
    const struct probe_subscription *subscriptions;
    size_t n_publishers = probe_publishers(p, &publishers);
    size_t n_subscriptions = probe_subscriptions(p, &subscriptions);
    json_t *steps = json_array(), *ins = json_array(), *outs = json_array(), *j;
    bool ok = true;
    int r;

    for (unsigned i = 0; i < N_PROBE_STEPS; i++) {
        enum probe_verdict v = probe_step(p, (enum probe_step) i)->verdict;

        ok = ok && (v == PROBE_PASSED || v == PROBE_LEFT_OUT);
        json_array_append_new(steps, json_step(p, (enum probe_step) i));
    }
    for (size_t i = 0; i < n_publishers; i++)
        json_array_append_new(outs, json_publisher(p, &publishers[i]));
    for (size_t i = 0; i < n_subscriptions; i++)
        json_array_append_new(ins, json_subscription(p, &subscriptions[i]));
    j = json_pack("{s:b, s:s, s:s, s:b, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "ok", ok, "url",
                  probe_config(p)->url, "session", probe_session(p), "serverOffers",
                  probe_server_offers(p), "path", client_path_names[probe_config(p)->path], "steps",
                  steps, "offered", json_offers(&publishers[0]), "relay", json_relay(p),
                  "publishers", outs, "subscriptions", ins, "totals", json_totals(p));
    r = j ? json_dumpf(j, to, JSON_INDENT(2) | JSON_REAL_PRECISION(6)) : -1;
    json_decref(j);
    fputc('\n', to);
    return r < 0 ? -ENOMEM : 0;
}

/* ---- for people ---- */

static void text_path(bool has, const struct ice_path *path, FILE *to)
{
    char local[ADDR_TEXT_SIZE], remote[ADDR_TEXT_SIZE];

    if (has)
        fprintf(to, "  %s %s > %s %s, %s\n", sdp_candidate_type_name(path->local_type),
                addr_format(&path->local, local), sdp_candidate_type_name(path->remote_type),
                addr_format(&path->remote, remote), path->protocol == SDP_UDP ? "udp" : "tcp");
}

static void text_steps(const struct probe *p, FILE *to)
{
    for (unsigned i = 0; i < N_PROBE_STEPS; i++) {
        const struct probe_step_result *s = probe_step(p, (enum probe_step) i);

        if (s->verdict == PROBE_LEFT_OUT)
            continue;
        fprintf(to, "%-10s %s", probe_step_name((enum probe_step) i), verdict_names[s->verdict]);
        if (s->verdict == PROBE_PASSED)
            fprintf(to, ", %.0f ms", ms(s->took_us));
        else if (s->verdict == PROBE_FAILED)
            fprintf(to, " (%s): %s", s->reason, s->message);
        fputc('\n', to);
    }
}

void report_text(struct probe *p, FILE *to)
{
    const struct probe_publisher *publishers;
    const struct probe_subscription *subscriptions;
    struct summary s;

    text_steps(p, to);
    if (probe_publishers(p, &publishers) > 0)
        text_path(publishers[0].has_path, &publishers[0].path, to);
    if (probe_subscriptions(p, &subscriptions) == 0 ||
        probe_step(p, PROBE_ECHO)->verdict == PROBE_NOT_RUN)
        return;
    text_path(subscriptions[0].has_path, &subscriptions[0].path, to);
    for (unsigned kind = 0; kind < RTC_KINDS; kind++) {
        if (!wants(p, kind))
            continue;
        summary_make(p, (enum sdp_kind) kind, &s);
        fprintf(
            to,
            "%-10s %" PRIu64 " packets, %" PRIu64 " lost (%.2f %%), %" PRIu64
            " at first (%.2f %%), %.0f kbit/s; delay "
            "median %.1f ms, 95 %% within %.1f ms; jitter %.1f ms; first packet after %.0f ms\n",
            kind_names[kind], s.packets, s.lost, s.loss_percent, s.lost_at_first,
            s.loss_percent_at_first, s.kbit_s, ms(s.delay_median_us), ms(s.delay_p95_us),
            s.jitter_ms, ms(s.first_packet_us));
    }
}
