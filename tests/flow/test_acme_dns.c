/* Questions to DNS servers: one of the tests that answers by the name it is asked for. */
#include "acme/dns_message.h"
#include "base/buf.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define LIMIT_MS 10000
#define TEXTS 60 /* more than fit into a datagram */

/* ---- the server ---- */

static struct {
    int udp, tcp;
    uint16_t port;
    pthread_t thread;
    atomic_bool over;
    atomic_uint n_udp, n_tcp;
} server;

struct reply {
    uint8_t buf[16384];
    struct wr w;
    struct bytes question; /* name, type, class */
    uint16_t flags;
};

static void put_name(struct wr *w, const char *name)
{
    while (*name) {
        size_t n = strcspn(name, ".");

        wr_u8(w, (uint8_t) n);
        wr_bytes(w, bytes_of(name, n));
        name += n + (name[n] == '.');
    }
    wr_u8(w, 0);
}

static void begin(struct reply *r, uint16_t id, uint16_t flags, uint16_t answers,
                  uint16_t authorities)
{
    r->w = wr_init(r->buf, sizeof(r->buf));
    wr_u16(&r->w, id);
    wr_u16(&r->w, 0x8180 | flags);
    wr_u16(&r->w, 1);
    wr_u16(&r->w, answers);
    wr_u16(&r->w, authorities);
    wr_u16(&r->w, 0);
    wr_bytes(&r->w, r->question);
}

static void put_record(struct reply *r, const char *owner, enum dns_type type, struct bytes data)
{
    put_name(&r->w, owner);
    wr_u16(&r->w, (uint16_t) type);
    wr_u16(&r->w, 1);
    wr_u32(&r->w, 60);
    wr_u16(&r->w, (uint16_t) data.len);
    wr_bytes(&r->w, data);
}

static void put_name_record(struct reply *r, const char *owner, enum dns_type type,
                            const char *target)
{
    uint8_t data[256];
    struct wr w = wr_init(data, sizeof(data));

    put_name(&w, target);
    if (type == DNS_SOA) {
        put_name(&w, "root.example");
        wr_zero(&w, 20);
    }
    put_record(r, owner, type, bytes_of(data, wr_len(&w)));
}

static void put_texts(struct reply *r, const char *name)
{
    for (int i = 0; i < TEXTS; i++) {
        char text[64];

        snprintf(text + 1, sizeof(text) - 1, "this is value number %02d", i);
        text[0] = (char) strlen(text + 1);
        put_record(r, name, DNS_TXT, bytes_of(text, strlen(text)));
    }
}

static const uint8_t right[] = {192, 0, 2, 1}, forged[] = {6, 6, 6, 6};

/* "zone.test" with a name server, as a resolver tells of it. */
static void answer_zone(struct reply *r, const struct dns_head *h)
{
    if (h->type == DNS_NS && strcmp(h->question, "zone.test") == 0) {
        begin(r, h->id, 0, 2, 0);
        put_name_record(r, h->question, DNS_NS, "ns1.zone.test");
        put_name_record(r, h->question, DNS_NS, "ns6.zone.test");
    } else if (h->type == DNS_A && strcmp(h->question, "ns1.zone.test") == 0) {
        begin(r, h->id, 0, 1, 0);
        put_record(r, h->question, DNS_A, bytes_of(right, 4));
    } else {
        begin(r, h->id, h->type == DNS_SOA ? DNS_NXDOMAIN : 0, 0, 1);
        put_name_record(r, "zone.test", DNS_SOA, "ns1.zone.test");
    }
}

typedef void send_fn(const struct reply *r, void *arg);

static void answer(struct bytes query, bool tcp, send_fn *fn, void *arg)
{
    static struct reply r;
    struct dns_head h;
    bool edns = query.len > 12 && query.p[11] == 1;

    if (dns_head_parse(query, &h) < 0)
        return;
    r.question = bytes_of(query.p + 12, query.len - 12 - (edns ? 11 : 0));
    begin(&r, h.id, 0, 1, 0);
    if (strcmp(h.question, "silent.test") == 0)
        return;
    if (dns_name_is_within(h.question, "zone.test")) {
        answer_zone(&r, &h);
    } else if (strcmp(h.question, "cut.test") == 0) {
        begin(&r, h.id, tcp ? 0 : 0x0200, tcp ? TEXTS : 0, 0);
        if (tcp)
            put_texts(&r, h.question);
    } else if (strcmp(h.question, "old.test") == 0 && edns) {
        begin(&r, h.id, DNS_FORMERR, 0, 0);
    } else if (strcmp(h.question, "fail.test") == 0) {
        begin(&r, h.id, DNS_SERVFAIL, 0, 0);
    } else if (strcmp(h.question, "broken.test") == 0) {
        wr_str(&r.w, "\xc0\xff");
    } else if (strcmp(h.question, "alias.test") == 0) {
        put_name_record(&r, h.question, DNS_CNAME, "target.test");
    } else if (strcmp(h.question, "forged.test") == 0) {
        begin(&r, (uint16_t) (h.id + 1), 0, 1, 0);
        put_record(&r, h.question, DNS_A, bytes_of(forged, 4));
        fn(&r, arg);
        begin(&r, h.id, 0, 1, 0);
        r.buf[13] = 'F' + 1; /* "gorged" */
        put_record(&r, h.question, DNS_A, bytes_of(forged, 4));
        fn(&r, arg);
        begin(&r, h.id, 0, 1, 0);
        put_record(&r, h.question, DNS_A, bytes_of(right, 4));
    } else {
        put_record(&r, h.question, DNS_A, bytes_of(right, 4));
    }
    fn(&r, arg);
}

static struct sockaddr_in asker;

static void send_udp(const struct reply *r, void *arg)
{
    (void) arg;
    (void) sendto(server.udp, r->buf, wr_len(&r->w), 0, (struct sockaddr *) &asker, sizeof(asker));
}

static void send_tcp(const struct reply *r, void *arg)
{
    uint8_t len[2] = {(uint8_t) (wr_len(&r->w) >> 8), (uint8_t) wr_len(&r->w)};

    (void) send(*(int *) arg, len, 2, MSG_NOSIGNAL);
    (void) send(*(int *) arg, r->buf, wr_len(&r->w), MSG_NOSIGNAL);
}

static void *serve(void *arg)
{
    uint8_t query[1024];

    while (!server.over) {
        struct pollfd p[] = {{.fd = server.udp, .events = POLLIN},
                             {.fd = server.tcp, .events = POLLIN}};
        socklen_t len = sizeof(asker);
        ssize_t n;

        if (poll(p, 2, 50) <= 0)
            continue;
        if (p[0].revents) {
            server.n_udp++;
            n = recvfrom(server.udp, query, sizeof(query), 0, (struct sockaddr *) &asker, &len);
            if (n > 0)
                answer(bytes_of(query, (size_t) n), false, send_udp, NULL);
        }
        if (p[1].revents) {
            int fd = accept(server.tcp, NULL, NULL);

            server.n_tcp++;
            n = recv(fd, query, sizeof(query), 0);
            if (n > 2)
                answer(bytes_of(query + 2, (size_t) n - 2), true, send_tcp, &fd);
            close(fd);
        }
    }
    return arg;
}

static int start(void **state)
{
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(sa);

    (void) state;
    /* The same port of both kinds. */
    for (int i = 0; i < 20; i++) {
        sa.sin_port = 0;
        server.udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        server.tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (bind(server.udp, (struct sockaddr *) &sa, len) < 0 ||
            getsockname(server.udp, (struct sockaddr *) &sa, &len) < 0)
            return -1;
        if (bind(server.tcp, (struct sockaddr *) &sa, len) == 0 && listen(server.tcp, 8) == 0)
            break;
        close(server.udp);
        close(server.tcp);
    }
    server.port = ntohs(sa.sin_port);
    return pthread_create(&server.thread, NULL, serve, NULL);
}

static int stop(void **state)
{
    (void) state;
    server.over = true;
    pthread_join(server.thread, NULL);
    close(server.udp);
    close(server.tcp);
    return 0;
}

/* ---- the tests ---- */

static struct dns_answer a;

static struct dns_servers ask_ours(void)
{
    struct dns_servers s = {.n = 1};

    assert_int_equal(addr_parse_ip("127.0.0.1", server.port, &s.list[0]), 0);
    return s;
}

static void expect_right(int r)
{
    char text[ADDR_TEXT_SIZE];

    assert_int_equal(r, 0);
    assert_int_equal(a.rcode, 0);
    assert_int_equal(a.n, 1);
    assert_string_equal(addr_format_ip(&a.list[0].address, text), "192.0.2.1");
}

static void simple(void **state)
{
    struct dns_servers s = ask_ours();

    (void) state;
    expect_right(dns_ask(&s, "Media.test.", DNS_A, LIMIT_MS, &a));
    assert_string_equal(a.name, "media.test");
    assert_int_equal(dns_ask(&s, "a..test", DNS_A, LIMIT_MS, &a), -EINVAL);
}

static void only_the_answer_counts(void **state)
{
    struct dns_servers s = ask_ours();

    (void) state;
    expect_right(dns_ask(&s, "forged.test", DNS_A, LIMIT_MS, &a));
}

static void by_tcp_when_cut(void **state)
{
    struct dns_servers s = ask_ours();

    (void) state;
    assert_int_equal(dns_ask(&s, "cut.test", DNS_TXT, LIMIT_MS, &a), 0);
    assert_int_equal(a.n, DNS_ANSWERS_MAX);
    assert_string_equal(a.list[31].text, "this is value number 31");
    assert_int_equal(server.n_tcp, 1);
}

static void server_without_edns(void **state)
{
    struct dns_servers s = ask_ours();

    (void) state;
    expect_right(dns_ask(&s, "old.test", DNS_A, LIMIT_MS, &a));
}

static void aliases_are_asked_for(void **state)
{
    struct dns_servers s = ask_ours();

    (void) state;
    expect_right(dns_ask(&s, "alias.test", DNS_A, LIMIT_MS, &a));
    assert_string_equal(a.name, "target.test");
}

static void failures(void **state)
{
    struct dns_servers s = ask_ours(), nobody = ask_ours();
    unsigned before;

    (void) state;
    assert_int_equal(dns_ask(&s, "fail.test", DNS_A, LIMIT_MS, &a), 0);
    assert_int_equal(a.rcode, DNS_SERVFAIL);
    assert_int_equal(dns_ask(&s, "broken.test", DNS_A, LIMIT_MS, &a), -EBADMSG);
    before = server.n_udp;
    assert_int_equal(dns_ask(&s, "silent.test", DNS_A, 200, &a), -ETIMEDOUT);
    assert_int_equal(server.n_udp - before, 2);
    nobody.list[0].port = 9;
    assert_int_equal(dns_ask(&nobody, "a.test", DNS_A, LIMIT_MS, &a), -ECONNREFUSED);
    nobody.n = 0;
    assert_true(dns_ask(&nobody, "a.test", DNS_A, LIMIT_MS, &a) < 0);
}

static void servers_in_turn(void **state)
{
    struct dns_servers s = ask_ours();

    (void) state;
    s.list[2] = s.list[0];
    s.list[0].port = 9;
    assert_int_equal(addr_parse_ip("::1", 9, &s.list[1]), 0);
    s.n = 3;
    expect_right(dns_ask(&s, "media.test", DNS_A, LIMIT_MS, &a));
}

static void servers_of_a_zone(void **state)
{
    struct dns_servers s = ask_ours(), found;
    char text[ADDR_TEXT_SIZE];

    (void) state;
    assert_int_equal(dns_zone_servers(&s, "_acme-challenge.media.zone.test", &found), 1);
    assert_string_equal(addr_format(&found.list[0], text), "192.0.2.1:53");
    assert_int_equal(dns_zone_servers(&s, "fail.test", &found), 0);
    s.list[0].port = 9;
    assert_int_equal(dns_zone_servers(&s, "zone.test", &found), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(simple),
        cmocka_unit_test(only_the_answer_counts),
        cmocka_unit_test(by_tcp_when_cut),
        cmocka_unit_test(server_without_edns),
        cmocka_unit_test(aliases_are_asked_for),
        cmocka_unit_test(failures),
        cmocka_unit_test(servers_in_turn),
        cmocka_unit_test(servers_of_a_zone),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
