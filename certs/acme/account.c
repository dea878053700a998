#include "acme/account.h"

#include "acme/base64url.h"
#include "acme/jws.h"
#include "base/crypto.h"
#include "certs/key.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define MAC_KEY_MAX 512

/* One call of this module. */
struct desk {
    struct acme_client *client;
    const struct vault *vault; /* NULL: nothing is kept */
    const struct account_config *c;
    const struct acme_directory *directory;
    struct vault_account account;
    struct acme_failure *f;
};

static const char *wanted_email(const struct desk *d)
{
    return d->c->email ? d->c->email : "";
}

__attribute__((format(printf, 2, 3))) static void tell(const struct desk *d, const char *fmt, ...)
{
    char text[2048];
    va_list args;

    if (!d->c->tell)
        return;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    d->c->tell(text, d->c->arg);
}

static int fail_local(const struct desk *d, int error, const char *what)
{
    return failure_set(d->f, FAILURE_LOCAL, STEP_STORE, error, d->vault ? d->vault->folder : "",
                       "%s (%s)", what, strerror(-error));
}

static int keep(const struct desk *d)
{
    int r = d->vault ? vault_put_account(d->vault, d->c->directory, &d->account) : 0;

    return r < 0 ? fail_local(d, r, "the account cannot be stored") : 0;
}

/* From now on the client signs with that key; url NULL: for no account yet. */
static int sign_for(const struct desk *d, EVP_PKEY *key, const char *url)
{
    int r = acme_client_set_account(d->client, url);

    acme_client_set_key(d->client, key);
    return r < 0 ? fail_local(d, r, "the account's URL cannot be used") : 0;
}

/* ---- registration ---- */

static bool is_about_contact(const struct acme_failure *f)
{
    return f->problem.type == PROBLEM_INVALID_CONTACT ||
           f->problem.type == PROBLEM_UNSUPPORTED_CONTACT;
}

/* CAs hand the key out in either alphabet, with padding or without. */
static int decode_mac_key(const char *text, uint8_t buf[static MAC_KEY_MAX], size_t *ret_len)
{
    char plain[BASE64URL_SIZE(MAC_KEY_MAX)];
    size_t len = strcspn(text, "=");
    int r;

    if (len == 0 || len >= sizeof(plain) || text[len + strspn(text + len, "=")])
        return -EBADMSG;
    for (size_t i = 0; i < len; i++)
        plain[i] = (char) (text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i]);
    r = base64url_decode(bytes_of(plain, len), buf, MAC_KEY_MAX, ret_len);
    secret_wipe(plain, sizeof(plain));
    return r;
}

static bool has_text(const char *s)
{
    return s && *s;
}

/* NULL when there is none, and none is needed. */
static int bind_external(const struct desk *d, json_t **ret)
{
    uint8_t mac_key[MAC_KEY_MAX];
    size_t len = 0;
    int r;

    *ret = NULL;
    if (!has_text(d->c->eab_kid) && !d->directory->eab_required)
        return 0;
    if (!has_text(d->c->eab_kid) || !has_text(d->c->eab_key)) {
        failure_set(d->f, FAILURE_REFUSED, STEP_ACCOUNT, -EPROTO, d->directory->new_account,
                    "the CA registers accounts of its own customers alone (external account "
                    "binding), and %s is not set",
                    has_text(d->c->eab_kid) ? "ACME_EAB_HMAC_KEY" : "ACME_EAB_KID");
        failure_next(d->f, "Get the two values from the CA's web site, and set ACME_EAB_KID and "
                           "ACME_EAB_HMAC_KEY.");
        return -EPROTO;
    }
    r = decode_mac_key(d->c->eab_key, mac_key, &len);
    if (r == 0)
        r = jws_bind_external(d->account.key, d->directory->new_account, d->c->eab_kid,
                              bytes_of(mac_key, len), ret);
    secret_wipe(mac_key, sizeof(mac_key));
    if (r == -ENOMEM)
        return fail_local(d, r, "the account cannot be registered");
    if (r < 0) {
        failure_set(d->f, FAILURE_REFUSED, STEP_ACCOUNT, r, d->directory->new_account,
                    "ACME_EAB_HMAC_KEY is no key in base64url, as CAs hand it out");
        failure_next(d->f, "Copy it again from the CA's web site: letters, digits, '-' and '_'.");
    }
    return r;
}

static int ask_for_account(const struct desk *d, const char *email, struct acme_answer *ret)
{
    json_t *binding;
    char *request;
    int r = bind_external(d, &binding);

    if (r < 0)
        return r;
    request = acme_account_request(email, false, binding);
    if (!request)
        return fail_local(d, -ENOMEM, "the account cannot be registered");
    r = acme_post(d->client, STEP_ACCOUNT, d->directory->new_account, request, ret, d->f);
    free(request);
    return r;
}

/* The account of the key, which may be there already. */
static int enrol(struct desk *d)
{
    const char *email = wanted_email(d);
    struct acme_answer a;
    int r = sign_for(d, d->account.key, NULL);

    if (r == 0)
        r = ask_for_account(d, email, &a);
    if (r < 0 && is_about_contact(d->f) && *email) {
        tell(d,
             "The CA does not take the contact %s (%s); the account is registered without. Set "
             "LETSENCRYPT_EMAIL to an address that receives mail.",
             email, d->f->what);
        email = "";
        r = ask_for_account(d, email, &a);
    }
    if (r < 0)
        return r;
    r = acme_answer_has_location(&a, STEP_ACCOUNT, d->directory->new_account, d->f);
    if (r == 0) {
        snprintf(d->account.url, sizeof(d->account.url), "%s", a.location);
        /* Which contact one has that was there before is not known. */
        snprintf(d->account.email, sizeof(d->account.email), "%s", a.status == 201 ? email : "");
        r = keep(d);
    }
    acme_answer_done(&a);
    return r < 0 ? r : sign_for(d, d->account.key, d->account.url);
}

/* With a key of its own, stored before the CA hears of it. */
static int enrol_anew(struct desk *d)
{
    int r;

    vault_account_done(&d->account);
    d->account = (struct vault_account){.key = key_new()};
    if (!d->account.key)
        return fail_local(d, -ENOMEM, "the account cannot be registered");
    r = keep(d);
    return r < 0 ? r : enrol(d);
}

/* ---- an account that is there ---- */

static int look(const struct desk *d, EVP_PKEY *key, struct acme_account *ret)
{
    struct acme_answer a = {.body = NULL};
    const char *why;
    int r = sign_for(d, key, d->account.url);

    if (r == 0)
        r = acme_post(d->client, STEP_ACCOUNT, d->account.url, NULL, &a, d->f);
    if (r < 0)
        return r;
    if (acme_account_parse(bytes_of(a.body, a.len), ret, &why) < 0)
        r = acme_answer_unreadable(&a, STEP_ACCOUNT, d->account.url, "JSON", why, d->f);
    acme_answer_done(&a);
    return r;
}

/* A key change that was begun and not seen to its end: which of the two keys has the CA? 1: the new
 * one, which is in use from now on; 0: the old one. */
static int settle_key_change(struct desk *d)
{
    struct acme_account found;
    EVP_PKEY *next = NULL;
    int r = d->vault ? vault_load_next_key(d->vault->folder, d->c->directory, &next) : -ENOENT;

    if (r == -ENOENT)
        return 0;
    if (r < 0 && r != -EINVAL)
        return fail_local(d, r, "the next key of the account cannot be read");
    if (r == 0)
        r = look(d, next, &found);
    if (r == 0) {
        EVP_PKEY_free(d->account.key);
        d->account.key = next;
        r = keep(d);
        return r < 0 ? r : 1;
    }
    EVP_PKEY_free(next);
    /* What is not readable was never sent. */
    return r == -EINVAL || d->f->kind == FAILURE_REFUSED ? keep(d) : r;
}

static int update_contact(struct desk *d)
{
    const char *email = wanted_email(d);
    char *request;
    int r;

    if (strcmp(d->account.email, email) == 0 || strlen(email) >= sizeof(d->account.email))
        return 0;
    request = acme_contact_request(email);
    if (!request)
        return fail_local(d, -ENOMEM, "the contact cannot be changed");
    r = acme_post(d->client, STEP_ACCOUNT, d->account.url, request, NULL, d->f);
    free(request);
    if (r == -EINTR)
        return r;
    if (r < 0) {
        tell(d,
             "The CA does not take the contact %s (%s); the account keeps the one it has. Set "
             "LETSENCRYPT_EMAIL to an address that receives mail.",
             *email ? email : "\"none\"", d->f->what);
        return 0;
    }
    snprintf(d->account.email, sizeof(d->account.email), "%s", email);
    return keep(d);
}

/* Is it good still? Otherwise there is another one afterwards. */
static int renew_account(struct desk *d)
{
    struct acme_account found = {.status = ACME_VALID};
    int r = look(d, d->account.key, &found);

    if (r < 0 && d->f->problem.type == PROBLEM_ACCOUNT_DOES_NOT_EXIST) {
        tell(d, "The CA does not know the account %s any more; it is registered again.",
             d->account.url);
        return enrol(d);
    }
    if (found.status == ACME_DEACTIVATED || (r < 0 && d->f->problem.type == PROBLEM_UNAUTHORIZED)) {
        tell(d, "The account %s is deactivated; another one is registered.", d->account.url);
        return enrol_anew(d);
    }
    if (r == 0 && found.status != ACME_VALID)
        return failure_set(d->f, FAILURE_REFUSED, STEP_ACCOUNT, -EPROTO, d->account.url,
                           "the CA says that the account is %s", acme_status_names[found.status]);
    return r;
}

/* ---- the calls ---- */

/* The vault's account, if any, with the key that the CA has. -ENOENT: there is none. */
static int open_desk(struct desk *d)
{
    int r = acme_client_directory(d->client, &d->directory, d->f);

    if (r < 0)
        return r;
    r = d->vault ? vault_load_account(d->vault->folder, d->c->directory, &d->account) : -ENOENT;
    if (r == -EINVAL)
        tell(d, "The account for %s cannot be read; another one is registered.", d->c->directory);
    if (r == -EINVAL)
        r = -ENOENT;
    if (r < 0)
        return r == -ENOENT ? r : fail_local(d, r, "the account cannot be read");
    r = d->account.url[0] ? settle_key_change(d) : 0;
    return r < 0 ? r : 0;
}

/* Nothing of the client refers to it any more. */
static void close_desk(struct desk *d)
{
    (void) acme_client_set_account(d->client, NULL);
    acme_client_set_key(d->client, NULL);
    vault_account_done(&d->account);
}

static int ensure(struct desk *d)
{
    int r = open_desk(d);

    if (r == -ENOENT)
        r = enrol_anew(d);
    else if (r == 0)
        r = d->account.url[0] ? renew_account(d) : enrol(d);
    return r < 0 ? r : update_contact(d);
}

int account_ensure(struct acme_client *client, const struct vault *v,
                   const struct account_config *c, struct vault_account *ret,
                   struct acme_failure *f)
{
    struct desk d = {.client = client, .vault = v, .c = c, .f = f};
    int r = ensure(&d);

    if (r < 0)
        close_desk(&d);
    else
        *ret = d.account;
    return r;
}

static int change_key(struct desk *d, EVP_PKEY *next)
{
    char *request;
    int r = vault_put_next_key(d->vault, d->c->directory, next);

    if (r < 0)
        return fail_local(d, r, "the next key of the account cannot be stored");
    r = jws_key_change(d->account.key, next, d->account.url, d->directory->key_change, &request);
    if (r < 0)
        return fail_local(d, r, "the change of the key cannot be signed");
    r = acme_post_once(d->client, STEP_ACCOUNT, d->directory->key_change, request, NULL, d->f);
    free(request);
    return r;
}

static int roll_over(struct desk *d)
{
    struct acme_failure refusal;
    EVP_PKEY *next;
    int r = ensure(d), changed;

    if (r < 0)
        return r;
    if (!d->directory->key_change[0])
        return failure_set(d->f, FAILURE_REFUSED, STEP_ACCOUNT, -EPROTO, d->c->directory,
                           "the CA does not let accounts change their keys (no keyChange)");
    next = key_new();
    if (!next)
        return fail_local(d, -ENOMEM, "no new key can be made");
    changed = change_key(d, next);
    EVP_PKEY_free(next);
    refusal = *d->f;
    r = settle_key_change(d);
    if (r != 0)
        return r < 0 ? r : 0;
    *d->f = refusal;
    return changed < 0 ? changed : -EPROTO;
}

int account_rollover(struct acme_client *client, const struct vault *v,
                     const struct account_config *c, struct acme_failure *f)
{
    struct desk d = {.client = client, .vault = v, .c = c, .f = f};
    int r = roll_over(&d);

    close_desk(&d);
    return r;
}

static int deactivate(struct desk *d)
{
    char *request;
    int r = open_desk(d);

    if (r == -ENOENT || (r == 0 && !d->account.url[0]))
        return failure_set(d->f, FAILURE_LOCAL, STEP_ACCOUNT, -ENOENT, d->c->directory,
                           "there is no account at this CA");
    if (r == 0)
        r = sign_for(d, d->account.key, d->account.url);
    if (r < 0)
        return r;
    request = acme_deactivate_request();
    if (!request)
        return fail_local(d, -ENOMEM, "the account cannot be deactivated");
    r = acme_post(d->client, STEP_ACCOUNT, d->account.url, request, NULL, d->f);
    free(request);
    if (r < 0 && d->f->problem.type != PROBLEM_ACCOUNT_DOES_NOT_EXIST &&
        d->f->problem.type != PROBLEM_UNAUTHORIZED)
        return r;
    r = vault_retire_account(d->vault, d->c->directory);
    return r < 0 ? fail_local(d, r, "the account cannot be put aside") : 0;
}

int account_deactivate(struct acme_client *client, const struct vault *v,
                       const struct account_config *c, struct acme_failure *f)
{
    struct desk d = {.client = client, .vault = v, .c = c, .f = f};
    int r = deactivate(&d);

    close_desk(&d);
    return r;
}
