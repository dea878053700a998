#include "codec/proxy_header.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define V2 "\r\n\r\n\0\r\nQUIT\n"
#define BYTES(text) bytes_of(text, sizeof(text) - 1)

static void check(struct bytes in, size_t len, const char *client)
{
    struct proxy_header h = {0};
    char text[ADDR_TEXT_SIZE];

    assert_int_equal(proxy_header_parse(in, &h), 0);
    assert_int_equal(h.len, len);
    if (client)
        assert_string_equal(addr_format(&h.client, text), client);
    else
        assert_int_equal(h.client.family, 0);
    /* Whatever comes in pieces is waited for. */
    for (size_t n = 0; n < len; n++) {
        uint8_t *part = malloc(n + 1);

        assert_non_null(part);
        memcpy(part, in.p, n);
        assert_int_equal(proxy_header_parse(bytes_of(part, n), &h), -EAGAIN);
        free(part);
    }
}

static void version_1(void **state)
{
    static const char tcp4[] = "PROXY TCP4 203.0.113.5 192.0.2.1 40000 443\r\n\x16\x03";
    static const char tcp6[] = "PROXY TCP6 2001:db8::5 2001:db8::1 40000 443\r\n";
    static const char unknown[] = "PROXY UNKNOWN whatever else\r\n";

    (void) state;
    check(BYTES(tcp4), sizeof(tcp4) - 3, "203.0.113.5:40000");
    check(BYTES(tcp6), sizeof(tcp6) - 1, "[2001:db8::5]:40000");
    check(BYTES("PROXY UNKNOWN\r\nGET"), 15, NULL);
    check(BYTES(unknown), sizeof(unknown) - 1, NULL);
}

static void version_2(void **state)
{
    static const char tcp4[] = V2 "\x21\x11\0\x0c\xcb\0\x71\5\xc0\0\2\1\x9c\x40\1\xbb\x16";
    static const char tcp6[] = V2
        "\x21\x21\0\x24\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\5\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0"
        "\1\x9c\x40\1\xbb";
    static const char tlv[] = V2 "\x21\x11\0\x10\xcb\0\x71\5\xc0\0\2\1\x9c\x40\1\xbb\4\0\1\0";

    (void) state;
    check(BYTES(tcp4), sizeof(tcp4) - 2, "203.0.113.5:40000");
    check(BYTES(tcp6), sizeof(tcp6) - 1, "[2001:db8::5]:40000");
    check(BYTES(tlv), sizeof(tlv) - 1, "203.0.113.5:40000");
    check(BYTES(V2 "\x20\0\0\0"), 16, NULL);
    check(BYTES(V2 "\x20\x11\0\x0c\xcb\0\x71\5\xc0\0\2\1\x9c\x40\1\xbb"), 28, NULL); /* LOCAL */
    check(BYTES(V2 "\x21\0\0\0"), 16, NULL);
}

static void refused(void **state)
{
    static const struct bytes bad[] = {
        {(const uint8_t *) "\x16\x03\x01", 3},
        {(const uint8_t *) "PROXYTCP4", 9},
        {(const uint8_t *) "PROXY TCP4 203.0.113.5 192.0.2.1 40000\r\n", 41},
        {(const uint8_t *) "PROXY TCP4 203.0.113.5 192.0.2.1 40000 443 1\r\n", 46},
        {(const uint8_t *) "PROXY TCP4 203.0.113.5 192.0.2.1 70000 443\r\n", 44},
        {(const uint8_t *) "PROXY TCP4 example.org 192.0.2.1 40000 443\r\n", 44},
        {(const uint8_t *) "PROXY UDP4 203.0.113.5 192.0.2.1 40000 443\r\n", 44},
        {(const uint8_t *) "PROXY TCP4 203.0.113.5\0 192.0.2.1 4000 443\r\n", 44},
        {(const uint8_t *) V2 "\x11\x11\0\0", 16},             /* version 1 in this form */
        {(const uint8_t *) V2 "\x22\x11\0\0", 16},             /* neither LOCAL nor PROXY */
        {(const uint8_t *) V2 "\x21\x11\0\4\xcb\0\x71\5", 20}, /* too short for addresses */
        {(const uint8_t *) V2 "\x21\x11\x10\0", 16},           /* longer than any of ours */
    };
    char line[256];
    struct proxy_header h;

    (void) state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(proxy_header_parse(bad[i], &h), -EBADMSG);
    memset(line, 'A', sizeof(line));
    memcpy(line, "PROXY ", 6);
    assert_int_equal(proxy_header_parse(bytes_of(line, 106), &h), -EAGAIN);
    assert_int_equal(proxy_header_parse(bytes_of(line, 107), &h), -EBADMSG);
    assert_int_equal(proxy_header_parse(bytes_of(NULL, 0), &h), -EAGAIN);
}

static void check_written(const char *client, const char *server, const char *text)
{
    char buf[PROXY_HEADER_V1_MAX];
    struct wr w = wr_init(buf, sizeof(buf));
    struct addr from = {0}, to = {0};
    struct proxy_header h;
    size_t len;

    assert_int_equal(addr_parse(client, &from), 0);
    if (server)
        assert_int_equal(addr_parse(server, &to), 0);
    assert_int_equal(proxy_header_write(&w, &from, &to, &len), 0);
    assert_true(bytes_eq_str(bytes_of(buf, len), text));
    assert_int_equal(proxy_header_parse(bytes_of(buf, len), &h), 0);
    assert_true(addr_eq(&h.client, &from));
    assert_true(addr_eq(&h.server, server ? &to : &from));
}

static void written(void **state)
{
    struct addr v4 = {AF_INET, 1, 0, {1}}, v6 = {AF_INET6, 1, 0, {1}}, none = {0};
    char buf[PROXY_HEADER_V1_MAX];
    struct wr w = wr_init(buf, sizeof(buf));
    size_t len;

    (void) state;
    check_written("203.0.113.5:40000", "192.0.2.1:443",
                  "PROXY TCP4 203.0.113.5 192.0.2.1 40000 443\r\n");
    check_written("[2001:db8::5]:1", "[2001:db8::1]:65535",
                  "PROXY TCP6 2001:db8::5 2001:db8::1 1 65535\r\n");
    check_written("[2001:1111:2222:3333:4444:5555:6666:7777]:65535", NULL,
                  "PROXY TCP6 2001:1111:2222:3333:4444:5555:6666:7777 "
                  "2001:1111:2222:3333:4444:5555:6666:7777 65535 65535\r\n");
    assert_int_equal(proxy_header_write(&w, &none, &v4, &len), -EAFNOSUPPORT);
    assert_int_equal(proxy_header_write(&w, &v4, &v6, &len), -EAFNOSUPPORT);
    w = wr_init(buf, 20);
    assert_int_equal(proxy_header_write(&w, &v4, &v4, &len), -ENOSPC);
}

/* IPv4 in IPv6 is IPv4, as from the kernel. */
static void mapped(void **state)
{
    static const char v1[] = "PROXY TCP6 ::ffff:203.0.113.5 ::ffff:192.0.2.1 40000 443\r\n";
    static const char v2[] = V2 "\x21\x21\0\x24\0\0\0\0\0\0\0\0\0\0\xff\xff\xcb\0\x71\5"
                                "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\2\1\x9c\x40\1\xbb";

    (void) state;
    check(BYTES(v1), sizeof(v1) - 1, "203.0.113.5:40000");
    check(BYTES(v2), sizeof(v2) - 1, "203.0.113.5:40000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(version_1), cmocka_unit_test(version_2), cmocka_unit_test(refused),
        cmocka_unit_test(written),   cmocka_unit_test(mapped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
