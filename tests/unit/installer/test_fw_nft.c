/* Rule sets as nft prints them, with ' for " to be readable here. */
#include "firewall/fw_nft.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static char text[16384];

static struct bytes json(const char *objects)
{
    int n = snprintf(text, sizeof(text), "{'nftables': [%s]}", objects);

    assert_true(n > 0 && (size_t) n < sizeof(text));
    for (int i = 0; i < n; i++)
        if (text[i] == '\'')
            text[i] = '"';
    return bytes_of(text, (size_t) n);
}

#define TABLE "{'table': {'family': 'inet', 'name': 'f', 'handle': 1}}"
#define CHAIN(name, rest)                                                                          \
    "{'chain': {'family': 'inet', 'table': 'f', 'name': '" name "', 'handle': 1" rest "}}"
#define INPUT(policy)                                                                              \
    CHAIN("input", ", 'type': 'filter', 'hook': 'input', 'prio': 0, 'policy': '" policy "'")
#define RULE(chain, expr)                                                                          \
    "{'rule': {'family': 'inet', 'table': 'f', 'chain': '" chain "', 'handle': 9, 'expr': [" expr  \
    "]}}"
#define MATCH(op, left, right) "{'match': {'op': '" op "', 'left': " left ", 'right': " right "}}"
#define PAYLOAD(protocol, field) "{'payload': {'protocol': '" protocol "', 'field': '" field "'}}"
#define META(key) "{'meta': {'key': '" key "'}}"
#define CT(key) "{'ct': {'key': '" key "'}}"
#define ACCEPT "{'accept': null}"
#define DROP "{'drop': null}"
#define DROP_ALL TABLE "," INPUT("drop") ","

static struct fw_probe probe(int type, const char *from, const char *to, uint16_t port)
{
    struct fw_probe p = {.type = type, .interface = "eth0"};

    assert_int_equal(addr_parse_ip(from, 50000, &p.from), 0);
    assert_int_equal(addr_parse_ip(to, port, &p.to), 0);
    return p;
}

static struct fw_answer ask_of(const char *objects, const struct fw_probe *p)
{
    struct fw_nft *n;
    struct fw_answer a;

    assert_int_equal(fw_nft_load(json(objects), &n), 0);
    a = fw_nft_ask(n, p);
    fw_nft_free(n);
    return a;
}

/* A stranger's SYN to port 443. */
static unsigned tcp443(const char *objects)
{
    struct fw_probe p = probe(SOCK_STREAM, "198.51.100.7", "192.0.2.1", 443);

    return ask_of(objects, &p).may;
}

static unsigned udp443(const char *objects)
{
    struct fw_probe p = probe(SOCK_DGRAM, "198.51.100.7", "192.0.2.1", 443);

    return ask_of(objects, &p).may;
}

static void test_policies(void **state)
{
    (void) state;
    assert_int_equal(tcp443(TABLE), FW_ACCEPT);
    assert_int_equal(tcp443(TABLE "," INPUT("accept")), FW_ACCEPT);
    assert_int_equal(tcp443(TABLE "," INPUT("drop")), FW_DROP);
    assert_int_equal(tcp443(TABLE "," INPUT("drop") "," RULE("input", ACCEPT)), FW_ACCEPT);
    /* Not our way: another hook, another family. */
    assert_int_equal(tcp443(TABLE "," CHAIN("o", ", 'type': 'filter', 'hook': 'output', "
                                                 "'policy': 'drop'")),
                     FW_ACCEPT);
    assert_int_equal(
        tcp443("{'table': {'family': 'ip6', 'name': 'f'}}, {'chain': {'family': 'ip6', "
               "'table': 'f', 'name': 'i', 'type': 'filter', 'hook': 'input', "
               "'policy': 'drop'}}"),
        FW_ACCEPT);
}

static void test_the_deciding_chain_is_named(void **state)
{
    struct fw_probe p = probe(SOCK_STREAM, "198.51.100.7", "192.0.2.1", 443);
    struct fw_answer a = ask_of(TABLE "," INPUT("drop"), &p);

    (void) state;
    assert_string_equal(a.where, "chain input of the nftables table inet f");
}

static void test_dormant_tables_do_nothing(void **state)
{
    (void) state;
    assert_int_equal(
        tcp443("{'table': {'family': 'inet', 'name': 'f', 'flags': 'dormant'}}," INPUT("drop")),
        FW_ACCEPT);
    assert_int_equal(
        tcp443("{'table': {'family': 'inet', 'name': 'f', 'flags': ['owner', 'dormant']}}," INPUT(
            "drop")),
        FW_ACCEPT);
}

static void test_ports(void **state)
{
    static const char one[] =
        DROP_ALL RULE("input", MATCH("==", PAYLOAD("tcp", "dport"), "443") "," ACCEPT);
    static const char set[] =
        DROP_ALL RULE("input", MATCH("==", PAYLOAD("tcp", "dport"),
                                     "{'set': [22, {'range': [400, 500]}]}") "," ACCEPT);
    static const char any[] =
        DROP_ALL RULE("input", MATCH("==", META("l4proto"), "{'set': ['tcp', 'udp']}") "," MATCH(
                                   "==", PAYLOAD("th", "dport"), "443") "," ACCEPT);
    static const char not_equal[] =
        DROP_ALL RULE("input", MATCH("!=", PAYLOAD("tcp", "dport"), "22") "," ACCEPT);

    (void) state;
    assert_int_equal(tcp443(one), FW_ACCEPT);
    assert_int_equal(udp443(one), FW_DROP);
    assert_int_equal(tcp443(set), FW_ACCEPT);
    assert_int_equal(tcp443(any), FW_ACCEPT);
    assert_int_equal(udp443(any), FW_ACCEPT);
    assert_int_equal(tcp443(not_equal), FW_ACCEPT);
    assert_int_equal(udp443(not_equal), FW_DROP); /* it has no TCP port at all */
    assert_int_equal(
        tcp443(DROP_ALL RULE("input", MATCH("<", PAYLOAD("tcp", "dport"), "443") "," ACCEPT)),
        FW_DROP);
    assert_int_equal(
        tcp443(DROP_ALL RULE("input", MATCH(">=", PAYLOAD("tcp", "dport"), "443") "," ACCEPT)),
        FW_ACCEPT);
}

static void test_addresses(void **state)
{
    static const char lan[] =
        DROP_ALL RULE("input", MATCH("==", PAYLOAD("ip", "saddr"),
                                     "{'prefix': {'addr': '10.0.0.0', 'len': 8}}") "," ACCEPT);
    struct fw_probe near = probe(SOCK_STREAM, "10.1.2.3", "10.0.0.1", 443);
    struct fw_probe six = probe(SOCK_STREAM, "2001:db8::7", "2001:db8::1", 443);

    (void) state;
    assert_int_equal(tcp443(lan), FW_DROP);
    assert_int_equal(ask_of(lan, &near).may, FW_ACCEPT);
    assert_int_equal(ask_of(lan, &six).may, FW_DROP);
    assert_int_equal(
        ask_of(DROP_ALL RULE("input", MATCH("==", META("nfproto"), "'ipv6'") "," ACCEPT), &six).may,
        FW_ACCEPT);
    assert_int_equal(tcp443(DROP_ALL RULE(
                         "input", MATCH("==", PAYLOAD("ip", "saddr"),
                                        "{'range': ['198.51.100.0', '198.51.100.9']}") "," ACCEPT)),
                     FW_ACCEPT);
}

static void test_interfaces_and_states(void **state)
{
    struct fw_probe lo = probe(SOCK_STREAM, "127.0.0.1", "127.0.0.1", 443);
    static const char loopback[] =
        DROP_ALL RULE("input", MATCH("==", META("iifname"), "'lo'") "," ACCEPT);

    (void) state;
    snprintf(lo.interface, sizeof(lo.interface), "lo");
    assert_int_equal(tcp443(loopback), FW_DROP);
    assert_int_equal(ask_of(loopback, &lo).may, FW_ACCEPT);
    assert_int_equal(
        tcp443(DROP_ALL RULE("input", MATCH("==", META("iifname"), "'eth*'") "," ACCEPT)),
        FW_ACCEPT);
    assert_int_equal(tcp443(DROP_ALL RULE("input", MATCH("in", CT("state"),
                                                         "['established', 'related']") "," ACCEPT)),
                     FW_DROP);
    assert_int_equal(tcp443(DROP_ALL RULE("input", MATCH("in", CT("state"), "'new'") "," ACCEPT)),
                     FW_ACCEPT);
    assert_int_equal(tcp443(DROP_ALL RULE("input", MATCH("in", CT("status"), "'dnat'") "," ACCEPT)),
                     FW_DROP);
}

static void test_jumps(void **state)
{
    static const char accepting[] =
        DROP_ALL CHAIN("web", "") "," RULE("input", "{'jump': {'target': 'web'}}") "," RULE(
            "web", MATCH("==", PAYLOAD("tcp", "dport"), "443") "," ACCEPT);
    /* Back from a jump the next rule counts; back from a goto it does not. */
    static const char back[] =
        DROP_ALL CHAIN("web", "") "," RULE("input", "{'jump': {'target': 'web'}}") "," RULE(
            "web", "{'return': null}") "," RULE("input", ACCEPT);
    static const char gone[] =
        DROP_ALL CHAIN("web", "") "," RULE("input", "{'goto': {'target': 'web'}}") "," RULE(
            "web", "{'return': null}") "," RULE("input", ACCEPT);
    static const char circle[] = DROP_ALL RULE("input", "{'jump': {'target': 'input'}}");

    (void) state;
    assert_int_equal(tcp443(accepting), FW_ACCEPT);
    assert_int_equal(udp443(accepting), FW_DROP);
    assert_int_equal(tcp443(back), FW_ACCEPT);
    assert_int_equal(tcp443(gone), FW_DROP);
    assert_int_equal(tcp443(circle), FW_ANYTHING);
}

static void test_maps_of_verdicts(void **state)
{
    static const char map[] = DROP_ALL RULE(
        "input", "{'vmap': {'key': " PAYLOAD(
                     "tcp", "dport") ", 'data': {'set': [['*', " DROP "], [443, " ACCEPT
                                     "], [{'range': [1000, 2000]}, {'jump': {'target': 'x'}}]]}}}");
    static const char named[] =
        DROP_ALL "{'map': {'family': 'inet', 'table': 'f', 'name': 'm', 'map': 'verdict', 'elem': "
                 "[['lo', " DROP "], ['eth0', " ACCEPT
                 "]]}}," RULE("input", "{'vmap': {'key': " META("iifname") ", 'data': '@m'}}");
    static const char empty[] =
        DROP_ALL "{'map': {'family': 'inet', 'table': 'f', 'name': 'm', 'map': 'verdict'}}," RULE(
            "input", "{'vmap': {'key': " META("iifname") ", 'data': '@m'}}");

    (void) state;
    assert_int_equal(tcp443(map), FW_ACCEPT);
    assert_int_equal(udp443(map), FW_DROP);
    assert_int_equal(tcp443(named), FW_ACCEPT);
    assert_int_equal(tcp443(empty), FW_DROP);
}

static void test_named_sets(void **state)
{
    static const char set[] = DROP_ALL
        "{'set': {'family': 'inet', 'table': 'f', 'name': 's', 'elem': [80, {'elem': {'val': 443, "
        "'comment': 'x'}}]}}," RULE("input",
                                    MATCH("==", PAYLOAD("tcp", "dport"), "'@s'") "," ACCEPT);
    static const char pairs[] = DROP_ALL RULE(
        "input",
        MATCH("==", "{'concat': [" META("iifname") ", " PAYLOAD("tcp", "dport") "]}",
              "{'set': [{'concat': ['eth1', 443]}, {'concat': ['eth0', 443]}]}") "," ACCEPT);

    (void) state;
    assert_int_equal(tcp443(set), FW_ACCEPT);
    assert_int_equal(tcp443(pairs), FW_ACCEPT);
    assert_int_equal(udp443(pairs), FW_DROP);
    assert_int_equal(tcp443(DROP_ALL RULE(
                         "input", MATCH("==", PAYLOAD("tcp", "dport"), "'@missing'") "," ACCEPT)),
                     FW_ANYTHING);
}

static void test_rates_are_not_reached(void **state)
{
    (void) state;
    assert_int_equal(
        tcp443(DROP_ALL RULE("input", "{'limit': {'rate': 5, 'per': 'second'}}," ACCEPT)),
        FW_ACCEPT);
    assert_int_equal(tcp443(TABLE "," INPUT("accept") "," RULE(
                         "input", "{'limit': {'rate': 5, 'per': 'second', 'inv': true}}," DROP)),
                     FW_ACCEPT);
}

static void test_flags_of_tcp(void **state)
{
    static const char syn[] = DROP_ALL RULE(
        "input", MATCH("==", "{'&': [" PAYLOAD("tcp", "flags") ", ['fin', 'syn', 'rst', 'ack']]}",
                       "'syn'") "," ACCEPT);

    (void) state;
    assert_int_equal(tcp443(syn), FW_ACCEPT);
    assert_int_equal(udp443(syn), FW_DROP);
}

static void test_what_is_not_understood_leaves_it_open(void **state)
{
    (void) state;
    assert_int_equal(tcp443(DROP_ALL RULE("input", "{'new thing': {}}," ACCEPT)), FW_ANYTHING);
    /* ... unless it does not matter. */
    assert_int_equal(
        tcp443(DROP_ALL RULE("input", "{'new thing': {}}," ACCEPT) "," RULE("input", ACCEPT)),
        FW_ACCEPT);
    assert_int_equal(tcp443(DROP_ALL RULE("input", "{'new thing': {}}," DROP)), FW_DROP);
    assert_int_equal(tcp443(DROP_ALL RULE("input", "{'queue': null}")), FW_ANYTHING);
}

static void test_marks(void **state)
{
    static const char masked[] = "{'&': [" META("mark") ", 1]}";
    char rules[4096];

    (void) state;
    /* Nobody sets one, so there is none. */
    snprintf(rules, sizeof(rules), DROP_ALL RULE("input", MATCH("==", "%s", "1") "," ACCEPT),
             masked);
    assert_int_equal(tcp443(rules), FW_DROP);
    snprintf(rules, sizeof(rules),
             DROP_ALL RULE("input", "{'mangle': {'key': " META("mark") ", 'value': 1}}") "," RULE(
                 "input", MATCH("==", "%s", "1") "," ACCEPT),
             masked);
    assert_int_equal(tcp443(rules), FW_ANYTHING);
}

static void test_both_chains_must_let_it_in(void **state)
{
    static const char two[] = TABLE "," INPUT("accept") "," CHAIN(
        "raw",
        ", 'type': 'filter', 'hook': 'prerouting', "
        "'prio': -300, 'policy': 'accept'") "," RULE("raw", MATCH("==", PAYLOAD("tcp", "dport"),
                                                                  "443") "," DROP);

    (void) state;
    assert_int_equal(tcp443(two), FW_DROP);
    assert_int_equal(udp443(two), FW_ACCEPT);
}

static void test_redirection(void **state)
{
    struct fw_probe lo = probe(SOCK_STREAM, "127.0.0.1", "127.0.0.1", 443);
    static const char nat[] = TABLE "," CHAIN(
        "nat",
        ", 'type': 'nat', 'hook': 'prerouting', 'prio': -100, 'policy': "
        "'accept'") "," RULE("nat", MATCH("==", PAYLOAD("tcp", "dport"),
                                          "443") ", {'dnat': {'addr': '10.0.0.2', 'port': 443}}");

    (void) state;
    assert_int_equal(tcp443(nat), FW_REDIRECT);
    assert_int_equal(udp443(nat), FW_ACCEPT);
    assert_int_equal(ask_of(nat, &lo).may, FW_ACCEPT);
}

static void test_tables_that_only_iptables_can_read(void **state)
{
    struct fw_nft *n;

    (void) state;
    assert_int_equal(
        fw_nft_load(
            json("{'table': {'family': 'ip', 'name': 'filter'}}, {'chain': {'family': 'ip', "
                 "'table': 'filter', 'name': 'INPUT', 'type': 'filter', 'hook': 'input', "
                 "'policy': 'drop'}}, {'rule': {'family': 'ip', 'table': 'filter', 'chain': "
                 "'INPUT', 'expr': [{'xt': {'type': 'match', 'name': 'multiport'}}, "
                 "{'accept': null}]}}"),
            &n),
        0);
    assert_true(fw_nft_has_xt(n, AF_INET));
    assert_false(fw_nft_has_xt(n, AF_INET6));
    fw_nft_free(n);
}

static void test_no_document(void **state)
{
    static const char *const texts[] = {"", "[]", "{}", "{\"nftables\": {}}", "{\"nftables\": "};
    struct fw_nft *n;

    (void) state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_int_equal(fw_nft_load(bytes_str(texts[i]), &n), -EBADMSG);
}

/* As much work as one likes can be written in few rules. */
static void test_work_is_bounded(void **state)
{
    static char rules[16000];
    int n =
        snprintf(rules, sizeof(rules), "%s", DROP_ALL RULE("input", "{'jump': {'target': 'c0'}}"));

    (void) state;
    for (int c = 0; c < 15; c++)
        for (int k = 0; k < 4; k++)
            n += snprintf(rules + n, sizeof(rules) - (size_t) n,
                          ",{'rule': {'family': 'inet', 'table': 'f', 'chain': 'c%d', 'expr': "
                          "[{'jump': {'target': 'c%d'}}]}}",
                          c, c + 1);
    assert_int_equal(tcp443(rules) & FW_DROP, FW_DROP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_policies),
        cmocka_unit_test(test_the_deciding_chain_is_named),
        cmocka_unit_test(test_dormant_tables_do_nothing),
        cmocka_unit_test(test_ports),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_interfaces_and_states),
        cmocka_unit_test(test_jumps),
        cmocka_unit_test(test_maps_of_verdicts),
        cmocka_unit_test(test_named_sets),
        cmocka_unit_test(test_rates_are_not_reached),
        cmocka_unit_test(test_flags_of_tcp),
        cmocka_unit_test(test_what_is_not_understood_leaves_it_open),
        cmocka_unit_test(test_marks),
        cmocka_unit_test(test_both_chains_must_let_it_in),
        cmocka_unit_test(test_redirection),
        cmocka_unit_test(test_tables_that_only_iptables_can_read),
        cmocka_unit_test(test_no_document),
        cmocka_unit_test(test_work_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
