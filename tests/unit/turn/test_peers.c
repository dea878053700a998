#include "turn/peers.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define MAX 16

/* A policy written as texts. */
struct policy {
    const char *media[MAX], *vias[MAX]; /* "ip:port" and the IP it stands for, or NULL */
    const char *own[MAX];
    const char *allowed, *denied;
    bool any_public, internal_relay;
};

static struct addr at(const char *text)
{
    struct addr a;

    assert_int_equal(addr_parse(text, &a), 0);
    return a;
}

static struct addr ip(const char *text)
{
    struct addr a;

    assert_int_equal(addr_parse_ip(text, 0, &a), 0);
    return a;
}

static size_t rules_of(const char *text, struct ip_rule *ret)
{
    char why[IP_RULE_WHY_SIZE];
    size_t n = 0;

    if (text)
        assert_int_equal(ip_rule_parse_list(text, false, ret, MAX, &n, why), 0);
    return n;
}

static struct peers *make(const struct policy *w)
{
    struct ip_rule allowed[MAX], denied[MAX];
    struct peers_media media[MAX];
    struct addr own[MAX];
    struct peers_rules r = {.any_public = w->any_public,
                            .internal_relay = w->internal_relay,
                            .allowed = allowed,
                            .n_allowed = rules_of(w->allowed, allowed),
                            .denied = denied,
                            .n_denied = rules_of(w->denied, denied),
                            .media = media,
                            .own = own};
    struct peers *p;

    for (; r.n_media < MAX && w->media[r.n_media]; r.n_media++) {
        media[r.n_media] = (struct peers_media){.addr = at(w->media[r.n_media])};
        if (w->vias[r.n_media])
            media[r.n_media].via = ip(w->vias[r.n_media]);
    }
    for (; r.n_own < MAX && w->own[r.n_own]; r.n_own++)
        own[r.n_own] = ip(w->own[r.n_own]);
    assert_int_equal(peers_new(&r, &p), 0);
    return p;
}

/* Where a packet goes, or "no". */
static const char *route(const struct peers *p, const char *to)
{
    static char text[ADDR_TEXT_SIZE];
    struct addr peer = at(to), dest;

    return peers_route(p, &peer, &dest) ? addr_format(&dest, text) : "no";
}

static bool goes(const struct peers *p, const char *to)
{
    const char *where = route(p, to);
    char text[ADDR_TEXT_SIZE];
    struct addr a = at(to);

    if (strcmp(where, "no") == 0)
        return false;
    assert_string_equal(where, addr_format(&a, text));
    return true;
}

static bool permits(const struct peers *p, const char *text)
{
    struct addr a = ip(text);

    return peers_allow_ip(p, &a);
}

/* As whom a packet from there may be reported, with blanks between. */
static const char *origins(const struct peers *p, const char *from)
{
    static char text[MAX * ADDR_TEXT_SIZE];
    struct addr a = at(from), peer;
    char one[ADDR_TEXT_SIZE];
    size_t pos = 0;

    *text = '\0';
    while (peers_origin(p, &a, &pos, &peer)) {
        strcat(text, *text ? " " : "");
        strcat(text, addr_format(&peer, one));
    }
    return text;
}

static void test_media_alone(void **state)
{
    struct peers *p = make(&(struct policy){
        .media = {"198.51.100.2:40001", "[2001:db8::1]:40000", "198.51.100.1:40000",
                  "198.51.100.2:40000", "127.0.0.1:40000", "169.254.1.1:40000"},
        .own = {"198.51.100.1", "127.0.0.1"},
    });

    (void) state;
    assert_true(goes(p, "198.51.100.2:40001"));
    assert_true(goes(p, "198.51.100.2:40000"));
    assert_true(goes(p, "[2001:db8::1]:40000"));
    assert_true(goes(p, "127.0.0.1:40000"));
    assert_true(goes(p, "169.254.1.1:40000"));
    assert_true(goes(p, "198.51.100.1:40000"));
    assert_false(goes(p, "198.51.100.1:40001"));
    assert_false(goes(p, "198.51.100.2:39999"));
    assert_false(goes(p, "198.51.100.2:40002"));
    assert_false(goes(p, "127.0.0.1:6379"));
    assert_false(goes(p, "198.51.100.3:40000"));
    assert_false(goes(p, "[2001:db8::2]:40000"));
    assert_false(goes(p, "8.8.8.8:40000"));
    assert_false(goes(p, "[::198.51.100.1]:40000"));
    assert_false(goes(p, "[64:ff9b::198.51.100.1]:40000"));

    assert_true(permits(p, "198.51.100.2"));
    assert_true(permits(p, "2001:db8::1"));
    assert_false(permits(p, "198.51.100.3"));
    assert_false(permits(p, "2001:db8::"));
    assert_false(permits(p, "8.8.8.8"));

    assert_string_equal(origins(p, "198.51.100.1:40000"), "198.51.100.1:40000");
    assert_string_equal(origins(p, "198.51.100.1:40001"), "");
    peers_unref(p);
}

static void test_nobody(void **state)
{
    struct peers *none = make(&(struct policy){.allowed = ""});

    (void) state;
    assert_false(goes(none, "127.0.0.1:40000"));
    assert_false(permits(none, "8.8.8.8"));
    assert_false(goes(NULL, "127.0.0.1:40000"));
    assert_false(permits(NULL, "127.0.0.1"));
    assert_string_equal(origins(NULL, "127.0.0.1:1"), "");
    assert_int_equal(peers_generation(NULL), 0);
    assert_null(peers_denied_media(NULL));
    assert_null(peers_unref(none));
    assert_null(peers_unref(NULL));
    assert_null(peers_ref(NULL));
}

static void test_unusable_media(void **state)
{
    struct peers *p = make(&(struct policy){
        .media = {"0.0.0.0:40000", "[::]:40000", "224.0.0.1:40000", "[ff02::1]:40000",
                  "198.51.100.1:0", "198.51.100.2:7"},
    });

    (void) state;
    assert_false(goes(p, "0.0.0.0:40000"));
    assert_false(goes(p, "[::]:40000"));
    assert_false(goes(p, "224.0.0.1:40000"));
    assert_false(goes(p, "[ff02::1]:40000"));
    assert_false(goes(p, "198.51.100.1:0"));
    assert_false(permits(p, "198.51.100.1"));
    assert_true(goes(p, "198.51.100.2:7"));
    peers_unref(p);
}

static void test_public(void **state)
{
    struct peers *p = make(&(struct policy){
        .any_public = true,
        .own = {"8.8.4.4", "2a00:1450::4", "10.0.0.1"},
        .media = {"8.8.4.4:40000", "10.0.0.1:40000"},
    });

    (void) state;
    assert_true(goes(p, "8.8.8.8:53"));
    assert_true(goes(p, "[2a00:1450::5]:53"));
    assert_false(goes(p, "8.8.8.8:0"));
    assert_false(goes(p, "8.8.4.4:443"));
    assert_true(goes(p, "8.8.4.4:40000"));
    assert_true(goes(p, "10.0.0.1:40000"));
    assert_false(goes(p, "10.0.0.1:6379"));
    assert_false(goes(p, "10.0.0.2:40000"));
    assert_false(goes(p, "[2a00:1450::4]:443"));
    assert_false(goes(p, "198.51.100.1:1"));
    assert_false(goes(p, "[4000::1]:1"));
    assert_true(permits(p, "8.8.8.8"));
    assert_true(permits(p, "8.8.4.4"));
    assert_false(permits(p, "2a00:1450::4"));
    assert_false(permits(p, "10.0.0.2"));
    /* a public prefix with an ISATAP interface id */
    assert_true(goes(p, "[2a00:1450::5efe:8.8.8.8]:53"));
    assert_false(goes(p, "[2a00:1450::5efe:10.0.0.2]:53"));
    assert_false(goes(p, "[2a00:1450::200:5efe:8.8.4.4]:53"));
    assert_false(permits(p, "2a00:1450::5efe:10.0.0.2"));
    assert_false(permits(p, "2a00:1450::5efe:127.0.0.1"));
    peers_unref(p);
}

static void test_allowed(void **state)
{
    struct peers *p = make(&(struct policy){
        .allowed = "10.0.0.0/8:5000-5999, 203.0.113.7, fd00::/8, [2001:db8::9]:7, 0.0.0.0/0:9",
        .own = {"10.0.0.1", "fd00::1", "255.0.0.1"},
        .media = {"10.0.0.1:5500"},
    });

    (void) state;
    assert_true(goes(p, "10.1.2.3:5000"));
    assert_true(goes(p, "10.1.2.3:5999"));
    assert_false(goes(p, "10.1.2.3:4999"));
    assert_false(goes(p, "10.1.2.3:6000"));
    assert_true(goes(p, "203.0.113.7:1"));
    assert_false(goes(p, "203.0.113.8:1"));
    assert_true(goes(p, "[fd00::2]:1"));
    assert_true(goes(p, "[2001:db8::9]:7"));
    assert_false(goes(p, "[2001:db8::9]:8"));
    assert_true(permits(p, "10.255.255.255"));
    /* what no list can allow */
    assert_true(goes(p, "10.0.0.1:5500"));
    assert_false(goes(p, "10.0.0.1:5501"));
    assert_false(goes(p, "[fd00::1]:1"));
    assert_true(goes(p, "8.8.8.8:9"));
    assert_false(goes(p, "127.0.0.1:9"));
    assert_false(goes(p, "0.0.0.0:9"));
    assert_false(goes(p, "224.0.0.1:9"));
    assert_false(goes(p, "255.255.255.255:9"));
    assert_false(goes(p, "169.254.169.254:9"));
    assert_false(goes(p, "168.63.129.16:9"));
    assert_false(goes(p, "[fd00:ec2::254]:80"));
    assert_false(permits(p, "169.254.169.254"));
    peers_unref(p);
}

static void test_inner_and_outer(void **state)
{
    struct peers *p = make(&(struct policy){
        .any_public = true,
        .allowed = "64:ff9b::/96, 64:ff9b:1::/48, 2002::/16, 2001::/32, ::/96",
        .denied = "8.8.4.0/24",
        .own = {"9.9.9.9"},
        .media = {"[2002:808:404::1]:40000", "[2002:a00:1::1]:40000"},
    });

    (void) state;
    assert_true(goes(p, "[64:ff9b::8.8.8.8]:53"));
    assert_false(goes(p, "[64:ff9b::10.0.0.1]:53"));
    assert_false(goes(p, "[64:ff9b::8.8.4.4]:53"));
    assert_false(goes(p, "[64:ff9b::9.9.9.9]:53"));
    assert_true(goes(p, "[64:ff9b:1::8.8.8.8]:53"));
    assert_false(goes(p, "[64:ff9b:1:a00:0:100:808:808]:53")); /* 10.0.0.1 behind a /48 */
    assert_true(goes(p, "[2002:808:808::1]:53"));
    assert_false(goes(p, "[2002:7f00:1::1]:53"));
    assert_true(goes(p, "[2001:0:808:808:0:0:f7f7:f7f6]:53"));
    assert_false(goes(p, "[2001:0:808:808:0:0:f5ff:fffe]:53")); /* client 10.0.0.1 */
    assert_false(goes(p, "[2001:0:a00:1:0:0:f7f7:f7f6]:53"));   /* server 10.0.0.1 */
    assert_true(goes(p, "[::8.8.8.8]:53"));
    assert_false(goes(p, "[::127.0.0.1]:53"));
    assert_false(goes(p, "[::1]:53"));
    assert_false(permits(p, "64:ff9b::10.0.0.1"));
    assert_true(permits(p, "64:ff9b::8.8.8.8"));
    /* Media's own address is what it is, unless its IPv4 is denied. */
    assert_false(goes(p, "[2002:808:404::1]:40000"));
    assert_true(goes(p, "[2002:a00:1::1]:40000"));
    assert_true(permits(p, "2002:a00:1::1"));
    peers_unref(p);
}

static void test_denied(void **state)
{
    struct peers *p = make(&(struct policy){
        .any_public = true,
        .allowed = "10.0.0.0/8",
        .denied = "10.1.0.0/16, 8.8.8.8:53, 198.51.100.1:40001, 192.168.0.0/16",
        .media = {"198.51.100.1:40000", "198.51.100.1:40001", "192.168.1.1:40000",
                  "203.0.113.9:40000"},
        .vias = {NULL, NULL, NULL, "192.168.1.1"},
        .own = {"192.168.1.1"},
    });

    (void) state;
    assert_true(goes(p, "10.2.0.1:5"));
    assert_false(goes(p, "10.1.0.1:5"));
    assert_false(permits(p, "10.1.0.1"));
    assert_false(goes(p, "8.8.8.8:53"));
    assert_true(goes(p, "8.8.8.8:54"));
    assert_true(permits(p, "8.8.8.8"));
    assert_true(goes(p, "198.51.100.1:40000"));
    assert_false(goes(p, "198.51.100.1:40001"));
    assert_true(permits(p, "198.51.100.1"));
    assert_false(goes(p, "192.168.1.1:40000"));
    assert_false(permits(p, "192.168.1.1"));
    assert_string_equal(origins(p, "192.168.1.1:40000"), "");
    assert_string_equal(route(p, "203.0.113.9:40000"), "no"); /* the way there is denied */
    assert_non_null(peers_denied_media(p));
    peers_unref(p);
}

static void test_stands_for(void **state)
{
    struct policy w = {
        .media = {"203.0.113.9:40000", "203.0.113.10:40000", "203.0.113.9:40001", "10.0.0.2:40000",
                  "[2001:db8::9]:40000", "203.0.113.11:40000"},
        .vias = {"10.0.0.1", "10.0.0.1", "10.0.0.1", NULL, "10.0.0.1", "10.9.9.9"},
        .own = {"10.0.0.1"},
    };
    struct peers *p = make(&w);

    (void) state;
    assert_string_equal(route(p, "203.0.113.9:40000"), "10.0.0.1:40000");
    assert_string_equal(route(p, "203.0.113.9:40001"), "10.0.0.1:40001");
    assert_string_equal(route(p, "203.0.113.9:40002"), "no");
    assert_true(goes(p, "10.0.0.2:40000"));
    assert_false(goes(p, "10.0.0.1:40000"));     /* it was not told as an address by itself */
    assert_true(goes(p, "[2001:db8::9]:40000")); /* another family is no way there */
    assert_true(goes(p, "203.0.113.11:40000"));  /* another machine's */
    assert_string_equal(origins(p, "10.0.0.1:40000"), "203.0.113.9:40000 203.0.113.10:40000");
    assert_string_equal(origins(p, "10.0.0.1:40001"), "203.0.113.9:40001");
    assert_string_equal(origins(p, "10.0.0.1:40002"), "");
    assert_string_equal(origins(p, "203.0.113.9:40000"), "203.0.113.9:40000");
    peers_unref(p);

    w.internal_relay = true;
    w.media[6] = "10.0.0.1:40000";
    w.denied = "203.0.113.9:40000";
    p = make(&w);
    assert_string_equal(route(p, "203.0.113.11:40000"), "10.9.9.9:40000");
    assert_string_equal(origins(p, "10.9.9.9:40000"), "203.0.113.11:40000");
    assert_true(goes(p, "10.0.0.1:40000"));
    assert_string_equal(origins(p, "10.0.0.1:40000"), "10.0.0.1:40000 203.0.113.10:40000");
    assert_string_equal(addr_format(peers_denied_media(p), (char[ADDR_TEXT_SIZE]){0}),
                        "203.0.113.9:40000");
    peers_unref(p);
}

/* Whatever else the operator allows: of the machines of media daemons their ports alone, and of
 * this one nothing more by any name. */
static void test_other_ports_of_media(void **state)
{
    struct policy w = {
        .any_public = true,
        .media = {"9.9.9.1:40000", "9.9.9.2:40000", "9.9.9.3:40000"},
        .vias = {"10.0.0.1", "10.0.0.2", NULL},
        .own = {"10.0.0.1"},
    };
    struct peers *p = make(&w);

    (void) state;
    for (unsigned i = 0; i < 3; i++)
        assert_string_not_equal(route(p, w.media[i]), "no");
    assert_false(goes(p, "9.9.9.1:443"));
    assert_false(goes(p, "9.9.9.2:443"));
    assert_false(goes(p, "9.9.9.3:443"));
    assert_true(goes(p, "9.9.9.4:443"));
    peers_unref(p);
    w.allowed = "9.9.9.0/24";
    p = make(&w);
    assert_string_equal(route(p, "9.9.9.1:40000"), "10.0.0.1:40000");
    assert_false(goes(p, "9.9.9.1:443"));
    assert_true(goes(p, "9.9.9.2:443")); /* another machine's */
    assert_true(goes(p, "9.9.9.3:443"));
    peers_unref(p);
}

static void test_generations_and_references(void **state)
{
    struct peers *a = make(&(struct policy){.media = {"127.0.0.1:7"}});
    struct peers *b = make(&(struct policy){.media = {"127.0.0.1:7"}});

    (void) state;
    assert_int_not_equal(peers_generation(a), 0);
    assert_int_not_equal(peers_generation(a), peers_generation(b));
    assert_ptr_equal(peers_ref(a), a);
    assert_null(peers_unref(a));
    assert_true(goes(a, "127.0.0.1:7"));
    peers_unref(a);
    peers_unref(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_media_alone),
        cmocka_unit_test(test_nobody),
        cmocka_unit_test(test_unusable_media),
        cmocka_unit_test(test_public),
        cmocka_unit_test(test_allowed),
        cmocka_unit_test(test_inner_and_outer),
        cmocka_unit_test(test_denied),
        cmocka_unit_test(test_stands_for),
        cmocka_unit_test(test_other_ports_of_media),
        cmocka_unit_test(test_generations_and_references),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
