/* mock_dns.h: pebble-challtestsrv as a DNS server of a test, told what to answer. Ports are its
 * own, on 127.0.0.1: for tests in a network of their own. Failures end the test. */
#pragma once

#include "tests/lib/child.h"

#define MOCK_DNS "127.0.0.1:8053"

bool mock_dns_is_there(void);

/* Knows no name. */
struct child *mock_dns_start(void);

/* The addresses of a name; NULL: none. */
void mock_dns_point(const char *name, const char *a, const char *aaaa);
void mock_dns_alias(const char *name, const char *target);

/* policies: MOCK_DNS_CAA(...), with commas between them; NULL: none. */
#define MOCK_DNS_CAA(tag, value) "{\"tag\":\"" tag "\",\"value\":\"" value "\"}"
void mock_dns_caa(const char *name, const char *policies);

/* Whatever it is asked of that name. */
void mock_dns_fail(const char *name, bool fail);
