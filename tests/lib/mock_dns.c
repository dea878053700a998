#include "tests/lib/mock_dns.h"

#include "tests/lib/ask.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PROGRAM "/usr/bin/pebble-challtestsrv"
#define MANAGEMENT_PORT 8055

static void check(bool ok, const char *what)
{
    if (ok)
        return;
    (void) fprintf(stderr, "pebble-challtestsrv: %s failed\n", what);
    abort();
}

static void manage(const char *what, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void manage(const char *what, const char *fmt, ...)
{
    struct ask_answer answer = {0};
    char body[2048], path[64];
    va_list ap;
    int fd = ask_connect_tcp(MANAGEMENT_PORT);

    va_start(ap, fmt);
    (void) vsnprintf(body, sizeof(body), fmt, ap);
    va_end(ap);
    snprintf(path, sizeof(path), "/%s", what);
    check(fd >= 0 && ask_send(fd, "POST", path, "", body) == 0, what);
    check(ask_receive(fd, &answer) == 200, what);
}

bool mock_dns_is_there(void)
{
    return access(PROGRAM, X_OK) == 0;
}

struct child *mock_dns_start(void)
{
    static char program[] = PROGRAM;
    static char o1[] = "-defaultIPv4", o2[] = "-defaultIPv6", o3[] = "-dns01", o4[] = "-http01",
                o5[] = "-https01", o6[] = "-tlsalpn01", o7[] = "-management", none[] = "",
                at[] = MOCK_DNS, managed[] = "127.0.0.1:8055";
    char *argv[] = {program, o1, none, o2, none, o3, at,      o4,
                    none,    o5, none, o6, none, o7, managed, NULL};
    struct child *c;
    int fd = -1;

    check(child_new("challtestsrv", &c) == 0 && child_start(c, argv) == 0, "start");
    for (int i = 0; i < 200 && (fd = ask_connect_tcp(MANAGEMENT_PORT)) < 0; i++)
        usleep(50000);
    check(fd >= 0, "start");
    close(fd);
    return c;
}

void mock_dns_point(const char *name, const char *a, const char *aaaa)
{
    manage("clear-a", "{\"host\":\"%s\"}", name);
    manage("clear-aaaa", "{\"host\":\"%s\"}", name);
    if (a)
        manage("add-a", "{\"host\":\"%s\",\"addresses\":[\"%s\"]}", name, a);
    if (aaaa)
        manage("add-aaaa", "{\"host\":\"%s\",\"addresses\":[\"%s\"]}", name, aaaa);
}

void mock_dns_alias(const char *name, const char *target)
{
    manage("set-cname", "{\"host\":\"%s\",\"target\":\"%s\"}", name, target);
}

void mock_dns_caa(const char *name, const char *policies)
{
    manage("clear-caa", "{\"host\":\"%s\"}", name);
    if (policies)
        manage("add-caa", "{\"host\":\"%s\",\"policies\":[%s]}", name, policies);
}

void mock_dns_fail(const char *name, bool fail)
{
    manage(fail ? "set-servfail" : "clear-servfail", "{\"host\":\"%s\"}", name);
}
