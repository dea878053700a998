#include "trial/trial.h"

#include "base/clock.h"
#include "files/files.h"
#include "host/paths.h"
#include "host/program.h"
#include "host/subprocess.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#define RUN_MS 90000 /* beyond what the probe measures: each of its steps may take 25 s */
#define ARGS_MAX 32

/* ---- what is tried ---- */

void trial_target_of(const struct settings *s, bool dev, struct trial_target *ret)
{
    int port = (int) settings_int(s, SET_HTTPS_PORT);

    *ret = (struct trial_target){.secret = settings_text(s, SET_OPENVIDU_SECRET)};
    if (dev) {
        snprintf(ret->url, sizeof(ret->url), "http://localhost:%d", port);
        return;
    }
    settings_public_url(s, ret->url);
    if (strcmp(settings_text(s, SET_PROXY), "external") != 0)
        snprintf(ret->connect_to, sizeof(ret->connect_to), "127.0.0.1:%d", port);
    path_join(ret->ca_file, PATH_CERTS, "live/ca.crt");
    if (!file_exists(ret->ca_file))
        ret->ca_file[0] = '\0';
}

/* ---- reading ---- */

static void copy(const json_t *o, const char *key, char *to, size_t cap)
{
    const char *text = json_string_value(json_object_get(o, key));

    snprintf(to, cap, "%s", text ? text : "");
}

static void read_steps(const json_t *list, struct trial *t)
{
    const json_t *one;
    size_t i;

    json_array_foreach (list, i, one) {
        struct trial_step *s = &t->steps[t->n_steps];

        if (t->n_steps == TRIAL_STEPS_MAX)
            return;
        t->n_steps++;
        copy(one, "name", s->name, sizeof(s->name));
        copy(one, "verdict", s->verdict, sizeof(s->verdict));
        copy(one, "reason", s->reason, sizeof(s->reason));
        copy(one, "message", s->message, sizeof(s->message));
        s->ms = json_real_value(json_object_get(one, "ms"));
        s->code = (int) json_integer_value(json_object_get(one, "code"));
    }
}

static void read_offers(const json_t *list, struct trial *t)
{
    const json_t *one;
    size_t i;

    json_array_foreach (list, i, one) {
        const char *address = json_string_value(json_object_get(one, "address"));
        const char *protocol = json_string_value(json_object_get(one, "protocol"));
        struct trial_offer *o = &t->offers[t->n_offers];

        if (t->n_offers == TRIAL_OFFERS_MAX)
            return;
        if (!address || !protocol || addr_parse(address, &o->addr) < 0)
            continue;
        o->tcp = strcmp(protocol, "tcp") == 0;
        t->n_offers++;
    }
}

static void read_path(const json_t *end, struct trial *t)
{
    const json_t *path = json_object_get(end, "path");

    copy(path, "localAddress", t->local, sizeof(t->local));
    copy(path, "remoteAddress", t->remote, sizeof(t->remote));
    copy(path, "local", t->kind, sizeof(t->kind));
}

static void read_media(const json_t *root, struct trial *t)
{
    const json_t *subscription = json_array_get(json_object_get(root, "subscriptions"), 0);
    const json_t *totals = json_object_get(root, "totals"), *kind;
    const char *key;

    read_path(json_array_get(json_object_get(root, "publishers"), 0), t);
    t->first_packet_ms = json_number_value(json_object_get(subscription, "firstPacketMs"));
    t->delay_ms = json_number_value(json_object_get(
        json_object_get(json_object_get(subscription, "video"), "delayMs"), "median"));
    json_object_foreach ((json_t *) totals, key, kind) {
        double loss = json_number_value(json_object_get(kind, "lossPercentAtFirst"));

        if (loss > t->loss_percent)
            t->loss_percent = loss;
    }
}

int trial_read(const char *text, struct trial *ret)
{
    json_t *root = json_loads(text, 0, NULL);

    if (!json_is_object(root)) {
        json_decref(root);
        return -EBADMSG;
    }
    *ret = (struct trial){.ok = json_is_true(json_object_get(root, "ok"))};
    read_steps(json_object_get(root, "steps"), ret);
    read_offers(json_object_get(root, "offered"), ret);
    read_media(root, ret);
    json_decref(root);
    ret->json = strdup(text);
    return ret->json ? 0 : -ENOMEM;
}

/* ---- running ---- */

static int run_once(const struct trial_target *t, const struct trial_options *o, bool insecure,
                    uint64_t until_ms, struct trial *ret, char *why, size_t why_size)
{
    char program[PATH_MAX], duration[16];
    const char *argv[ARGS_MAX] = {program, "--json", "--secret-file", "-",          "--url",
                                  t->url,  "--path", o->path,         "--duration", duration};
    struct subprocess_result r = {.output = NULL};
    size_t n = 10;
    uint64_t now_ms = clock_ms();
    int e = program_find("visavis-probe", program);

    snprintf(duration, sizeof(duration), "%u", o->duration_s);
    if (t->connect_to[0]) {
        argv[n++] = "--connect-to";
        argv[n++] = t->connect_to;
    }
    if (o->address) {
        argv[n++] = "--address";
        argv[n++] = o->address;
    }
    if (insecure) {
        argv[n++] = "--insecure";
    } else if (t->ca_file[0]) {
        argv[n++] = "--ca-file";
        argv[n++] = t->ca_file;
    }
    if (e == 0)
        e = until_ms > now_ms ? subprocess_run(argv, t->secret, (unsigned) (until_ms - now_ms), &r)
                              : -ETIMEDOUT;
    if (e == 0)
        e = r.status < 0 ? -ETIMEDOUT : trial_read(r.output, ret);
    if (e < 0)
        snprintf(why, why_size, "%s",
                 e == -EBADMSG && r.error && *r.error ? r.error : strerror(-e));
    why[strcspn(why, "\n")] = '\0';
    subprocess_done(&r);
    return e;
}

int trial_run(const struct trial_target *t, const struct trial_options *o, struct trial *ret,
              char *why, size_t why_size)
{
    unsigned limit_ms = o->limit_ms ? o->limit_ms : RUN_MS + o->duration_s * 1000;
    uint64_t until_ms = clock_ms() + limit_ms;
    const struct trial_step *failed;
    int r;

    why[0] = '\0';
    r = run_once(t, o, false, until_ms, ret, why, why_size);
    failed = r == 0 ? trial_failed(ret) : NULL;
    if (!failed || strcmp(failed->reason, "tls-issuer") != 0)
        return r;
    /* Only towards this machine itself may the secret go to whoever answers. */
    if (t->connect_to[0] == '\0')
        return r;
    trial_done(ret);
    r = run_once(t, o, true, until_ms, ret, why, why_size);
    if (r == 0)
        ret->untrusted = true;
    return r;
}

void trial_done(struct trial *t)
{
    free(t->json);
    t->json = NULL;
}

static bool was_offered_before(const struct trial *t, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (addr_ip_eq(&t->offers[k].addr, &t->offers[i].addr))
            return true;
    return false;
}

void trial_offered(const struct trial *t, char *buf, size_t size)
{
    size_t len = 0;

    buf[0] = '\0';
    for (size_t i = 0; i < t->n_offers && len < size; i++) {
        char ip[ADDR_TEXT_SIZE];

        if (addr_is_loopback(&t->offers[i].addr) || was_offered_before(t, i))
            continue;
        addr_format_ip(&t->offers[i].addr, ip);
        len += (size_t) snprintf(buf + len, size - len, "%s%s", len ? ", " : "", ip);
    }
}

const struct trial_step *trial_failed(const struct trial *t)
{
    for (size_t i = 0; i < t->n_steps; i++)
        if (strcmp(t->steps[i].verdict, "failed") == 0)
            return &t->steps[i];
    return NULL;
}
