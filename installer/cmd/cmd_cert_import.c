#include "cmd/cmd_cert.h"

#include "base/crypto.h"
#include "cmd/password.h"
#include "host/paths.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FILE_MAX 262144

/* What is imported: a certificate file and a key file, perhaps the same. */
struct source {
    char cert_path[PATH_MAX], key_path[PATH_MAX];
    char *cert, *key;
    size_t cert_len, key_len;
};

static void source_done(struct source *s)
{
    if (s->cert)
        secret_wipe(s->cert, s->cert_len); /* a PFX, or both in one */
    if (s->key)
        secret_wipe(s->key, s->key_len);
    free(s->cert);
    free(s->key);
}

/* The names in a folder that other tools keep certificates in. */
static int find_in_folder(const struct cmd_call *call, const char *folder, struct source *s)
{
    static const char *const pairs[][2] = {
        {"fullchain.pem", "privkey.pem"},
        {"certificate.cert", "certificate.key"},
        {"fullchain.cer", "privkey.key"},
        {"tls.crt", "tls.key"},
    };

    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        snprintf(s->cert_path, sizeof(s->cert_path), "%s/%s", folder, pairs[i][0]);
        snprintf(s->key_path, sizeof(s->key_path), "%s/%s", folder, pairs[i][1]);
        if (file_exists(s->cert_path) && file_exists(s->key_path))
            return CMD_OK;
    }
    return cmd_fail(call, CMD_USAGE,
                    "there is no fullchain.pem with privkey.pem in %s; give the two files "
                    "themselves: visavis cert import CERT KEY",
                    folder);
}

static int find(const struct cmd_call *call, struct source *s)
{
    const char *folder = cmd_value(call, "path");
    size_t n = cmd_n_args(call);

    if (folder && n == 0)
        return find_in_folder(call, folder, s);
    if (folder || n < 1 || n > 2)
        return cmd_fail(
            call, CMD_USAGE,
            "give a certificate and a key, a PFX file, or a folder: visavis cert import "
            "CERT KEY | FILE.pfx | --path FOLDER");
    snprintf(s->cert_path, sizeof(s->cert_path), "%s", cmd_arg(call, 0));
    snprintf(s->key_path, sizeof(s->key_path), "%s", cmd_arg(call, n - 1));
    return CMD_OK;
}

static int read_files(const struct cmd_call *call, struct source *s)
{
    int r = file_read(s->cert_path, FILE_MAX, &s->cert, &s->cert_len);

    if (r < 0)
        return cmd_fail(call, CMD_FAILED, "%s: %s", s->cert_path, strerror(-r));
    r = file_read(s->key_path, FILE_MAX, &s->key, &s->key_len);
    if (r < 0)
        return cmd_fail(call, CMD_FAILED, "%s: %s", s->key_path, strerror(-r));
    return CMD_OK;
}

static bool holds(struct bytes file, const char *what)
{
    return file.p && memmem(file.p, file.len, what, strlen(what)) != NULL;
}

/* Given the other way round: which is which shows. */
static void put_right(struct source *s)
{
    static const char key[] = "PRIVATE KEY-----", cert[] = "CERTIFICATE-----";
    struct bytes first = bytes_of(s->cert, s->cert_len), second = bytes_of(s->key, s->key_len);
    struct source swapped = {
        .cert = s->key, .cert_len = s->key_len, .key = s->cert, .key_len = s->cert_len};

    if (holds(first, cert) || !holds(first, key) || !holds(second, cert) || holds(second, key))
        return;
    memcpy(swapped.cert_path, s->key_path, sizeof(swapped.cert_path));
    memcpy(swapped.key_path, s->cert_path, sizeof(swapped.key_path));
    *s = swapped;
}

/* ---- PFX ---- */

static int get_password(const struct cmd_call *call, const char *file, char ret[PASSWORD_SIZE])
{
    const char *path = cmd_value(call, "password-file");
    char prompt[PATH_MAX + 32];
    int r;

    if (path) {
        r = password_read(path, ret);
        return r == 0 ? CMD_OK : cmd_fail(call, CMD_FAILED, "%s: %s", path, strerror(-r));
    }
    snprintf(prompt, sizeof(prompt), "Password of %s: ", file);
    r = password_ask(prompt, ret);
    if (r == -ENOTTY)
        return cmd_fail(call, CMD_USAGE,
                        "%s has a password, and there is no terminal to ask for it; put it into a "
                        "file: --password-file FILE",
                        file);
    return r == 0 ? CMD_OK : cmd_fail(call, CMD_FAILED, "password: %s", strerror(-r));
}

static int tell_pfx(const struct cmd_call *call, const char *file, int error)
{
    switch (error) {
    case 0:
        return CMD_OK;
    case -EACCES:
        return cmd_fail(call, CMD_USAGE, "%s: this is not its password", file);
    case -ENOTSUP:
        return cmd_fail(call, CMD_FAILED,
                        "%s is encrypted in an old way that this system does not read any more; "
                        "export it again with AES, or install openssl-provider-legacy",
                        file);
    case -EINVAL:
        return cmd_fail(call, CMD_FAILED,
                        "%s holds no private key with a certificate; export it again, with the "
                        "private key and the whole chain",
                        file);
    default:
        return cmd_fail(call, CMD_FAILED, "%s: %s", file, strerror(-error));
    }
}

/* Takes the PFX apart; s holds PEM texts afterwards. */
static int open_pfx(const struct cmd_call *call, struct source *s)
{
    struct bytes file = bytes_of(s->cert, s->cert_len);
    char password[PASSWORD_SIZE];
    struct certs_pem pem;
    int r = cmd_value(call, "password-file") ? -EACCES : certs_open_pfx(file, "", &pem);
    int status;

    if (r == -EACCES) {
        status = get_password(call, s->cert_path, password);
        if (status != CMD_OK)
            return status;
        r = certs_open_pfx(file, password, &pem);
        secret_wipe(password, sizeof(password));
    }
    status = tell_pfx(call, s->cert_path, r);
    if (status != CMD_OK)
        return status;
    source_done(s);
    s->cert = pem.certs;
    s->cert_len = strlen(pem.certs);
    s->key = pem.key;
    s->key_len = strlen(pem.key);
    return CMD_OK;
}

/* ---- all of it ---- */

static int load(const struct cmd_call *call, struct source *s)
{
    int status = find(call, s);

    if (status == CMD_OK)
        status = read_files(call, s);
    if (status == CMD_OK)
        put_right(s);
    if (status == CMD_OK && certs_is_pfx(bytes_of(s->cert, s->cert_len)))
        status = open_pfx(call, s);
    return status;
}

static int put(const struct cmd_call *call, struct cert_output *o, const struct settings *s,
               const struct certs_pem *pem)
{
    int r = certs_put_owncert(path_of(PATH_CERTS), path_of(PATH_OWNCERT), pem);
    int status;
    bool changed;
    char text[PATH_MAX + 256];

    if (r < 0)
        return cmd_fail(call, CMD_FAILED, "%s: %s", path_of(PATH_OWNCERT), strerror(-r));
    snprintf(text, sizeof(text),
             "Certificate and key are in %s; what was there before is beside them as .old.",
             path_of(PATH_OWNCERT));
    cert_output_tell(false, text, o);
    if (strcmp(settings_text(s, SET_CERTIFICATE_TYPE), "owncert") == 0) {
        status = cert_renew(call, o, s, &(struct cert_wish){.known = false}, &changed);
        cert_afterwards(o, s, 0);
        return status;
    }
    snprintf(text, sizeof(text),
             "It is served once %s says CERTIFICATE_TYPE=owncert: edit that line, then `visavis "
             "restart`.",
             path_of(PATH_ENV));
    cert_output_tell(false, text, o);
    return CMD_OK;
}

static int import_pair(const struct cmd_call *call, struct cert_output *o, const struct settings *s,
                       const struct source *source, bool *ret_imported)
{
    struct certificate_wish wish;
    struct certs_pem pem;
    int r, status = CMD_OK;

    (void) certificate_wish(s, NULL, &wish); /* its names alone */
    r = certs_check(bytes_of(source->cert, source->cert_len), source->cert_path,
                    bytes_of(source->key, source->key_len), source->key_path, wish.wanted.names,
                    time(NULL), cert_output_tell, o, &pem);
    if (r == -EINVAL)
        return cmd_fail(call, CMD_USAGE, "nothing was changed");
    if (r < 0)
        return cmd_fail(call, CMD_FAILED, "%s", strerror(-r));
    if (!cmd_has(call, "check")) {
        status = put(call, o, s, &pem);
        *ret_imported = status == CMD_OK || status == CERT_NOT_WANTED;
    }
    certs_pem_done(&pem);
    return status;
}

static int import(const struct cmd_call *call)
{
    struct source source = {.cert = NULL};
    struct settings *s = NULL;
    struct cert_output o;
    bool imported = false;
    int status = cert_needs_root(call);
    int lock = -1;

    if (status != CMD_OK)
        return status;
    if (cert_output_init(&o, call) < 0)
        return cmd_fail(call, CMD_FAILED, "out of memory");
    status = cert_lock(call, &lock);
    if (status == CMD_OK)
        status = cert_settings(call, &s);
    if (status == CMD_OK)
        status = load(call, &source);
    if (status == CMD_OK)
        status = import_pair(call, &o, s, &source, &imported);
    if (o.messages)
        status = json_print(json_pack("{s:b,s:O}", "imported", imported, "messages", o.messages),
                            status);
    cert_output_done(&o);
    source_done(&source);
    settings_free(s);
    if (lock >= 0)
        close(lock);
    return status;
}

static const struct cmd_option options[] = {
    {.name = "path", .arg = "FOLDER", .help = "take fullchain.pem and privkey.pem from there"},
    {.name = "password-file",
     .arg = "FILE",
     .help = "the password of a PFX is the first line of that file; else it is asked for"},
    {.name = "check", .help = "only check; change nothing"},
    {0},
};

static const struct cmd_exit exits[] = {
    {CERT_NOT_WANTED, "it was imported, but is not served: stderr says why"},
    {0},
};

const struct cmd cmd_cert_import = {
    .name = "import",
    .fn = import,
    .args = "[CERT KEY | FILE.pfx]",
    .help = "take over a certificate of your own",
    .doc = "Takes a certificate with its chain and a private key as PEM files, one PEM file with\n"
           "both, a PKCS #12 (PFX) file, or a folder of another tool, such as\n"
           "/etc/letsencrypt/live/NAME. Everything is checked first: that key and certificate\n"
           "belong together, the chain, the names, the dates. Then both are put into\n"
           "/etc/visavis/owncert; what was there stays beside as .old.",
    .options = options,
    .exits = exits,
};
