#include "acme/wire.h"
#include "starve.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void expect(char *text, const char *is)
{
    assert_non_null(text);
    assert_string_equal(text, is);
    free(text);
}

static void accounts(void **state)
{
    (void) state;
    expect(acme_account_request(NULL, false, NULL), "{\"termsOfServiceAgreed\":true}");
    expect(acme_account_request("", false, NULL), "{\"termsOfServiceAgreed\":true}");
    expect(acme_account_request("a\"b@c.example", false, json_pack("{s:s}", "payload", "x")),
           "{\"termsOfServiceAgreed\":true,\"contact\":[\"mailto:a\\\"b@c.example\"],"
           "\"externalAccountBinding\":{\"payload\":\"x\"}}");
    expect(acme_account_request("a@c.example", true, NULL), "{\"onlyReturnExisting\":true}");
    expect(acme_contact_request("a@c.example"), "{\"contact\":[\"mailto:a@c.example\"]}");
    expect(acme_contact_request(""), "{\"contact\":[]}");
    expect(acme_contact_request(NULL), "{\"contact\":[]}");
    expect(acme_deactivate_request(), "{\"status\":\"deactivated\"}");
    assert_null(acme_contact_request("\xff@c.example")); /* no text of JSON */
}

static struct acme_ids some_ids(void)
{
    static const char *const names[] = {"a.example", "*.a.example", "192.0.2.1", "2001:db8::1",
                                        NULL};
    struct acme_ids ids;
    const char *bad;

    assert_int_equal(acme_ids_parse(names, &ids, &bad), 0);
    return ids;
}

static void orders(void **state)
{
    struct acme_ids ids = some_ids();

    (void) state;
    expect(acme_order_request(&ids, "shortlived", "aa.bb"),
           "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"a.example\"},"
           "{\"type\":\"dns\",\"value\":\"*.a.example\"},{\"type\":\"ip\",\"value\":\"192.0.2.1\"},"
           "{\"type\":\"ip\",\"value\":\"2001:db8::1\"}],\"profile\":\"shortlived\","
           "\"replaces\":\"aa.bb\"}");
    ids.n = 1;
    expect(acme_order_request(&ids, NULL, NULL),
           "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"a.example\"}]}");
    expect(acme_order_request(&ids, "", ""),
           "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"a.example\"}]}");
}

static void certificates(void **state)
{
    (void) state;
    expect(acme_finalize_request(bytes_of("\xfb\xff\x00", 3)), "{\"csr\":\"-_8A\"}");
    expect(acme_revoke_request(bytes_of("\x30\x00", 2), 4),
           "{\"certificate\":\"MAA\",\"reason\":4}");
    expect(acme_revoke_request(bytes_of("\x30\x00", 2), 0),
           "{\"certificate\":\"MAA\",\"reason\":0}");
    expect(acme_revoke_request(bytes_of("\x30\x00", 2), -1), "{\"certificate\":\"MAA\"}");
}

static char *make_account(void)
{
    return acme_account_request("a@c.example", false, json_object());
}

static char *make_contact(void)
{
    return acme_contact_request("a@c.example");
}

static char *make_order(void)
{
    struct acme_ids ids = some_ids();

    return acme_order_request(&ids, "p", "r");
}

static char *make_csr(void)
{
    return acme_finalize_request(bytes_of("\x30\x00", 2));
}

static char *make_revocation(void)
{
    return acme_revoke_request(bytes_of("\x30\x00", 2), 1);
}

static void each_allocation_may_fail(void **state)
{
    static char *(*const makers[])(void) = {make_account, make_contact,    make_order,
                                            make_csr,     make_revocation, acme_deactivate_request};

    (void) state;
    for (size_t i = 0; i < sizeof(makers) / sizeof(*makers); i++)
        assert_in_range(starve(makers[i]), 4, 200);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(accounts),
        cmocka_unit_test(orders),
        cmocka_unit_test(certificates),
        cmocka_unit_test(each_allocation_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
