#include "apply/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct plan_change same = {.wanted = true, .had = true};
static const struct plan_change other = {.wanted = true, .had = true, .differs = true};
static const struct plan_change older = {
    .wanted = true, .had = true, .differs = true, .unexplained = true};
static const struct plan_change added = {.wanted = true, .differs = true};
static const struct plan_change removed = {.had = true, .differs = true};
static const struct plan_change none = {.had = false};
static const struct plan_change unit = {.wanted = true, .had = true, .unit_differs = true};
static const struct plan_change sockets = {.wanted = true, .had = true, .sockets_differ = true};
static const struct plan_change lost = {.wanted = true, .had = true, .lost = true};

static const struct {
    enum plan_part part;
    const struct plan_change *change;
    unsigned reloads, restarts;
    bool pending;
    enum plan_action wanted;
    bool sockets, reload_manager;
} cases[] = {
    {PLAN_SIGNALING, &same, 0, 0, false, PLAN_NOTHING, false, false},
    /* keys of others */
    {PLAN_SIGNALING, &same, SETTING_MEDIA, SETTING_TURN, false, PLAN_NOTHING, false, false},
    {PLAN_SIGNALING, &other, SETTING_SIGNALING, 0, false, PLAN_RELOAD, false, false},
    {PLAN_SIGNALING, &other, SETTING_SIGNALING, SETTING_MEDIA, false, PLAN_RELOAD, false, false},
    {PLAN_SIGNALING, &other, 0, SETTING_SIGNALING, false, PLAN_RESTART, false, false},
    {PLAN_SIGNALING, &other, SETTING_SIGNALING, SETTING_SIGNALING, false, PLAN_RESTART, false,
     false},
    /* not by any key of it */
    {PLAN_SIGNALING, &other, 0, 0, false, PLAN_RESTART, false, false},
    {PLAN_SIGNALING, &older, SETTING_SIGNALING, 0, false, PLAN_RESTART, false, false},
    {PLAN_MEDIA, &other, SETTING_MEDIA, 0, false, PLAN_RELOAD, false, false},
    {PLAN_TURN, &other, SETTING_SIGNALING, 0, false, PLAN_RESTART, false, false},
    {PLAN_CALL, &added, 0, 0, false, PLAN_START, true, false},
    {PLAN_CALL, &removed, 0, 0, false, PLAN_STOP, true, false},
    {PLAN_CALL, &none, SETTING_CALL, SETTING_CALL, false, PLAN_NOTHING, false, false},
    {PLAN_REDIS, &removed, 0, 0, false, PLAN_STOP, true, false},
    {PLAN_REDIS, &other, SETTING_REDIS_OWN, 0, false, PLAN_RESTART, false, false},
    /* a certificate that it may not have seen */
    {PLAN_TURN, &same, 0, 0, true, PLAN_RELOAD, false, false},
    {PLAN_TURN, &other, 0, SETTING_TURN, true, PLAN_RESTART, false, false},
    {PLAN_SIGNALING, &same, 0, 0, true, PLAN_NOTHING, false, false},
    {PLAN_TURN, &unit, 0, 0, false, PLAN_RESTART, false, true},
    {PLAN_SIGNALING, &sockets, 0, 0, false, PLAN_RESTART, true, true},
    {PLAN_MEDIA, &lost, 0, 0, false, PLAN_RESTART, false, false},
    {PLAN_NGINX, &same, 0, 0, false, PLAN_NOTHING, false, false},
    {PLAN_NGINX, &same, 0, 0, true, PLAN_RELOAD, false, false},
    {PLAN_NGINX, &other, 0, SETTING_PROXY, false, PLAN_RELOAD, false, false},
    {PLAN_NGINX, &older, 0, 0, false, PLAN_RELOAD, false, false},
    {PLAN_NGINX, &added, 0, 0, false, PLAN_RELOAD, false, false},
    {PLAN_NGINX, &removed, 0, 0, false, PLAN_RELOAD, false, false},
    {PLAN_NGINX, &lost, 0, 0, false, PLAN_RELOAD, false, false},
    {PLAN_NGINX, &none, 0, 0, true, PLAN_NOTHING, false, false},
};

static void what_each_change_means(void **state)
{
    (void) state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct plan_input in = {.reloads = cases[i].reloads,
                                .restarts = cases[i].restarts,
                                .certificate_pending = cases[i].pending};
        struct plan p;

        in.parts[cases[i].part] = *cases[i].change;
        plan_make(&in, &p);
        if (p.steps[cases[i].part].action != cases[i].wanted)
            fail_msg("case %zu: %s", i, plan_action_name(p.steps[cases[i].part].action));
        assert_int_equal(p.steps[cases[i].part].sockets, cases[i].sockets);
        assert_int_equal(p.reload_manager, cases[i].reload_manager);
        assert_int_equal(plan_is_empty(&p),
                         cases[i].wanted == PLAN_NOTHING && !cases[i].reload_manager);
    }
}

static void a_change_of_one_is_none_of_the_others(void **state)
{
    struct plan_input in = {.restarts = SETTING_MEDIA};
    struct plan p;

    (void) state;
    for (enum plan_part i = 0; i < N_PLAN_PARTS; i++)
        in.parts[i] = same;
    in.parts[PLAN_MEDIA] = other;
    plan_make(&in, &p);
    for (enum plan_part i = 0; i < N_PLAN_PARTS; i++)
        assert_int_equal(p.steps[i].action, i == PLAN_MEDIA ? PLAN_RESTART : PLAN_NOTHING);
}

static void what_nginx_alone_has_not_seen(void **state)
{
    struct plan_input in = {.nginx_pending = true};
    struct plan p;

    (void) state;
    for (enum plan_part i = 0; i < N_PLAN_PARTS; i++)
        in.parts[i] = same;
    plan_make(&in, &p);
    for (enum plan_part i = 0; i < N_PLAN_PARTS; i++)
        assert_int_equal(p.steps[i].action, i == PLAN_NGINX ? PLAN_RELOAD : PLAN_NOTHING);
}

static void every_part_has_its_units(void **state)
{
    (void) state;
    for (enum plan_part i = 0; i < N_PLAN_PARTS; i++) {
        assert_non_null(strstr(plan_service(i), plan_part_name(i)));
        assert_int_not_equal(plan_consumer(i), 0);
        for (const char *const *s = plan_sockets(i); *s; s++)
            assert_non_null(strstr(*s, plan_part_name(i)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_each_change_means),
        cmocka_unit_test(a_change_of_one_is_none_of_the_others),
        cmocka_unit_test(what_nginx_alone_has_not_seen),
        cmocka_unit_test(every_part_has_its_units),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
