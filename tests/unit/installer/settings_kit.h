/* settings_kit.h: settings for tests, from the text of a .env file. */
#pragma once

#include "settings/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static inline void fail_on_error(const struct setting_problem *p, void *arg)
{
    (void) arg;
    if (p->severity == SETTING_ERROR)
        fail_msg("%s: %s", p->key ? p->key : "", p->what);
}

/* The keys that must be, and then those of env ("KEY=value\n..."). */
static inline struct settings *settings_of(const char *env)
{
    char text[4096];
    struct settings *s = NULL;
    int n = snprintf(text, sizeof(text),
                     "DOMAIN_OR_PUBLIC_IP=meet.example.org\n"
                     "OPENVIDU_SECRET=aVeryLongSecretForTests12345\n%s",
                     env);

    assert_true(n > 0 && (size_t) n < sizeof(text));
    assert_int_equal(settings_load_bytes(".env", bytes_str(text), fail_on_error, NULL, &s), 0);
    return s;
}
