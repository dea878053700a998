#include "cmd/cmd_cert.h"

#include "host/paths.h"
#include "host/subprocess.h"
#include "text/term.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CA_FILE_MAX 65536
#define INSTALL_LIMIT_MS 60000

/* How to trust the CA, by kind of client. "@" stands for the file, "%" for the URL of it. */
static const struct {
    const char *name, *title, *text;
} clients[] = {
    {"debian", "Debian, Ubuntu",
     "sudo cp @ /usr/local/share/ca-certificates/visavis-ca.crt && sudo update-ca-certificates"},
    {"rhel", "RHEL, Rocky, Alma, Fedora",
     "sudo cp @ /etc/pki/ca-trust/source/anchors/visavis-ca.crt && sudo update-ca-trust"},
    {"chrome", "Chrome, Chromium, Edge",
     "Windows, macOS, Android: they use the system's, see there. Linux: "
     "certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n Visavis -i @   (package libnss3-tools), or "
     "Settings, Privacy and security, Security, Manage certificates, Authorities, Import."},
    {"firefox", "Firefox",
     "Settings, Privacy & Security, View Certificates, Authorities, Import, and tick 'websites'. "
     "For all users of a machine: /etc/firefox/policies/policies.json with "
     "{\"policies\": {\"Certificates\": {\"Install\": [\"@\"]}}}"},
    {"windows", "Windows",
     "As administrator: certutil -addstore -f ROOT visavis-ca.crt   (or double-click the file, "
     "Install Certificate, Local Machine, Trusted Root Certification Authorities)"},
    {"macos", "macOS",
     "sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain "
     "visavis-ca.crt"},
    {"android", "Android",
     "Download %, then Settings, Security, Encryption & credentials, Install a certificate, CA "
     "certificate. Chrome takes it; apps of your own need a network_security_config.xml with "
     "<certificates src=\"user\"/>."},
    {"ios", "iPhone, iPad",
     "Open % in Safari, allow the profile, Settings, General, VPN & Device Management: install it. "
     "Then Settings, General, About, Certificate Trust Settings: switch it on."},
    {"java", "Java",
     "keytool -importcert -noprompt -trustcacerts -cacerts -storepass changeit -alias visavis "
     "-file @"},
    {"node", "Node.js", "NODE_EXTRA_CA_CERTS=@ node app.js"},
    {"python", "Python (requests)", "REQUESTS_CA_BUNDLE=@ python app.py"},
    {"curl", "curl", "curl --cacert @ https://..."},
};

#define N_CLIENTS (sizeof(clients) / sizeof(clients[0]))
#define TEXT_SIZE (1024 + 2 * PATH_MAX)

struct trust {
    struct certs_info live;
    char file[PATH_MAX], url[SETTINGS_URL_SIZE + 32];
};

static const char *fill_in(const struct trust *t, const char *text, char buf[static TEXT_SIZE])
{
    size_t len = 0;

    for (; *text && len < TEXT_SIZE - 1; text++) {
        if (*text == '@' || *text == '%')
            len += (size_t) snprintf(buf + len, TEXT_SIZE - len, "%s",
                                     *text == '@' ? t->file : t->url);
        else
            buf[len++] = *text;
    }
    buf[len < TEXT_SIZE ? len : TEXT_SIZE - 1] = '\0';
    return buf;
}

static void print_text(const struct trust *t)
{
    char text[TEXT_SIZE], date[16];

    printf("The certificate of this server is signed by a CA of its own. Whoever trusts that CA\n"
           "sees no warning; it can speak for this server's names alone, and is valid to %s.\n\n"
           "  file         %s\n"
           "  download     %s\n"
           "  fingerprint  %s  (SHA-256; compare it after a download)\n",
           cert_date(t->live.ca_not_after_s, date), t->file, t->url, t->live.ca_fingerprint);
    for (size_t i = 0; i < N_CLIENTS; i++)
        printf("\n%s%s%s\n  %s\n", term_on(stdout, TERM_BOLD), clients[i].title, term_off(stdout),
               fill_in(t, clients[i].text, text));
}

static int print_json(const struct trust *t)
{
    json_t *how = json_object();
    char text[TEXT_SIZE];

    for (size_t i = 0; i < N_CLIENTS; i++)
        json_object_set_new(how, clients[i].name,
                            json_text(bytes_str(fill_in(t, clients[i].text, text))));
    return json_print(
        json_pack("{s:b,s:s,s:s,s:s,s:s,s:o,s:o}", "needed", true, "file", t->file, "url", t->url,
                  "subject", t->live.ca_subject, "fingerprint", t->live.ca_fingerprint, "notAfter",
                  json_time((uint64_t) t->live.ca_not_after_s * UINT64_C(1000000)), "how", how),
        CMD_OK);
}

/* ---- this machine's own store ---- */

static const struct {
    const char *folder, *command;
} stores[] = {
    {"/usr/local/share/ca-certificates", "update-ca-certificates"},
    {"/etc/pki/ca-trust/source/anchors", "update-ca-trust"},
};

static int run_update(const struct cmd_call *call, const char *command)
{
    struct subprocess_result result;
    int status = CMD_OK;
    int r = subprocess_run((const char *const[]){command, NULL}, NULL, INSTALL_LIMIT_MS, &result);

    if (r < 0)
        return cmd_fail(call, CMD_FAILED, "%s: %s", command, strerror(-r));
    if (result.status != 0)
        status = cmd_fail(call, CMD_FAILED, "%s: %s", command, result.error);
    subprocess_done(&result);
    return status;
}

static int install(const struct cmd_call *call, const struct trust *t)
{
    static const struct file_access access = {0644, FILE_KEEP_OWNER, (gid_t) FILE_KEEP_OWNER};
    char folder[PATH_MAX], path[PATH_MAX + 32], *text;
    size_t len, i = 0;
    int r;

    while (i < 2 && !file_exists(path_in_root(folder, stores[i].folder)))
        i++;
    if (i == 2)
        return cmd_fail(call, CMD_FAILED, "neither %s nor %s is here: install ca-certificates",
                        stores[0].folder, stores[1].folder);
    r = file_read(t->file, CA_FILE_MAX, &text, &len);
    if (r < 0)
        return cmd_fail(call, CMD_FAILED, "%s: %s", t->file, strerror(-r));
    snprintf(path, sizeof(path), "%s/visavis-ca.crt", folder);
    r = file_write(path, bytes_of(text, len), &access);
    free(text);
    if (r < 0)
        return cmd_fail(call, CMD_FAILED, "%s: %s", path, strerror(-r));
    r = run_update(call, stores[i].command);
    if (r == CMD_OK && cmd_json(call))
        return json_print(json_pack("{s:b,s:s}", "installed", true, "file", path), CMD_OK);
    if (r == CMD_OK)
        printf("This machine trusts the CA from now on: %s\n", path);
    return r;
}

/* ---- all of it ---- */

static int not_needed(const struct cmd_call *call)
{
    if (cmd_json(call))
        return json_print(json_pack("{s:b}", "needed", false), CMD_OK);
    puts(
        "The certificate being served is your own, not one of this machine's CA: there is nothing\n"
        "of Visavis to trust.");
    return CMD_OK;
}

static int trust_of(const struct cmd_call *call, const struct settings *s, struct trust *t)
{
    char url[SETTINGS_URL_SIZE];

    if (certs_describe(path_of(PATH_CERTS), &t->live) < 0)
        return cmd_fail(call, CMD_FAILED, "there is no certificate yet: sudo visavis cert renew");
    path_join(t->file, PATH_CERTS, "live/ca.crt");
    snprintf(t->url, sizeof(t->url), "%s/openvidu/ca.crt", settings_public_url(s, url));
    return CMD_OK;
}

static int trust(const struct cmd_call *call)
{
    struct trust t = {.file = ""};
    struct settings *s = NULL;
    int status = cert_settings(call, &s);

    if (status == CMD_OK)
        status = cert_needs_root(call);
    if (status == CMD_OK)
        status = trust_of(call, s, &t);
    if (status == CMD_OK && !t.live.is_ours)
        status = not_needed(call);
    else if (status == CMD_OK && cmd_has(call, "install"))
        status = install(call, &t);
    else if (status == CMD_OK && cmd_json(call))
        status = print_json(&t);
    else if (status == CMD_OK)
        print_text(&t);
    certs_info_done(&t.live);
    settings_free(s);
    return status;
}

static const struct cmd_option options[] = {
    {.name = "install", .help = "let this machine itself trust the CA"},
    {0},
};

const struct cmd cmd_cert_trust = {
    .name = "trust",
    .fn = trust,
    .help = "tell how browsers, phones and programs come to trust the self-signed certificate",
    .options = options,
};
