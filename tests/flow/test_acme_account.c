/* Accounts at a real CA: made, found again, lost, changed, given up; and killed at bad moments. */
#include "acme_kit.h"

#include "acme/jws.h"

#include <glob.h>

#define EAB_KID "kid-1"
#define EAB_KEY "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"

static int quiet(void **state)
{
    static const struct pebble_config c = {.nonce_reject = 0};

    (void) state;
    return kit_start(&c);
}

static int customers_only(void **state)
{
    static const struct pebble_config c = {.eab_kid = EAB_KID, .eab_key = EAB_KEY};

    (void) state;
    return kit_start(&c);
}

/* The account as another run finds it. */
static void open_account(struct vault_account *ret)
{
    new_client();
    assert_done(ensure_account());
    assert_int_equal(vault_load_account(kit.folder, pebble_directory(kit.pebble), ret), 0);
    assert_string_equal(ret->url, kit.account.url);
    assert_int_equal(EVP_PKEY_eq(ret->key, kit.account.key), 1);
}

static bool same_key(const struct vault_account *a, const struct vault_account *b)
{
    return EVP_PKEY_eq(a->key, b->key) == 1;
}

static void done(struct vault_account *a, struct vault_account *b)
{
    vault_account_done(a);
    vault_account_done(b);
}

/* ---- made and found ---- */

static void is_made_once(void **state)
{
    struct vault_account a, b;

    (void) state;
    open_account(&a);
    assert_string_equal(a.email, "admin@example.test");
    open_account(&b);
    assert_string_equal(a.url, b.url);
    assert_true(same_key(&a, &b));
    assert_string_equal(kit.told, "");
    done(&a, &b);
}

static void without_contact(void **state)
{
    struct vault_account a = {.key = NULL}, b;

    (void) state;
    kit.account_config.email = NULL;
    open_account(&b);
    assert_string_equal(b.email, "");
    done(&a, &b);
}

/* Stored, sent, and killed before the answer was noted. */
static void killed_while_it_was_made(void **state)
{
    struct vault_account a, b;
    char url[VAULT_URL_SIZE];

    (void) state;
    open_account(&a);
    memcpy(url, a.url, sizeof(url));
    a.url[0] = '\0';
    assert_int_equal(vault_put_account(&kit.vault, kit.account_config.directory, &a), 0);
    open_account(&b);
    assert_string_equal(b.url, url);
    assert_true(same_key(&a, &b));
    /* Its contact was not known any more, and is set. */
    assert_string_equal(b.email, "admin@example.test");
    done(&a, &b);
}

static void the_ca_lost_it(void **state)
{
    struct vault_account a, b;

    (void) state;
    open_account(&a);
    assert_int_equal(pebble_forget(kit.pebble), 0);
    open_account(&b);
    assert_true(same_key(&a, &b));
    assert_true(was_told("it is registered again"));
    forget_told();
    assert_issues();
    assert_false(was_told("registered"));
    done(&a, &b);
}

static void lives_for_one_run(void **state)
{
    struct vault_account a;

    (void) state;
    assert_int_equal(account_ensure(kit.client, NULL, &kit.account_config, &a, &kit.failure), 0);
    assert_memory_equal(a.url, "https://", 8);
    vault_account_done(&a);
    assert_int_equal(vault_load_account(kit.folder, kit.account_config.directory, &a), -ENOENT);
}

static void files_that_cannot_be_read(void **state)
{
    struct vault_account a, b;
    char pattern[256];
    glob_t found;

    (void) state;
    open_account(&a);
    snprintf(pattern, sizeof(pattern), "%s/accounts/*/keys/*/account.json", kit.folder);
    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++)
        assert_int_equal(truncate(found.gl_pathv[i], 3), 0);
    globfree(&found);
    open_account(&b);
    assert_true(was_told("another one is registered"));
    assert_false(same_key(&a, &b));
    done(&a, &b);
}

/* ---- contact ---- */

static void another_contact(void **state)
{
    struct vault_account a, b;

    (void) state;
    open_account(&a);
    kit.account_config.email = "other@example.test";
    open_account(&b);
    assert_string_equal(b.email, "other@example.test");
    assert_string_equal(a.url, b.url);
    assert_string_equal(kit.told, "");
    done(&a, &b);
}

/* Nobody waits for a contact that the CA does not take. */
static void a_contact_that_is_refused(void **state)
{
    struct vault_account a, b;

    (void) state;
    kit.account_config.email = "not an address";
    open_account(&a);
    assert_string_equal(a.email, "");
    assert_true(was_told("LETSENCRYPT_EMAIL"));
    kit.account_config.email = "admin@example.test";
    forget_told();
    open_account(&b);
    assert_string_equal(b.email, "admin@example.test");
    assert_string_equal(kit.told, "");
    kit.account_config.email = "not an address";
    vault_account_done(&b);
    open_account(&b);
    assert_string_equal(b.email, "admin@example.test");
    assert_true(was_told("LETSENCRYPT_EMAIL"));
    done(&a, &b);
}

/* ---- external account binding ---- */

static void of_customers(void **state)
{
    (void) state;
    assert_issues();
}

static void of_customers_with_padding(void **state)
{
    (void) state;
    kit.account_config.eab_key = EAB_KEY "==";
    assert_done(ensure_account());
}

static void assert_names(const char *setting)
{
    char text[4096];

    assert_true(ensure_account() < 0);
    assert_int_equal(kit.failure.kind, FAILURE_REFUSED);
    assert_int_equal(kit.failure.step, STEP_ACCOUNT);
    assert_non_null(strstr(failure_text(&kit.failure, text, sizeof(text)), setting));
    /* No secret is told. */
    assert_null(strstr(text, "zWND"));
}

static void no_customer(void **state)
{
    (void) state;
    kit.account_config.eab_kid = NULL;
    assert_names("ACME_EAB_KID is not set");
    kit.account_config.eab_kid = EAB_KID;
    kit.account_config.eab_key = "";
    assert_names("ACME_EAB_HMAC_KEY is not set");
    kit.account_config.eab_key = "zWND!";
    assert_names("ACME_EAB_HMAC_KEY is no key");
    kit.account_config.eab_key = "zWND";
    assert_names("ACME_EAB_KID");
    assert_string_not_equal(kit.failure.problem.verbatim, "");
}

/* ---- keys ---- */

static int roll_over(void)
{
    new_client();
    return account_rollover(kit.client, &kit.vault, &kit.account_config, &kit.failure);
}

static void another_key(void **state)
{
    struct vault_account a, b;
    EVP_PKEY *next;

    (void) state;
    open_account(&a);
    assert_done(roll_over());
    open_account(&b);
    assert_string_equal(a.url, b.url);
    assert_false(same_key(&a, &b));
    assert_int_equal(vault_load_next_key(kit.folder, kit.account_config.directory, &next), -ENOENT);
    assert_issues();
    done(&a, &b);
}

/* Sends the change as account_rollover() does, and leaves the vault as a kill would. */
static void change_key_unnoticed(const struct vault_account *a, EVP_PKEY *next)
{
    const struct acme_directory *d;
    char *request;

    assert_int_equal(acme_client_directory(kit.client, &d, &kit.failure), 0);
    assert_int_equal(jws_key_change(a->key, next, a->url, d->key_change, &request), 0);
    assert_done(acme_post(kit.client, STEP_ACCOUNT, d->key_change, request, NULL, &kit.failure));
    free(request);
}

static void killed_after_the_change(void **state)
{
    struct vault_account a, b;
    EVP_PKEY *next = key_new();

    (void) state;
    open_account(&a);
    assert_int_equal(vault_put_next_key(&kit.vault, kit.account_config.directory, next), 0);
    change_key_unnoticed(&a, next);
    open_account(&b);
    assert_string_equal(a.url, b.url);
    assert_int_equal(EVP_PKEY_eq(b.key, next), 1);
    EVP_PKEY_free(next);
    assert_int_equal(vault_load_next_key(kit.folder, kit.account_config.directory, &next), -ENOENT);
    assert_issues();
    done(&a, &b);
}

static void killed_before_the_change(void **state)
{
    struct vault_account a, b;
    EVP_PKEY *next = key_new();

    (void) state;
    open_account(&a);
    assert_int_equal(vault_put_next_key(&kit.vault, kit.account_config.directory, next), 0);
    EVP_PKEY_free(next);
    open_account(&b);
    assert_true(same_key(&a, &b));
    assert_int_equal(vault_load_next_key(kit.folder, kit.account_config.directory, &next), -ENOENT);
    done(&a, &b);
}

/* ---- the end of one ---- */

static int deactivate(void)
{
    new_client();
    return account_deactivate(kit.client, &kit.vault, &kit.account_config, &kit.failure);
}

static void given_up(void **state)
{
    struct vault_account a, b;

    (void) state;
    open_account(&a);
    assert_done(deactivate());
    assert_int_equal(vault_load_account(kit.folder, kit.account_config.directory, &b), -ENOENT);
    assert_int_equal(deactivate(), -ENOENT);
    assert_int_equal(kit.failure.step, STEP_ACCOUNT);
    open_account(&b);
    assert_string_not_equal(a.url, b.url);
    assert_false(same_key(&a, &b));
    assert_issues();
    done(&a, &b);
}

/* By another program that has its key, or by the CA. */
static void given_up_elsewhere(void **state)
{
    struct vault_account a, b;
    char *request = acme_deactivate_request();

    (void) state;
    open_account(&a);
    assert_done(acme_post(kit.client, STEP_ACCOUNT, a.url, request, NULL, &kit.failure));
    free(request);
    open_account(&b);
    assert_true(was_told("is deactivated; another one is registered"));
    assert_string_not_equal(a.url, b.url);
    assert_false(same_key(&a, &b));
    assert_issues();
    done(&a, &b);
}

#define TEST(name, ca) cmocka_unit_test_setup_teardown(name, ca, kit_stop)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(is_made_once, quiet),
        TEST(without_contact, quiet),
        TEST(killed_while_it_was_made, quiet),
        TEST(the_ca_lost_it, quiet),
        TEST(lives_for_one_run, quiet),
        TEST(files_that_cannot_be_read, quiet),
        TEST(another_contact, quiet),
        TEST(a_contact_that_is_refused, quiet),
        TEST(of_customers, customers_only),
        TEST(of_customers_with_padding, customers_only),
        TEST(no_customer, customers_only),
        TEST(another_key, quiet),
        TEST(killed_after_the_change, quiet),
        TEST(killed_before_the_change, quiet),
        TEST(given_up, quiet),
        TEST(given_up_elsewhere, quiet),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
