#include "call/login.h"

#include "base/clock.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/rnd.h"
#include "call/reply.h"
#include "call/ticket.h"
#include "web/throttle.h"
#include "web/web_token.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#define USER_COOKIE "ovCallUserToken"
#define USER_S (30 * 24 * 3600)
#define ADMIN_COOKIE "ovCallAdminToken"
#define ADMIN_S (24 * 3600)
#define COOKIE_MAX 256
#define LOG_GUESSING_MS 10000

struct login {
    const struct call_config *config;
    struct throttle *throttle;
    struct ticket_key user_key, admin_key;
    struct log_limit log_guessing;
};

/* A request with a secret in it. */
struct attempt {
    struct login *login;
    struct web_request *rq;
    void (*judge)(const struct attempt *a);
    bool counted;
    struct addr guesser;
    login_go_fn *go;
    struct app *app;
};

static const char *secret_of(const struct login *n)
{
    return *n->config->secret ? n->config->secret : n->config->openvidu_secret;
}

static const char *admin_secret_of(const struct login *n)
{
    return *n->config->admin_secret ? n->config->admin_secret : n->config->openvidu_secret;
}

int login_reloaded(struct login *n)
{
    int r = ticket_key_init(&n->user_key, secret_of(n), "user", n->config->user);

    if (r == 0)
        r = ticket_key_init(&n->admin_key, admin_secret_of(n), "admin", "");
    if (r < 0) { /* keys that nobody has tickets of */
        rnd_bytes(&n->user_key, sizeof(n->user_key));
        rnd_bytes(&n->admin_key, sizeof(n->admin_key));
    }
    return r;
}

int login_new(struct loop *l, const struct call_config *config, struct login **ret_login)
{
    struct login *n = calloc(1, sizeof(*n));
    int r;

    if (!n)
        return -ENOMEM;
    n->config = config;
    n->log_guessing.interval_ms = LOG_GUESSING_MS;
    r = login_reloaded(n);
    if (r == 0)
        r = throttle_new(l, &(struct throttle_limits){0}, &n->throttle);
    if (r < 0) {
        login_free(n);
        return r;
    }
    *ret_login = n;
    return 0;
}

struct login *login_free(struct login *n)
{
    if (!n)
        return NULL;
    throttle_free(n->throttle);
    secret_wipe(n, sizeof(*n));
    free(n);
    return NULL;
}

/* ---- guessing ---- */

static void judge_later(void *arg)
{
    const struct attempt *a = arg;

    a->judge(a);
}

static void submit(struct attempt *a)
{
    int r = 0;

    a->counted = web_guesser(a->rq, &a->guesser);
    if (a->counted)
        r = throttle_admit(a->login->throttle, &a->guesser, judge_later, a, sizeof(*a));
    if (r == 0) {
        a->judge(a);
    } else if (r < 0) {
        web_reply_header(a->rq, "Retry-After", "1");
        reply_error(a->rq, 429, "Too many wrong passwords came from your address; wait a moment.");
    }
}

static void was_wrong(const struct attempt *a)
{
    char ip[ADDR_TEXT_SIZE];

    if (a->counted && throttle_wrong(a->login->throttle, &a->guesser))
        log_limited(&a->login->log_guessing, LOG_LEVEL_WARNING,
                    "several wrong passwords from %s, slowing down what comes from there",
                    addr_format_ip(&a->guesser, ip));
}

/* ---- cookies ---- */

static bool has_ticket(const struct web_request *rq, const char *name, const struct ticket_key *k)
{
    const char *cookies = web_header(rq, "Cookie");
    struct bytes ticket;

    return cookies && web_token_cookie(cookies, name, &ticket) &&
           ticket_is_valid(k, ticket, clock_wall_ms() / 1000);
}

/* The proxy says how the browser came. A stranger who says it spoils his own cookie alone. */
static void set_cookie(struct web_request *rq, const char *name, const char *value,
                       unsigned max_age_s)
{
    const char *proto = web_header(rq, "X-Forwarded-Proto");
    bool https = proto && strcasecmp(proto, "https") == 0;
    char text[COOKIE_MAX];

    snprintf(text, sizeof(text), "%s=%s; Path=/; Max-Age=%u; HttpOnly; SameSite=Strict%s", name,
             value, max_age_s, https ? "; Secure" : "");
    web_reply_header(rq, "Set-Cookie", text);
}

static void give_ticket(struct web_request *rq, const char *name, const struct ticket_key *k,
                        unsigned max_age_s)
{
    char ticket[TICKET_SIZE];

    if (ticket_make(k, clock_wall_ms() / 1000 + max_age_s, ticket) == 0)
        set_cookie(rq, name, ticket, max_age_s);
}

/* ---- coming in ---- */

bool login_is_in(const struct login *n, const struct web_request *rq)
{
    return !n->config->private_access || has_ticket(rq, USER_COOKIE, &n->user_key);
}

/* No "Basic" in the challenge: browsers would ask by a window of their own, in front of our page.
 */
static void refuse(struct web_request *rq)
{
    web_reply_header(rq, "WWW-Authenticate", "Form realm=\"Visavis Call\"");
    reply_error(rq, 401, "Log in first.");
}

static void judge_basic(const struct attempt *a)
{
    if (web_basic_auth_matches(a->rq, a->login->config->user, secret_of(a->login))) {
        a->go(a->app, a->rq);
        return;
    }
    was_wrong(a);
    refuse(a->rq);
}

void login_admit(struct login *n, struct web_request *rq, login_go_fn *go, struct app *app)
{
    struct attempt a = {.login = n, .rq = rq, .judge = judge_basic, .go = go, .app = app};

    if (login_is_in(n, rq))
        go(app, rq);
    else if (web_header(rq, "Authorization"))
        submit(&a);
    else
        refuse(rq);
}

static json_t *read_body(const struct web_request *rq)
{
    struct bytes body = web_body(rq);

    return json_loadb((const char *) body.p, body.len, JSON_REJECT_DUPLICATES, NULL);
}

static bool field_is(const json_t *body, const char *name, const char *wanted)
{
    const char *given = json_string_value(json_object_get(body, name));

    return given && secret_eq(bytes_str(given), bytes_str(wanted));
}

static void judge_user(const struct attempt *a)
{
    json_t *body = read_body(a->rq);
    bool user_ok = field_is(body, "username", a->login->config->user);
    bool secret_ok = field_is(body, "password", secret_of(a->login));

    json_decref(body);
    if (user_ok && secret_ok) {
        give_ticket(a->rq, USER_COOKIE, &a->login->user_key, USER_S);
        reply_message(a->rq, "Logged in.");
        return;
    }
    was_wrong(a);
    reply_error(a->rq, 401, "Authentication failed. Try again.");
}

void login_user_in(struct login *n, struct web_request *rq)
{
    submit(&(struct attempt){.login = n, .rq = rq, .judge = judge_user});
}

void login_user_out(struct login *n, struct web_request *rq)
{
    (void) n;
    set_cookie(rq, USER_COOKIE, "", 0);
    reply_message(rq, "Logged out.");
}

static void judge_admin(const struct attempt *a)
{
    json_t *body = read_body(a->rq);
    bool ok = field_is(body, "password", admin_secret_of(a->login));

    json_decref(body);
    if (!ok) {
        was_wrong(a);
        reply_error(a->rq, 403, "Authentication failed. Try again.");
        return;
    }
    give_ticket(a->rq, ADMIN_COOKIE, &a->login->admin_key, ADMIN_S);
    if (a->login->config->recording)
        reply_json(a->rq, 200, json_pack("{s:[]}", "recordings"));
    else
        web_reply(a->rq, 200, NULL, bytes_str(NULL));
}

void login_admin_in(struct login *n, struct web_request *rq)
{
    submit(&(struct attempt){.login = n, .rq = rq, .judge = judge_admin});
}

void login_admin_out(struct login *n, struct web_request *rq)
{
    (void) n;
    set_cookie(rq, ADMIN_COOKIE, "", 0);
    reply_message(rq, "Logged out.");
}
