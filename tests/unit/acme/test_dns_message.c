#include "acme/dns_message.h"
#include "base/buf.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* ---- messages by hand ---- */

#define QUESTION_AT "\xc0\x0c" /* a pointer to the name of the question */

struct message {
    uint8_t buf[16384];
    struct wr w;
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

static void begin(struct message *m, uint16_t flags, const char *name, enum dns_type type,
                  uint16_t answers, uint16_t authorities)
{
    m->w = wr_init(m->buf, sizeof(m->buf));
    wr_u16(&m->w, 7);
    wr_u16(&m->w, flags);
    wr_u16(&m->w, 1);
    wr_u16(&m->w, answers);
    wr_u16(&m->w, authorities);
    wr_u16(&m->w, 0);
    put_name(&m->w, name);
    wr_u16(&m->w, (uint16_t) type);
    wr_u16(&m->w, 1);
}

/* owner NULL: that of the question. */
static void put_record(struct message *m, const char *owner, enum dns_type type, struct bytes data)
{
    if (owner)
        put_name(&m->w, owner);
    else
        wr_str(&m->w, QUESTION_AT);
    wr_u16(&m->w, (uint16_t) type);
    wr_u16(&m->w, 1);
    wr_u32(&m->w, 60);
    wr_u16(&m->w, (uint16_t) data.len);
    wr_bytes(&m->w, data);
}

static void put_alias(struct message *m, const char *owner, const char *target)
{
    uint8_t data[256];
    struct wr w = wr_init(data, sizeof(data));

    put_name(&w, target);
    put_record(m, owner, DNS_CNAME, bytes_of(data, wr_len(&w)));
}

static int parse(const struct message *m, enum dns_type type, struct dns_answer *ret)
{
    assert_false(m->w.failed);
    return dns_parse(bytes_of(m->buf, wr_len(&m->w)), type, ret);
}

#define DATA(text) bytes_of(text, sizeof(text) - 1)

static struct message m;
static struct dns_answer a;

/* ---- tests ---- */

static void questions(void **state)
{
    static const uint8_t expected[] = {
        0x12, 0x34, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 1,  7,    'e',  'x', 'a', 'm', 'p', 'l', 'e',
        3,    'o',  'r',  'g',  0, 1, 1, 0, 1, 0, 0, 41, 0x04, 0xd0, 0,   0,   0,   0,   0,   0};
    char name[300];
    uint8_t buf[DNS_QUERY_SIZE];
    size_t len;

    (void) state;
    assert_int_equal(dns_query_build(0x1234, "example.org", DNS_CAA, true, buf, &len), 0);
    assert_int_equal(len, sizeof(expected));
    assert_memory_equal(buf, expected, len);
    assert_int_equal(dns_query_build(0x1234, "example.org.", DNS_CAA, false, buf, &len), 0);
    assert_int_equal(len, sizeof(expected) - 11);
    assert_int_equal(buf[11], 0);
    assert_int_equal(dns_query_build(1, ".", DNS_NS, false, buf, &len), 0);
    assert_int_equal(len, 17);
    assert_int_equal(dns_query_build(1, "a..b", DNS_A, true, buf, &len), -EINVAL);
    assert_int_equal(dns_query_build(1, ".a", DNS_A, true, buf, &len), -EINVAL);
    memset(name, 'a', sizeof(name));
    name[64] = '\0';
    assert_int_equal(dns_query_build(1, name, DNS_A, true, buf, &len), -EINVAL);
    name[64] = 'a';
    for (size_t i = 49; i < sizeof(name); i += 50)
        name[i] = '.';
    name[299] = '\0';
    assert_int_equal(dns_query_build(1, name, DNS_A, true, buf, &len), -EINVAL);
    name[250] = '\0';
    assert_int_equal(dns_query_build(1, name, DNS_A, true, buf, &len), 0);
}

static void addresses(void **state)
{
    char text[ADDR_TEXT_SIZE];

    (void) state;
    begin(&m, 0x8580, "Media.example.org", DNS_A, 3, 0);
    put_record(&m, NULL, DNS_A, DATA("\xcb\0\x71\5"));
    put_record(&m, "other.example.org", DNS_A, DATA("\1\2\3\4"));
    put_record(&m, "MEDIA.EXAMPLE.ORG", DNS_A, DATA("\xcb\0\x71\6"));
    assert_int_equal(parse(&m, DNS_A, &a), 0);
    assert_int_equal(a.rcode, 0);
    assert_true(a.authoritative);
    assert_string_equal(a.name, "media.example.org");
    assert_int_equal(a.n, 2);
    assert_string_equal(addr_format_ip(&a.list[0].address, text), "203.0.113.5");
    assert_string_equal(addr_format_ip(&a.list[1].address, text), "203.0.113.6");

    begin(&m, 0x8180, "a.example", DNS_AAAA, 1, 0);
    put_record(&m, NULL, DNS_AAAA, DATA("\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\5"));
    assert_int_equal(parse(&m, DNS_AAAA, &a), 0);
    assert_string_equal(addr_format_ip(&a.list[0].address, text), "2001:db8::5");

    begin(&m, 0x8180, "a.example", DNS_A, 1, 0);
    put_record(&m, NULL, DNS_A, DATA("\1\2\3")); /* too short */
    assert_int_equal(parse(&m, DNS_A, &a), -EBADMSG);
}

static void aliases(void **state)
{
    (void) state;
    /* In whatever order. */
    begin(&m, 0x8180, "a.example", DNS_A, 3, 0);
    put_record(&m, "c.example", DNS_A, DATA("\1\2\3\4"));
    put_alias(&m, "b.example", "c.example");
    put_alias(&m, "a.example", "b.example");
    assert_int_equal(parse(&m, DNS_A, &a), 0);
    assert_int_equal(a.n, 1);
    assert_string_equal(a.name, "c.example");

    /* As far as the answer goes. */
    begin(&m, 0x8180, "a.example", DNS_TXT, 1, 0);
    put_alias(&m, NULL, "elsewhere.example");
    assert_int_equal(parse(&m, DNS_TXT, &a), 0);
    assert_int_equal(a.n, 0);
    assert_string_equal(a.name, "elsewhere.example");

    /* In a circle. */
    begin(&m, 0x8180, "a.example", DNS_A, 2, 0);
    put_alias(&m, NULL, "b.example");
    put_alias(&m, "b.example", "a.example");
    assert_int_equal(parse(&m, DNS_A, &a), 0);
    assert_int_equal(a.n, 0);

    /* Asked for themselves. */
    begin(&m, 0x8180, "a.example", DNS_CNAME, 1, 0);
    put_alias(&m, NULL, "b.example");
    assert_int_equal(parse(&m, DNS_CNAME, &a), 0);
    assert_int_equal(a.n, 1);
    assert_string_equal(a.list[0].text, "b.example");
}

static void texts(void **state)
{
    char big[700];

    (void) state;
    begin(&m, 0x8180, "a.example", DNS_TXT, 3, 0);
    put_record(&m, NULL, DNS_TXT, DATA("\3abc\2de"));
    put_record(&m, NULL, DNS_TXT, DATA("\0"));
    put_record(&m, NULL, DNS_TXT, DATA("\4a\nb\x1b"));
    assert_int_equal(parse(&m, DNS_TXT, &a), 0);
    assert_int_equal(a.n, 3);
    assert_string_equal(a.list[0].text, "abcde");
    assert_string_equal(a.list[1].text, "");
    assert_string_equal(a.list[2].text, "a?b?");

    memset(big, 'x', sizeof(big));
    for (size_t i = 0; i < sizeof(big); i += 100)
        big[i] = 99;
    begin(&m, 0x8180, "a.example", DNS_TXT, 1, 0);
    put_record(&m, NULL, DNS_TXT, bytes_of(big, sizeof(big)));
    assert_int_equal(parse(&m, DNS_TXT, &a), 0);
    assert_int_equal(strlen(a.list[0].text), DNS_TEXT_SIZE - 1);

    begin(&m, 0x8180, "a.example", DNS_TXT, 1, 0);
    put_record(&m, NULL, DNS_TXT, DATA("\5abc")); /* past its end */
    assert_int_equal(parse(&m, DNS_TXT, &a), -EBADMSG);
}

static void caa(void **state)
{
    (void) state;
    begin(&m, 0x8180, "example.org", DNS_CAA, 3, 0);
    put_record(&m, NULL, DNS_CAA, DATA("\0\5issueletsencrypt.org"));
    put_record(&m, NULL, DNS_CAA, DATA("\x80\3TBSx"));
    put_record(&m, NULL, DNS_CAA, DATA("\0\5issue;"));
    assert_int_equal(parse(&m, DNS_CAA, &a), 0);
    assert_int_equal(a.n, 3);
    assert_string_equal(a.list[0].tag, "issue");
    assert_string_equal(a.list[0].text, "letsencrypt.org");
    assert_false(a.list[0].critical);
    assert_string_equal(a.list[1].tag, "tbs");
    assert_true(a.list[1].critical);
    assert_string_equal(a.list[2].text, ";");

    begin(&m, 0x8180, "example.org", DNS_CAA, 1, 0);
    put_record(&m, NULL, DNS_CAA, DATA("\0\0issue"));
    assert_int_equal(parse(&m, DNS_CAA, &a), -EBADMSG);
    begin(&m, 0x8180, "example.org", DNS_CAA, 1, 0);
    put_record(&m, NULL, DNS_CAA, DATA("\0\x20issue"));
    assert_int_equal(parse(&m, DNS_CAA, &a), -EBADMSG);
}

static void zones(void **state)
{
    (void) state;
    begin(&m, 0x8183, "no.media.example.org", DNS_SOA, 0, 1);
    put_record(&m, "Example.org", DNS_SOA, DATA("\0\0aaaabbbbccccddddeeee"));
    assert_int_equal(parse(&m, DNS_SOA, &a), 0);
    assert_int_equal(a.rcode, DNS_NXDOMAIN);
    assert_int_equal(a.n, 0);
    assert_string_equal(a.owner, "example.org");

    begin(&m, 0x8180, "example.org", DNS_SOA, 1, 0);
    put_record(&m, NULL, DNS_SOA, DATA("\0\0aaaabbbbccccddddeeee"));
    assert_int_equal(parse(&m, DNS_SOA, &a), 0);
    assert_int_equal(a.n, 1);
    assert_string_equal(a.owner, "example.org");

    /* One that has nothing to say about the name. */
    begin(&m, 0x8180, "notexample.org", DNS_SOA, 0, 1);
    put_record(&m, "example.org", DNS_SOA, DATA("\0\0aaaabbbbccccddddeeee"));
    assert_int_equal(parse(&m, DNS_SOA, &a), 0);
    assert_string_equal(a.owner, "");
}

static void names_that_are_bent(void **state)
{
    /* Each is a message whose question's name is broken. */
    static const struct bytes bad[] = {
        {(const uint8_t *) "\0\7\x81\x80\0\1\0\0\0\0\0\0\xc0\x0c\0\1\0\1", 18},    /* to itself */
        {(const uint8_t *) "\0\7\x81\x80\0\1\0\0\0\0\0\0\xc0\x10\0\1\0\1", 18},    /* forward */
        {(const uint8_t *) "\0\7\x81\x80\0\1\0\0\0\0\0\0\1a\xc0\x0c\0\1\0\1", 20}, /* a loop */
        {(const uint8_t *) "\0\7\x81\x80\0\1\0\0\0\0\0\0\101aaaaaaa\0\0\1\0\1",
         25},                                                      /* kinds of label */
        {(const uint8_t *) "\0\7\x81\x80\0\1\0\0\0\0\0\0\7x", 14}, /* cut */
        {(const uint8_t *) "\0\7\x81\x80\0\1\0\0\0\0\0\0\xc0", 13},
        {(const uint8_t *) "\0\7\x81\x80\0\1\0\0\0\0\0\0", 12},
        {(const uint8_t *) "\0\7\x81\x80\0\2\0\0\0\0\0\0\0\0\1\0\1\0\0\1\0\1",
         22},                                                             /* two questions */
        {(const uint8_t *) "\0\7\x81\x80\0\1\0\0\0\0\0\0\0\0\1\0\3", 17}, /* class CHAOS */
        {(const uint8_t *) "\0\7\1\0\0\1\0\0\0\0\0\0\0\0\1\0\1", 17},     /* a question */
        {NULL, 0},
    };
    char name[300];

    (void) state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        uint8_t *copy = malloc(bad[i].len + 1);

        assert_non_null(copy);
        if (bad[i].len)
            memcpy(copy, bad[i].p, bad[i].len);
        assert_int_equal(dns_parse(bytes_of(copy, bad[i].len), DNS_A, &a), -EBADMSG);
        free(copy);
    }
    /* The longest: 255 bytes, and one more. */
    memset(name, 'a', sizeof(name));
    for (size_t i = 49; i < sizeof(name); i += 50)
        name[i] = '.';
    name[253] = '\0';
    begin(&m, 0x8180, name, DNS_A, 0, 0);
    assert_int_equal(parse(&m, DNS_A, &a), 0);
    assert_string_equal(a.name, name);
    name[253] = 'a';
    name[254] = '\0';
    begin(&m, 0x8180, name, DNS_A, 0, 0);
    assert_int_equal(parse(&m, DNS_A, &a), -EBADMSG);
    begin(&m, 0x8180, "a\\b.e x", DNS_A, 0, 0);
    assert_int_equal(parse(&m, DNS_A, &a), 0);
    assert_string_equal(a.name, "a?b.e?x");
}

static void many(void **state)
{
    (void) state;
    begin(&m, 0x8180, "a.example", DNS_A, 200, 0);
    for (int i = 0; i < 200; i++)
        put_record(&m, NULL, DNS_A, DATA("\1\2\3\4"));
    assert_int_equal(parse(&m, DNS_A, &a), 0);
    assert_int_equal(a.n, DNS_ANSWERS_MAX);
    m.w.p -= 3;
    assert_int_equal(parse(&m, DNS_A, &a), -EBADMSG);
}

static void relations(void **state)
{
    (void) state;
    assert_true(dns_name_is_within("a.Example.org", "example.ORG."));
    assert_true(dns_name_is_within("example.org", "example.org"));
    assert_true(dns_name_is_within("example.org", "."));
    assert_false(dns_name_is_within("notexample.org", "example.org"));
    assert_false(dns_name_is_within("org", "example.org"));
    assert_string_equal(dns_name_parent("a.example.org"), "example.org");
    assert_null(dns_name_parent("org"));
    assert_null(dns_name_parent("org."));
}

static void servers(void **state)
{
    struct dns_servers s;
    char text[ADDR_TEXT_SIZE];

    (void) state;
    dns_servers_parse(bytes_str("# nameserver 1.1.1.1\nsearch example.org\n"
                                "nameserver 192.0.2.53\r\n  nameserver\t2001:db8::1 # x\n"
                                "nameserver fe80::1%lo\nnameserver nonsense\n"
                                "nameserver 192.0.2.54\nnameserver 192.0.2.55"),
                      &s);
    assert_int_equal(s.n, 4);
    assert_string_equal(addr_format(&s.list[0], text), "192.0.2.53:53");
    assert_string_equal(addr_format(&s.list[1], text), "[2001:db8::1]:53");
    assert_int_not_equal(s.list[2].scope, 0);
    assert_string_equal(addr_format(&s.list[3], text), "192.0.2.54:53");
    dns_servers_parse(bytes_str(""), &s);
    assert_int_equal(s.n, 1);
    assert_string_equal(addr_format(&s.list[0], text), "127.0.0.1:53");
    assert_int_equal(dns_servers_of("192.0.2.53", &s), 0);
    assert_string_equal(addr_format(&s.list[0], text), "192.0.2.53:53");
    assert_int_equal(dns_servers_of("[2001:db8::1]:5353", &s), 0);
    assert_string_equal(addr_format(&s.list[0], text), "[2001:db8::1]:5353");
    assert_int_equal(dns_servers_of("192.0.2.53:0", &s), -EINVAL);
    assert_int_equal(dns_servers_of("dns.example.org", &s), -EINVAL);
    assert_int_equal(dns_servers_of(NULL, &s), 0);
    assert_true(s.n > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(questions),
        cmocka_unit_test(addresses),
        cmocka_unit_test(aliases),
        cmocka_unit_test(texts),
        cmocka_unit_test(caa),
        cmocka_unit_test(zones),
        cmocka_unit_test(names_that_are_bent),
        cmocka_unit_test(many),
        cmocka_unit_test(relations),
        cmocka_unit_test(servers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
