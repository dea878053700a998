/* Keys of certificates from a CA: what each takes, and that what is wrong about them stops nobody.
 */
#include "env_kit.h"

static const char letsencrypt[] =
    "CERTIFICATE_TYPE=letsencrypt\nLETSENCRYPT_EMAIL=admin@example.org\n";

/* A wrong value: told as a warning with all that an error has, and the default holds. */
static void left_out(enum setting id, const char *value, const char *what)
{
    const struct setting_def *d = setting_def(id);
    const struct setting_problem *q;
    char line[8192];
    struct kit k;

    kit_put_line(line, sizeof(line), d->key, value);
    k = kit_load(line);
    if (!k.s)
        fail_msg("%s=%s stops everything", d->key, value);
    q = kit_expect(&k, d->key, SETTING_WARNING, what);
    kit_expect_complete(q, 3);
    assert_non_null(strstr(q->what, "is left out"));
    assert_int_equal(problems_n(k.p), 1);
    assert_string_equal(settings_text(k.s, id),
                        id == SET_ACME_SERVER ? SETTINGS_NO_SERVER : d->value);
    kit_done(&k);
}

/* With these lines: that warning about the key, and settings all the same. */
static void warned(const char *lines, const char *key, const char *what)
{
    char text[4096];
    struct kit k;

    snprintf(text, sizeof(text), "%s%s", letsencrypt, lines);
    k = kit_load_more(text);
    assert_non_null(k.s);
    (void) kit_expect(&k, key, SETTING_WARNING, what);
    assert_int_equal(problems_n(k.p), 1);
    kit_done(&k);
}

static void silent(const char *lines)
{
    char text[4096];
    struct kit k;

    snprintf(text, sizeof(text), "%s%s", letsencrypt, lines);
    k = kit_load_more(text);
    if (problems_n(k.p) > 0)
        fail_msg("%s: %s", lines, problems_at(k.p, 0)->what);
    kit_done(&k);
}

static void test_names(void **state)
{
    static const char fourteen[] =
        "a.example, b.example, c.example, d.example, e.example, f.example, g.example, h.example, "
        "i.example, j.example, k.example, l.example, m.example, n.example";
    char fifteen[sizeof(fourteen) + 16];
    struct kit k;

    (void) state;
    k = kit_load_more("CERTIFICATE_NAMES=*.example.org, media.example.org,203.0.113.5\n");
    assert_non_null(k.s);
    assert_int_equal(settings_n(k.s, SET_CERTIFICATE_NAMES), 3);
    assert_string_equal(settings_item(k.s, SET_CERTIFICATE_NAMES, 0), "*.example.org");
    assert_string_equal(settings_item(k.s, SET_CERTIFICATE_NAMES, 2), "203.0.113.5");
    kit_done(&k);
    kit_taken(SET_CERTIFICATE_NAMES, fourteen, fourteen);
    snprintf(fifteen, sizeof(fifteen), "%s,o.example", fourteen);
    left_out(SET_CERTIFICATE_NAMES, fifteen, "more than 14");
    left_out(SET_CERTIFICATE_NAMES, "https://a.example", "is a URL");
    left_out(SET_CERTIFICATE_NAMES, "a.example,b.example:443", "b.example:443");
    left_out(SET_CERTIFICATE_NAMES, "*.203.0.113.5", "wildcard of an address");
    left_out(SET_CERTIFICATE_NAMES, "*", "*");
    left_out(SET_CERTIFICATE_NAMES, "a.*.example", "a.*.example");
}

static void test_resolver(void **state)
{
    (void) state;
    kit_taken(SET_ACME_RESOLVER, "192.0.2.53", "192.0.2.53");
    kit_taken(SET_ACME_RESOLVER, "192.0.2.53:5353", "192.0.2.53:5353");
    kit_taken(SET_ACME_RESOLVER, "2001:db8::53", "2001:db8::53");
    kit_taken(SET_ACME_RESOLVER, "[2001:db8::53]:53", "[2001:db8::53]:53");
    left_out(SET_ACME_RESOLVER, "dns.example.org", "no IP address");
    left_out(SET_ACME_RESOLVER, "192.0.2.53:", "no IP address");
    left_out(SET_ACME_RESOLVER, "192.0.2.53:70000", "no IP address");
}

static void test_files(void **state)
{
    char path[1100] = "/";

    (void) state;
    kit_taken(SET_ACME_DNS_HOOK, "/usr/local/lib/acme/dns_x.sh", "/usr/local/lib/acme/dns_x.sh");
    kit_taken(SET_ACME_CA_FILE, "/etc/ssl/ca with blanks.pem", "/etc/ssl/ca with blanks.pem");
    left_out(SET_ACME_DNS_HOOK, "dns_x.sh", "no absolute path");
    left_out(SET_ACME_DNS_ENV, "/etc/visavis/", "is a folder");
    memset(path + 1, 'a', 1024);
    left_out(SET_ACME_CA_FILE, path, "longer than 1024");
}

static void test_accounts(void **state)
{
    (void) state;
    kit_taken(SET_ACME_DNS_HOOK_USER, "root", "root");
    kit_taken(SET_ACME_DNS_HOOK_USER, "_dns-hook.1", "_dns-hook.1");
    left_out(SET_ACME_DNS_HOOK_USER, "-x", "no name of a user");
    left_out(SET_ACME_DNS_HOOK_USER, "a b", "no name of a user");
    left_out(SET_ACME_DNS_HOOK_USER, "a/b", "no name of a user");
    left_out(SET_ACME_DNS_HOOK_USER, "aaaaaaaaaabbbbbbbbbbccccccccccddd", "longer than 32");
}

static void test_texts_and_words(void **state)
{
    (void) state;
    kit_taken(SET_ACME_PREFERRED_CHAIN, "ISRG Root X1", "ISRG Root X1");
    kit_taken(SET_ACME_PROFILE, "shortlived", "shortlived");
    kit_taken(SET_ACME_CHALLENGE, "dns-01", "dns-01");
    kit_taken(SET_ACME_KEY_TYPE, "rsa2048", "rsa2048");
    kit_taken(SET_ACME_DNS_WAIT, "0", "0");
    left_out(SET_ACME_CHALLENGE, "http", "is none of the words");
    left_out(SET_ACME_KEY_TYPE, "P256", "letter case");
    left_out(SET_ACME_DNS_WAIT, "3601", "out of range");
    left_out(SET_ACME_FALLBACK_AFTER, "0", "out of range");
    left_out(SET_ACME_PROFILE_REQUIRED, "maybe", "neither true nor false");
    left_out(SET_LETSENCRYPT_EMAIL, "admin", "no e-mail");
}

static void test_servers(void **state)
{
    struct settings *again;
    static char text[SETTINGS_WRITE_MAX];
    struct wr w = wr_init(text, sizeof(text));
    struct kit k;
    size_t len = 0;

    (void) state;
    left_out(SET_ACME_SERVER, "acme.example.org", "");
    left_out(SET_ACME_FALLBACK_SERVER, "acme.example.org", "");
    /* The default is not asked in place of one that was meant, also not after a restart. */
    k = kit_load_more("ACME_SERVER=acme.example.org\n");
    settings_write(&w, k.s);
    assert_int_equal(wr_finish(&w, &len), 0);
    assert_int_equal(settings_read(bytes_of(text, len), &again), 0);
    assert_string_equal(settings_text(again, SET_ACME_SERVER), SETTINGS_NO_SERVER);
    settings_free(again);
    kit_done(&k);
}

static void test_secrets_are_hidden(void **state)
{
    static const enum setting secrets[] = {
        SET_ACME_EAB_KID,
        SET_ACME_EAB_HMAC_KEY,
        SET_ACME_FALLBACK_EAB_KID,
        SET_ACME_FALLBACK_EAB_HMAC_KEY,
    };
    char line[600] = "ACME_EAB_HMAC_KEY=";
    struct kit k;

    (void) state;
    memset(line + strlen(line), 'a', 512);
    k = kit_load_more(line);
    for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
        assert_true(setting_is_hidden(setting_def(secrets[i])));
    assert_non_null(k.s);
    assert_string_equal(kit_expect(&k, "ACME_EAB_HMAC_KEY", SETTING_WARNING, "longer")->value,
                        "(hidden)");
    kit_done(&k);
}

/* ---- what does not fit together ---- */

static void test_email_is_missing(void **state)
{
    static const char *const forms[] = {"", "LETSENCRYPT_EMAIL=\n",
                                        "LETSENCRYPT_EMAIL=user@example.com\n"};

    (void) state;
    for (size_t i = 0; i < 3; i++) {
        char text[128];
        struct kit k;

        snprintf(text, sizeof(text), "CERTIFICATE_TYPE=letsencrypt\n%s", forms[i]);
        k = kit_load_more(text);
        assert_non_null(k.s);
        (void) kit_expect(&k, "LETSENCRYPT_EMAIL", SETTING_WARNING, "warn nobody");
        assert_int_equal(problems_n(k.p), 1);
        kit_done(&k);
    }
}

static void test_names_that_no_ca_knows(void **state)
{
    static const char *const names[] = {"meet",        "meet.local", "meet.example.lan",
                                        "192.168.1.4", "fd00::4",    "a.home.arpa"};
    struct kit k;

    (void) state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char text[512];

        snprintf(text, sizeof(text),
                 "%sDOMAIN_OR_PUBLIC_IP=%s\nOPENVIDU_SECRET=0123456789abcdefXYZ\n", letsencrypt,
                 names[i]);
        k = kit_load(text);
        assert_non_null(k.s);
        (void) kit_expect(&k, "DOMAIN_OR_PUBLIC_IP", SETTING_WARNING, "no public authority");
        kit_done(&k);
        strncat(text, "ACME_SERVER=https://ca.lan/acme\n", sizeof(text) - strlen(text) - 1);
        k = kit_load(text); /* one of their own may */
        assert_int_equal(problems_n(k.p), 0);
        kit_done(&k);
    }
    warned("CERTIFICATE_NAMES=a.example.org,b.lan\n", "CERTIFICATE_NAMES", "b.lan");
    silent("CERTIFICATE_NAMES=a.example.org,203.0.113.5\n");
    k = kit_load_more("CERTIFICATE_NAMES=b.lan\n"); /* self-signed: everything goes */
    assert_int_equal(problems_n(k.p), 0);
    kit_done(&k);
}

static void test_challenges(void **state)
{
    (void) state;
    warned("CERTIFICATE_NAMES=*.example.org\n", "CERTIFICATE_NAMES", "by the DNS alone");
    silent("CERTIFICATE_NAMES=*.example.org\nACME_DNS_HOOK=/opt/hook\n");
    warned("CERTIFICATE_NAMES=*.example.org\nACME_DNS_HOOK=/opt/hook\nACME_CHALLENGE=http-01\n",
           "ACME_CHALLENGE", "*.example.org");
    warned("CERTIFICATE_NAMES=*.example.org\nACME_DNS_HOOK=/opt/hook\nACME_CHALLENGE=tls-alpn-01\n",
           "ACME_CHALLENGE", "*.example.org");
    silent("CERTIFICATE_NAMES=*.example.org\nACME_DNS_HOOK=/opt/hook\nACME_CHALLENGE=dns-01\n");
    warned("ACME_CHALLENGE=dns-01\n", "ACME_CHALLENGE", "needs a script");
    silent("ACME_CHALLENGE=dns-01\nACME_DNS_HOOK=/opt/hook\nHTTP_PORT=8080\nHTTPS_PORT=8443\n");
    warned("ACME_CHALLENGE=tls-alpn-01\nHTTPS_PORT=8443\n", "ACME_CHALLENGE", "port 443");
    warned("HTTP_PORT=8080\n", "HTTP_PORT", "is not 80");
    warned("HTTP_PORT=8080\nACME_CHALLENGE=http-01\n", "HTTP_PORT", "is not 80");
    silent("HTTP_PORT=8080\nACME_CHALLENGE=tls-alpn-01\n");
}

static void test_external_accounts(void **state)
{
    (void) state;
    warned("ACME_EAB_KID=kid-1\n", "ACME_EAB_HMAC_KEY", "is not set");
    warned("ACME_EAB_HMAC_KEY=abcdef\n", "ACME_EAB_KID", "is not set");
    warned("ACME_FALLBACK_EAB_KID=kid-1\n", "ACME_FALLBACK_EAB_HMAC_KEY", "is not set");
    silent("ACME_EAB_KID=kid-1\nACME_EAB_HMAC_KEY=abcdef\n");
}

/* ---- keys of other programs ---- */

static void test_foreign_keys(void **state)
{
    static const struct {
        const char *line, *what;
    } rows[] = {
        {"CERTBOT_EMAIL=a@example.org\n", "LETSENCRYPT_EMAIL"},
        {"ACME_EMAIL=a@example.org\n", "LETSENCRYPT_EMAIL"},
        {"ACME_CA=https://ca.example/acme\n", "ACME_SERVER"},
        {"LETSENCRYPT_STAGING=1\n", "visavis cert test"},
        {"LETSENCRYPT_DOMAINS=a.example.org\n", "CERTIFICATE_NAMES"},
        {"ACME_DNS_PROVIDER=cloudflare\n", "ACME_DNS_HOOK"},
        {"CF_Token=0123456789\n", "ACME_DNS_ENV"},
    };

    (void) state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kit k = kit_load_more(rows[i].line);
        const struct setting_problem *q;
        bool said = false;

        assert_non_null(k.s);
        for (size_t n = 0; (q = problems_at(k.p, n)); n++)
            said =
                said || strstr(q->what, rows[i].what) || (q->mend && strstr(q->mend, rows[i].what));
        if (!said)
            fail_msg("%s: %s is not named", rows[i].line, rows[i].what);
        kit_done(&k);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_resolver),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_accounts),
        cmocka_unit_test(test_texts_and_words),
        cmocka_unit_test(test_servers),
        cmocka_unit_test(test_secrets_are_hidden),
        cmocka_unit_test(test_email_is_missing),
        cmocka_unit_test(test_names_that_no_ca_knows),
        cmocka_unit_test(test_challenges),
        cmocka_unit_test(test_external_accounts),
        cmocka_unit_test(test_foreign_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
