/* installed_kit.h: settings of an installed machine from the text of a .env file, and a folder of
 * its own as VISAVIS_ROOT for each test. */
#pragma once

#include "files/files.h"
#include "settings/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static char kit_root[] = "/tmp/visavis-test-XXXXXX";

__attribute__((unused)) static int kit_set_up(void **state)
{
    (void) state;
    memcpy(strrchr(kit_root, '-'), "-XXXXXX", 7);
    return mkdtemp(kit_root) && setenv("VISAVIS_ROOT", kit_root, 1) == 0 ? 0 : -1;
}

__attribute__((unused)) static int kit_tear_down(void **state)
{
    (void) state;
    unsetenv("VISAVIS_ROOT");
    return dir_remove(kit_root);
}

static void kit_on_problem(const struct setting_problem *p, void *arg)
{
    (void) arg;
    if (p->severity == SETTING_ERROR)
        fail_msg("%s %s", p->key ? p->key : "", p->what);
}

/* The two required keys, and more lines. */
__attribute__((unused)) static struct settings *kit_settings(const char *more)
{
    struct settings *s = NULL;
    char text[4096];

    snprintf(text, sizeof(text),
             "DOMAIN_OR_PUBLIC_IP=a.example.org\nOPENVIDU_SECRET=a-long-enough-secret\n%s", more);
    assert_int_equal(settings_load_bytes(".env", bytes_str(text), kit_on_problem, NULL, &s), 0);
    return s;
}
