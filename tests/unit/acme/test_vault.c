#include "acme/csr.h"
#include "acme/vault.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define CA "https://ca.example.org:14000/dir"
#define OTHER_CA "https://ca.example.org:14000/other"

struct kit {
    char dir[64], folder[96];
    struct vault v;
    struct acme_ids ids, others;
    unsigned waits;
};

static int setup(void **state)
{
    static const char *const names[] = {"video.example.org", "*.example.org", NULL};
    static const char *const others[] = {"video.example.org", NULL};
    struct kit *k = calloc(1, sizeof(*k));
    const char *bad;

    if (!k)
        return -1;
    snprintf(k->dir, sizeof(k->dir), "/tmp/test_vault_XXXXXX");
    if (!mkdtemp(k->dir))
        return -1;
    snprintf(k->folder, sizeof(k->folder), "%s/acme", k->dir);
    *state = k;
    if (acme_ids_parse(names, &k->ids, &bad) < 0 || acme_ids_parse(others, &k->others, &bad) < 0)
        return -1;
    return vault_open(k->folder, 0, NULL, NULL, &k->v);
}

static int teardown(void **state)
{
    struct kit *k = *state;
    int r;

    vault_close(&k->v);
    r = dir_remove(k->dir);
    free(k);
    return r;
}

/* Runs a shell line in the vault; its status. */
static int sh(const struct kit *k, const char *line)
{
    char all[1024];

    snprintf(all, sizeof(all), "cd %s && %s", k->folder, line);
    return system(all); /* NOLINT(cert-env33-c): on files of the test */
}

static unsigned mode_of(const struct kit *k, const char *name)
{
    char path[PATH_MAX];
    struct stat st;

    snprintf(path, sizeof(path), "%s/%s", k->folder, name);
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

static struct pair new_pair(const struct kit *k)
{
    struct pair p = {.n = 1};

    assert_int_equal(acme_alpn_certificate(&k->ids.list[0], "token.thumb", &p.chain[0], &p.key), 0);
    return p;
}

static void put_new_pair(const struct kit *k)
{
    struct pair p = new_pair(k);

    assert_int_equal(vault_put_pair(&k->v, &k->ids, &p, CA), 0);
    pair_done(&p);
}

/* ---- lock and folders ---- */

static void on_wait(void *arg)
{
    ((struct kit *) arg)->waits++;
}

static void test_lock(void **state)
{
    struct kit *k = *state;
    struct vault second = {.lock_fd = 77};
    pid_t child;
    int status;

    assert_int_equal(vault_open(k->folder, 0, on_wait, k, &second), -EBUSY);
    assert_int_equal(k->waits, 0);
    assert_int_equal(vault_open(k->folder, 1, on_wait, k, &second), -EBUSY);
    assert_int_equal(k->waits, 1);
    assert_int_equal(second.lock_fd, 77);
    /* a child that goes on after us does not keep it */
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        execl("/bin/sh", "sh", "-c", "sleep 60", (char *) NULL);
        _exit(1);
    }
    vault_close(&k->v);
    assert_int_equal(vault_open(k->folder, 30, NULL, NULL, &k->v), 0);
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, &status, 0), child);
}

static void test_folders(void **state)
{
    struct kit *k = *state;

    assert_int_equal(mode_of(k, "accounts"), 0700);
    assert_int_equal(mode_of(k, "sets"), 0700);
    assert_int_equal(mode_of(k, "lock"), 0600);
    /* the folder itself belongs to others as well */
    vault_close(&k->v);
    assert_int_equal(chmod(k->folder, 0750), 0);
    assert_int_equal(sh(k, "chmod 755 sets"), 0);
    assert_int_equal(vault_open(k->folder, 0, NULL, NULL, &k->v), 0);
    assert_int_equal(mode_of(k, "."), 0750);
    assert_int_equal(mode_of(k, "sets"), 0700);
    put_new_pair(k);
    assert_int_equal(sh(k, "test -z \"$(find sets -type f ! -perm 600)\" && test -z \"$(find sets "
                           "-type d ! -perm 700)\""),
                     0);
}

/* A lock that is a link of somebody's leads nowhere. */
static void test_lock_is_a_link(void **state)
{
    struct kit *k = *state;

    vault_close(&k->v);
    assert_int_equal(sh(k, "rm lock && ln -s ../elsewhere lock"), 0);
    assert_int_equal(vault_open(k->folder, 0, NULL, NULL, &k->v), -ELOOP);
    assert_int_equal(sh(k, "test ! -e ../elsewhere && rm lock"), 0);
    assert_int_equal(vault_open(k->folder, 0, NULL, NULL, &k->v), 0);
}

/* ---- accounts ---- */

static void put_account(const struct kit *k, const char *directory, const char *url)
{
    struct vault_account a = {.email = "ops@example.org", .key = acme_key_new(ACME_KEY_P256)};

    snprintf(a.url, sizeof(a.url), "%s", url);
    assert_non_null(a.key);
    assert_int_equal(vault_put_account(&k->v, directory, &a), 0);
    vault_account_done(&a);
}

static void test_accounts(void **state)
{
    struct kit *k = *state;
    struct vault_account a = {.key = NULL}, b = {.key = NULL};

    assert_int_equal(vault_load_account(k->folder, CA, &a), -ENOENT);
    put_account(k, CA, "https://ca.example.org:14000/acct/1");
    put_account(k, OTHER_CA, "");
    assert_int_equal(vault_load_account(k->folder, CA, &a), 0);
    assert_string_equal(a.url, "https://ca.example.org:14000/acct/1");
    assert_string_equal(a.email, "ops@example.org");
    assert_int_equal(vault_load_account(k->folder, OTHER_CA, &b), 0);
    assert_string_equal(b.url, "");
    assert_int_not_equal(EVP_PKEY_eq(a.key, b.key), 1);
    vault_account_done(&b);
    assert_int_equal(sh(k, "test $(ls -d accounts/ca.example.org_14000-*/keys/1 | wc -l) = 2"), 0);
    /* the same once more: the version before stays */
    assert_int_equal(vault_put_account(&k->v, CA, &a), 0);
    assert_int_equal(vault_load_account(k->folder, CA, &b), 0);
    assert_int_equal(EVP_PKEY_eq(a.key, b.key), 1);
    vault_account_done(&a);
    vault_account_done(&b);
}

static void test_names_of_accounts(void **state)
{
    static const char *const urls[] = {
        "https://../../../etc/dir", "https:///",        "no URL at all",   "",
        "https://ca/../../x",       "https://[::1]:1/", "https://CA.ORG/", "https://.hidden/",
    };
    struct kit *k = *state;
    char longest[VAULT_URL_SIZE] = "https://";

    memset(longest + 8, 'a', sizeof(longest) - 9);
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++)
        put_account(k, urls[i], "");
    put_account(k, longest, "");
    assert_int_equal(sh(k, "test $(ls accounts | grep -cE '^[a-z0-9_-][a-z0-9._-]*-[0-9a-f]{16}$') "
                           "= 9 && test $(ls .. | wc -l) = 1"),
                     0);
}

static void test_key_change(void **state)
{
    struct kit *k = *state;
    EVP_PKEY *next = acme_key_new(ACME_KEY_P256), *back = NULL;
    struct vault_account a;

    put_account(k, CA, "https://ca.example.org/acct/1");
    assert_int_equal(vault_load_next_key(k->folder, CA, &back), -ENOENT);
    assert_int_equal(vault_put_next_key(&k->v, CA, next), 0);
    assert_int_equal(vault_load_next_key(k->folder, CA, &back), 0);
    assert_int_equal(EVP_PKEY_eq(next, back), 1);
    EVP_PKEY_free(back);
    assert_int_equal(vault_load_next_key(k->folder, OTHER_CA, &back), -ENOENT);
    assert_int_equal(vault_load_account(k->folder, CA, &a), 0);
    assert_int_not_equal(EVP_PKEY_eq(a.key, next), 1);
    EVP_PKEY_free(a.key);
    a.key = next;
    assert_int_equal(vault_put_account(&k->v, CA, &a), 0);
    vault_account_done(&a);
    assert_int_equal(vault_load_next_key(k->folder, CA, &back), -ENOENT);
    assert_int_equal(sh(k, "for f in accounts/*/keys/2; do test $(ls $f | wc -l) = 2; done"), 0);
    assert_int_equal(sh(k, "echo x >$(echo accounts/*)/next.pem"), 0);
    assert_int_equal(vault_load_next_key(k->folder, CA, &back), -EINVAL);
}

static void test_retire(void **state)
{
    struct kit *k = *state;
    struct vault_account a;

    assert_int_equal(vault_retire_account(&k->v, CA), 0);
    put_account(k, CA, "https://ca.example.org/acct/1");
    assert_int_equal(vault_retire_account(&k->v, CA), 0);
    assert_int_equal(vault_load_account(k->folder, CA, &a), -ENOENT);
    assert_int_equal(sh(k, "test -e accounts/*/deactivated/privkey.pem"), 0);
    put_account(k, CA, "https://ca.example.org/acct/2");
    assert_int_equal(vault_load_account(k->folder, CA, &a), 0);
    assert_string_equal(a.url, "https://ca.example.org/acct/2");
    vault_account_done(&a);
    assert_int_equal(sh(k, "test -e accounts/*/deactivated/privkey.pem"), 0);
}

/* What is not as it was written. */
static void test_strange_accounts(void **state)
{
    static const char *const changes[] = {
        ": >$f/account.json",
        "rm $f/account.json",
        "rm $f/account.json; mkdir $f/account.json",
        "rm $f/account.json; mkfifo $f/account.json",
        "rm $f/account.json; ln -s /dev/zero $f/account.json",
        "head -c 20 $f/account.json >x; cat x >$f/account.json",
        "echo '[]' >$f/account.json",
        "echo '\"x\"' >$f/account.json",
        "echo '{}' >$f/account.json",
        "sed -i 's,acct/1,acct/1\\\\u0007,' $f/account.json",
        "sed -i 's,acct/1,acct/1\\\\u0000,' $f/account.json",
        "sed -i 's,https://ca.example.org/acct/1,file:///etc/shadow,' $f/account.json",
        "sed -i 's,\"https://ca.example.org/acct/1\",17,' $f/account.json",
        "sed -i \"s,acct/1,$(printf %1200d 1),\" $f/account.json",
        "sed -i \"s,ops,$(printf %300d 1),\" $f/account.json",
        "sed -i 's,:14000/dir,:14000/elsewhere,' $f/account.json",
        "head -c 20000 /dev/zero | tr '\\0' '[' >$f/account.json",
        "head -c 17000 /dev/zero | tr '\\0' ' ' >>$f/account.json",
        ": >$f/privkey.pem",
        "rm $f/privkey.pem",
        "head -c 100 $f/privkey.pem >x; cat x >$f/privkey.pem",
        "openssl ecparam -name secp256k1 >$f/privkey.pem",
    };
    struct kit *k = *state;
    struct vault_account a;

    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        char line[512];

        put_account(k, CA, "https://ca.example.org/acct/1");
        assert_int_equal(vault_load_account(k->folder, CA, &a), 0);
        vault_account_done(&a);
        snprintf(line, sizeof(line), "f=$(echo accounts/*/current) && %s", changes[i]);
        assert_int_equal(sh(k, line), 0);
        if (vault_load_account(k->folder, CA, &a) != -EINVAL)
            fail_msg("'%s' was taken", changes[i]);
    }
    /* a link that leads out of the folder */
    put_account(k, CA, "https://ca.example.org/acct/1");
    assert_int_equal(sh(k, "cd accounts/*/ && cp -r keys/$(readlink current | cut -d/ -f2) "
                           "../../out && ln -sfn ../../out "
                           "current"),
                     0);
    assert_int_equal(vault_load_account(k->folder, CA, &a), -ENOENT);
}

/* ---- pairs ---- */

static void test_pairs(void **state)
{
    struct kit *k = *state;
    struct vault_pair p;
    char path[PATH_MAX];

    assert_int_equal(vault_load_pair(k->folder, &k->ids, &p), -ENOENT);
    for (int i = 0; i < 3; i++) {
        struct pair fresh = new_pair(k);

        assert_int_equal(vault_put_pair(&k->v, &k->ids, &fresh, i ? OTHER_CA : CA), 0);
        assert_int_equal(vault_load_pair(k->folder, &k->ids, &p), 0);
        assert_true(pair_same(&fresh, &p.pair));
        assert_string_equal(p.directory, i ? OTHER_CA : CA);
        assert_false(p.revoked);
        vault_pair_done(&p);
        pair_done(&fresh);
        assert_int_equal(vault_mark_revoked(&k->v, &k->ids), 0);
        assert_int_equal(vault_load_pair(k->folder, &k->ids, &p), 0);
        assert_true(p.revoked);
        vault_pair_done(&p);
    }
    assert_int_equal(vault_load_pair(k->folder, &k->others, &p), -ENOENT);
    assert_int_equal(vault_set_path(k->folder, &k->ids, path), 0);
    assert_int_equal(strncmp(path, k->folder, strlen(k->folder)), 0);
    assert_int_equal(sh(k, "cd sets/* && test \"$(ls pairs | xargs)\" = '2 3' && test "
                           "\"$(readlink current)\" = pairs/3"),
                     0);
}

static void test_strange_pairs(void **state)
{
    static const char *const changes[] = {
        ": >$f/fullchain.pem",
        "rm $f/fullchain.pem",
        ": >$f/privkey.pem",
        "rm $f/privkey.pem",
        "cp $(ls -d sets/*/pairs/* | grep -v $(readlink $f))/privkey.pem $f",
        "cp $(ls -d sets/*/pairs/* | grep -v $(readlink $f))/fullchain.pem $f",
        ": >$f/origin.json",
        "rm $f/origin.json",
        "echo '{\"directory\": \"ftp://x\"}' >$f/origin.json",
    };
    struct kit *k = *state;
    struct vault_pair p;

    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        char line[512];

        put_new_pair(k);
        put_new_pair(k);
        snprintf(line, sizeof(line), "f=$(echo sets/*/current) && %s", changes[i]);
        assert_int_equal(sh(k, line), 0);
        if (vault_load_pair(k->folder, &k->ids, &p) != -EINVAL)
            fail_msg("'%s' was taken", changes[i]);
    }
    put_new_pair(k);
    assert_int_equal(vault_load_pair(k->folder, &k->ids, &p), 0);
    vault_pair_done(&p);
}

/* A run that was killed while it wrote leaves a folder `new`, or a version that no link leads to.
 */
static void test_cut_off(void **state)
{
    struct kit *k = *state;
    struct vault_pair p;

    put_new_pair(k);
    assert_int_equal(sh(k, "cd sets/*/pairs && mkdir new && echo x >new/privkey.pem && cp -r 1 2 "
                           "&& : >2/privkey.pem && cd .. && ln -s pairs/2 current.new"),
                     0);
    assert_int_equal(vault_load_pair(k->folder, &k->ids, &p), 0);
    vault_pair_done(&p);
    put_new_pair(k);
    assert_int_equal(vault_load_pair(k->folder, &k->ids, &p), 0);
    vault_pair_done(&p);
    assert_int_equal(sh(k, "cd sets/*/ && test \"$(ls pairs | xargs)\" = '1 2' && test ! -e "
                           "current.new && test -s pairs/2/privkey.pem"),
                     0);
}

/* ---- orders ---- */

static void test_orders(void **state)
{
    struct kit *k = *state;
    struct vault_order o = {.directory = CA, .key = acme_key_new(ACME_KEY_P256)}, back;

    assert_int_equal(vault_load_order(&k->v, &k->ids, &back), -ENOENT);
    assert_int_equal(vault_drop_order(&k->v, &k->ids), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(vault_put_order(&k->v, &k->ids, &o), 0);
        assert_int_equal(vault_load_order(&k->v, &k->ids, &back), 0);
        assert_string_equal(back.directory, CA);
        assert_string_equal(back.url, o.url);
        assert_int_equal(EVP_PKEY_eq(back.key, o.key), 1);
        vault_order_done(&back);
        assert_int_equal(vault_load_order(&k->v, &k->others, &back), -ENOENT);
        snprintf(o.url, sizeof(o.url), "https://ca.example.org/order/%d", i);
    }
    /* keys that nobody needs any more are not kept */
    assert_int_equal(sh(k, "test $(ls sets/*/orders | wc -l) = 1"), 0);
    assert_int_equal(sh(k, "head -c 10 sets/*/order/order.json >x; cat x >$(echo "
                           "sets/*/order/order.json)"),
                     0);
    assert_int_equal(vault_load_order(&k->v, &k->ids, &back), -EINVAL);
    assert_int_equal(vault_drop_order(&k->v, &k->ids), 0);
    assert_int_equal(vault_load_order(&k->v, &k->ids, &back), -ENOENT);
    assert_int_equal(sh(k, "test ! -e sets/*/orders && test ! -L sets/*/order"), 0);
    assert_int_equal(vault_put_order(&k->v, &k->ids, &o), 0);
    assert_int_equal(vault_load_order(&k->v, &k->ids, &back), 0);
    vault_order_done(&back);
    vault_order_done(&o);
}

/* ---- state ---- */

static void test_state(void **state)
{
    struct kit *k = *state;
    char *text, *large = malloc(VAULT_STATE_MAX + 1);
    size_t len;

    assert_non_null(large);
    memset(large, ' ', VAULT_STATE_MAX + 1);
    assert_int_equal(vault_load_state(k->folder, &k->ids, &text, &len), -ENOENT);
    assert_int_equal(vault_put_state(&k->v, &k->ids, bytes_str("{}")), 0);
    /* what a kill leaves half done goes */
    assert_int_equal(sh(k, "touch sets/$(ls sets)/state.json.aB3dE6 sets/$(ls sets)/stateX"), 0);
    assert_int_equal(vault_put_state(&k->v, &k->ids, bytes_str("{\"a\": 1}")), 0);
    assert_int_equal(sh(k, "test \"$(ls sets/* | xargs)\" = 'state.json stateX'"), 0);
    assert_int_equal(vault_load_state(k->folder, &k->ids, &text, &len), 0);
    assert_string_equal(text, "{\"a\": 1}");
    assert_int_equal(len, 8);
    free(text);
    assert_int_equal(vault_load_state(k->folder, &k->others, &text, &len), -ENOENT);
    assert_int_equal(vault_put_state(&k->v, &k->ids, bytes_of(large, VAULT_STATE_MAX + 1)), 0);
    assert_int_equal(vault_load_state(k->folder, &k->ids, &text, &len), -EINVAL);
    assert_int_equal(vault_put_state(&k->v, &k->ids, bytes_of(large, VAULT_STATE_MAX)), 0);
    assert_int_equal(vault_load_state(k->folder, &k->ids, &text, &len), 0);
    free(text);
    free(large);
}

static void test_long_paths(void **state)
{
    struct kit *k = *state;
    char folder[PATH_MAX + 64], path[PATH_MAX];
    struct vault v;
    struct vault_pair p;
    struct vault_account a;

    memset(folder, 'x', sizeof(folder));
    folder[0] = '/';
    folder[sizeof(folder) - 1] = '\0';
    assert_int_equal(vault_open(folder, 0, NULL, NULL, &v), -ENAMETOOLONG);
    folder[PATH_MAX - 40] = '\0';
    assert_int_equal(vault_set_path(folder, &k->ids, path), -ENAMETOOLONG);
    assert_int_equal(vault_load_pair(folder, &k->ids, &p), -ENAMETOOLONG);
    assert_int_equal(vault_load_account(folder, CA, &a), -ENAMETOOLONG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_lock, setup, teardown),
        cmocka_unit_test_setup_teardown(test_folders, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lock_is_a_link, setup, teardown),
        cmocka_unit_test_setup_teardown(test_accounts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_names_of_accounts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_key_change, setup, teardown),
        cmocka_unit_test_setup_teardown(test_retire, setup, teardown),
        cmocka_unit_test_setup_teardown(test_strange_accounts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pairs, setup, teardown),
        cmocka_unit_test_setup_teardown(test_strange_pairs, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cut_off, setup, teardown),
        cmocka_unit_test_setup_teardown(test_orders, setup, teardown),
        cmocka_unit_test_setup_teardown(test_state, setup, teardown),
        cmocka_unit_test_setup_teardown(test_long_paths, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
