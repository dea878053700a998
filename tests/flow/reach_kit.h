/* reach_kit.h: what the tests of reach.h share: the network, what is looked up in it, and what came
 * of it. */
#pragma once

#include "acme/reach.h"
#include "tests/lib/child.h"

#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define NAME "media.example.test"

static bool alone; /* in a network of our own */
static struct child *dns;
static struct dns_servers resolver;
static struct acme_id id;
static struct acme_failure failure;
static char remarks[4096], text[4096];
static struct reach_config config;

static inline void on_remark(const char *t, void *arg)
{
    size_t len = strlen(remarks);

    (void) arg;
    snprintf(remarks + len, sizeof(remarks) - len, "%s\n", t);
}

static inline void expect(const char *part)
{
    if (!strstr(failure_text(&failure, text, sizeof(text)), part))
        fail_msg("\"%s\" is not in: %s", part, text);
}

static inline void expect_remark(const char *part)
{
    if (!strstr(remarks, part))
        fail_msg("\"%s\" is not in: %s", part, remarks);
}

#define NEEDS_NETWORK()                                                                            \
    do {                                                                                           \
        (void) state;                                                                              \
        if (!alone)                                                                                \
            skip();                                                                                \
    } while (0)
