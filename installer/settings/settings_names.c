#include "settings/settings_names.h"

#include "settings/settings_table.h"
#include "text/nearest.h"

#include <ctype.h>

#define OTHER_EDITION "belongs to another edition and is ignored"
#define NO_RECORDER "is ignored: recordings are made without a browser here"
#define STAGING "is no setting: `visavis cert test` tries it all at the staging server"
#define DNS_SCRIPT "is no setting: the script for your provider goes to ACME_DNS_HOOK"
#define DNS_KEYS "is no setting: what the DNS script has to know goes to the file in ACME_DNS_ENV"
#define MEDIA_SERVERS                                                                              \
    "is ignored: STUN and TURN servers of the media server are in MEDIA_ICE_SERVERS"
#define KEY_MAX 64
#define NEAREST_EDITS 2

/* A key that ends in '*' stands for all that begin so. */
static const struct {
    const char *key, *why;
} ignored[] = {
    {"KMS_STUN_*", MEDIA_SERVERS},
    {"KMS_TURN_*", MEDIA_SERVERS},
    {"KMS_DOCKER_ENV_KMS_STUN_*", MEDIA_SERVERS},
    {"KMS_DOCKER_ENV_KMS_TURN_*", MEDIA_SERVERS},
    {"KMS_*", "is ignored: there is no Kurento here"},
    {"DOCKER_LOGS_MAX_SIZE",
     "is ignored: logs are in the journal (SystemMaxUse= in journald.conf)"},
    {"JAVA_OPTIONS", "is ignored: there is no Java here"},
    {"SERVER_SSL_ENABLED", "is ignored: TLS is the web server's"},
    {"DOTENV_PATH", "is ignored in the file: it is for the environment of `visavis config`"},
    {"FORCE_PLAIN_HTTP", "is ignored: plain HTTP is what `visavis dev` serves"},
    {"OPENVIDU_DEV", "is ignored: development is what `visavis dev` is for"},
    {"FOLLOW_OPENVIDU_LOGS", "is ignored in the file: it is for the shell's environment"},
    {"REAL_EXTERNAL_IP", "is ignored: the TURN server's address is COTURN_IP"},
    {"OPENVIDU_RECORDING_VERSION", NO_RECORDER},
    {"OPENVIDU_RECORDING_IMAGE", NO_RECORDER},
    {"OPENVIDU_RECORDING_ENABLE_GPU", NO_RECORDER},
    {"OPENVIDU_RECORDING_COMPOSED_*", NO_RECORDER},
    {"CALL_BROADCAST", "is ignored: broadcasts belong to another edition"},
    {"CALL_PORT", "is ignored: it is for `visavis dev`, on an installed machine it is 5442"},
    {"OPENVIDU_EDITION", OTHER_EDITION},
    {"OPENVIDU_LICENSE*", OTHER_EDITION},
    {"OPENVIDU_PRO_*", OTHER_EDITION},
    {"OPENVIDU_ENTERPRISE_*", OTHER_EDITION},
    {"OPENVIDU_BROADCAST*", OTHER_EDITION},
    {"OPENVIDU_CLUSTER*", OTHER_EDITION},
    {"OPENVIDU_SPEECH*", OTHER_EDITION},
    {"CLUSTER_*", OTHER_EDITION},
    {"AUTOSCALING*", OTHER_EDITION},
    {"ELASTICSEARCH_*", OTHER_EDITION},
    {"KIBANA_*", OTHER_EDITION},
    {"AWS_*", OTHER_EDITION},
    {"S3_*", OTHER_EDITION},
    {"HA_*", OTHER_EDITION},
    {"REDIS_PASSWORD", "is ignored: a password of another Redis is part of REDIS_URL"},
};

static const struct {
    const char *key, *modern;
} olds[] = {
    {"OPENVIDU_DOMAIN_OR_PUBLIC_IP", "DOMAIN_OR_PUBLIC_IP"},
    {"OPENVIDU_PUBLICURL", "DOMAIN_OR_PUBLIC_IP"},
    {"KMS_DEBUG_LEVEL", "LOG_LEVEL"},
    {"ADMIN_SECRET", "CALL_ADMIN_SECRET"},
    {"RECORDING", "CALL_RECORDING"},
};

/* Invented by people, and found in their notes. */
static const struct {
    const char *key, *why;
} advices[] = {
    {"CERTIFICATE_FILE", "is no setting: with CERTIFICATE_TYPE=owncert the certificate is "
                         "/etc/visavis/owncert/certificate.cert"},
    {"CERTIFICATE_KEY", "is no setting: with CERTIFICATE_TYPE=owncert the key is "
                        "/etc/visavis/owncert/certificate.key"},
    {"LETSENCRYPT_MAIL", "is no setting: it is LETSENCRYPT_EMAIL here"},
    {"CERTBOT_EMAIL", "is no setting: it is LETSENCRYPT_EMAIL here"},
    {"ACME_EMAIL", "is no setting: it is LETSENCRYPT_EMAIL here"},
    {"ACME_CA", "is no setting: it is ACME_SERVER here"},
    {"ACME_CA_URI", "is no setting: it is ACME_SERVER here"},
    {"ACME_DIRECTORY", "is no setting: it is ACME_SERVER here"},
    {"ACME_DIRECTORY_URL", "is no setting: it is ACME_SERVER here"},
    {"LETSENCRYPT_DOMAINS", "is no setting: it is CERTIFICATE_NAMES here"},
    {"LETSENCRYPT_HOST", "is no setting: it is CERTIFICATE_NAMES here"},
    {"ACME_DOMAINS", "is no setting: it is CERTIFICATE_NAMES here"},
    {"ACME_EAB_KEY_ID", "is no setting: it is ACME_EAB_KID here"},
    {"ACME_EAB_HMAC", "is no setting: it is ACME_EAB_HMAC_KEY here"},
    {"LETSENCRYPT_STAGING", STAGING},
    {"LETSENCRYPT_TEST", STAGING},
    {"ACME_STAGING", STAGING},
    {"ACME_DNS_PROVIDER", DNS_SCRIPT},
    {"LETSENCRYPT_DNS_PROVIDER", DNS_SCRIPT},
    {"CF_Token", DNS_KEYS},
    {"CF_Key", DNS_KEYS},
    {"CLOUDFLARE_DNS_API_TOKEN", DNS_KEYS},
    {"NSUPDATE_KEY", DNS_KEYS},
};

static bool matches(const char *pattern, const char *key)
{
    size_t len = strlen(pattern);

    if (pattern[len - 1] == '*')
        return strncmp(pattern, key, len - 1) == 0;
    return strcmp(pattern, key) == 0;
}

static const char *find_old(const char *key)
{
    for (size_t i = 0; i < sizeof(olds) / sizeof(olds[0]); i++)
        if (strcmp(olds[i].key, key) == 0)
            return olds[i].modern;
    return NULL;
}

/* As keys are written since 2.13: OPENVIDU_SECRET, which was openvidu.secret. */
static void put_upper(char to[static KEY_MAX + 1], const char *key)
{
    for (; *key; key++)
        *to++ = *key == '.' || *key == '-' ? '_' : (char) toupper((unsigned char) *key);
    *to = '\0';
}

static const char *find_dotted(const char *key)
{
    char upper[KEY_MAX + 1];
    const struct setting_def *d;
    const char *old;

    if (!strchr(key, '.') || strlen(key) > KEY_MAX)
        return NULL;
    put_upper(upper, key);
    old = find_old(upper);
    d = setting_find(upper);
    return old ? old : d ? d->key : NULL;
}

struct setting_name setting_name_look(const char *key)
{
    const char *modern = find_old(key);

    if (!modern)
        modern = find_dotted(key);
    if (modern)
        return (struct setting_name){SETTING_NAME_OLD, NULL, modern};
    for (size_t i = 0; i < sizeof(advices) / sizeof(advices[0]); i++)
        if (strcmp(advices[i].key, key) == 0)
            return (struct setting_name){SETTING_NAME_ADVICE, advices[i].why, NULL};
    for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
        if (matches(ignored[i].key, key))
            return (struct setting_name){SETTING_NAME_IGNORED, ignored[i].why, NULL};
    return (struct setting_name){SETTING_NAME_UNKNOWN, NULL, setting_nearest(key)};
}

const struct setting_def *setting_find(const char *key)
{
    for (size_t i = 0; i < N_SETTINGS; i++)
        if (strcmp(setting_defs[i].key, key) == 0)
            return &setting_defs[i];
    return NULL;
}

const char *setting_nearest(const char *key)
{
    char upper[KEY_MAX + 1];
    struct nearest n;

    if (strlen(key) > KEY_MAX)
        return NULL;
    put_upper(upper, key);
    nearest_start(&n, upper, NEAREST_EDITS);
    for (size_t i = 0; i < N_SETTINGS; i++)
        nearest_offer(&n, setting_defs[i].key);
    return n.found;
}

bool setting_ignored_at(size_t i, const char **ret_key, const char **ret_why)
{
    if (i >= sizeof(ignored) / sizeof(ignored[0]))
        return false;
    *ret_key = ignored[i].key;
    *ret_why = ignored[i].why;
    return true;
}

bool setting_old_at(size_t i, const char **ret_key, const char **ret_modern)
{
    if (i >= sizeof(olds) / sizeof(olds[0]))
        return false;
    *ret_key = olds[i].key;
    *ret_modern = olds[i].modern;
    return true;
}
