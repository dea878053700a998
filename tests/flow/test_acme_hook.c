/* Scripts of both shapes against a real DNS server, pebble-challtestsrv, whose records are set over
 * HTTP. */
#include "acme/hook.h"

#include "acme/ids.h"
#include "files/files.h"
#include "tests/lib/ask.h"
#include "tests/lib/child.h"
#include "tests/lib/free_port.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define DNSAPI "units/scripts/acme-dnsapi"
#define OUTPUT_MAX 65536

static struct child *dns;
static struct loop *loop;
static struct dns_servers resolver;
static char dir[CHILD_PATH_SIZE], manage[80];
static struct hook *hook;
static struct hook_config config;
static struct acme_failure failure;

/* ---- running a script ---- */

static int run(const char *const argv[], char **ret_output, void *arg)
{
    char *text = calloc(1, OUTPUT_MAX);
    int p[2], status = 0;
    size_t len = 0;
    ssize_t n;
    pid_t pid;

    (void) arg;
    assert_int_equal(pipe2(p, O_CLOEXEC), 0);
    pid = fork();
    if (pid == 0) {
        dup2(p[1], STDOUT_FILENO);
        dup2(p[1], STDERR_FILENO);
        execv(argv[0], (char *const *) argv);
        _exit(127);
    }
    close(p[1]);
    while (len < OUTPUT_MAX - 1 && (n = read(p[0], text + len, OUTPUT_MAX - 1 - len)) > 0)
        len += (size_t) n;
    close(p[0]);
    waitpid(pid, &status, 0);
    *ret_output = text;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* A script in the folder, and a hook that uses it. */
static void use(const char *name, mode_t mode, unsigned limit_s, const char *script)
{
    static char path[CHILD_PATH_SIZE];

    assert_int_equal(child_write(dns, name, "%s", script), 0);
    assert_int_equal(chmod(child_path(dns, name, path), mode), 0);
    config = (struct hook_config){.loop = loop,
                                  .path = path,
                                  .dnsapi = DNSAPI,
                                  .resolver = &resolver,
                                  .visible_limit_s = limit_s,
                                  .run = run};
    hook_free(hook);
    assert_int_equal(hook_new(&config, &hook), 0);
}

struct proof {
    struct acme_id id;
    struct acme_proof proof;
};

static const struct acme_proof *proof_of(struct proof *p, const char *name, const char *key)
{
    assert_int_equal(acme_id_parse(name, &p->id), 0);
    p->proof = (struct acme_proof){
        .type = CHALLENGE_DNS_01, .id = &p->id, .token = "tok", .key_authorization = key};
    return &p->proof;
}

static int present(const struct acme_proof *p)
{
    const struct acme_challenger *c = hook_challenger(hook);

    failure = (struct acme_failure){.kind = FAILURE_NONE};
    return c->present(c->arg, p, &failure);
}

static void withdraw(const struct acme_proof *p)
{
    const struct acme_challenger *c = hook_challenger(hook);

    c->withdraw(c->arg, p);
}

/* ---- looking at the DNS ---- */

static size_t n_values(const char *name)
{
    struct dns_answer a;

    assert_int_equal(dns_ask(&resolver, name, DNS_TXT, 5000, &a), 0);
    return a.n;
}

static bool has_value(const char *name, const char *key_authorization)
{
    char value[HOOK_VALUE_SIZE];
    struct dns_answer a;

    assert_int_equal(hook_value(key_authorization, value), 0);
    assert_int_equal(dns_ask(&resolver, name, DNS_TXT, 5000, &a), 0);
    for (size_t i = 0; i < a.n; i++)
        if (strcmp(a.list[i].text, value) == 0)
            return true;
    return false;
}

static void tell_dns(const char *what, const char *json)
{
    char url[128], *output = NULL;
    const char *const argv[] = {"/usr/bin/curl", "-sS", "-d", json, url, NULL};

    snprintf(url, sizeof(url), "%s/%s", manage, what);
    assert_int_equal(run(argv, &output, NULL), 0);
    free(output);
}

static char *read_log(void)
{
    char path[CHILD_PATH_SIZE], *text = NULL;
    size_t len;

    if (file_read(child_path(dns, "hook.log", path), OUTPUT_MAX, &text, &len) < 0)
        text = strdup("");
    return text;
}

static void expect_log(const char *wanted)
{
    char *text = read_log();

    assert_string_equal(text, wanted);
    free(text);
}

/* ---- scripts ---- */

#define SET "curl -sS -d \"{\\\"host\\\":\\\"$1.\\\",\\\"value\\\":\\\"$2\\\"}\" $MANAGE/set-txt\n"

static const char uacme_script[] =
    "#!/bin/sh\n"
    "put() { " SET "}\n"
    "echo \"$1 $2 $3 $4 $#\" >>\"$DIR/hook.log\"\n"
    "case $1 in begin) put \"_acme-challenge.$3\" \"$5\" ;;\n"
    "*) curl -sS -d \"{\\\"host\\\":\\\"_acme-challenge.$3.\\\"}\" $MANAGE/clear-txt ;; esac\n";

static const char dnsapi_script[] =
    "#!/usr/bin/env sh\n"
    "dns_fake_add() {\n"
    "  _info \"Adding $1\"\n"
    "  echo \"add $1 $#\" >>\"$DIR/hook.log\"\n"
    "  export _H1='Content-Type: application/json'\n"
    "  response=\"$(_post \"{\\\"host\\\": \\\"$1.\\\",\\\"value\\\":\\\"$2\\\"}\" "
    "\"$MANAGE/set-txt\")\" || return 1\n"
    "  _code=\"$(grep '^HTTP' \"$HTTP_HEADER\" | _tail_n 1 | cut -d ' ' -f 2)\"\n"
    "  [ \"$_code\" = 200 ]\n"
    "}\n"
    "dns_fake_rm() {\n"
    "  echo \"rm $1 $#\" >>\"$DIR/hook.log\"\n"
    "  _post \"{\\\"host\\\": \\\"$1.\\\"}\" \"$MANAGE/clear-txt\" >/dev/null\n"
    "}\n";

/* ---- the tests ---- */

static void two_values_for_one_name(void **state)
{
    struct proof base, star;
    const struct acme_proof *a = proof_of(&base, "two.test", "tok.a");
    const struct acme_proof *b = proof_of(&star, "*.two.test", "tok.b");

    (void) state;
    use("hook", 0755, 20, uacme_script);
    assert_int_equal(present(a), 0);
    assert_int_equal(present(b), 0);
    assert_int_equal(n_values("_acme-challenge.two.test"), 2);
    assert_true(has_value("_acme-challenge.two.test", "tok.a"));
    assert_true(has_value("_acme-challenge.two.test", "tok.b"));
    withdraw(b);
    withdraw(a);
    withdraw(a); /* is not there any more */
    assert_int_equal(n_values("_acme-challenge.two.test"), 0);
    expect_log("begin dns-01 two.test tok 5\nbegin dns-01 two.test tok 5\n"
               "done dns-01 two.test tok 5\ndone dns-01 two.test tok 5\n");
}

static void dnsapi_adds_and_removes(void **state)
{
    struct proof base, star;
    const struct acme_proof *a = proof_of(&base, "api.test", "tok.a");
    const struct acme_proof *b = proof_of(&star, "*.api.test", "tok.b");

    (void) state;
    use("dns_fake.sh", 0644, 20, dnsapi_script);
    assert_int_equal(present(a), 0);
    assert_int_equal(present(b), 0);
    assert_int_equal(n_values("_acme-challenge.api.test"), 2);
    withdraw(a);
    withdraw(b);
    assert_int_equal(n_values("_acme-challenge.api.test"), 0);
    expect_log("add _acme-challenge.api.test 2\nadd _acme-challenge.api.test 2\n"
               "rm _acme-challenge.api.test 2\nrm _acme-challenge.api.test 2\n");
}

static void alias_is_followed(void **state)
{
    struct proof p;
    const struct acme_proof *a = proof_of(&p, "alias.test", "tok.a");

    (void) state;
    tell_dns("set-cname",
             "{\"host\":\"_acme-challenge.alias.test.\",\"target\":\"x.other.test.\"}");
    use("dns_fake.sh", 0644, 20, dnsapi_script);
    assert_int_equal(present(a), 0);
    assert_true(has_value("x.other.test", "tok.a"));
    withdraw(a);
    expect_log("add x.other.test 2\nrm x.other.test 2\n");
}

/* What is no plain name never gets to a script, which may have a shell expand it. */
static void odd_aliases_are_not(void **state)
{
    struct proof p;
    const struct acme_proof *a = proof_of(&p, "odd.test", "tok.a");

    (void) state;
    tell_dns("set-cname", "{\"host\":\"_acme-challenge.odd.test.\",\"target\":\"x.*.test.\"}");
    use("dns_fake.sh", 0644, 0, dnsapi_script);
    assert_int_equal(present(a), 0);
    withdraw(a);
    expect_log("add _acme-challenge.odd.test 2\nrm _acme-challenge.odd.test 2\n");
}

static int ticks;

static void on_tick(struct loop_timer *t)
{
    ticks++;
    loop_timer_start(t, t->loop, 10000, on_tick);
}

static void loop_goes_on_while_the_record_comes(void **state)
{
    struct loop_timer timer = {.loop = NULL};
    struct proof p;

    (void) state;
    use("hook", 0755, 30,
        "#!/bin/sh\nput() { " SET "}\n"
        "[ $1 = begin ] && { (sleep 2; put \"_acme-challenge.$3\" \"$5\") >/dev/null 2>&1 & }\n");
    ticks = 0;
    assert_int_equal(loop_timer_start(&timer, loop, 10000, on_tick), 0);
    assert_int_equal(present(proof_of(&p, "slow.test", "tok.a")), 0);
    loop_timer_done(&timer);
    assert_true(ticks > 5);
    assert_true(has_value("_acme-challenge.slow.test", "tok.a"));
}

static void record_that_does_not_come(void **state)
{
    struct proof p;
    const struct acme_proof *a = proof_of(&p, "never.test", "tok.a");

    (void) state;
    tell_dns("set-txt", "{\"host\":\"_acme-challenge.never.test.\",\"value\":\"old\"}");
    use("hook", 0755, 1, "#!/bin/sh\necho $1 >>\"$DIR/hook.log\"\n");
    assert_int_equal(present(a), -ETIMEDOUT);
    assert_int_equal(failure.kind, FAILURE_LOCAL);
    assert_int_equal(failure.step, STEP_CHALLENGE);
    assert_string_equal(failure.where, "_acme-challenge.never.test");
    assert_string_equal(failure.what, "the record was put up, but 1 s later it cannot be seen "
                                      "everywhere: the resolver has 1 other value alone");
    assert_non_null(strstr(failure.next, "ACME_DNS_WAIT"));
    withdraw(a);
    expect_log("begin\nfailed\n");
}

static void record_that_is_not_looked_for(void **state)
{
    struct proof p;

    (void) state;
    use("hook", 0755, 0, "#!/bin/sh\n");
    assert_int_equal(present(proof_of(&p, "unseen.test", "tok.a")), 0);
}

static void script_that_fails(void **state)
{
    struct proof p;

    (void) state;
    use("hook", 0755, 20,
        "#!/bin/sh\nprintf '\\033[31mno such\\007 zone\\033[0m\\nask hostmaster\\n'\nexit 3\n");
    assert_int_equal(present(proof_of(&p, "fails.test", "tok.a")), -EIO);
    assert_string_equal(failure.what, "the script for DNS records ended with status 3; it said: no "
                                      "such? zone / ask hostmaster");
    assert_string_equal(failure.where, config.path);
    assert_non_null(strstr(failure.next, "ACME_DNS_ENV"));
    use("dns_fake.sh", 0644, 20, "dns_fake_add() { _err \"no key\"; return 1; }\n");
    assert_int_equal(present(proof_of(&p, "fails.test", "tok.a")), -EIO);
    assert_string_equal(failure.what,
                        "the script for DNS records ended with status 1; it said: no key");
    use("dns_fake.sh", 0644, 20, "dns_other_add() { :; }\n");
    assert_int_equal(present(proof_of(&p, "fails.test", "tok.a")), -EIO);
    assert_non_null(strstr(failure.what, "no function dns_fake_add"));
}

static void expect_cannot(int error, const char *what)
{
    const struct acme_challenger *c = hook_challenger(hook);
    struct proof p;
    const struct acme_proof *a = proof_of(&p, "none.test", "tok.a");
    char why[512] = "";

    assert_false(c->can(c->arg, &p.id, why, sizeof(why)));
    assert_non_null(strstr(why, what));
    assert_int_equal(present(a), error);
    assert_non_null(strstr(failure.what, what));
    assert_non_null(strstr(failure.next, "ACME_DNS_HOOK"));
}

static void script_that_cannot_be_run(void **state)
{
    const struct acme_challenger *c;
    char why[512] = "";
    struct proof p;

    (void) state;
    use("hook", 0644, 20, "#!/bin/sh\n");
    expect_cannot(-EACCES, "is not executable (chmod 755 ");
    unlink(config.path);
    expect_cannot(-ENOENT, "there is no file ");
    config.path = "/tmp";
    hook = hook_free(hook);
    assert_int_equal(hook_new(&config, &hook), 0);
    expect_cannot(-EISDIR, "/tmp is no file");

    use("hook", 0755, 20, "#!/bin/sh\n");
    c = hook_challenger(hook);
    assert_int_equal(c->type, CHALLENGE_DNS_01);
    proof_of(&p, "*.some.test", "tok.a");
    assert_true(c->can(c->arg, &p.id, why, sizeof(why)));
    proof_of(&p, "192.0.2.1", "tok.a");
    assert_false(c->can(c->arg, &p.id, why, sizeof(why)));
    assert_string_equal(why, "an IP address has no DNS record to prove it by");
}

/* ---- around them ---- */

static int wait_for_dns(void)
{
    struct dns_answer a;

    for (int i = 0; i < 1000; i++) {
        if (dns_ask(&resolver, "ready.test", DNS_A, 100, &a) == 0)
            return 0;
        poll(NULL, 0, 10);
    }
    return -1;
}

static int set_up_all(void **state)
{
    char dns_address[64], manage_address[64];
    uint16_t dns_port = free_port(), manage_port = free_port();
    const char *const argv[] = {"/usr/bin/pebble-challtestsrv",
                                "-defaultIPv6",
                                "",
                                "-dns01",
                                dns_address,
                                "-http01",
                                "",
                                "-https01",
                                "",
                                "-tlsalpn01",
                                "",
                                "-management",
                                manage_address,
                                NULL};

    (void) state;
    snprintf(dns_address, sizeof(dns_address), "127.0.0.1:%u", dns_port);
    snprintf(manage_address, sizeof(manage_address), "127.0.0.1:%u", manage_port);
    snprintf(manage, sizeof(manage), "http://%s", manage_address);
    if (child_new("dns", &dns) < 0 || dns_servers_of(dns_address, &resolver) < 0 ||
        child_start(dns, (char *const *) argv) < 0)
        return -1;
    child_path(dns, ".", dir);
    setenv("DIR", dir, 1);
    setenv("HOME", dir, 1);
    setenv("MANAGE", manage, 1);
    return wait_for_dns();
}

static int tear_down_all(void **state)
{
    (void) state;
    dns = child_free(dns);
    return 0;
}

static int set_up(void **state)
{
    char path[CHILD_PATH_SIZE];

    (void) state;
    unlink(child_path(dns, "hook.log", path));
    return loop_new(&loop);
}

static int tear_down(void **state)
{
    (void) state;
    hook = hook_free(hook);
    loop = loop_free(loop);
    return 0;
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(two_values_for_one_name),
        CASE(dnsapi_adds_and_removes),
        CASE(alias_is_followed),
        CASE(odd_aliases_are_not),
        CASE(loop_goes_on_while_the_record_comes),
        CASE(record_that_does_not_come),
        CASE(record_that_is_not_looked_for),
        CASE(script_that_fails),
        CASE(script_that_cannot_be_run),
    };

    return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
