#include "certs_kit.h"

#include <errno.h>
#include <time.h>

static const char *const names[] = {"video.example.org", NULL};

/* The file of the kit's folder. */
static struct bytes slurp(const struct kit *k, const char *name)
{
    char path[160], *text;
    size_t len;

    snprintf(path, sizeof(path), "%s/%s", k->dir, name);
    assert_int_equal(file_read(path, 1 << 20, &text, &len), 0);
    return bytes_of(text, len);
}

static void drop(struct bytes b)
{
    free((void *) b.p);
}

static void make_pair(const struct kit *k)
{
    assert_int_equal(kit_sh(k,
                            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
                            "-keyout key -out cert -days 365 -subj /CN=x -addext "
                            "subjectAltName=DNS:video.example.org -addext "
                            "basicConstraints=CA:FALSE"),
                     0);
}

static void test_pfx(void **state)
{
    static const struct {
        const char *options, *password;
        int result;
    } cases[] = {
        {"-passout pass:geheim", "geheim", 0},
        {"-passout pass:geheim", "falsch", -EACCES},
        {"-passout pass:geheim", "", -EACCES},
        {"-passout pass:", "", 0},
        {"-legacy -passout pass:geheim", "geheim", 0},
        {"-legacy -passout pass:geheim", "x", -EACCES},
        {"-certpbe PBE-SHA1-3DES -keypbe PBE-SHA1-3DES -macalg sha1 -passout pass:x", "x", 0},
        {"-nokeys -passout pass:x", "x", -EINVAL},
        {"-nocerts -passout pass:x", "x", -EINVAL},
        {"-keypbe NONE -certpbe NONE -passout pass:x", "x", 0},
    };
    struct kit *k = *state;

    make_pair(k);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct certs_pem pem, checked;
        struct bytes pfx;

        assert_int_equal(
            kit_sh(k, "openssl pkcs12 -export -in cert -inkey key %s -out pfx", cases[i].options),
            0);
        pfx = slurp(k, "pfx");
        assert_true(certs_is_pfx(pfx));
        assert_int_equal(certs_open_pfx(pfx, cases[i].password, &pem), cases[i].result);
        if (cases[i].result == 0) {
            assert_int_equal(certs_check(bytes_str(pem.certs), "c", bytes_str(pem.key), "k", names,
                                         (int64_t) time(NULL), kit_tell, k, &checked),
                             0);
            certs_pem_done(&checked);
            certs_pem_done(&pem);
        }
        drop(pfx);
    }
}

static void test_not_pfx(void **state)
{
    struct certs_pem pem;
    struct bytes b;

    make_pair(*state);
    b = slurp(*state, "cert");
    assert_false(certs_is_pfx(b));
    assert_int_equal(certs_open_pfx(b, "", &pem), -EINVAL);
    drop(b);
    assert_false(certs_is_pfx(bytes_str("")));
    assert_int_equal(certs_open_pfx(bytes_str(""), "", &pem), -EINVAL);
    assert_int_equal(certs_open_pfx(bytes_of("\x30\x80\x00", 3), "", &pem), -EINVAL);
}

static void test_check(void **state)
{
    static const char *const others[] = {"other.example", NULL};
    static const char *const bad[] = {"a b", NULL};
    struct kit *k = *state;
    struct bytes cert, key;
    struct certs_pem pem;
    int64_t now_s;

    make_pair(k);
    now_s = time(NULL); /* not before it is valid */
    cert = slurp(k, "cert");
    key = slurp(k, "key");
    assert_int_equal(certs_check(cert, "C", key, "K", names, now_s, kit_tell, k, &pem), 0);
    assert_string_equal(k->told, "");
    certs_pem_done(&pem);
    assert_int_equal(certs_check(cert, "C", key, "K", others, now_s, kit_tell, k, &pem), -EINVAL);
    assert_told(k, "! C is not for other.example");
    assert_int_equal(certs_check(cert, "C", cert, "K", names, now_s, kit_tell, k, &pem), -EINVAL);
    assert_told(k, "! K holds no private key");
    assert_int_equal(certs_check(cert, "C", key, "K", bad, now_s, NULL, NULL, &pem), -EINVAL);
    drop(cert);
    drop(key);
}

static void test_put(void **state)
{
    struct kit *k = *state;
    char c1[] = "c1", k1[] = "k1", c2[] = "c2", k2[] = "k2";
    struct certs_pem first = {.certs = c1, .key = k1}, second = {.certs = c2, .key = k2};

    assert_int_equal(kit_sh(k, "rmdir own"), 0);
    assert_int_equal(certs_put_owncert(k->store, k->own, &first), 0);
    assert_int_equal(kit_sh(k, "test $(cat own/certificate.cert) = c1 && "
                               "test $(cat own/certificate.key) = k1 && "
                               "test $(stat -c %%a own/certificate.key) = 600 && ! ls own/*.old"),
                     0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(certs_put_owncert(k->store, k->own, &second), 0);
    assert_int_equal(kit_sh(k, "test $(cat own/certificate.cert) = c2 && "
                               "test $(cat own/certificate.cert.old) = c2 && "
                               "test $(stat -c %%a own/certificate.key.old) = 600 && "
                               "test $(ls own | wc -l) = 4"),
                     0);
    assert_int_equal(kit_sh(k, "rm -r own && touch own"), 0);
    assert_true(certs_put_owncert(k->store, k->own, &first) < 0);
}

static void test_check_folder(void **state)
{
    struct kit *k = *state;
    struct certs_pem pem;

    assert_int_equal(certs_check_owncert(k->own, names, NOW, kit_tell, k, &pem), -EINVAL);
    assert_told(k, "certificate.cert");
    assert_told(k, "certificate.key");
    make_pair(k);
    assert_int_equal(kit_sh(k, "cp cert own/certificate.cert; cp key own/certificate.key"), 0);
    assert_int_equal(certs_check_owncert(k->own, names, (int64_t) time(NULL), kit_tell, k, &pem),
                     0);
    certs_pem_done(&pem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_pfx, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_not_pfx, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_check, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_put, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_check_folder, kit_setup, kit_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
