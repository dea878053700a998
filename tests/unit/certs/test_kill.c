/* Killed before each system call that changes the file system, in turn: `live` always leads to a
 * whole pair that was wanted, and the next run makes everything right. */
#include "certs_kit.h"

#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>

#include <linux/ptrace.h>

static bool changes_files(const struct __ptrace_syscall_info *i)
{
    switch (i->entry.nr) {
#ifdef SYS_mkdir
    case SYS_mkdir:
    case SYS_rename:
    case SYS_symlink:
    case SYS_unlink:
    case SYS_rmdir:
    case SYS_link:
#endif
    case SYS_mkdirat:
    case SYS_renameat:
    case SYS_renameat2:
    case SYS_symlinkat:
    case SYS_unlinkat:
    case SYS_linkat:
    case SYS_write:
    case SYS_fsync:
    case SYS_fchmod:
    case SYS_fchown:
        return true;
    case SYS_openat:
        return (i->entry.args[2] & O_CREAT) != 0;
    default:
        return false;
    }
}

/* Runs certs_ensure() in a child that dies at its n-th step. True when it got to its end. */
static bool run_until(struct kit *k, unsigned n)
{
    pid_t child = fork();
    bool entering = true, ended = false;
    int status;

    assert_true(child >= 0);
    if (child == 0) {
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        raise(SIGSTOP);
        _exit(kit_ensure(k, NOW) == 0 ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSTOPPED(status));
    ptrace(PTRACE_SETOPTIONS, child, NULL, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
    for (;;) {
        struct __ptrace_syscall_info info;

        ptrace(PTRACE_SYSCALL, child, NULL, 0L);
        assert_int_equal(waitpid(child, &status, 0), child);
        if (!WIFSTOPPED(status)) {
            ended = WIFEXITED(status);
            break;
        }
        entering = ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof(info), &info) > 0 &&
                   info.op == PTRACE_SYSCALL_INFO_ENTRY;
        if (entering && changes_files(&info) && n-- == 0)
            kill(child, SIGKILL);
    }
    if (ended)
        assert_int_equal(WEXITSTATUS(status), 0);
    return ended;
}

/* The serial of the live pair; "" when there is none. It is whole in any case. */
static void live_serial(const struct kit *k, char serial[static 64])
{
    struct certs_info i;

    serial[0] = '\0';
    if (certs_describe(k->store, &i) < 0) {
        assert_int_not_equal(kit_sh(k, "test -e store/live"), 0);
        return;
    }
    memcpy(serial, i.serial, 64);
    certs_info_done(&i);
}

static void make_own(const struct kit *k)
{
    assert_int_equal(
        kit_sh(k, "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "
                  "own/certificate.key -out own/certificate.cert -days 3650 -subj /CN=x -addext "
                  "subjectAltName=DNS:video.example.org && chmod 600 own/*"),
        0);
}

/* From the state that prepare makes, at each step; returns how many there are. */
static unsigned at_each_step(struct kit *k, void (*prepare)(struct kit *k), bool had_one)
{
    char before[64], after[64];
    unsigned n = 0;
    bool ended;

    do {
        assert_int_equal(dir_remove(k->store), 0);
        prepare(k);
        live_serial(k, before);
        ended = run_until(k, n++);
        live_serial(k, after);
        if (had_one && !after[0])
            fail_msg("no pair after a kill at step %u", n);
        assert_int_equal(kit_ensure(k, NOW), 0);
        /* what was done before the kill is not done again */
        if (after[0] && strcmp(before, after) != 0)
            assert_false(k->changed);
        assert_int_equal(kit_sh(k, "openssl verify -no_check_time -CAfile $(ls store/live/ca.crt "
                                   "2>/dev/null || echo store/live/fullchain.pem) "
                                   "store/live/fullchain.pem"),
                         0);
        k->wanted.force = true;
        assert_int_equal(kit_ensure(k, NOW), 0);
        k->wanted.force = false;
        assert_int_equal(kit_sh(k, "test $(ls store/pairs | wc -l) -le 2 && ! ls store/*.new && "
                                   "! ls store/*/new || { ls -laR store; false; }"),
                         0);
    } while (!ended);
    return n;
}

static void nothing(struct kit *k)
{
    k->wanted.names[0] = "video.example.org";
    k->wanted.type = CERTS_SELFSIGNED;
}

/* Other names: a new CA and a new pair replace what is there. */
static void other_names(struct kit *k)
{
    nothing(k);
    k->wanted.names[0] = "old.example.com";
    assert_int_equal(kit_ensure(k, NOW), 0);
    k->wanted.names[0] = "video.example.org";
}

static void own_files(struct kit *k)
{
    nothing(k);
    assert_int_equal(kit_ensure(k, NOW), 0);
    k->wanted.type = CERTS_OWNCERT;
}

static void issued_files(struct kit *k)
{
    nothing(k);
    assert_int_equal(kit_ensure(k, NOW), 0);
    k->wanted.type = CERTS_ACME;
}

static void test_first_run(void **state)
{
    assert_true(at_each_step(*state, nothing, false) > 20);
}

static void test_new_ca(void **state)
{
    assert_true(at_each_step(*state, other_names, true) > 20);
}

static void test_own(void **state)
{
    make_own(*state);
    assert_true(at_each_step(*state, own_files, true) > 8);
}

static void test_acme(void **state)
{
    struct kit *k = *state;
    char set[96];

    make_own(k);
    assert_int_equal(kit_sh(k, "mkdir -p set/pairs/1 && mv own/certificate.cert "
                               "set/pairs/1/fullchain.pem && mv own/certificate.key "
                               "set/pairs/1/privkey.pem && ln -s pairs/1 set/current"),
                     0);
    snprintf(set, sizeof(set), "%s/set", k->dir);
    k->wanted.acme = set;
    assert_true(at_each_step(k, issued_files, true) > 8);
}

/* Four at once: they wait for each other, and one does the work. */
static void test_lock(void **state)
{
    struct kit *k = *state;
    pid_t children[4];
    int changed = 0;

    for (size_t i = 0; i < 4; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0)
            _exit(kit_ensure(k, NOW) == 0 ? k->changed : 9);
    }
    for (size_t i = 0; i < 4; i++) {
        int status;

        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) <= 1);
        changed += WEXITSTATUS(status);
    }
    assert_int_equal(changed, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_first_run, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_new_ca, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_own, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_acme, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_lock, kit_setup, kit_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
