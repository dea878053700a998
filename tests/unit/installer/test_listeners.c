#include "host/listeners.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

static const char tcp[] =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
    "inode\n"
    "   0: 0100007F:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000    33        0 "
    "12345 1 "
    "0000000000000000 100 0 0 10 0\n"
    "   1: 0100007F:1538 0100007F:C350 01 00000000:00000000 00:00000000 00000000    33        0 "
    "777 1 0\n"
    "   2: garbage\n"
    "   3: 00000000:01BB 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 99";
static const char tcp6[] =
    "   0: 00000000000000000000000001000000:1538 00000000000000000000000000000000:0000 0A "
    "00000000:00000000 00:00000000 00000000     0        0 31 1 0\n"
    "   1: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A "
    "00000000:00000000 00:00000000 00000000     0        0 32 1 0\n";
static const char udp[] = "    7: 00000000:0D96 00000000:0000 07 00000000:00000000 00:00000000 "
                          "00000000   101        0 55 2 0\n"
                          "    8: 0100007F:0035 0100007F:1234 01 00000000:00000000 00:00000000 "
                          "00000000   101        0 56 2 0\n";

static struct addr address(const char *text)
{
    struct addr a;

    assert_int_equal(addr_parse(text, &a), 0);
    return a;
}

static void test_tables(void **state)
{
    struct listener l[8];
    struct addr a;

    (void) state;
    assert_int_equal(listeners_parse(bytes_str(tcp), SOCK_STREAM, l, 8), 2);
    a = address("127.0.0.1:5432");
    assert_true(addr_eq(&l[0].addr, &a));
    assert_int_equal(l[0].inode, 12345);
    assert_int_equal(l[0].uid, 33);
    assert_int_equal(l[1].addr.port, 443);
    assert_int_equal(l[1].inode, 99);
    assert_int_equal(listeners_parse(bytes_str(tcp6), SOCK_STREAM, l, 8), 2);
    a = address("[::1]:5432");
    assert_true(addr_eq(&l[0].addr, &a));
    assert_int_equal(listeners_parse(bytes_str(udp), SOCK_DGRAM, l, 8), 1);
    assert_int_equal(l[0].addr.port, 3478);
}

static void test_more_than_there_is_room_for(void **state)
{
    struct listener l[1];

    (void) state;
    assert_int_equal(listeners_parse(bytes_str(tcp), SOCK_STREAM, l, 1), 2);
    assert_int_equal(listeners_parse(bytes_of(NULL, 0), SOCK_STREAM, l, 1), 0);
}

static bool blocks(const char *listening, const char *wanted)
{
    struct listener l = {.addr = address(listening), .type = SOCK_STREAM};
    struct addr a = address(wanted);

    return listener_blocks(&l, &a, SOCK_STREAM);
}

static void test_who_is_in_the_way(void **state)
{
    struct listener l = {.addr = address("0.0.0.0:443"), .type = SOCK_DGRAM};
    struct addr a = address("0.0.0.0:443");

    (void) state;
    assert_true(blocks("0.0.0.0:443", "0.0.0.0:443"));
    assert_true(blocks("0.0.0.0:443", "127.0.0.1:443"));
    assert_true(blocks("127.0.0.1:443", "0.0.0.0:443"));
    assert_true(blocks("[::]:443", "0.0.0.0:443"));
    assert_false(blocks("0.0.0.0:443", "[::]:443"));
    assert_false(blocks("127.0.0.1:443", "192.0.2.1:443"));
    assert_false(blocks("0.0.0.0:444", "0.0.0.0:443"));
    assert_false(listener_blocks(&l, &a, SOCK_STREAM));
}

static void unit_is(const char *cgroup, const char *wanted)
{
    char unit[64];

    cgroup_unit(bytes_str(cgroup), unit, sizeof(unit));
    assert_string_equal(unit, wanted);
}

static void test_units(void **state)
{
    (void) state;
    unit_is("0::/system.slice/nginx.service\n", "nginx.service");
    unit_is("0::/system.slice/system-getty.slice/getty@tty1.service", "getty@tty1.service");
    unit_is("12:pids:/x\n1:name=systemd:/user.slice/session-4.scope\n", "session-4.scope");
    unit_is("0::/system.slice/docker-0123456789abcdef.scope\n", "a container");
    unit_is("0::/\n", "");
    unit_is("", "");
    unit_is("0::/.service", "");
}

/* A socket of our own, found by the kernel's tables. */
static void test_this_machine(void **state)
{
    struct listeners all;
    struct sockaddr_storage sa;
    struct addr a = address("127.0.0.1:1");
    const struct listener *l;
    socklen_t len;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char text[512];

    (void) state;
    a.port = 0;
    len = addr_to_sockaddr(&a, &sa);
    assert_int_equal(bind(fd, (struct sockaddr *) &sa, len), 0);
    assert_int_equal(listen(fd, 1), 0);
    len = sizeof(sa);
    assert_int_equal(getsockname(fd, (struct sockaddr *) &sa, &len), 0);
    assert_int_equal(addr_from_sockaddr((struct sockaddr *) &sa, len, &a), 0);
    assert_int_equal(listeners_read(&all), 0);
    l = listeners_find(&all, &a, SOCK_STREAM);
    assert_non_null(l);
    assert_int_equal(l->pid, getpid());
    assert_string_equal(l->process, "test_listeners");
    assert_non_null(strstr(listener_describe(l, text, sizeof(text)), "test_listeners (process "));
    listeners_done(&all);
    close(fd);
}

static void test_packages(void **state)
{
    char name[64];

    (void) state;
    program_package("/nowhere/at-all", name, sizeof(name));
    assert_string_equal(name, "");
    program_package("/usr/bin/dpkg-query", name, sizeof(name));
    assert_string_equal(name, "dpkg");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_more_than_there_is_room_for),
        cmocka_unit_test(test_who_is_in_the_way),
        cmocka_unit_test(test_units),
        cmocka_unit_test(test_this_machine),
        cmocka_unit_test(test_packages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
