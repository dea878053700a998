#include "probe/probe_internal.h"

#include "base/clock.h"
#include "base/crypto.h"
#include "base/rnd.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define STEP_US 25000000 /* longer than each of the parts' own deadlines but for DTLS's */
#define REPORT_US 1000000
#define GOODBYE_US 5000000

static const char *const step_names[N_PROBE_STEPS] = {
    [PROBE_REST] = "rest",   [PROBE_WEBSOCKET] = "websocket", [PROBE_JOIN] = "join",
    [PROBE_RELAY] = "relay", [PROBE_PUBLISH] = "publish",     [PROBE_SUBSCRIBE] = "subscribe",
    [PROBE_ECHO] = "echo",
};

const char *probe_step_name(enum probe_step step)
{
    return step_names[step];
}

/* ---- steps ---- */

static void end_step(struct probe *p, enum probe_verdict verdict)
{
    struct probe_step_result *s = &p->steps[p->step];

    s->verdict = verdict;
    s->took_us = clock_us() - s->began_us;
    loop_timer_stop(&p->deadline);
}

static void end_run(struct probe *p, bool failed)
{
    p->over = true;
    p->failed = failed;
    loop_timer_stop(&p->reports);
    loop_quit(p->loop, failed);
}

void probe_fail(struct probe *p, const char *reason, int code, const char *fmt, ...)
{
    struct probe_step_result *s = &p->steps[p->step];
    va_list ap;

    if (p->over)
        return;
    s->reason = reason;
    s->code = code;
    va_start(ap, fmt);
    vsnprintf(s->message, sizeof(s->message), fmt, ap);
    va_end(ap);
    end_step(p, PROBE_FAILED);
    end_run(p, true);
}

static void fail_local(struct probe *p, int error)
{
    if (error < 0)
        probe_fail(p, reason_of_error(error, HTTP_TLS_FINE), 0, "%s", strerror(-error));
}

static void on_deadline(struct loop_timer *t)
{
    probe_fail_late(container_of(t, struct probe, deadline));
}

/* ---- the session and its tokens ---- */

static void ask_token(struct probe *p);

static void fail_rest(struct probe *p, const struct api_answer *a)
{
    probe_fail(p, reason_of_error(a->error, a->tls), (int) a->status, "%s", a->message);
}

static void on_token(const struct api_answer *a, void *arg)
{
    struct probe *p = arg;
    const char *token = json_string_value(json_object_get(a->body, "token"));

    if (a->error < 0) {
        fail_rest(p, a);
        return;
    }
    if (!token) {
        probe_fail(p, REASON_PROTOCOL, 0, "the server's answer has no token");
        return;
    }
    p->members[p->n_tokens].token = strdup(token);
    if (!p->members[p->n_tokens].token) {
        fail_local(p, -ENOMEM);
        return;
    }
    if (++p->n_tokens < p->n_members)
        ask_token(p);
    else
        probe_pass(p);
}

static void ask_token(struct probe *p)
{
    char path[PARTICIPANT_ID_SIZE + 32];
    const char *role = p->members[p->n_tokens].publishes ? "PUBLISHER" : "SUBSCRIBER";

    snprintf(path, sizeof(path), "sessions/%s/connection", p->session);
    fail_local(p, api_post(p->api, path, json_pack("{s:s, s:s}", "type", "WEBRTC", "role", role),
                           on_token, p));
}

static void on_session(const struct api_answer *a, void *arg)
{
    struct probe *p = arg;
    bool there = a->error == -EREMOTEIO && a->status == 409; /* it may be the caller's */

    if (a->error < 0 && !there) {
        fail_rest(p, a);
        return;
    }
    p->own_session = !there && !p->config->session;
    ask_token(p);
}

static void start_rest(struct probe *p)
{
    if (p->config->session)
        snprintf(p->session, sizeof(p->session), "%s", p->config->session);
    else
        snprintf(p->session, sizeof(p->session), "probe_%08x", rnd_u32());
    fail_local(p, api_post(p->api, "sessions", json_pack("{s:s}", "customSessionId", p->session),
                           on_session, p));
}

/* ---- media comes ---- */

/* Of our own publishers: others may have nothing to send. */
static void finish_echo(struct probe *p)
{
    unsigned silent[RTC_KINDS] = {0};
    bool wanted[RTC_KINDS] = {[SDP_AUDIO] = p->config->audio, [SDP_VIDEO] = p->config->video};

    for (unsigned i = 0; i < p->n_watches; i++) {
        const struct probe_subscription *s = &p->subscriptions[i];

        for (unsigned kind = 0; probe_is_ours(p, s->stream) && kind < RTC_KINDS; kind++)
            silent[kind] += wanted[kind] && s->meters[kind].packets == 0;
    }
    if (silent[SDP_AUDIO] + silent[SDP_VIDEO] > 0) {
        probe_fail(p, REASON_NO_MEDIA, 0,
                   "of %u subscriptions %u got no audio and %u no video, though connected",
                   p->n_watches, silent[SDP_AUDIO], silent[SDP_VIDEO]);
        return;
    }
    end_step(p, PROBE_PASSED);
    end_run(p, false);
}

static void on_echo_end(struct loop_timer *t)
{
    finish_echo(container_of(t, struct probe, deadline));
}

static void on_reports(struct loop_timer *t)
{
    struct probe *p = container_of(t, struct probe, reports);

    for (unsigned i = 0; i < p->n_watches; i++)
        if (p->watches[i].stream && !p->watches[i].gone)
            (void) rtc_peer_send_report(participant_stream_peer(p->watches[i].stream));
    (void) loop_timer_start(t, p->loop, REPORT_US, on_reports);
}

static void start_echo(struct probe *p)
{
    int r = loop_timer_start(&p->reports, p->loop, REPORT_US, on_reports);

    if (r == 0)
        r = loop_timer_start(&p->deadline, p->loop, (uint64_t) p->config->duration_s * 1000000,
                             on_echo_end);
    fail_local(p, r);
}

/* Ends the measuring early: what was measured is told. */
static void stop(struct probe *p)
{
    if (p->step == PROBE_ECHO)
        finish_echo(p);
    else
        end_run(p, true);
}

/* ---- from step to step ---- */

static void start_relay(struct probe *p)
{
    if (!p->config->light)
        probe_find_relays(p);
    if (probe_needs_relay(p)) {
        probe_check_relay(p);
        return;
    }
    probe_pass(p);
    p->steps[PROBE_RELAY].verdict = PROBE_LEFT_OUT;
}

static void start_step(struct probe *p)
{
    p->steps[p->step].began_us = clock_us();
    fail_local(p, loop_timer_start(&p->deadline, p->loop, STEP_US, on_deadline));
    switch (p->over ? N_PROBE_STEPS : p->step) {
    case PROBE_REST:
        start_rest(p);
        break;
    case PROBE_WEBSOCKET:
        fail_local(p, probe_connect_members(p));
        break;
    case PROBE_JOIN: /* goes on by itself */
        break;
    case PROBE_RELAY:
        start_relay(p);
        break;
    case PROBE_PUBLISH:
        fail_local(p, probe_publish(p));
        break;
    case PROBE_SUBSCRIBE:
        probe_subscribe(p);
        break;
    case PROBE_ECHO:
        start_echo(p);
        break;
    default:
        break;
    }
}

void probe_pass(struct probe *p)
{
    if (p->over)
        return;
    end_step(p, PROBE_PASSED);
    p->step++;
    start_step(p);
}

/* ---- the end ---- */

static void on_goodbye(struct loop_timer *t)
{
    loop_quit(container_of(t, struct probe, deadline)->loop, 0);
}

static void on_deleted(const struct api_answer *a, void *arg)
{
    struct probe *p = arg;

    (void) a; /* an empty session ends by itself */
    if (--p->n_leaving == 0)
        loop_quit(p->loop, 0);
}

/* All leave, and a session of our own is closed. */
static void say_goodbye(struct probe *p)
{
    char path[PARTICIPANT_ID_SIZE + 32];

    snprintf(path, sizeof(path), "sessions/%s", p->session);
    p->n_leaving = 1; /* not before all have been told */
    for (unsigned i = 0; i < p->n_members; i++) {
        struct member *m = &p->members[i];

        if (!m->participant || !m->joined || m->ended)
            continue;
        p->n_leaving++;
        participant_leave(m->participant);
    }
    if (p->own_session && api_delete(p->api, path, on_deleted, p) == 0)
        p->n_leaving++;
    if (--p->n_leaving == 0 || loop_timer_start(&p->deadline, p->loop, GOODBYE_US, on_goodbye) < 0)
        return;
    (void) loop_run(p->loop);
}

int probe_run(struct probe *p)
{
    int r;

    start_step(p);
    r = loop_run(p->loop);
    if (!p->over) /* by a signal */
        stop(p);
    probe_collect(p);
    say_goodbye(p);
    loop_timer_stop(&p->deadline);
    return r < 0                                       ? r
           : !p->failed                                ? 0
           : p->steps[p->step].verdict == PROBE_FAILED ? -ENOTCONN
                                                       : -EINTR;
}

/* ---- life ---- */

static int allocate(struct probe *p)
{
    const struct probe_config *c = p->config;

    p->n_members = c->publishers + c->subscribers;
    p->n_expected = c->publishers * c->subscribers;
    if (c->meet)
        p->n_expected += c->publishers * (c->publishers - 1);
    p->members = calloc(p->n_members, sizeof(*p->members));
    p->watches = calloc(PROBE_WATCHES_MAX + 1, sizeof(*p->watches));
    p->publishers = calloc(c->publishers, sizeof(*p->publishers));
    p->subscriptions = calloc(PROBE_WATCHES_MAX, sizeof(*p->subscriptions));
    if (!p->members || !p->watches || !p->publishers || !p->subscriptions)
        return -ENOMEM;
    for (unsigned i = 0; i < p->n_members; i++)
        p->members[i] = (struct member){.probe = p,
                                        .nr = i,
                                        .publishes = i < c->publishers,
                                        .watches = i >= c->publishers || c->meet};
    return 0;
}

int probe_new(struct loop *l, const struct probe_config *c, struct probe **ret_p)
{
    struct probe *p = calloc(1, sizeof(*p));
    struct api_config api = {.url = c->url,
                             .secret = c->secret,
                             .connect_to = c->connect_to,
                             .ca_file = c->ca_file,
                             .any_certificate = c->any_certificate};
    int r;

    if (!p)
        return -ENOMEM;
    p->loop = l;
    p->config = c;
    p->sender = rnd_u32();
    p->agents.max = c->publishers + PROBE_WATCHES_MAX;
    r = c->publishers == 0 || c->publishers + c->subscribers > PROBE_MEMBERS_MAX ||
                c->publishers * c->subscribers > PROBE_WATCHES_MAX
            ? -EINVAL
            : allocate(p);
    if (r == 0)
        r = http_new(l, &p->http);
    if (r == 0) {
        http_allow_connections(p->http, p->n_members + TLS_TUNNEL_MAX + 1); /* and REST's */
        r = api_new(p->http, &api, &p->api);
    }
    if (r == 0)
        r = rtc_hub_new(l, &p->hub);
    if (r == 0 && !c->light)
        r = ice_hub_new(l, &p->agents, &p->ice);
    if (r < 0) {
        probe_free(p);
        return r;
    }
    *ret_p = p;
    return 0;
}

struct probe *probe_free(struct probe *p)
{
    if (!p)
        return NULL;
    loop_timer_done(&p->deadline);
    loop_timer_done(&p->reports);
    if (p->members)
        probe_free_members(p);
    probe_free_relays(p);
    ice_hub_free(p->ice);
    rtc_hub_free(p->hub);
    api_free(p->api);
    http_free(p->http);
    secret_wipe(p->check_password, sizeof(p->check_password));
    free(p->members);
    free(p->watches);
    free(p->publishers);
    free(p->subscriptions);
    free(p);
    return NULL;
}

const struct probe_config *probe_config(const struct probe *p)
{
    return p->config;
}

const struct probe_step_result *probe_step(const struct probe *p, enum probe_step step)
{
    return &p->steps[step];
}

const char *probe_session(const struct probe *p)
{
    return p->session;
}

bool probe_server_offers(const struct probe *p)
{
    return p->members[0].participant && participant_server_offers(p->members[0].participant);
}

size_t probe_publishers(struct probe *p, const struct probe_publisher **ret)
{
    *ret = p->publishers;
    return p->config->publishers;
}

size_t probe_subscriptions(struct probe *p, const struct probe_subscription **ret)
{
    *ret = p->subscriptions;
    return p->n_watches;
}
