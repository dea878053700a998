#include "apply/hook_unit.h"

#include "installed_kit.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

static void is_among(const char *const *argv, const char *wanted)
{
    for (; *argv; argv++)
        if (strcmp(*argv, wanted) == 0)
            return;
    fail_msg("%s is missing", wanted);
}

static void command_for_systemd(void **state)
{
    const char *const hook[] = {"/h", "begin", "a b", "--uid=0", NULL};
    struct hook_unit u = {.env_file = "/etc/visavis/dns.env"};
    struct hook_unit_command c;
    char text[64];
    size_t n = 0;

    (void) state;
    assert_int_equal(hook_unit_command(&u, 7, "/var/lib/visavis/hook", hook, &c), 0);
    assert_string_equal(c.argv[0], "systemd-run");
    is_among(c.argv, "--uid=visavis-hook");
    is_among(c.argv, "--property=EnvironmentFile=-/etc/visavis/dns.env");
    is_among(c.argv, "--property=RuntimeMaxSec=300");
    is_among(c.argv, "--setenv=HOME=/var/lib/visavis/hook");
    snprintf(text, sizeof(text), "--unit=visavis-dns-hook-%ld-7", (long) getpid());
    is_among(c.argv, text);
    while (strcmp(c.argv[n], "--") != 0)
        n++;
    for (size_t i = 0; i <= 4; i++)
        assert_ptr_equal(c.argv[n + 1 + i], hook[i]);

    u = (struct hook_unit){.user = "root", .env_file = "", .limit_s = 9};
    assert_int_equal(hook_unit_command(&u, 0, "/x", hook, &c), 0);
    is_among(c.argv, "--uid=root");
    is_among(c.argv, "--property=RuntimeMaxSec=9");
    for (n = 0; c.argv[n]; n++)
        assert_null(strstr(c.argv[n], "EnvironmentFile"));
}

static void command_has_limits(void **state)
{
    const char *many[80], *const one[] = {"/h", NULL};
    struct hook_unit u = {.env_file = NULL};
    struct hook_unit_command c;
    char longest[1024];

    (void) state;
    for (size_t i = 0; i < 79; i++)
        many[i] = "x";
    many[79] = NULL;
    assert_int_equal(hook_unit_command(&u, 0, "/x", many, &c), -E2BIG);
    memset(longest, 'a', sizeof(longest));
    longest[sizeof(longest) - 1] = '\0';
    u.env_file = longest;
    assert_int_equal(hook_unit_command(&u, 0, "/x", one, &c), -E2BIG);
}

/* ---- as a program of a user: below VISAVIS_ROOT there is no service manager ---- */

static char env_file[64];
static char *output;

static int shell(const char *script, unsigned limit_s)
{
    const char *const argv[] = {"/bin/sh", "-c", script, NULL};
    struct hook_unit u = {.env_file = env_file, .limit_s = limit_s};

    free(output);
    output = NULL;
    return hook_unit_run(argv, &output, &u);
}

static int set_up(void **state)
{
    static const char text[] = "# keys\nMY_TOKEN=\"s3cret-token-s3cret\"\nMY_KEY=short\n"
                               "MY_KEY_FILE=/etc/keys/file\nMY_SERVER=ns.example.org\n";
    struct file_access access = {
        .mode = 0600, .uid = FILE_KEEP_OWNER, .gid = (gid_t) FILE_KEEP_OWNER};

    if (kit_set_up(state) < 0)
        return -1;
    snprintf(env_file, sizeof(env_file), "%s/dns.env", kit_root);
    return file_write(env_file, bytes_str(text), &access);
}

static int tear_down(void **state)
{
    free(output);
    output = NULL;
    return kit_tear_down(state);
}

static void status_and_output(void **state)
{
    (void) state;
    assert_int_equal(shell("echo out; echo err >&2; exit 3", 10), 3);
    assert_string_equal(output, "out\nerr\n");
    assert_int_equal(shell("true", 10), 0);
    assert_string_equal(output, "");
}

static void variables_and_nothing_else(void **state)
{
    (void) state;
    setenv("VISAVIS_TEST_LEAK", "leak", 1);
    assert_int_equal(
        shell("[ \"$MY_TOKEN\" = s3cret-token-s3cret ] && [ -z \"$VISAVIS_TEST_LEAK\" ]", 10), 0);
    assert_int_equal(shell("grep -q s3cret-[t]oken /proc/self/cmdline /proc/$PPID/cmdline", 10), 1);
}

static void folder_of_its_own(void **state)
{
    char folder[128];
    struct stat st;

    (void) state;
    snprintf(folder, sizeof(folder), "%s/var/lib/visavis/hook", kit_root);
    assert_int_equal(shell("[ \"$HOME\" = \"$PWD\" ] && [ \"$STATE_DIRECTORY\" = \"$HOME\" ] && "
                           "echo $HOME && echo x >kept",
                           10),
                     0);
    assert_memory_equal(output, folder, strlen(folder));
    assert_int_equal(stat(folder, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    strcat(folder, "/kept");
    assert_int_equal(stat(folder, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
}

static void secrets_are_masked(void **state)
{
    (void) state;
    assert_int_equal(
        shell("echo \"a $MY_TOKEN$MY_TOKEN b\"; echo $MY_KEY $MY_KEY_FILE $MY_SERVER", 10), 0);
    assert_string_equal(output, "a [hidden][hidden] b\nshort /etc/keys/file ns.example.org\n");
}

static void ended_in_time(void **state)
{
    (void) state;
    assert_int_equal(shell("echo waiting; sleep 60", 1), -ETIMEDOUT);
    assert_string_equal(output, "waiting\n");
}

static void what_cannot_be_run(void **state)
{
    const char *const none[] = {"/nonexistent/hook", NULL}, *const closed[] = {env_file, NULL};
    struct hook_unit u = {.env_file = "/nonexistent"};

    (void) state;
    free(output);
    assert_int_equal(hook_unit_run(none, &output, &u), -ENOENT);
    assert_non_null(strstr(output, "No such file"));
    free(output);
    assert_int_equal(hook_unit_run(closed, &output, &u), -EACCES);
    assert_non_null(strstr(output, "as the user visavis-hook"));
    assert_non_null(strstr(output, "ACME_DNS_HOOK_USER"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(command_for_systemd),
        cmocka_unit_test(command_has_limits),
        cmocka_unit_test_setup_teardown(status_and_output, set_up, tear_down),
        cmocka_unit_test_setup_teardown(variables_and_nothing_else, set_up, tear_down),
        cmocka_unit_test_setup_teardown(folder_of_its_own, set_up, tear_down),
        cmocka_unit_test_setup_teardown(secrets_are_masked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(ended_in_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_be_run, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
