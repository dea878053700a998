/* A key that finds its way into a daemon's file has that daemon among its consumers: otherwise a
 * change of it would be taken for something that nobody can explain, and restart the daemon. */
#include "apply/render.h"
#include "settings/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct {
    void (*render)(struct wr *w, const struct settings *s, const struct places *p);
    enum setting_consumer consumer;
} daemons[] = {
    {render_signaling, SETTING_SIGNALING},
    {render_media, SETTING_MEDIA},
    {render_turn, SETTING_TURN},
    {render_call, SETTING_CALL},
};
#define N_DAEMONS (sizeof(daemons) / sizeof(daemons[0]))

static const struct places places = {
    .public_url = "https://a.example",
    .openvidu_url = "http://127.0.0.1:5443",
    .control_socket = "/run/visavis/media.sock",
    .call_pages = "/usr/share/visavis/call",
    .turn_secret = "s3cret",
    .turn_ip = "192.0.2.1",
    .turn_port = 3478,
    .call_login = true,
    .signaling_listen = {"tcp:127.0.0.1:5443"},
    .call_listen = {"tcp:127.0.0.1:5442"},
    .turn_listen = {"udp:[::]:3478"},
};

struct rendered {
    char text[N_DAEMONS][8192];
};

static void ignore(const struct setting_problem *p, void *arg)
{
    (void) arg;
    if (p->severity == SETTING_ERROR)
        fail_msg("%s %s", p->key, p->what);
}

static struct rendered *render(const char *file)
{
    struct rendered *r = calloc(1, sizeof(*r));
    struct settings *s = NULL;

    assert_non_null(r);
    assert_int_equal(settings_load_bytes("f", bytes_str(file), ignore, NULL, &s), 0);
    for (size_t i = 0; i < N_DAEMONS; i++) {
        struct wr w = wr_init(r->text[i], sizeof(r->text[i]) - 1);

        daemons[i].render(&w, s, &places);
        assert_false(w.failed);
    }
    settings_free(s);
    return r;
}

/* Another good value than the default. */
static void another_value(const struct setting_def *d, char *buf, size_t cap)
{
    if (d->type == SETTING_BOOL)
        snprintf(buf, cap, "%s", strcmp(d->value, "true") == 0 ? "false" : "true");
    else if (d->type == SETTING_INT || d->type == SETTING_PORT)
        snprintf(buf, cap, "%ld", atol(d->value) + (strcmp(d->value, "65535") == 0 ? -1 : 1));
    else if (d->type == SETTING_CHOICE)
        snprintf(buf, cap, "%s", d->choices[strcmp(d->choices[0], d->value) == 0]);
    else
        snprintf(buf, cap, "%s%s", d->example, d->type == SETTING_USER ? "2" : "");
}

static void test_rendered_keys_name_their_consumers(void **state)
{
    struct rendered *before = render("DOMAIN_OR_PUBLIC_IP=a.example\nOPENVIDU_SECRET=0123456789\n");
    unsigned n_seen = 0;

    (void) state;
    for (int id = 0; id < N_SETTINGS; id++) {
        const struct setting_def *d = setting_def((enum setting) id);
        char value[512], file[1024];
        struct rendered *after;

        if (d->scope == SETTING_DEV_ONLY)
            continue;
        another_value(d, value, sizeof(value));
        /* Of two lines with one key the second holds. */
        snprintf(file, sizeof(file),
                 "DOMAIN_OR_PUBLIC_IP=a.example\nOPENVIDU_SECRET=0123456789\n"
                 "OPENVIDU_WEBHOOK_ENDPOINT=http://a\n%s=%s\n",
                 d->key, value);
        after = render(file);
        for (size_t i = 0; i < N_DAEMONS; i++) {
            if (strcmp(before->text[i], after->text[i]) == 0)
                continue;
            n_seen++;
            if (!(setting_consumers(d) & daemons[i].consumer))
                fail_msg("%s is in %s's file", d->key, setting_consumer_name(daemons[i].consumer));
        }
        free(after);
    }
    assert_true(n_seen > 25); /* the look is not at nothing */
    free(before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rendered_keys_name_their_consumers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
