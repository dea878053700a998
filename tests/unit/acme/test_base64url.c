#include "acme/base64url.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void knows_the_vectors(void **state)
{
    static const struct {
        const char *bytes, *text;
        size_t len;
    } cases[] = {
        {"", "", 0}, /* RFC 4648 section 10 */
        {"f", "Zg", 1},
        {"fo", "Zm8", 2},
        {"foo", "Zm9v", 3},
        {"foob", "Zm9vYg", 4},
        {"fooba", "Zm9vYmE", 5},
        {"foobar", "Zm9vYmFy", 6},
        {"\x03\xec\xff\xe0\xc1", "A-z_4ME", 5}, /* RFC 7515 appendix C */
        {"\xff\xff\xff\xfb\xef\xbe", "____----", 6},
    };

    (void) state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char text[16];
        uint8_t bytes[16];
        size_t len, size = BASE64URL_SIZE(cases[i].len);

        assert_int_equal(strlen(cases[i].text) + 1, size);
        assert_int_equal(base64url_encode(bytes_of(cases[i].bytes, cases[i].len), text, size), 0);
        assert_string_equal(text, cases[i].text);
        assert_int_equal(base64url_encode(bytes_of(cases[i].bytes, cases[i].len), text, size - 1),
                         -ENOSPC);
        assert_int_equal(base64url_decode(bytes_str(cases[i].text), bytes, cases[i].len, &len), 0);
        assert_int_equal(len, cases[i].len);
        assert_memory_equal(bytes, cases[i].bytes, len);
        if (len > 0)
            assert_int_equal(base64url_decode(bytes_str(cases[i].text), bytes, len - 1, &len),
                             -ENOSPC);
    }
}

static void refuses_other_texts(void **state)
{
    static const char *const bad[] = {
        "Zg==", "Zm8=", "Zm9v====", "A",  "Zm9vY", "A+z_", "A/z_",     "Zm 9",   "Zm9v\n",
        "Zh",   "Zm9",  "=",        "==", "====",  "Z===", "Zg==Zm9v", "Zm9vZh", "\xc3\xa4__",
    };
    uint8_t buf[16];
    size_t len = 77;

    (void) state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        if (base64url_decode(bytes_str(bad[i]), buf, sizeof(buf), &len) != -EBADMSG)
            fail_msg("'%s' was taken", bad[i]);
    assert_int_equal(base64url_decode(bytes_of("Zm\0v", 4), buf, sizeof(buf), &len), -EBADMSG);
    assert_int_equal(len, 77);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_the_vectors),
        cmocka_unit_test(refuses_other_texts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
