#include "acme/webroot.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define PLACE "/.well-known/acme-challenge"

static const struct file_access all = {0644, FILE_KEEP_OWNER, (gid_t) FILE_KEEP_OWNER};
static const struct file_access some = {0640, FILE_KEEP_OWNER, (gid_t) FILE_KEEP_OWNER};
static char folder[] = "/tmp/webroot.XXXXXX";

static int set_up(void **state)
{
    (void) state;
    return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void) state;
    return dir_remove(folder);
}

static struct acme_proof proof_of(const char *token)
{
    return (struct acme_proof){
        .type = CHALLENGE_HTTP_01, .token = token, .key_authorization = "token.thumbprint"};
}

static mode_t mode_of(const char *format, const char *root)
{
    char path[300];
    struct stat st;

    snprintf(path, sizeof(path), format, root);
    return stat(path, &st) == 0 ? st.st_mode & 07777 : 0;
}

/* A run that was killed has left its own, whole or half written. */
static void leftovers(void **state)
{
    struct acme_proof one = proof_of("left-1"), two = proof_of("left-2.aBcDeF");
    char root[64], path[200];

    (void) state;
    snprintf(root, sizeof(root), "%s/left", folder);
    webroot_clear(root); /* there is none yet */
    assert_int_equal(webroot_put(root, &one, &some), 0);
    snprintf(path, sizeof(path), "%s" PLACE "/%s", root, two.token);
    assert_int_equal(file_write(path, bytes_str("tok"), &some), 0);
    webroot_clear(root);
    assert_false(file_exists(path));
    snprintf(path, sizeof(path), "%s" PLACE "/%s", root, one.token);
    assert_false(file_exists(path));
    assert_int_equal(mode_of("%s" PLACE, root), 0750);
}

static void put_and_remove(void **state)
{
    struct acme_proof one = proof_of("abc-DEF_123"), two = proof_of("other");
    char root[64], *content;
    char path[200];
    size_t len;

    (void) state;
    snprintf(root, sizeof(root), "%s/a/root", folder);
    assert_int_equal(webroot_put(root, &one, &some), 0);
    assert_int_equal(webroot_put(root, &two, &all), 0);
    snprintf(path, sizeof(path), "%s" PLACE "/abc-DEF_123", root);
    assert_int_equal(file_read(path, 1000, &content, &len), 0);
    assert_string_equal(content, "token.thumbprint");
    free(content);
    assert_int_equal(mode_of("%s" PLACE "/abc-DEF_123", root), 0640);
    assert_int_equal(mode_of("%s" PLACE, root), 0750);
    assert_int_equal(mode_of("%s/.well-known", root), 0750);
    assert_int_equal(mode_of("%s", root), 0750);

    webroot_remove(root, &one);
    assert_false(file_exists(path));
    webroot_remove(root, &one);
    assert_int_equal(mode_of("%s" PLACE "/other", root), 0644);
}

static void folders_of_others_stay(void **state)
{
    struct acme_proof p = proof_of("t");
    char root[64];

    (void) state;
    snprintf(root, sizeof(root), "%s/b", folder);
    assert_int_equal(mkdir(root, 0711), 0);
    assert_int_equal(chmod(root, 0711), 0);
    assert_int_equal(webroot_put(root, &p, &all), 0);
    assert_int_equal(mode_of("%s", root), 0711);
    assert_int_equal(mode_of("%s/.well-known", root), 0755);
}

static void tokens_that_are_none(void **state)
{
    static const char *const bad[] = {"",        "..",  "../../x", "a/b",
                                      ".hidden", "a b", "a\n",     "\xc3\xa4"};
    char root[64], place[128], longest[ACME_TOKEN_MAX + 2];
    struct acme_proof p = proof_of(longest);

    (void) state;
    snprintf(root, sizeof(root), "%s/c", folder);
    snprintf(place, sizeof(place), "%s", root);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct acme_proof b = proof_of(bad[i]);

        assert_int_equal(webroot_put(root, &b, &all), -EINVAL);
        webroot_remove(root, &b);
    }
    memset(longest, 'a', sizeof(longest));
    longest[ACME_TOKEN_MAX + 1] = '\0';
    assert_int_equal(webroot_put(root, &p, &all), -EINVAL);
    assert_false(file_exists(place));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(put_and_remove),
        cmocka_unit_test(leftovers),
        cmocka_unit_test(folders_of_others_stay),
        cmocka_unit_test(tokens_that_are_none),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
