/* Runs as a timer starts them, against a real CA: what is due, what is tried, what is kept and
 * told. */
#include "acme/acme.h"
#include "acme_kit.h"
#include "base/clock.h"
#include "certs/certs.h"
#include "tests/lib/script.h"

#include <openssl/x509.h>
#include <time.h>

static struct {
    struct acme_config c;
    struct acme_report report;
    struct acme_challenger http, tls;
    const struct acme_challenger *list[3];
    unsigned problems;
    unsigned checks; /* of http-01 */
    bool http_fails; /* its check */
    char ip_directory[64];
    struct script *script;
    char script_directory[64];
} t;

static void on_told_run(bool is_problem, const char *text, void *arg)
{
    t.problems += is_problem;
    on_told(text, arg);
}

static int check_http(void *arg, const struct acme_proof *proof, struct acme_failure *f)
{
    (void) arg;
    t.checks++;
    assert_int_equal(proof->type, CHALLENGE_HTTP_01);
    assert_int_equal(strlen(proof->token), 43);
    assert_int_equal(strncmp(proof->key_authorization, proof->token, 43), 0);
    assert_int_equal(kit.n_up, 1);
    return t.http_fails ? failure_set(f, FAILURE_SELF_CHECK, STEP_SELF_CHECK, -ECONNREFUSED,
                                      "192.0.2.1 port 80", "nobody answers")
                        : 0;
}

static int present_nothing_up(void *arg, const struct acme_proof *proof, struct acme_failure *f)
{
    (void) arg;
    (void) proof;
    (void) f;
    kit.n_up++;
    return 0;
}

static int run_setup_with(const struct pebble_config *config)
{
    int r = kit_start(config);
    const char *port = strrchr(pebble_directory(kit.pebble), ':');

    vault_close(&kit.vault);
    memset(&t, 0, sizeof(t));
    t.http = by_http;
    t.http.check = check_http;
    t.tls = by_tls;
    t.list[0] = &t.http;
    t.list[1] = &t.tls;
    t.c = (struct acme_config){
        .loop = kit.loop,
        .folder = kit.folder,
        .ids = kit.issue.ids,
        .ca = {.directory = pebble_directory(kit.pebble)},
        .ca_file = pebble_ca_file(kit.pebble),
        .email = "admin@example.test",
        .user_agent = "visavis-test/1",
        .retry_ms = 1,
        .types = {CHALLENGE_HTTP_01, CHALLENGE_TLS_ALPN_01, CHALLENGE_DNS_01},
        .n_types = 3,
        .challengers = t.list,
        .self_check = true,
        .tell = on_told_run,
    };
    /* the same server by another name */
    snprintf(t.ip_directory, sizeof(t.ip_directory), "https://127.0.0.1%s", port);
    return r;
}

static int run_setup(void **state)
{
    static const struct pebble_config c = {.blocked = "blocked.example.test"};

    (void) state;
    return run_setup_with(&c);
}

static int short_lives(void **state)
{
    static const struct pebble_config c = {.life_s = 20};

    (void) state;
    return run_setup_with(&c);
}

static int run_teardown(void **state)
{
    t.script = script_free(t.script);
    clock_fake(UINT64_MAX);
    return kit_stop(state);
}

static enum acme_end run(enum acme_mode mode)
{
    int r;

    forget_told();
    t.problems = 0;
    t.checks = 0;
    r = acme_run(&t.c, mode, &t.report);
    assert_int_equal(kit.n_up, 0);
    if (r < 0)
        fail_msg("%d\n%s", r, kit.told);
    return t.report.end;
}

#define assert_end(mode, wanted)                                                                   \
    do {                                                                                           \
        if (run(mode) != (wanted))                                                                 \
            fail_msg("it ended as %d:\n%s", t.report.end, kit.told);                               \
    } while (0)

#define assert_told(text)                                                                          \
    do {                                                                                           \
        if (!was_told(text))                                                                       \
            fail_msg("'%s' is not in what was told:\n%s", text, kit.told);                         \
    } while (0)

static void move_clock(int64_t s)
{
    clock_fake(UINT64_MAX);
    clock_fake((uint64_t) ((int64_t) clock_wall_ms() + s * 1000) * 1000);
}

static X509 *newest(void)
{
    struct vault_pair p;
    X509 *leaf;

    assert_int_equal(vault_load_pair(kit.folder, &t.c.ids, &p), 0);
    leaf = p.pair.chain[0];
    X509_up_ref(leaf);
    vault_pair_done(&p);
    return leaf;
}

/* Is there another pair now than before? */
static bool is_new(X509 **before)
{
    X509 *now = newest();
    bool is = !*before || X509_cmp(*before, now) != 0;

    X509_free(*before);
    *before = now;
    return is;
}

static unsigned lines_told(void)
{
    unsigned n = 0;

    for (const char *p = kit.told; *p; p++)
        n += *p == '\n';
    return n;
}

static bool has_order(void)
{
    char set[PATH_MAX], path[PATH_MAX + 8];

    assert_int_equal(vault_set_path(kit.folder, &t.c.ids, set), 0);
    snprintf(path, sizeof(path), "%s/orders", set);
    return file_exists(path);
}

/* ---- what is due ---- */

static void first_and_second_run(void **state)
{
    struct acme_state kept;
    struct due_pair pair;
    char ari_id[ACME_ARI_ID_SIZE];

    (void) state;
    assert_int_equal(acme_look(kit.folder, &t.c.ids, &kept, &pair, ari_id), -ENOENT);
    assert_end(ACME_IF_DUE, ACME_ISSUED);
    assert_int_equal(t.report.due, DUE_NO_PAIR);
    assert_int_equal(t.problems, 0);
    assert_int_equal(t.checks, 1);
    assert_told("A certificate for media.example.test is asked for from https://localhost:");
    assert_told("The certificate is here, valid until ");
    assert_false(has_order());
    assert_true(t.report.next_s > t.report.state.success_s);

    assert_int_equal(acme_look(kit.folder, &t.c.ids, &kept, &pair, ari_id), 0);
    assert_int_equal(kept.result, RESULT_OK);
    assert_int_equal(kept.type, CHALLENGE_HTTP_01);
    assert_string_equal(kept.directory, t.c.ca.directory);
    assert_true(pair.exists && pair.covers && !pair.revoked);
    assert_true(strlen(ari_id) > 20);
    assert_ptr_equal(pair.ari_id, ari_id);

    assert_end(ACME_IF_DUE, ACME_NOT_DUE);
    assert_string_equal(kit.told, "");
    assert_int_equal(t.report.state.result, RESULT_OK);
}

/* What was issued goes live, and stays when nothing is there to replace it. */
static void goes_live(void **state)
{
    char store[96], set[PATH_MAX];
    struct certs_wanted wanted = {
        .type = CERTS_ACME,
        .store = store,
        .acme = set,
        .names = {"media.example.test"},
        .key_access = {0640, FILE_KEEP_OWNER, (gid_t) FILE_KEEP_OWNER},
    };
    struct certs_info info;
    bool changed;

    (void) state;
    snprintf(store, sizeof(store), "%s/store", kit.folder);
    assert_int_equal(vault_set_path(kit.folder, &t.c.ids, set), 0);
    assert_int_equal(certs_ensure(&wanted, time(NULL), on_told_run, NULL, &changed), -EINVAL);
    assert_end(ACME_IF_DUE, ACME_ISSUED);
    assert_int_equal(certs_ensure(&wanted, time(NULL), on_told_run, NULL, &changed), 0);
    assert_true(changed);
    assert_int_equal(certs_describe(store, &info), 0);
    assert_int_equal(info.source, CERTS_ACME);
    assert_int_equal(certs_health(&info, time(NULL)), CERTS_FINE);
    certs_info_done(&info);
}

/* Not even the CA's absence is worth a line while nothing is due. */
static void ca_is_down(void **state)
{
    (void) state;
    assert_end(ACME_IF_DUE, ACME_ISSUED);
    assert_int_equal(pebble_end(kit.pebble), 0);
    for (int i = 0; i < 2; i++) {
        move_clock(i * 8 * 3600);
        assert_end(ACME_IF_DUE, ACME_NOT_DUE);
        assert_string_equal(kit.told, "");
        assert_int_equal(t.report.state.failures, 0);
        assert_int_equal(t.report.state.result, RESULT_OK);
    }
    clock_fake(UINT64_MAX);
    assert_end(ACME_NOW, ACME_FAILED);
    assert_int_equal(t.report.state.failure.kind, FAILURE_UNREACHABLE);
    assert_false(t.report.state.staging_first);
}

static void other_key(void **state)
{
    X509 *leaf = NULL;

    (void) state;
    assert_end(ACME_IF_DUE, ACME_ISSUED);
    assert_true(is_new(&leaf));
    t.c.key_type = ACME_KEY_RSA2048;
    assert_end(ACME_IF_DUE, ACME_ISSUED);
    assert_int_equal(t.report.due, DUE_OTHER_NAMES);
    assert_true(is_new(&leaf));
    assert_end(ACME_IF_DUE, ACME_NOT_DUE);
    assert_end(ACME_NOW, ACME_ISSUED);
    assert_true(is_new(&leaf));
    X509_free(leaf);
}

/* Certificates of 20 s, renewed again and again. */
static void twenty_seconds(void **state)
{
    X509 *leaf = NULL;

    (void) state;
    assert_end(ACME_IF_DUE, ACME_ISSUED);
    assert_true(is_new(&leaf));
    for (int i = 1; i < 4; i++) {
        assert_end(ACME_IF_DUE, ACME_NOT_DUE);
        move_clock(14);
        assert_end(ACME_IF_DUE, ACME_ISSUED);
        assert_int_equal(t.report.due, DUE_AGE);
        assert_true(is_new(&leaf));
        clock_fake(UINT64_MAX);
    }
    X509_free(leaf);
}

/* ---- the clock ---- */

static void wrong_clock(void **state)
{
    static const int64_t years[] = {366 * 86400, -366 * 86400};
    X509 *leaf = NULL;

    (void) state;
    assert_end(ACME_IF_DUE, ACME_ISSUED);
    assert_true(is_new(&leaf));
    for (size_t i = 0; i < 2; i++) {
        move_clock(years[i]);
        assert_end(ACME_IF_DUE, ACME_FAILED);
        assert_int_equal(t.report.due, i ? DUE_NOT_YET_VALID : DUE_EXPIRED);
        assert_int_equal(t.report.state.failure.kind, FAILURE_CLOCK);
        assert_told("timedatectl");
        assert_end(ACME_IF_DUE, ACME_WAITING);
        assert_string_equal(kit.told, "");
        clock_fake(UINT64_MAX);
        assert_end(ACME_IF_DUE, ACME_NOT_DUE);
        assert_string_equal(kit.told, "");
        assert_int_equal(t.report.state.result, RESULT_OK);
        assert_int_equal(t.report.state.failures, 0);
        assert_false(is_new(&leaf));
    }
    X509_free(leaf);
}

/* ---- types of challenge ---- */

static void self_check_fails(void **state)
{
    struct vault_account account;

    (void) state;
    t.c.n_types = 1;
    t.http_fails = true;
    assert_end(ACME_IF_DUE, ACME_FAILED);
    assert_int_equal(t.checks, 1);
    assert_int_equal(t.report.state.failure.kind, FAILURE_SELF_CHECK);
    assert_string_equal(t.report.state.failure.where, "192.0.2.1 port 80");
    assert_false(t.report.state.staging_first);
    assert_int_equal(t.report.state.failures, 1);
    assert_told("self-check (192.0.2.1 port 80): nobody answers.");
    assert_told("The next try is made after ");
    /* nothing was asked of the CA */
    assert_int_equal(vault_load_account(kit.folder, t.c.ca.directory, &account), -ENOENT);
    assert_false(has_order());

    assert_end(ACME_IF_DUE, ACME_WAITING);
    assert_string_equal(kit.told, "");
    assert_true(t.report.next_s >= t.report.state.attempt_s + 60);
    assert_end(ACME_NOW, ACME_FAILED);
    assert_int_equal(t.report.state.failures, 2);
    t.http_fails = false;
    assert_end(ACME_NOW, ACME_ISSUED);
    assert_int_equal(t.report.state.failures, 0);
    assert_int_equal(t.report.state.failure.kind, FAILURE_NONE);
}

/* After days of it the CA is asked what it sees. */
static void self_check_is_wrong(void **state)
{
    (void) state;
    t.c.n_types = 1;
    t.http_fails = true;
    for (int i = 0; i < 4; i++)
        assert_end(ACME_NOW, ACME_FAILED);
    assert_end(ACME_NOW, ACME_ISSUED);
    assert_told("nobody answers");
    assert_told("The CA is asked to look for itself");
}

static void self_check_leaves_one_out(void **state)
{
    (void) state;
    t.http_fails = true;
    assert_end(ACME_IF_DUE, ACME_ISSUED);
    assert_int_equal(t.report.state.type, CHALLENGE_TLS_ALPN_01);
    assert_told("http-01 is left out for media.example.test: self-check (192.0.2.1 port 80)");
    assert_int_equal(t.problems, 0);
}

static void no_self_check(void **state)
{
    (void) state;
    t.c.self_check = false;
    t.http_fails = true;
    assert_end(ACME_IF_DUE, ACME_ISSUED);
    assert_int_equal(t.checks, 0);
}

static bool cannot(void *arg, const struct acme_id *id, char *why, size_t why_size)
{
    (void) arg;
    snprintf(why, why_size, "port 443 is not ours, so %s", id->text);
    return false;
}

static void nobody_can(void **state)
{
    static const char *const names[] = {"media.example.test", "*.example.test", NULL};
    const char *bad;

    (void) state;
    t.tls.can = cannot;
    t.c.types[0] = CHALLENGE_TLS_ALPN_01;
    t.c.types[1] = CHALLENGE_DNS_01;
    t.c.n_types = 2;
    assert_end(ACME_IF_DUE, ACME_FAILED);
    assert_told("port 443 is not ours, so media.example.test; dns-01 is not set up");
    assert_told("ACME_CHALLENGE=auto");
    t.c.n_types = 0;
    assert_end(ACME_NOW, ACME_FAILED);

    assert_int_equal(acme_ids_parse(names, &t.c.ids, &bad), 0);
    t.c.types[0] = CHALLENGE_HTTP_01;
    t.c.n_types = 3;
    t.c.types[1] = CHALLENGE_TLS_ALPN_01;
    t.c.types[2] = CHALLENGE_DNS_01;
    assert_end(ACME_IF_DUE, ACME_FAILED);
    assert_told("http-01 does not prove wildcards");
    assert_told("A wildcard needs dns-01: set ACME_DNS_HOOK");
}

/* What the CA does not find is not tried again in the same run; the next type is. */
static void next_type_after_the_ca(void **state)
{
    (void) state;
    t.http.present = present_nothing_up;
    t.http.check = NULL;
    assert_end(ACME_IF_DUE, ACME_ISSUED);
    assert_int_equal(t.report.state.type, CHALLENGE_TLS_ALPN_01);
    assert_int_equal(t.problems, 1);
    assert_told("Another order is made");
    assert_false(has_order());
}

static void staging_first(void **state)
{
    (void) state;
    t.c.staging.directory = t.ip_directory;
    t.c.n_types = 1;
    t.http.check = NULL;
    t.http.present = present_nothing_up;
    assert_end(ACME_IF_DUE, ACME_FAILED);
    assert_int_equal(t.report.state.failure.kind, FAILURE_VALIDATION);
    assert_true(t.report.state.staging_first);
    assert_string_equal(t.report.state.directory, t.c.ca.directory);
    assert_end(ACME_IF_DUE, ACME_WAITING);

    move_clock(70);
    assert_end(ACME_IF_DUE, ACME_FAILED);
    assert_told("tried at the staging server before: https://127.0.0.1:");
    assert_string_equal(t.report.state.directory, t.ip_directory);
    assert_int_equal(t.report.state.failures, 2);

    move_clock(80 + 660);
    t.http.present = present;
    assert_end(ACME_IF_DUE, ACME_ISSUED);
    assert_told("It passed there.");
    assert_false(t.report.state.staging_first);
    assert_string_equal(t.report.state.directory, t.c.ca.directory);
}

/* Trouble of its own. */
static void staging_is_down(void **state)
{
    (void) state;
    t.c.staging.directory = "https://localhost:1/dir";
    t.c.n_types = 1;
    t.http.check = NULL;
    t.http.present = present_nothing_up;
    assert_end(ACME_IF_DUE, ACME_FAILED);
    t.http.present = present;
    move_clock(70);
    assert_end(ACME_IF_DUE, ACME_ISSUED);
    assert_told("The staging server could not tell");
}

/* ---- the CAs ---- */

static void fallback(void **state)
{
    (void) state;
    t.c.fallback.directory = t.c.ca.directory;
    t.c.ca.directory = "https://localhost:1/dir";
    t.c.fallback_after = 2;
    assert_end(ACME_NOW, ACME_FAILED);
    assert_end(ACME_NOW, ACME_FAILED);
    assert_int_equal(t.report.state.failures, 2);
    assert_end(ACME_NOW, ACME_ISSUED);
    assert_string_equal(t.report.state.directory, t.c.fallback.directory);
    /* back to the first */
    assert_end(ACME_NOW, ACME_FAILED);
    assert_string_equal(t.report.state.directory, t.c.ca.directory);
}

static void refused_name(void **state)
{
    static const char *const names[] = {"blocked.example.test", NULL};
    const char *bad;

    (void) state;
    assert_int_equal(acme_ids_parse(names, &t.c.ids, &bad), 0);
    assert_end(ACME_IF_DUE, ACME_FAILED);
    assert_int_equal(t.report.state.failure.kind, FAILURE_REFUSED);
    assert_int_equal(t.report.state.failure.problem.type, PROBLEM_REJECTED_IDENTIFIER);
    assert_non_null(strstr(t.report.state.failure.problem.verbatim, "rejectedIdentifier"));
}

static void script_setup(const char *const *answers)
{
    assert_int_equal(script_new(&t.script), 0);
    for (; *answers; answers++)
        script_say(t.script, *answers);
    assert_int_equal(script_start(t.script), 0);
    snprintf(t.script_directory, sizeof(t.script_directory), "http://127.0.0.1:%u/dir",
             script_port(t.script));
}

#define JSON_HEAD(more)                                                                            \
    "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\n" more "\r\n"
#define DIRECTORY                                                                                  \
    "{\"newNonce\": \"http://127.0.0.1:1/n\", \"newAccount\": \"http://127.0.0.1:1/a\", "          \
    "\"newOrder\": \"http://127.0.0.1:1/o\""

/* It says for how long it wants to be left alone, and is; the other one is not bound by it. */
static void rate_limit(void **state)
{
    static const char *const answers[] = {
        "HTTP/1.1 429 Too Many\r\nRetry-After: 7200\r\nContent-Type: application/problem+json\r\n"
        "Connection: close\r\n\r\n"
        "{\"type\": \"urn:ietf:params:acme:error:rateLimited\", \"detail\": \"slower, please\"}",
        NULL};
    int64_t now_s = time(NULL);

    (void) state;
    script_setup(answers);
    t.c.fallback.directory = t.c.ca.directory;
    t.c.ca.directory = t.script_directory;
    assert_end(ACME_IF_DUE, ACME_FAILED);
    assert_int_equal(t.report.state.failure.kind, FAILURE_RATE_LIMIT);
    assert_told("slower, please");
    assert_true(t.report.next_s >= now_s + 7200);
    assert_end(ACME_NOW, ACME_WAITING);
    assert_told("wants no further request before ");
    assert_int_equal(script_n_requests(t.script), 1);
    t.c.fallback_after = 1;
    assert_end(ACME_NOW, ACME_ISSUED);
    assert_int_equal(script_n_requests(t.script), 1);
}

/* The CA says by which names CAA records call it. */
static void caa_records(void **state)
{
    static const char *const answers[] = {
        JSON_HEAD("") DIRECTORY ", \"meta\": {\"caaIdentities\": [\"ca.example.test\"]}}", NULL};

    (void) state;
    script_setup(answers);
    t.c.ca.directory = t.script_directory;
    t.c.resolver = pebble_dns(kit.pebble);
    assert_int_equal(pebble_add_caa(kit.pebble, "media.example.test", "other.example"), 0);
    assert_end(ACME_NOW, ACME_FAILED);
    assert_int_equal(t.report.state.failure.kind, FAILURE_SELF_CHECK);
    assert_told("CAA");
    assert_told("other.example");
    assert_int_equal(t.checks, 0);
    assert_int_equal(script_n_requests(t.script), 1);
    /* not looked at when it is not wanted, or cannot be */
    t.c.self_check = false;
    assert_end(ACME_NOW, ACME_FAILED);
    assert_int_not_equal(t.report.state.failure.kind, FAILURE_SELF_CHECK);
    t.c.self_check = true;
    t.c.resolver = "no server";
    assert_end(ACME_NOW, ACME_FAILED);
    assert_told("'no server' is no address of a DNS server");
    assert_int_not_equal(t.report.state.failure.kind, FAILURE_SELF_CHECK);
}

/* ---- renewal information ---- */

/* A pair with the key identifier of its issuer, as one of that server. */
static void pair_of_script(void)
{
    char set[PATH_MAX], path[PATH_MAX + 16];
    struct vault_pair p;

    assert_end(ACME_IF_DUE, ACME_ISSUED);
    assert_int_equal(vault_set_path(kit.folder, &t.c.ids, set), 0);
    snprintf(path, sizeof(path), "%s/state.json", set);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(vault_load_pair(kit.folder, &t.c.ids, &p), 0);
    assert_int_equal(vault_open(kit.folder, 0, NULL, NULL, &kit.vault), 0);
    assert_int_equal(vault_put_pair(&kit.vault, &t.c.ids, &p.pair, t.script_directory), 0);
    vault_close(&kit.vault);
    vault_pair_done(&p);
    t.c.ca.directory = t.script_directory;
}

static void script_of_renewal_information(const char *start, const char *end)
{
    char text[1024];

    assert_int_equal(script_new(&t.script), 0);
    snprintf(text, sizeof(text),
             JSON_HEAD("") DIRECTORY ", \"renewalInfo\": \"http://127.0.0.1:%u/ari\"}",
             script_port(t.script));
    script_say(t.script, text);
    snprintf(text, sizeof(text),
             JSON_HEAD("Retry-After: 7200\r\n") "{\"suggestedWindow\": {\"start\": \"%s\", "
                                                "\"end\": \"%s\"}, \"explanationURL\": "
                                                "\"http://127.0.0.1/why\"}",
             start, end);
    script_say(t.script, text);
    script_say(t.script, "HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n");
    assert_int_equal(script_start(t.script), 0);
    snprintf(t.script_directory, sizeof(t.script_directory), "http://127.0.0.1:%u/dir",
             script_port(t.script));
    pair_of_script();
}

static void renewal_information(void **state)
{
    const struct acme_ari *a = &t.report.state.ari;
    int64_t now_s = time(NULL), selected_s;
    char *request, id[ACME_URL_SIZE + 8];

    (void) state;
    script_of_renewal_information("2100-01-01T00:00:00Z", "2100-01-03T00:00:00Z");
    assert_end(ACME_IF_DUE, ACME_NOT_DUE);
    assert_string_equal(kit.told, "");
    assert_int_equal(script_n_requests(t.script), 2);
    request = script_request(t.script, 1);
    snprintf(id, sizeof(id), "/ari/%s ", a->id);
    assert_non_null(strstr(request, id));
    free(request);
    assert_in_range(a->selected_s, a->info.start_s, a->info.end_s);
    assert_true(a->fetch_next_s >= now_s + 7200 && a->fetch_next_s < now_s + 7300);
    assert_true(t.report.next_s <= a->fetch_next_s);
    selected_s = a->selected_s;
    /* not again before it is time; what cannot be had then changes nothing */
    assert_end(ACME_IF_DUE, ACME_NOT_DUE);
    assert_int_equal(script_n_requests(t.script), 2);
    move_clock(7400);
    assert_end(ACME_IF_DUE, ACME_NOT_DUE);
    assert_string_equal(kit.told, "");
    assert_int_equal(script_n_requests(t.script), 3);
    assert_int_equal(a->selected_s, selected_s);
    assert_int_equal(t.report.state.failures, 0);
}

/* The CA is about to revoke it. */
static void renewal_is_urgent(void **state)
{
    (void) state;
    script_of_renewal_information("2001-01-01T00:00:00Z", "2001-01-02T00:00:00Z");
    t.c.n_types = 0; /* the try itself ends at once */
    move_clock(2 * 3600);
    assert_end(ACME_IF_DUE, ACME_FAILED);
    assert_int_equal(t.report.due, DUE_ARI);
    assert_told("the CA says that it is time");
    assert_told("http://127.0.0.1/why");
}

/* ---- tests, ends and revocation ---- */

static unsigned hash_of_folder(void)
{
    char line[256], text[64] = "";
    FILE *p;

    snprintf(line, sizeof(line), "cd %s && find . -type f -exec sha256sum {} + | sort | cksum",
             kit.folder);
    p = popen(line, "r"); /* NOLINT(cert-env33-c) */
    assert_non_null(p);
    assert_non_null(fgets(text, sizeof(text), p));
    pclose(p);
    return (unsigned) strtoul(text, NULL, 10);
}

static void test_mode(void **state)
{
    unsigned before;

    (void) state;
    assert_end(ACME_TEST, ACME_FAILED);
    assert_int_equal(t.checks, 1);
    assert_told("The self-check passed");
    assert_told("no staging server is known");
    t.c.staging.directory = t.ip_directory;
    before = hash_of_folder();
    assert_end(ACME_TEST, ACME_ISSUED);
    assert_told("All of it passed; nothing was kept");
    assert_int_equal(hash_of_folder(), before);
    t.http_fails = true;
    t.c.n_types = 1;
    assert_end(ACME_TEST, ACME_FAILED);
    assert_int_equal(t.report.state.failure.kind, FAILURE_SELF_CHECK);
    assert_int_equal(hash_of_folder(), before);
    assert_end(ACME_IF_DUE, ACME_FAILED); /* its failure is no reason to wait */
}

/* The service is stopped at each line that is told: nothing counts as failed, and the next run goes
 * on. */
static void ended_from_outside(void **state)
{
    unsigned lines;

    (void) state;
    t.http.check = NULL;
    assert_end(ACME_IF_DUE, ACME_ISSUED);
    lines = lines_told();
    assert_true(lines > 4);
    for (unsigned n = 1; n < lines; n++) {
        int r;

        assert_int_equal(dir_remove(kit.folder), 0);
        forget_told();
        kit.stop_at = n;
        r = acme_run(&t.c, ACME_IF_DUE, &t.report);
        kit.stop_at = 0;
        assert_int_equal(kit.n_up, 0);
        if (r == 0) { /* it was stored already */
            assert_int_equal(t.report.end, ACME_ISSUED);
            continue;
        }
        assert_int_equal(r, -EINTR);
        assert_end(ACME_IF_DUE, ACME_ISSUED);
        assert_true(times_told("asked for from") == 1);
        assert_int_equal(t.report.state.failures, 0);
    }
}

/* A run that was killed right after it had stored the pair. */
static void killed_before_the_note(void **state)
{
    struct vault_order o = {.url = "https://localhost/order"};
    struct vault_pair p;
    char set[PATH_MAX], path[PATH_MAX + 16];

    (void) state;
    assert_end(ACME_IF_DUE, ACME_ISSUED);
    assert_int_equal(vault_load_pair(kit.folder, &t.c.ids, &p), 0);
    snprintf(o.directory, sizeof(o.directory), "%s", t.c.ca.directory);
    o.key = p.pair.key;
    assert_int_equal(vault_open(kit.folder, 0, NULL, NULL, &kit.vault), 0);
    assert_int_equal(vault_put_order(&kit.vault, &t.c.ids, &o), 0);
    vault_close(&kit.vault);
    vault_pair_done(&p);
    assert_int_equal(vault_set_path(kit.folder, &t.c.ids, set), 0);
    snprintf(path, sizeof(path), "%s/state.json", set);
    assert_int_equal(unlink(path), 0);

    assert_end(ACME_IF_DUE, ACME_NOT_DUE);
    assert_int_equal(t.report.state.result, RESULT_OK);
    assert_false(has_order());
}

static void damaged(void **state)
{
    static const char *const files[] = {"state.json", "current/privkey.pem", "current/origin.json"};
    char set[PATH_MAX], path[PATH_MAX + 32];

    (void) state;
    assert_int_equal(vault_set_path(kit.folder, &t.c.ids, set), 0);
    for (size_t i = 0; i < 3; i++) {
        assert_end(ACME_IF_DUE, ACME_ISSUED);
        snprintf(path, sizeof(path), "%s/%s", set, files[i]);
        assert_int_equal(truncate(path, 20), 0);
        if (i > 0)
            continue;
        assert_end(ACME_IF_DUE, ACME_NOT_DUE);
        assert_told("is damaged");
        assert_end(ACME_NOW, ACME_ISSUED);
        assert_int_equal(truncate(path, 0), 0);
        snprintf(path, sizeof(path), "%s/current/fullchain.pem", set);
        assert_int_equal(truncate(path, 20), 0);
    }
    assert_end(ACME_IF_DUE, ACME_ISSUED);
    assert_told("is damaged");
}

static void revocation(void **state)
{
    struct acme_failure f;
    char path[PATH_MAX];
    struct acme_state kept;
    struct due_pair pair;
    char ari_id[ACME_ARI_ID_SIZE];

    (void) state;
    assert_int_equal(acme_revoke(&t.c, -1, &f), -ENOENT);
    assert_end(ACME_IF_DUE, ACME_ISSUED);
    for (int i = 0; i < 2; i++) {
        if (i == 1) { /* the account is lost, the key of the certificate is left */
            snprintf(path, sizeof(path), "%s/accounts", kit.folder);
            assert_int_equal(dir_remove(path), 0);
        }
        forget_told();
        memset(&kit.failure, 0, sizeof(kit.failure));
        assert_done(acme_revoke(&t.c, 4, &kit.failure));
        assert_told("The certificate is revoked.");
        assert_int_equal(was_told("signed with the key of the certificate"), i == 1);
        assert_int_equal(acme_revoke(&t.c, 4, &f), -EALREADY);
        assert_int_equal(acme_look(kit.folder, &t.c.ids, &kept, &pair, ari_id), 0);
        assert_true(pair.revoked);
        assert_end(ACME_IF_DUE, ACME_ISSUED);
        assert_int_equal(t.report.due, DUE_REVOKED);
        assert_end(ACME_IF_DUE, ACME_NOT_DUE);
    }
}

/* The CA knows it as revoked, we do not: by the account, and by the key. */
static void revoked_before(void **state)
{
    char set[PATH_MAX], path[PATH_MAX + 32];

    (void) state;
    assert_end(ACME_IF_DUE, ACME_ISSUED);
    assert_int_equal(vault_set_path(kit.folder, &t.c.ids, set), 0);
    snprintf(path, sizeof(path), "%s/current/revoked", set);
    assert_done(acme_revoke(&t.c, -1, &kit.failure));
    assert_int_equal(unlink(path), 0);
    forget_told();
    assert_done(acme_revoke(&t.c, -1, &kit.failure));
    assert_told("The CA knows it as revoked already");
    assert_true(file_exists(path));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(first_and_second_run, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(goes_live, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(ca_is_down, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(other_key, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(twenty_seconds, short_lives, run_teardown),
        cmocka_unit_test_setup_teardown(wrong_clock, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(self_check_fails, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(self_check_is_wrong, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(self_check_leaves_one_out, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(no_self_check, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(nobody_can, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(next_type_after_the_ca, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(staging_first, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(staging_is_down, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(fallback, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(refused_name, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(rate_limit, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(caa_records, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(renewal_information, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(renewal_is_urgent, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_mode, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(ended_from_outside, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(killed_before_the_note, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(damaged, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(revocation, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(revoked_before, run_setup, run_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
