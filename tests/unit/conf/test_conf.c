#include "conf/conf.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct settings {
    char *domain;
    char *mode;
    char *secret;
    int64_t port;
    int64_t big;
    bool tls;
    struct conf_strings ips;
    struct conf_strings none;
};

#define AT(field) offsetof(struct settings, field)

static const char *const modes[] = {"lite", "agent", NULL};

static bool check_even(const char *text, char *why, size_t why_size)
{
    snprintf(why, why_size, "%s is odd", text);
    return strlen(text) != 1;
}

static const struct conf_key keys[] = {
    {.name = "domain",
     .type = CONF_STRING,
     .offset = AT(domain),
     .required = true,
     .check = conf_check_not_empty},
    {.name = "ice.mode",
     .type = CONF_STRING,
     .offset = AT(mode),
     .string_default = "lite",
     .allowed = modes},
    {.name = "secret", .type = CONF_STRING, .offset = AT(secret), .live = true},
    {.name = "ice.port",
     .type = CONF_INT,
     .offset = AT(port),
     .min = 1,
     .max = 65535,
     .int_default = 40000},
    {.name = "big", .type = CONF_INT, .offset = AT(big), .int_default = -1, .live = true},
    {.name = "tls", .type = CONF_BOOL, .offset = AT(tls), .int_default = 1, .live = true},
    {.name = "ips", .type = CONF_STRINGS, .offset = AT(ips), .check = check_even, .live = true},
    {.name = "none", .type = CONF_STRINGS, .offset = AT(none), .required = true},
};
#define N_KEYS (sizeof(keys) / sizeof(*keys))

static char path[] = "/tmp/visavis-conf-XXXXXX";
static char told[4096];
static struct settings settings;

static int setup(void **state)
{
    int fd = mkstemp(path);

    (void) state;
    return fd < 0 ? -1 : close(fd);
}

static int teardown(void **state)
{
    (void) state;
    return unlink(path);
}

/* The file's path is left out of what is compared. */
static void on_problem(const char *text, void *arg)
{
    size_t n = strlen(told);

    assert_ptr_equal(arg, keys);
    assert_int_equal(strncmp(text, path, strlen(path)), 0);
    snprintf(told + n, sizeof(told) - n, "%s\n", text + strlen(path));
}

static int read_bytes(const char *text, size_t len)
{
    FILE *f = fopen(path, "w");

    assert_int_equal(fwrite(text, 1, len, f), len);
    fclose(f);
    told[0] = '\0';
    memset(&settings, 0, sizeof(settings));
    return conf_read(path, keys, N_KEYS, &settings, on_problem, (void *) keys);
}

static int read_text(const char *text)
{
    return read_bytes(text, strlen(text));
}

static void done(void)
{
    conf_done(keys, N_KEYS, &settings);
    assert_null(settings.domain);
    assert_null(settings.ips.items);
    conf_done(keys, N_KEYS, &settings);
}

static void absent_keys_get_defaults(void **state)
{
    (void) state;
    assert_int_equal(read_text("domain = \"example.org\"; none = [];"), 0);
    assert_string_equal(told, "");
    assert_string_equal(settings.domain, "example.org");
    assert_string_equal(settings.mode, "lite");
    assert_null(settings.secret);
    assert_int_equal(settings.port, 40000);
    assert_int_equal(settings.big, -1);
    assert_true(settings.tls);
    assert_int_equal(settings.ips.n, 0);
    done();
}

static void all_types_are_read(void **state)
{
    (void) state;
    assert_int_equal(read_text("# comment\n"
                               "domain = \"a \\\"b\\\"\"\n"
                               "ice : { mode = \"agent\"; port = 65535; };\n"
                               "secret = \"\"; tls = false; big = 12345678901L;\n"
                               "ips = [\"1.2.3.4\", \"::1\"]; none = (\"x\");\n"),
                     0);
    assert_string_equal(settings.domain, "a \"b\"");
    assert_string_equal(settings.mode, "agent");
    assert_string_equal(settings.secret, "");
    assert_int_equal(settings.port, 65535);
    assert_true(settings.big == 12345678901);
    assert_false(settings.tls);
    assert_int_equal(settings.ips.n, 2);
    assert_string_equal(settings.ips.items[1], "::1");
    assert_int_equal(settings.none.n, 1);
    done();
}

static void all_problems_are_told_at_once(void **state)
{
    (void) state;
    assert_int_equal(read_text("ice = {\n"
                               "  mode = \"full\";\n"
                               "  port = 0;\n"
                               "  what = 1;\n"
                               "};\n"
                               "colour = \"red\";\n"
                               "secret = 5;\n"
                               "tls = \"yes\";\n"
                               "big = 1.5;\n"
                               "ips = \"1.2.3.4\";\n"
                               "none = (\"a\",\n"
                               "  7);\n"),
                     -EINVAL);
    assert_string_equal(told, ":2: ice.mode: must be one of lite, agent\n"
                              ":3: ice.port: must be from 1 to 65535\n"
                              ":4: ice.what: unknown key\n"
                              ":6: colour: unknown key\n"
                              ":7: secret: must be a string in quotes\n"
                              ":8: tls: must be true or false\n"
                              ":9: big: must be a whole number\n"
                              ":10: ips: must be a list of strings, [\"...\", \"...\"]\n"
                              ":12: none: item 2 must be a string in quotes\n"
                              ": domain: is missing\n");
    done();
}

static void groups_and_values_are_not_confused(void **state)
{
    (void) state;
    assert_int_equal(read_text("domain = { x = 1; };\nice = 5;\nnone = {};\n"), -EINVAL);
    assert_string_equal(told, ":1: domain: must be a string in quotes\n"
                              ":2: ice: must be a group, { ... }\n"
                              ":3: none: must be a list of strings, [\"...\", \"...\"]\n");
    done();
    assert_int_equal(read_text("domain = \"a\"; none = [];\nice = (1, 2);\n"), -EINVAL);
    assert_string_equal(told, ":2: ice: must be a group, { ... }\n");
    done();
}

static void numbers_do_not_wrap(void **state)
{
    (void) state;
    assert_int_equal(read_text("domain = \"a\"; none = [];\nice = { port = 4294967297L; };\n"),
                     -EINVAL);
    assert_string_equal(told, ":2: ice.port: must be from 1 to 65535\n");
    done();
    assert_int_equal(read_text("domain = \"a\"; none = [];\nice = { port = -1; };\n"), -EINVAL);
    done();
    assert_int_equal(read_text("/* 4294967297\n */ # 4294967297\n"
                               "domain = \"a\\\"4294967297\"; none = [];\n"
                               "big = 4294967297; // 4294967297\n"
                               "ice = { port = 0x100000050; };\n"),
                     -EINVAL);
    assert_true(strstr(told, ":4: a number this large needs an L behind it\n"
                             ":5: a number this large needs an L behind it\n") == told);
    done();
    assert_int_equal(read_text("domain = \"a\"; none = []; big = -2147483648;"), 0);
    assert_true(settings.big == INT32_MIN);
    done();
}

static void syntax_errors_have_a_line(void **state)
{
    (void) state;
    assert_int_equal(read_text("domain = \"a\";\nnone = [\n;"), -EINVAL);
    assert_string_equal(told, ":3: syntax error\n");
    done();
    assert_int_equal(read_text("domain = \"a\";\ndomain = \"b\";\n"), -EINVAL);
    assert_int_equal(strncmp(told, ":2: duplicate", 13), 0);
    done();
    assert_int_equal(read_bytes("domain = \"a\";\0x", 15), -EINVAL);
    assert_string_equal(told, ": not a text file\n");
    done();
}

static void unreadable_files_are_errors(void **state)
{
    char *big = calloc(1, 1200000);

    (void) state;
    memset(big, '#', 1200000);
    assert_int_equal(read_bytes(big, 1200000), -EFBIG);
    free(big);
    assert_int_equal(conf_read("/nonexistent/x", keys, N_KEYS, &settings, on_problem, NULL),
                     -ENOENT);
    assert_int_equal(conf_read("/tmp", keys, N_KEYS, &settings, on_problem, NULL), -EISDIR);
    assert_int_equal(conf_read("/dev/zero", keys, N_KEYS, &settings, on_problem, NULL), -ENODEV);
    done();
}

static void checks_have_their_say(void **state)
{
    (void) state;
    assert_int_equal(read_text("none = [];\ndomain = \"\";\n"
                               "ips = [\"1.2\", \"x\",\n\"y\"];"),
                     -EINVAL);
    assert_string_equal(told, ":2: domain: must not be empty\n"
                              ":3: ips: x is odd\n"
                              ":4: ips: y is odd\n");
    assert_null(settings.domain);
    assert_int_equal(settings.ips.n, 1);
    done();
    told[0] = '\0';
    assert_int_equal(conf_problem(path, on_problem, (void *) keys, "a: above %d", 5), -EINVAL);
    assert_string_equal(told, ": a: above 5\n");
}

static void on_later(const char *key, void *arg)
{
    size_t n = strlen(told);

    assert_ptr_equal(arg, keys);
    snprintf(told + n, sizeof(told) - n, "%s ", key);
}

static void live_values_change_places(void **state)
{
    struct settings before;

    (void) state;
    assert_int_equal(read_text("domain = \"a\"; secret = \"one\"; big = 1; ips = [\"12\"];"
                               "none = [\"x\", \"y\"];"),
                     0);
    before = settings;
    assert_int_equal(read_text("domain = \"b\"; ice = {port = 5;}; big = 2; tls = false;"
                               "ips = [\"34\", \"56\"]; none = [\"x\", \"z\"];"),
                     0);
    conf_take_live(keys, N_KEYS, &before, &settings, on_later, (void *) keys);
    assert_string_equal(told, "domain ice.port none ");
    assert_string_equal(before.domain, "a");
    assert_null(before.secret);
    assert_int_equal(before.port, 40000);
    assert_int_equal(before.big, 2);
    assert_false(before.tls);
    assert_int_equal(before.ips.n, 2);
    assert_string_equal(before.ips.items[1], "56");
    assert_string_equal(before.none.items[1], "y");
    assert_string_equal(settings.secret, "one"); /* for conf_done() */
    assert_int_equal(settings.ips.n, 1);

    told[0] = '\0';
    conf_take_live(keys, N_KEYS, &settings, &settings, on_later, (void *) keys);
    assert_string_equal(told, "");
    conf_done(keys, N_KEYS, &before);
    done();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(absent_keys_get_defaults),
        cmocka_unit_test(all_types_are_read),
        cmocka_unit_test(all_problems_are_told_at_once),
        cmocka_unit_test(groups_and_values_are_not_confused),
        cmocka_unit_test(numbers_do_not_wrap),
        cmocka_unit_test(syntax_errors_have_a_line),
        cmocka_unit_test(checks_have_their_say),
        cmocka_unit_test(unreadable_files_are_errors),
        cmocka_unit_test(live_values_change_places),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
