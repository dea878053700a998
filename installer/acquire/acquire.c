#include "acquire/acquire.h"

#include "acquire/challengers.h"
#include "apply/certificate.h"
#include "host/paths.h"
#include "base/version.h"

#include <errno.h>
#include <stdlib.h>

#define LETS_ENCRYPT "https://acme-v02.api.letsencrypt.org/directory"
#define LETS_ENCRYPT_STAGING "https://acme-staging-v02.api.letsencrypt.org/directory"
#define USER_AGENT "visavis/" VISAVIS_VERSION

struct acquire {
    const struct settings *settings;
    struct loop *loop;
    struct challengers *challengers;
    struct acme_config config;
};

/* ---- CAs ---- */

static const char *text_or_null(const struct settings *s, enum setting id)
{
    const char *text = settings_text(s, id);

    return *text ? text : NULL;
}

struct acme_ca acquire_ca(const struct settings *s)
{
    return (struct acme_ca){
        .directory = text_or_null(s, SET_ACME_SERVER),
        .eab_kid = text_or_null(s, SET_ACME_EAB_KID),
        .eab_key = text_or_null(s, SET_ACME_EAB_HMAC_KEY),
    };
}

struct acme_ca acquire_staging(const struct settings *s)
{
    const char *directory = text_or_null(s, SET_ACME_STAGING_SERVER);

    if (!directory && strcmp(settings_text(s, SET_ACME_SERVER), LETS_ENCRYPT) == 0)
        directory = LETS_ENCRYPT_STAGING;
    return (struct acme_ca){.directory = directory};
}

struct acme_ca acquire_fallback(const struct settings *s)
{
    return (struct acme_ca){
        .directory = text_or_null(s, SET_ACME_FALLBACK_SERVER),
        .eab_kid = text_or_null(s, SET_ACME_FALLBACK_EAB_KID),
        .eab_key = text_or_null(s, SET_ACME_FALLBACK_EAB_HMAC_KEY),
    };
}

/* ---- the rest of the settings ---- */

static enum acme_key_type key_type(const struct settings *s)
{
    const char *text = settings_text(s, SET_ACME_KEY_TYPE);

    for (int i = 0; i < N_ACME_KEY_TYPES; i++)
        if (strcmp(text, acme_key_names[i]) == 0)
            return (enum acme_key_type) i;
    return ACME_KEY_P256;
}

static int fill(struct acquire *a, void (*tell)(bool is_problem, const char *text, void *arg),
                void *arg)
{
    const struct settings *s = a->settings;

    a->config = (struct acme_config){
        .loop = a->loop,
        .folder = path_of(PATH_ACME),
        .ca = acquire_ca(s),
        .staging = acquire_staging(s),
        .fallback = acquire_fallback(s),
        .fallback_after = (unsigned) settings_int(s, SET_ACME_FALLBACK_AFTER),
        .ca_file = text_or_null(s, SET_ACME_CA_FILE),
        .email = settings_is_default(s, SET_LETSENCRYPT_EMAIL)
                     ? NULL
                     : text_or_null(s, SET_LETSENCRYPT_EMAIL),
        .user_agent = USER_AGENT,
        .key_type = key_type(s),
        .profile = text_or_null(s, SET_ACME_PROFILE),
        .profile_required = settings_bool(s, SET_ACME_PROFILE_REQUIRED),
        .preferred_chain = text_or_null(s, SET_ACME_PREFERRED_CHAIN),
        .self_check = strcmp(settings_text(s, SET_ACME_SELF_CHECK), "on") == 0,
        .resolver = text_or_null(s, SET_ACME_RESOLVER),
        .tell = tell,
        .arg = arg,
    };
    a->config.n_types = fit_types(settings_text(s, SET_ACME_CHALLENGE),
                                  *settings_text(s, SET_ACME_DNS_HOOK), a->config.types);
    return certificate_ids(s, &a->config.ids);
}

int acquire_new(const struct settings *s,
                void (*tell)(bool is_problem, const char *text, void *arg), void *arg,
                struct acquire **ret)
{
    struct acquire *a = calloc(1, sizeof(*a));
    int r = a ? 0 : -ENOMEM;

    if (r == 0) {
        a->settings = s;
        r = loop_new(&a->loop);
    }
    if (r == 0)
        r = loop_quit_on_signals(a->loop);
    if (r == 0)
        r = fill(a, tell, arg);
    if (r == 0)
        r = challengers_new(s, &a->config, &a->challengers);
    if (r < 0) {
        acquire_free(a);
        return r;
    }
    a->config.challengers = challengers_list(a->challengers);
    *ret = a;
    return 0;
}

struct acquire *acquire_free(struct acquire *a)
{
    if (!a)
        return NULL;
    challengers_free(a->challengers);
    loop_free(a->loop);
    free(a);
    return NULL;
}

const struct acme_config *acquire_config(const struct acquire *a)
{
    return &a->config;
}
