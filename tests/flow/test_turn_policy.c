/* What the peer policy is made of, and when it is made anew: two media daemons that come and go,
 * interfaces, settings. In a network of its own. */
#include "link/link.h"
#include "net/interfaces.h"
#include "tests/lib/private_net.h"
#include "turn/policy.h"

#include "base/log.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define GUARD_US (20 * 1000000u)

/* A media daemon at loopback; its port tells which. */
struct media {
    struct loop *loop;
    char path[64];
    int port;
    struct link *link;
    struct link_listener *listener;
};

static struct loop *loop;
static struct turn_config config;
static struct policy *policy;
static struct peers *peers; /* the last one */
static struct media a, b;
static char dir[] = "/tmp/test_policy_XXXXXX";
static int answer; /* of on_policy() */
static bool alone;

/* ---- */

static void run(const char *command)
{
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): constants */
}

static int on_policy(struct peers *p, void *arg)
{
    assert_ptr_equal(arg, &config);
    if (answer < 0)
        return answer;
    peers_unref(peers);
    peers = peers_ref(p);
    loop_quit(loop, 0);
    return 0;
}

static bool goes(const char *to)
{
    struct addr peer, dest;

    assert_int_equal(addr_parse(to, &peer), 0);
    return peers_route(peers, &peer, &dest);
}

static void on_guard(struct loop_timer *t)
{
    loop_quit(t->loop, 1);
}

/* Until it does, or no more. */
static void await(const char *to, bool wanted)
{
    struct loop_timer guard = {0};

    assert_int_equal(loop_timer_start(&guard, loop, GUARD_US, on_guard), 0);
    while (goes(to) != wanted)
        assert_int_equal(loop_run(loop), 0);
    loop_timer_done(&guard);
}

static void on_request(struct link *k, const char *method, json_t *params, struct link_request *rq,
                       void *arg)
{
    const struct media *m = arg;

    (void) k, (void) method, (void) params;
    link_reply(rq, json_pack("{s:s, s:[{s:s, s:i, s:s}]}", "node", "n", "peers", "ip",
                             "203.0.113.9", "port", m->port, "via", NET_OWN));
}

static void on_accept(struct link_listener *ls, int fd, void *arg)
{
    static const struct link_handlers handlers = {.on_request = on_request};
    struct media *m = arg;

    (void) ls;
    link_free(m->link);
    assert_int_equal(link_new(loop, fd, &handlers, m, &m->link), 0);
}

static void media_start(struct media *m, const char *name, int port)
{
    m->port = port;
    snprintf(m->path, sizeof(m->path), "%s/%s", dir, name);
    assert_int_equal(link_listen(loop, m->path, on_accept, m, &m->listener), 0);
    config.media[config.n_media++] = m->path;
}

static void media_stop(struct media *m)
{
    m->link = link_free(m->link);
    m->listener = link_listener_free(m->listener);
}

static int setup(void **state)
{
    (void) state;
    if (!alone)
        return 0;
    log_init("test", LOG_LEVEL_ERROR);
    assert_int_equal(loop_new(&loop), 0);
    config = (struct turn_config){.n_media = 0};
    strcpy(dir + strlen(dir) - 6, "XXXXXX");
    assert_non_null(mkdtemp(dir));
    media_start(&a, "a", 40001);
    media_start(&b, "b", 40002);
    answer = 0;
    assert_int_equal(policy_new(loop, &config, on_policy, &config, &policy), 0);
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    if (!alone)
        return 0;
    assert_null(policy_free(policy));
    assert_null(policy_free(NULL));
    media_stop(&a);
    media_stop(&b);
    peers = peers_unref(peers);
    loop_free(loop);
    rmdir(dir);
    return 0;
}

/* ---- */

static void test_several_daemons(void **state)
{
    (void) state;
    if (!alone)
        skip();
    assert_non_null(peers); /* at once, though nobody has told anything */
    assert_false(goes("203.0.113.9:40001"));
    await("203.0.113.9:40001", true);
    await("203.0.113.9:40002", true);
    assert_false(goes("203.0.113.9:40003"));

    /* One goes, and comes back elsewhere; the other tells a new list meanwhile. */
    media_stop(&a);
    link_notify(b.link, "peers",
                json_pack("{s:[{s:s, s:i}]}", "peers", "ip", "127.0.0.1", "port", 40003));
    await("127.0.0.1:40003", true);
    assert_true(goes("203.0.113.9:40001"));
    assert_false(goes("203.0.113.9:40002"));
    config.n_media--;
    media_start(&a, "a", 40004);
    await("203.0.113.9:40004", true);
    assert_false(goes("203.0.113.9:40001"));
    assert_true(goes("127.0.0.1:40003"));
}

static void test_settings(void **state)
{
    char why[IP_RULE_WHY_SIZE];
    struct addr public, dest;

    (void) state;
    if (!alone)
        skip();
    await("203.0.113.9:40001", true);
    config.any_public_peer = true;
    assert_int_equal(policy_reloaded(policy), 0);
    assert_true(goes("8.8.8.8:53"));
    assert_int_equal(addr_parse_ip("8.8.8.8", 0, &config.external_ip), 0);
    assert_int_equal(policy_reloaded(policy), 0);
    assert_false(goes("8.8.8.8:53"));
    assert_true(goes("8.8.4.4:53"));
    assert_int_equal(ip_rule_parse_list("8.8.4.4,203.0.113.9:40001", false, config.denied_peers,
                                        CONFIG_RULES_MAX, &config.n_denied_peers, why),
                     0);
    assert_int_equal(policy_reloaded(policy), 0);
    assert_false(goes("8.8.4.4:53"));
    assert_false(goes("203.0.113.9:40001"));
    assert_non_null(peers_denied_media(peers));
    config.n_denied_peers = 0;
    assert_int_equal(ip_rule_parse_list("10.0.0.0/8:5", true, config.allowed_peers,
                                        CONFIG_RULES_MAX, &config.n_allowed_peers, why),
                     0);
    assert_int_equal(policy_reloaded(policy), 0);
    assert_true(goes("10.1.2.3:5"));
    assert_null(peers_denied_media(peers));

    /* It could not be put in force: told to the caller, and the next one is. */
    answer = -ENOMEM;
    assert_int_equal(policy_reloaded(policy), -ENOMEM);
    answer = 0;

    /* By the address there, which is this machine's. */
    assert_int_equal(addr_parse("203.0.113.9:40001", &public), 0);
    assert_true(peers_route(peers, &public, &dest));
    assert_int_equal(addr_parse(NET_OWN ":40001", &public), 0);
    assert_true(addr_eq(&dest, &public));
}

static void test_interfaces(void **state)
{
    uint32_t generation;

    (void) state;
    if (!alone)
        skip();
    config.any_public_peer = true;
    assert_int_equal(policy_reloaded(policy), 0);
    await("203.0.113.9:40001", true);
    await("203.0.113.9:40002", true);
    assert_true(goes("8.8.8.8:53"));
    assert_true(goes("[2a00::1]:53"));
    run("ip addr add 8.8.8.8/32 dev lo");
    await("8.8.8.8:53", false);
    run("ip addr add 2a00::1/128 dev lo nodad");
    await("[2a00::1]:53", false);
    run("ip link add v0 type veth peer name v1 && ip addr add 9.9.9.1/24 brd + dev v0");
    run("ip link set v1 up && ip link set v0 up");
    await("9.9.9.1:53", false);
    assert_false(goes("9.9.9.255:53"));
    assert_true(goes("9.9.9.2:53"));
    run("ip addr del 8.8.8.8/32 dev lo");
    await("8.8.8.8:53", true);
    run("ip addr del 2a00::1/128 dev lo");
    await("[2a00::1]:53", true);
    run("ip link del v0");
    await("9.9.9.1:53", true);

    /* A change of an interface that leaves the addresses as they are. */
    generation = peers_generation(peers);
    run("ip link set lo mtu 60000 && ip addr add 9.9.9.9/32 dev lo");
    await("9.9.9.9:53", false);
    assert_int_equal(peers_generation(peers), generation + 1);
    run("ip addr del 9.9.9.9/32 dev lo");
}

static void test_own_addresses(void **state)
{
    struct addr *list, loopback;
    bool found = false;
    size_t n;

    (void) state;
    if (!alone)
        skip();
    assert_int_equal(addr_parse_ip("127.0.0.1", 0, &loopback), 0);
    assert_int_equal(interfaces_own(&list, &n), 0);
    for (size_t i = 0; i < n; i++)
        found = found || addr_eq(&list[i], &loopback);
    assert_true(found);
    free(list);
    assert_null(interfaces_free(NULL));
}

#define flow_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        flow_test(test_several_daemons),
        flow_test(test_settings),
        flow_test(test_interfaces),
        flow_test(test_own_addresses),
    };

    alone = private_net_enter();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
