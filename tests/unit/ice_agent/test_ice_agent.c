/* Agents that talk to each other on the loopback. */
#include "ice_agent/ice_agent.h"

#include "codec/stun.h"

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cmocka.h>

#define GUARD_US 30000000
#define AGENTS_MAX 8
#define MAPPED "203.0.113.9" /* what the STUN server says */

static struct loop *loop;
static struct ice_quota quota = {.max = AGENTS_MAX};
static struct ice_hub *hub;
static struct loop_timer guard;
static struct addr loopback;

/* One end. */
struct end {
    struct ice_agent *agent;
    struct end *other;
    bool gathered;
    enum ice_agent_state state;
    unsigned n_pairs, n_datagrams;
    char text[64]; /* the last datagram */
    enum { FREE_NEVER, FREE_GATHERED, FREE_CONNECTED, FREE_DATAGRAM } free_when;
};

static struct end a, b;

/* ---- handlers ---- */

static void free_end(struct end *e)
{
    e->agent = ice_agent_free(e->agent);
    loop_quit(loop, 0);
}

static void on_gathered(struct ice_agent *agent, void *arg)
{
    struct end *e = arg;

    assert_ptr_equal(agent, e->agent);
    assert_false(e->gathered);
    e->gathered = true;
    if (e->free_when == FREE_GATHERED)
        free_end(e);
    else
        loop_quit(loop, 0);
}

static void on_state(struct ice_agent *agent, enum ice_agent_state state, void *arg)
{
    struct end *e = arg;

    assert_ptr_equal(agent, e->agent);
    assert_int_not_equal(state, e->state);
    assert_int_equal(state, ice_agent_state(agent));
    e->state = state;
    if (state == ICE_AGENT_CONNECTED)
        assert_true(e->n_pairs > 0);
    if (state == ICE_AGENT_CONNECTED && e->free_when == FREE_CONNECTED)
        free_end(e);
    else
        loop_quit(loop, 0);
}

static void on_pair(struct ice_agent *agent, void *arg)
{
    struct end *e = arg;
    struct ice_agent_pair pair;

    assert_int_equal(ice_agent_pair(agent, &pair), 0);
    e->n_pairs++;
}

static void on_datagram(struct ice_agent *agent, uint8_t *p, size_t len, size_t cap, void *arg)
{
    struct end *e = arg;

    assert_ptr_equal(agent, e->agent);
    assert_true(len < sizeof(e->text) && len <= cap);
    memcpy(e->text, p, len);
    e->text[len] = '\0';
    e->n_datagrams++;
    if (e->free_when == FREE_DATAGRAM)
        free_end(e);
    else
        loop_quit(loop, 0);
}

static const struct ice_agent_handlers handlers = {
    .on_gathered = on_gathered,
    .on_state = on_state,
    .on_pair = on_pair,
    .on_datagram = on_datagram,
};

/* ---- steps ---- */

static void on_guard(struct loop_timer *t)
{
    loop_quit(t->loop, -ETIMEDOUT);
}

static void wait_once(void)
{
    assert_int_equal(loop_timer_start(&guard, loop, GUARD_US, on_guard), 0);
    assert_int_equal(loop_run(loop), 0);
}

static void begin(struct end *e, struct end *other, struct ice_agent_config c)
{
    *e = (struct end){.other = other, .free_when = e->free_when};
    c.locals = &loopback;
    c.n_locals = 1;
    c.handlers = &handlers;
    c.arg = e;
    assert_int_equal(ice_agent_new(hub, &c, &e->agent), 0);
    assert_int_equal(ice_agent_gather(e->agent), 0);
    assert_false(e->gathered); /* handlers are the loop's to call */
}

static void begin_both(enum ice_ways ways)
{
    begin(&a, &b, (struct ice_agent_config){.controlling = true, .ways = ways});
    begin(&b, &a, (struct ice_agent_config){.ways = ways});
    while (!a.gathered || !b.gathered)
        wait_once();
}

static void tell_candidates(struct end *e, struct end *to)
{
    struct sdp_candidate list[ICE_AGENT_LOCAL_MAX];
    size_t n = ice_agent_candidates(e->agent, list, ICE_AGENT_LOCAL_MAX);

    assert_true(n > 0);
    for (size_t i = 0; i < n; i++) {
        assert_true(addr_is_loopback(&list[i].addr));
        assert_int_equal(ice_agent_add_remote(to->agent, &list[i]), 0);
    }
}

static void tell_credentials(struct end *e, struct end *to)
{
    assert_int_equal(
        ice_agent_set_remote(to->agent, ice_agent_ufrag(e->agent), ice_agent_pwd(e->agent)), 0);
}

static void connect_both(void)
{
    tell_credentials(&a, &b);
    tell_candidates(&a, &b);
    tell_candidates(&b, &a); /* before the credentials */
    tell_credentials(&b, &a);
    while (a.state != ICE_AGENT_CONNECTED || b.state != ICE_AGENT_CONNECTED)
        wait_once();
}

static void send_text(struct end *e, const char *text)
{
    struct bytes datagram = bytes_str(text);

    assert_int_equal(ice_agent_send(e->agent, &datagram, 1), 1);
}

static void say(struct end *e, const char *text)
{
    unsigned before = e->other->n_datagrams;

    send_text(e, text);
    while (e->other->n_datagrams == before)
        wait_once();
    assert_string_equal(e->other->text, text);
}

static void end_both(void)
{
    a.agent = ice_agent_free(a.agent);
    b.agent = ice_agent_free(b.agent);
}

static unsigned open_descriptors(void)
{
    DIR *d = opendir("/proc/self/fd");
    unsigned n = 0;

    assert_non_null(d);
    while (readdir(d))
        n++;
    closedir(d);
    return n;
}

static int set_up(void **state)
{
    (void) state;
    a = b = (struct end){.free_when = FREE_NEVER};
    assert_int_equal(addr_parse_ip("127.0.0.1", 0, &loopback), 0);
    assert_int_equal(loop_new(&loop), 0);
    assert_int_equal(ice_hub_new(loop, &quota, &hub), 0);
    return 0;
}

static int tear_down(void **state)
{
    (void) state;
    loop_timer_done(&guard);
    hub = ice_hub_free(hub);
    loop = loop_free(loop);
    return 0;
}

/* ---- tests ---- */

static void datagrams_both_ways(void **state)
{
    struct bytes many[3] = {bytes_str("one"), bytes_str("two"), bytes_str("three")};
    struct ice_agent_pair pair;

    (void) state;
    begin_both(ICE_WAYS_UDP);
    assert_int_equal(ice_agent_send(a.agent, many, 1), -ENOTCONN);
    assert_int_equal(ice_agent_pair(a.agent, &pair), -ENOTCONN);
    connect_both();
    say(&a, "hello");
    say(&b, "hello yourself");
    assert_int_equal(ice_agent_pair(a.agent, &pair), 0);
    assert_int_equal(pair.local.protocol, SDP_UDP);
    assert_int_equal(pair.local.type, SDP_HOST);
    assert_true(addr_is_loopback(&pair.remote.addr));

    assert_int_equal(ice_agent_send(a.agent, many, 0), 0);
    assert_int_equal(ice_agent_send(a.agent, many, 3), 3);
    while (b.n_datagrams < 4)
        wait_once();
    assert_string_equal(b.text, "three");
    end_both();
}

static void over_tcp(void **state)
{
    struct ice_agent_pair pair;

    (void) state;
    begin_both(ICE_WAYS_TCP);
    connect_both();
    for (unsigned i = 0; i < 50; i++) {
        say(&a, "a message of its own");
        say(&b, "and the answer");
    }
    assert_int_equal(ice_agent_pair(a.agent, &pair), 0);
    assert_int_not_equal(pair.local.protocol, SDP_UDP);
    end_both();
}

static void credentials_can_be_given(void **state)
{
    static const char pwd[] = "abcdefghijklmnopqrstuvwx";
    char too_long[ICE_AGENT_UFRAG_MAX + 2];
    struct ice_agent_config c = {.ufrag = "abcdEFGH1234", .pwd = pwd};
    struct ice_agent *agent;

    (void) state;
    assert_int_equal(ice_agent_new(hub, &c, &agent), 0);
    assert_string_equal(ice_agent_ufrag(agent), c.ufrag);
    assert_string_equal(ice_agent_pwd(agent), pwd);
    assert_int_equal(ice_agent_set_remote(agent, "", pwd), -EINVAL);
    assert_int_equal(ice_agent_set_remote(agent, "abcd", ""), -EINVAL);
    memset(too_long, 'x', sizeof(too_long) - 1);
    too_long[sizeof(too_long) - 1] = '\0';
    assert_int_equal(ice_agent_set_remote(agent, too_long, pwd), -EINVAL);
    ice_agent_free(agent);
    c.ufrag = too_long;
    assert_int_equal(ice_agent_new(hub, &c, &agent), -EINVAL);
}

static void useless_candidates_do_not_count(void **state)
{
    struct sdp_candidate c = {.component = 1, .foundation = "1", .priority = 5};
    struct sdp_candidate useless;

    (void) state;
    begin(&a, &b, (struct ice_agent_config){.ways = ICE_WAYS_UDP});
    assert_int_equal(ice_agent_set_remote(a.agent, "abcd", "abcdefghijklmnopqrstuvwx"), 0);
    assert_int_equal(addr_parse("127.0.0.1:9", &c.addr), 0);
    for (unsigned i = 0; i < 2 * ICE_AGENT_REMOTE_MAX; i++) {
        useless = c;
        useless.component = 2;
        assert_int_equal(ice_agent_add_remote(a.agent, &useless), 0);
        useless = c;
        useless.ufrag = bytes_str("of-another");
        assert_int_equal(ice_agent_add_remote(a.agent, &useless), 0);
        useless = c;
        useless.addr.port = 0;
        assert_int_equal(ice_agent_add_remote(a.agent, &useless), 0);
        assert_int_equal(addr_parse("224.0.0.1:9", &useless.addr), 0);
        assert_int_equal(ice_agent_add_remote(a.agent, &useless), 0);
    }
    for (unsigned i = 0; i < ICE_AGENT_REMOTE_MAX; i++) {
        c.addr.port = (uint16_t) (i + 1);
        assert_int_equal(ice_agent_add_remote(a.agent, &c), 0);
    }
    assert_int_equal(ice_agent_add_remote(a.agent, &c), 0); /* it is known */
    c.addr.port++;
    assert_int_equal(ice_agent_add_remote(a.agent, &c), -ENOSPC);
    end_both();
}

static void no_more_agents_than_allowed(void **state)
{
    struct ice_agent *agents[AGENTS_MAX], *one_more;
    struct ice_agent_config c = {.locals = &loopback, .n_locals = 1};
    struct ice_hub *another;

    (void) state;
    for (unsigned i = 0; i < AGENTS_MAX; i++)
        assert_int_equal(ice_agent_new(hub, &c, &agents[i]), 0);
    assert_int_equal(quota.n, AGENTS_MAX);
    assert_int_equal(ice_agent_new(hub, &c, &one_more), -ENOSPC);
    assert_int_equal(ice_hub_new(loop, &quota, &another), 0); /* they are counted together */
    assert_int_equal(ice_agent_new(another, &c, &one_more), -ENOSPC);
    assert_int_equal(quota.n, AGENTS_MAX);
    ice_hub_free(another);
    for (unsigned i = 0; i < AGENTS_MAX; i++)
        ice_agent_free(agents[i]);
}

static void freed_in_a_handler(void **state)
{
    (void) state;
    a.free_when = FREE_GATHERED;
    begin(&a, &b, (struct ice_agent_config){.ways = ICE_WAYS_ALL});
    while (a.agent)
        wait_once();

    a.free_when = FREE_CONNECTED;
    begin_both(ICE_WAYS_UDP);
    tell_credentials(&a, &b);
    tell_credentials(&b, &a);
    tell_candidates(&a, &b);
    tell_candidates(&b, &a);
    while (a.agent)
        wait_once();
    b.agent = ice_agent_free(b.agent);

    a.free_when = FREE_NEVER;
    b.free_when = FREE_DATAGRAM;
    begin_both(ICE_WAYS_UDP);
    connect_both();
    send_text(&a, "the last");
    while (b.agent)
        wait_once();
    assert_int_equal(b.n_datagrams, 1);
    end_both();
}

static void on_later(struct loop_timer *t)
{
    loop_quit(t->loop, 0);
}

/* Agents that were freed are taken apart by and by. */
static void await_descriptors(unsigned wanted)
{
    struct loop_timer later = {.loop = NULL};

    for (unsigned i = 0; open_descriptors() != wanted; i++) {
        if (i == 20000)
            fail_msg("%u descriptors are open, not %u", open_descriptors(), wanted);
        assert_int_equal(loop_timer_start(&later, loop, 1000, on_later), 0);
        assert_int_equal(loop_run(loop), 0);
    }
    loop_timer_done(&later);
}

static unsigned descriptors_without_agents(void)
{
    begin_both(ICE_WAYS_ALL); /* GLib opens some for good */
    end_both();
    hub = ice_hub_free(hub); /* waits for them */
    assert_int_equal(ice_hub_new(loop, &quota, &hub), 0);
    return open_descriptors();
}

static void hundreds_come_and_go(void **state)
{
    unsigned before;

    (void) state;
    before = descriptors_without_agents();
    for (unsigned i = 0; i < 100; i++) {
        begin_both(i % 2 ? ICE_WAYS_ALL : ICE_WAYS_UDP);
        if (i % 4 == 0)
            connect_both();
        end_both();
        await_descriptors(before);
    }
}

/* ---- a STUN server that tells a public address ---- */

static struct loop_io server_io;
static struct addr server;
static bool server_answers;
static unsigned n_asked;

/* libnice asks as RFC 3489 has it: no magic cookie, MAPPED-ADDRESS in the answer. */
static void answer(const uint8_t *request, const struct addr *from)
{
    struct sockaddr_storage sa;
    socklen_t sa_len = addr_to_sockaddr(from, &sa);
    uint8_t text[32];
    struct wr w = wr_init(text, sizeof(text));
    struct addr mapped;

    assert_int_equal(addr_parse_ip(MAPPED, from->port, &mapped), 0);
    wr_u16(&w, 0x0101); /* Binding Response */
    wr_u16(&w, 12);
    wr_bytes(&w, bytes_of(request + 4, 16)); /* transaction id */
    wr_u16(&w, STUN_ATTR_MAPPED_ADDRESS);
    wr_u16(&w, 8);
    wr_u16(&w, STUN_FAMILY_IPV4);
    wr_u16(&w, mapped.port);
    wr_bytes(&w, bytes_of(mapped.ip, 4));
    assert_false(w.failed);
    assert_int_equal(sendto(server_io.fd, text, wr_len(&w), 0, (struct sockaddr *) &sa, sa_len),
                     sizeof(text));
}

static void on_asked(struct loop_io *io, uint32_t revents)
{
    struct sockaddr_storage sa;
    socklen_t sa_len = sizeof(sa);
    uint8_t buf[1500];
    ssize_t n = recvfrom(io->fd, buf, sizeof(buf), 0, (struct sockaddr *) &sa, &sa_len);
    struct addr from;

    (void) revents;
    assert_true(n >= STUN_HEADER_SIZE);
    n_asked++;
    assert_int_equal(addr_from_sockaddr((struct sockaddr *) &sa, sa_len, &from), 0);
    if (server_answers)
        answer(buf, &from);
    loop_quit(loop, 0);
}

static void start_server(bool answers)
{
    struct sockaddr_storage sa;
    socklen_t len = addr_to_sockaddr(&loopback, &sa);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (struct sockaddr *) &sa, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *) &sa, &len), 0);
    assert_int_equal(addr_from_sockaddr((struct sockaddr *) &sa, len, &server), 0);
    assert_int_equal(loop_io_start(&server_io, loop, fd, EPOLLIN, on_asked), 0);
    server_answers = answers;
    n_asked = 0;
}

static void stop_server(void)
{
    loop_io_stop(&server_io);
    close(server_io.fd);
}

static void a_stun_server_tells_the_public_address(void **state)
{
    struct sdp_candidate list[ICE_AGENT_LOCAL_MAX];
    char ip[ADDR_TEXT_SIZE];
    size_t n;

    (void) state;
    start_server(true);
    begin(&a, &b, (struct ice_agent_config){.ways = ICE_WAYS_UDP, .stun = server});
    while (!a.gathered)
        wait_once();
    n = ice_agent_candidates(a.agent, list, ICE_AGENT_LOCAL_MAX);
    assert_int_equal(n, 2);
    assert_int_equal(list[0].type, SDP_SRFLX); /* the most useful first */
    assert_string_equal(addr_format_ip(&list[0].addr, ip), MAPPED);
    assert_true(addr_is_loopback(&list[0].related));
    assert_int_equal(list[1].type, SDP_HOST);
    assert_int_equal(ice_agent_candidates(a.agent, list, 1), 1);
    assert_int_equal(list[0].type, SDP_SRFLX);
    end_both();
    stop_server();
}

static void freed_while_it_gathers(void **state)
{
    struct ice_turn turn = {.user = "u", .password = "p"};
    struct ice_agent_config c = {.ways = ICE_WAYS_ALL, .turns = &turn};
    unsigned before;

    (void) state;
    start_server(false);
    before = descriptors_without_agents();
    turn.addr = c.stun = server;
    for (unsigned i = 0; i < 20; i++) {
        c.n_turns = i % 2;
        begin(&a, &b, c);
        while (i >= 10 && n_asked < i)
            wait_once();
        assert_false(a.gathered);
        end_both();
        await_descriptors(before);
    }
    /* What is leaving when the hub goes. */
    c.n_turns = 1;
    begin(&a, &b, c);
    end_both();
    hub = ice_hub_free(hub);
    stop_server();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(datagrams_both_ways, set_up, tear_down),
        cmocka_unit_test_setup_teardown(over_tcp, set_up, tear_down),
        cmocka_unit_test_setup_teardown(credentials_can_be_given, set_up, tear_down),
        cmocka_unit_test_setup_teardown(useless_candidates_do_not_count, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_more_agents_than_allowed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(freed_in_a_handler, set_up, tear_down),
        cmocka_unit_test_setup_teardown(hundreds_come_and_go, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_stun_server_tells_the_public_address, set_up, tear_down),
        cmocka_unit_test_setup_teardown(freed_while_it_gathers, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
