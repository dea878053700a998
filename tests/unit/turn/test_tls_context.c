#include "turn/tls_context.h"

#include "certs/issue.h"
#include "certs/key.h"
#include "certs/names.h"
#include "certs/pem.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static char folder[64], cert_path[96], key_path[96];
static char why[TLS_CONTEXT_WHY_SIZE];

static void write_text(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static void write_pair(bool cert, bool key)
{
    EVP_PKEY *own_key = key_new();
    struct names names;
    const char *bad;
    X509 *own_cert;
    char *text;

    assert_int_equal(names_parse((const char *const[]){"a.example", NULL}, &names, &bad), 0);
    own_cert = issue_ca(own_key, &names, "test", time(NULL));
    assert_non_null(own_cert);
    if (cert) {
        text = pem_write_certs(&own_cert, 1);
        write_text(cert_path, text);
        free(text);
    }
    if (key) {
        text = key_to_pem(own_key);
        write_text(key_path, text);
        key_free_pem(text);
    }
    X509_free(own_cert);
    EVP_PKEY_free(own_key);
}

static int setup(void **state)
{
    (void) state;
    strcpy(folder, "/tmp/visavis-tls-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(cert_path, sizeof(cert_path), "%s/cert.pem", folder);
    snprintf(key_path, sizeof(key_path), "%s/key.pem", folder);
    write_pair(true, true);
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    (void) unlink(cert_path);
    (void) unlink(key_path);
    return rmdir(folder);
}

static void expect_failure(int error, const char *text)
{
    struct tls_context *c = NULL;

    assert_int_equal(tls_context_new(cert_path, key_path, &c, why), error);
    assert_null(c);
    if (!strstr(why, text))
        fail_msg("\"%s\" is not in \"%s\"", text, why);
}

static void test_pair(void **state)
{
    struct tls_context *c;

    (void) state;
    assert_int_equal(tls_context_new(cert_path, key_path, &c, why), 0);
    assert_ptr_equal(tls_context_ref(c), c);
    assert_null(tls_context_unref(c));
    assert_null(tls_context_unref(c));
    assert_null(tls_context_ref(NULL));
    assert_null(tls_context_unref(NULL));
}

static void test_missing(void **state)
{
    (void) state;
    assert_int_equal(unlink(key_path), 0);
    expect_failure(-ENOENT, "/key.pem cannot be read: No such file");
    write_pair(false, true);
    assert_int_equal(unlink(cert_path), 0);
    expect_failure(-ENOENT, "the certificate /tmp/");
}

static void test_strangers_to_each_other(void **state)
{
    (void) state;
    write_pair(false, true);
    expect_failure(-EINVAL, "does not belong to the certificate");
    write_pair(true, false);
    expect_failure(-EINVAL, "does not belong to the certificate");
    write_pair(true, true);
    test_pair(state);
}

static void test_garbage(void **state)
{
    (void) state;
    write_text(cert_path, "");
    expect_failure(-EINVAL, "the certificate");
    write_text(cert_path, "-----BEGIN CERTIFICATE-----\nabcd\n-----END CERTIFICATE-----\n");
    expect_failure(-EINVAL, "cannot be used");
    write_pair(true, true);
    write_text(key_path, "-----BEGIN PRIVATE KEY-----\nabcd\n-----END PRIVATE KEY-----\n");
    expect_failure(-EINVAL, "the key");
    write_text(key_path, "\n");
    expect_failure(-EINVAL, "the key");
}

/* Nobody is there to be asked for it. */
static void test_key_with_password(void **state)
{
    EVP_PKEY *key = key_new();
    FILE *f = fopen(key_path, "w");

    (void) state;
    assert_true(key && f);
    assert_int_equal(PEM_write_PKCS8PrivateKey(f, key, EVP_aes_128_cbc(), "pass", 4, NULL, NULL),
                     1);
    assert_int_equal(fclose(f), 0);
    EVP_PKEY_free(key);
    expect_failure(-EINVAL, "the key");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_pair),    TEST(test_missing),           TEST(test_strangers_to_each_other),
        TEST(test_garbage), TEST(test_key_with_password),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
