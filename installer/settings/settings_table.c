/* The rows of THE table. */
#include "settings/settings_table.h"

#include "base/log.h"

static const char *const media_servers[] = {"kurento", "mediasoup", NULL};
static const char *const ice_modes[] = {"lite", "agent", NULL};
static const char *const forced_codecs[] = {
    "MEDIA_SERVER_PREFERRED", "NONE", "VP8", "VP9", "H264", NULL};
static const char *const certificate_types[] = {"selfsigned", "owncert", "letsencrypt", NULL};
static const char *const challenges[] = {"auto", "http-01", "tls-alpn-01", "dns-01", NULL};
static const char *const key_types[] = {"p256", "p384", "rsa2048", "rsa4096", NULL};
static const char *const proxies[] = {"auto", "front", "site", "external", NULL};
static const char *const turn_peers[] = {"media", "public", NULL};
static const char *const notifications[] = {"none", "moderator", "publisher_moderator", "all",
                                            NULL};
static const char *const on_off[] = {"on", "off", NULL};
static const char *const enabled_disabled[] = {"ENABLED", "DISABLED", NULL};
static const char *const ov_levels[] = {"INFO", "DEBUG", NULL};

#define KBPS_MAX 1000000
#define SECONDS_MAX 31536000

#define SIGNALING SETTING_SIGNALING
#define MEDIA SETTING_MEDIA
#define TURN SETTING_TURN
#define CALL SETTING_CALL
#define PROXY SETTING_PROXY
#define REDIS SETTING_REDIS_OWN
#define CERTS SETTING_CERTS
#define MANAGER SETTING_MANAGER

const struct setting_def setting_defs[N_SETTINGS] = {
    /* ---- what every installation has to think about ---- */
    [SET_DOMAIN_OR_PUBLIC_IP] =
        {
            .key = "DOMAIN_OR_PUBLIC_IP",
            .type = SETTING_DOMAIN,
            .group = SETTING_GROUP_MAIN,
            .required = true,
            .shipped = true,
            .reloads = SIGNALING | MEDIA | PROXY | CERTS,
            .value = "",
            .dev_value = "localhost",
            .example = "meet.example.org",
            .doc = "Name or IP address by which browsers reach this server",
            .more = "It ends up in the certificate, in redirects and in the tokens of clients. One "
                    "name, without port: that is HTTPS_PORT.",
        },
    [SET_OPENVIDU_SECRET] =
        {
            .key = "OPENVIDU_SECRET",
            .type = SETTING_SECRET,
            .group = SETTING_GROUP_MAIN,
            .required = true,
            .shipped = true,
            .reloads = SIGNALING | CALL,
            .value = "",
            .dev_value = "MY_SECRET",
            .example = "a-Long_Random-Text-0123456789",
            .doc = "Password of the REST API and the dashboard (user OPENVIDUAPP)",
            .more = "The Call app takes it too, unless CALL_SECRET and CALL_ADMIN_SECRET are set. "
                    "Take 16 or more random letters and digits.",
        },
    [SET_CERTIFICATE_TYPE] =
        {
            .key = "CERTIFICATE_TYPE",
            .type = SETTING_CHOICE,
            .group = SETTING_GROUP_MAIN,
            .scope = SETTING_INSTALLED_ONLY,
            .shipped = true,
            .reloads = PROXY | CERTS | SIGNALING,
            .value = "selfsigned",
            .choices = certificate_types,
            .example = "letsencrypt",
            .doc = "Where the web server's certificate comes from",
            .more = "selfsigned: a certificate authority of this machine, which browsers have to "
                    "be told to trust (`visavis cert trust`). owncert: the files certificate.key "
                    "and certificate.cert in /etc/visavis/owncert (`visavis cert import`). "
                    "letsencrypt: from Let's Encrypt or another authority that speaks ACME "
                    "(ACME_SERVER), got and renewed by itself; a self-signed one is served until "
                    "then.",
        },
    [SET_LETSENCRYPT_EMAIL] =
        {
            .key = "LETSENCRYPT_EMAIL",
            .type = SETTING_EMAIL,
            .group = SETTING_GROUP_MAIN,
            .scope = SETTING_INSTALLED_ONLY,
            .shipped = true,
            .reloads = CERTS,
            .value = "",
            .means_default = "user@example.com",
            .shipped_value = "user@example.com",
            .example = "admin@example.org",
            .doc = "Where a certificate authority may write to",
            .more = "Used with CERTIFICATE_TYPE=letsencrypt; without it the account there has no "
                    "address.",
        },
    [SET_HTTPS_PORT] =
        {
            .key = "HTTPS_PORT",
            .type = SETTING_PORT,
            .group = SETTING_GROUP_MAIN,
            .reloads = SIGNALING | PROXY,
            .value = "443",
            .dev_value = "4443",
            .example = "8443",
            .doc = "Public port of the web server; of the API in `visavis dev`",
        },
    [SET_HTTP_PORT] =
        {
            .key = "HTTP_PORT",
            .type = SETTING_PORT,
            .group = SETTING_GROUP_MAIN,
            .scope = SETTING_INSTALLED_ONLY,
            .reloads = PROXY,
            .value = "80",
            .example = "8080",
            .doc = "Port of plain HTTP, which redirects to HTTPS",
        },

    /* ---- web server ---- */
    [SET_PROXY] =
        {
            .key = "PROXY",
            .type = SETTING_CHOICE,
            .group = SETTING_GROUP_WEB,
            .scope = SETTING_INSTALLED_ONLY,
            .ours = true,
            .reloads = PROXY | SIGNALING | MANAGER,
            .value = "auto",
            .choices = proxies,
            .example = "site",
            .doc = "Who serves HTTPS",
            .more = "front: nginx, with HTTPS_PORT to itself. site: nginx, beside other sites. "
                    "external: another web server, which the operator sets up (`visavis proxy "
                    "snippet`). auto: front or site, by what is on the machine.",
        },
    [SET_HTTPS_PROTOCOLS] =
        {
            .key = "HTTPS_PROTOCOLS",
            .type = SETTING_PROTOCOLS,
            .group = SETTING_GROUP_WEB,
            .scope = SETTING_INSTALLED_ONLY,
            .reloads = PROXY,
            .value = "TLSv1.2 TLSv1.3",
            .example = "TLSv1.3",
            .doc = "TLS versions that the web server takes (ssl_protocols of nginx)",
        },
    [SET_HTTPS_CIPHERS] =
        {
            .key = "HTTPS_CIPHERS",
            .type = SETTING_CIPHERS,
            .group = SETTING_GROUP_WEB,
            .scope = SETTING_INSTALLED_ONLY,
            .reloads = PROXY,
            .value = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
                     "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
                     "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305",
            .example = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256",
            .doc = "Ciphers of TLS 1.2 (ssl_ciphers of nginx)",
        },
    [SET_HTTPS_HSTS] =
        {
            .key = "HTTPS_HSTS",
            .type = SETTING_HSTS,
            .group = SETTING_GROUP_WEB,
            .scope = SETTING_INSTALLED_ONLY,
            .reloads = PROXY,
            .value = "max-age=63072000",
            .example = "max-age=31536000; includeSubDomains",
            .doc = "Value of the header Strict-Transport-Security",
            .more = "Never sent with a self-signed certificate. max-age=0 makes browsers forget.",
        },
    [SET_REDIRECT_WWW] =
        {
            .key = "REDIRECT_WWW",
            .type = SETTING_BOOL,
            .group = SETTING_GROUP_WEB,
            .scope = SETTING_INSTALLED_ONLY,
            .reloads = PROXY | CERTS,
            .value = "false",
            .example = "true",
            .doc = "Redirects visitors of www.DOMAIN_OR_PUBLIC_IP to the name without www",
        },
    [SET_SUPPORT_DEPRECATED_API] =
        {
            .key = "SUPPORT_DEPRECATED_API",
            .type = SETTING_BOOL,
            .group = SETTING_GROUP_WEB,
            .reloads = PROXY | SIGNALING,
            .value = "false",
            .dev_value = "true",
            .example = "true",
            .doc = "Adds the old routes /api, /config, /info, /cdr, /recordings and others",
            .more = "/recordings is then no longer the Call app's.",
        },
    [SET_WORKER_CONNECTIONS] =
        {
            .key = "WORKER_CONNECTIONS",
            .type = SETTING_INT,
            .group = SETTING_GROUP_WEB,
            .scope = SETTING_INSTALLED_ONLY,
            .reloads = MANAGER,
            .value = "10240",
            .min = 16,
            .max = 1000000,
            .example = "10240",
            .doc = "Connections that each worker of nginx should take",
            .more = "nginx has it in a file that is not ours: it is compared and reported on, "
                    "never changed.",
        },
    [SET_ALLOWED_ACCESS_TO_DASHBOARD] =
        {
            .key = "ALLOWED_ACCESS_TO_DASHBOARD",
            .type = SETTING_ALLOW_LIST,
            .group = SETTING_GROUP_WEB,
            .scope = SETTING_INSTALLED_ONLY,
            .reloads = PROXY,
            .value = "",
            .example = "198.51.100.7, 10.0.0.0/8, 2001:db8::/32",
            .doc = "Addresses and networks that may open the dashboard; empty: all",
            .more = "This machine's own addresses and networks may in any case.",
        },
    [SET_ALLOWED_ACCESS_TO_RESTAPI] =
        {
            .key = "ALLOWED_ACCESS_TO_RESTAPI",
            .type = SETTING_ALLOW_LIST,
            .group = SETTING_GROUP_WEB,
            .scope = SETTING_INSTALLED_ONLY,
            .reloads = PROXY,
            .value = "",
            .example = "198.51.100.7, 10.0.0.0/8, 2001:db8::/32",
            .doc = "Addresses and networks that may call the REST API; empty: all",
            .more = "Once it is set, those of ALLOWED_ACCESS_TO_DASHBOARD may too, and this "
                    "machine's own addresses and networks.",
        },
    [SET_PROXY_PUBLIC_IP] =
        {
            .key = "PROXY_PUBLIC_IP",
            .type = SETTING_ADDRESS,
            .group = SETTING_GROUP_WEB,
            .scope = SETTING_INSTALLED_ONLY,
            .reloads = PROXY,
            .value = "auto-ipv4",
            .example = "203.0.113.5",
            .doc = "This machine's public address, which the two lists above let in",
        },
    [SET_CLIENT_MAX_BODY_SIZE] =
        {
            .key = "CLIENT_MAX_BODY_SIZE",
            .type = SETTING_SIZE,
            .group = SETTING_GROUP_WEB,
            .scope = SETTING_INSTALLED_ONLY,
            .reloads = PROXY,
            .value = "200M",
            .example = "500M",
            .doc = "Largest request body that the web server takes; 0 is no limit",
        },
    [SET_XFRAME_SAMEORIGIN] =
        {
            .key = "XFRAME_SAMEORIGIN",
            .type = SETTING_BOOL,
            .group = SETTING_GROUP_WEB,
            .scope = SETTING_INSTALLED_ONLY,
            .reloads = PROXY,
            .value = "false",
            .example = "true",
            .doc = "Lets only pages of the same origin embed ours",
        },
    [SET_SERVER_PORT] =
        {
            .key = "SERVER_PORT",
            .type = SETTING_PORT,
            .group = SETTING_GROUP_WEB,
            .scope = SETTING_INSTALLED_ONLY,
            .reloads = CALL | PROXY,
            .restarts = SIGNALING,
            .value = "5443",
            .example = "5443",
            .doc = "Loopback port of the REST API and the WebSocket, plain HTTP",
            .more = "For applications on this machine; it is never reached from outside.",
        },

    /* ---- certificates from a CA ---- */
    [SET_CERTIFICATE_NAMES] =
        {
            .key = "CERTIFICATE_NAMES",
            .type = SETTING_NAMES,
            .group = SETTING_GROUP_ACME,
            .scope = SETTING_INSTALLED_ONLY,
            .ours = true,
            .reloads = PROXY | CERTS,
            .value = "",
            .example = "*.example.org, media.example.org",
            .doc = "Further names on the certificate",
            .more = "DOMAIN_OR_PUBLIC_IP (and www. with REDIRECT_WWW) is always on it. "
                    "A name with *. needs dns-01 (ACME_DNS_HOOK).",
        },
    [SET_ACME_SERVER] =
        {
            .key = "ACME_SERVER",
            .type = SETTING_URL,
            .group = SETTING_GROUP_ACME,
            .scope = SETTING_INSTALLED_ONLY,
            .ours = true,
            .reloads = CERTS,
            .value = "https://acme-v02.api.letsencrypt.org/directory",
            .example = "https://acme.zerossl.com/v2/DV90",
            .doc = "Directory of the certificate authority (RFC 8555)",
            .more = "That of Let's Encrypt, when nothing else is said; another may ask for "
                    "ACME_EAB_KID and ACME_EAB_HMAC_KEY.",
        },
    [SET_ACME_STAGING_SERVER] =
        {
            .key = "ACME_STAGING_SERVER",
            .type = SETTING_URL,
            .group = SETTING_GROUP_ACME,
            .scope = SETTING_INSTALLED_ONLY,
            .ours = true,
            .reloads = CERTS,
            .value = "",
            .example = "https://acme-staging-v02.api.letsencrypt.org/directory",
            .doc = "Directory of its staging server, for `visavis cert test` and the "
                   "try after a failure",
            .more = "Empty: that of Let's Encrypt, when ACME_SERVER is Let's Encrypt; "
                    "else none.",
        },
    [SET_ACME_CA_FILE] =
        {
            .key = "ACME_CA_FILE",
            .type = SETTING_FILE,
            .group = SETTING_GROUP_ACME,
            .scope = SETTING_INSTALLED_ONLY,
            .ours = true,
            .reloads = CERTS,
            .value = "",
            .example = "/etc/visavis/acme-ca.pem",
            .doc = "Certificates (PEM) that the ACME server itself is verified by",
            .more = "Empty: those that the system trusts. For an authority inside your "
                    "own network.",
        },
    [SET_ACME_EAB_KID] =
        {
            .key = "ACME_EAB_KID",
            .type = SETTING_TEXT,
            .group = SETTING_GROUP_ACME,
            .scope = SETTING_INSTALLED_ONLY,
            .ours = true,
            .reloads = CERTS,
            .value = "",
            .hidden = true,
            .example = "kid-1",
            .doc = "Key identifier of an external account, where the authority asks "
                   "for one",
        },
    [SET_ACME_EAB_HMAC_KEY] =
        {
            .key = "ACME_EAB_HMAC_KEY",
            .type = SETTING_TEXT,
            .group = SETTING_GROUP_ACME,
            .scope = SETTING_INSTALLED_ONLY,
            .ours = true,
            .reloads = CERTS,
            .value = "",
            .hidden = true,
            .example = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W",
            .doc = "Key of that external account (base64url)",
        },
    [SET_ACME_CHALLENGE] =
        {
            .key = "ACME_CHALLENGE",
            .type = SETTING_CHOICE,
            .group = SETTING_GROUP_ACME,
            .scope = SETTING_INSTALLED_ONLY,
            .ours = true,
            .reloads = CERTS,
            .value = "auto",
            .choices = challenges,
            .example = "dns-01",
            .doc = "How the authority checks that the name is ours",
            .more = "http-01: it comes to port 80. tls-alpn-01: it comes to port 443, "
                    "which our web server must have to itself (PROXY=front). dns-01: a "
                    "record in the DNS, put there by ACME_DNS_HOOK. auto: those that "
                    "can work, one after the other.",
        },
    [SET_ACME_DNS_HOOK] =
        {
            .key = "ACME_DNS_HOOK",
            .type = SETTING_FILE,
            .group = SETTING_GROUP_ACME,
            .scope = SETTING_INSTALLED_ONLY,
            .ours = true,
            .reloads = CERTS,
            .value = "",
            .example = "/usr/local/lib/acme/dns_nsupdate.sh",
            .doc = "Script that puts records for dns-01 into the DNS",
            .more = "A hook of uacme (HOOK begin|done|failed dns-01 NAME TOKEN VALUE), "
                    "or a file of acme.sh's dnsapi (its name begins with dns_ and ends "
                    "in .sh). It runs in a sandbox of its own as ACME_DNS_HOOK_USER, which must be "
                    "able to read it.",
        },
    [SET_ACME_DNS_ENV] =
        {
            .key = "ACME_DNS_ENV",
            .type = SETTING_FILE,
            .group = SETTING_GROUP_ACME,
            .scope = SETTING_INSTALLED_ONLY,
            .ours = true,
            .reloads = CERTS,
            .value = "",
            .example = "/etc/visavis/dns.env",
            .doc = "File of KEY=value lines for the environment of the script of ACME_DNS_HOOK: "
                   "its credentials",
            .more = "root alone need be able to read it.",
        },
    [SET_ACME_DNS_HOOK_USER] =
        {
            .key = "ACME_DNS_HOOK_USER",
            .type = SETTING_ACCOUNT,
            .group = SETTING_GROUP_ACME,
            .scope = SETTING_INSTALLED_ONLY,
            .ours = true,
            .reloads = CERTS,
            .value = "visavis-hook",
            .example = "root",
            .doc = "User that the script of ACME_DNS_HOOK runs as",
        },
    [SET_ACME_DNS_WAIT] =
        {
            .key = "ACME_DNS_WAIT",
            .type = SETTING_INT,
            .group = SETTING_GROUP_ACME,
            .scope = SETTING_INSTALLED_ONLY,
            .ours = true,
            .reloads = CERTS,
            .value = "180",
            .min = 0,
            .max = 3600,
            .example = "600",
            .doc = "Seconds to wait until all name servers of the zone have the record",
        },
    [SET_ACME_KEY_TYPE] =
        {
            .key = "ACME_KEY_TYPE",
            .type = SETTING_CHOICE,
            .group = SETTING_GROUP_ACME,
            .scope = SETTING_INSTALLED_ONLY,
            .ours = true,
            .reloads = CERTS,
            .value = "p256",
            .choices = key_types,
            .example = "rsa2048",
            .doc = "Kind of key; each certificate gets a new one",
        },
    [SET_ACME_PROFILE] =
        {
            .key = "ACME_PROFILE",
            .type = SETTING_TEXT,
            .group = SETTING_GROUP_ACME,
            .scope = SETTING_INSTALLED_ONLY,
            .ours = true,
            .reloads = CERTS,
            .value = "",
            .example = "shortlived",
            .doc = "Profile of certificate to ask for, where the authority offers "
                   "several",
            .more = "Empty: the authority's default, for an IP address its "
                    "`shortlived`.",
        },
    [SET_ACME_PROFILE_REQUIRED] =
        {
            .key = "ACME_PROFILE_REQUIRED",
            .type = SETTING_BOOL,
            .group = SETTING_GROUP_ACME,
            .scope = SETTING_INSTALLED_ONLY,
            .ours = true,
            .reloads = CERTS,
            .value = "false",
            .example = "true",
            .doc = "Rather no certificate than one of another profile than ACME_PROFILE",
        },
    [SET_ACME_PREFERRED_CHAIN] =
        {
            .key = "ACME_PREFERRED_CHAIN",
            .type = SETTING_TEXT,
            .group = SETTING_GROUP_ACME,
            .scope = SETTING_INSTALLED_ONLY,
            .ours = true,
            .reloads = CERTS,
            .value = "",
            .example = "ISRG Root X1",
            .doc = "Which of several chains to serve: the name of an issuer in it, or "
                   "the SHA-256 fingerprint of its root",
        },
    [SET_ACME_FALLBACK_SERVER] =
        {
            .key = "ACME_FALLBACK_SERVER",
            .type = SETTING_URL,
            .group = SETTING_GROUP_ACME,
            .scope = SETTING_INSTALLED_ONLY,
            .ours = true,
            .reloads = CERTS,
            .value = "",
            .example = "https://acme.zerossl.com/v2/DV90",
            .doc = "Directory of a second authority, asked when the first fails again and "
                   "again",
            .more = "ACME_FALLBACK_AFTER says how often.",
        },
    [SET_ACME_FALLBACK_AFTER] =
        {
            .key = "ACME_FALLBACK_AFTER",
            .type = SETTING_INT,
            .group = SETTING_GROUP_ACME,
            .scope = SETTING_INSTALLED_ONLY,
            .ours = true,
            .reloads = CERTS,
            .value = "3",
            .min = 1,
            .max = 100,
            .example = "5",
            .doc = "After how many failures in a row the second authority is asked",
        },
    [SET_ACME_FALLBACK_EAB_KID] =
        {
            .key = "ACME_FALLBACK_EAB_KID",
            .type = SETTING_TEXT,
            .group = SETTING_GROUP_ACME,
            .scope = SETTING_INSTALLED_ONLY,
            .ours = true,
            .reloads = CERTS,
            .value = "",
            .hidden = true,
            .example = "kid-2",
            .doc = "Key identifier of an external account at the second authority",
        },
    [SET_ACME_FALLBACK_EAB_HMAC_KEY] =
        {
            .key = "ACME_FALLBACK_EAB_HMAC_KEY",
            .type = SETTING_TEXT,
            .group = SETTING_GROUP_ACME,
            .scope = SETTING_INSTALLED_ONLY,
            .ours = true,
            .reloads = CERTS,
            .value = "",
            .hidden = true,
            .example = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W",
            .doc = "Key of the external account at the second authority (base64url)",
        },
    [SET_ACME_SELF_CHECK] =
        {
            .key = "ACME_SELF_CHECK",
            .type = SETTING_CHOICE,
            .group = SETTING_GROUP_ACME,
            .scope = SETTING_INSTALLED_ONLY,
            .ours = true,
            .reloads = CERTS,
            .value = "on",
            .choices = on_off,
            .example = "off",
            .doc = "Look whether this machine is reached by its name before the "
                   "authority does",
            .more = "Set it to off where something else answers when this machine asks for "
                    "its own public address: a router, or another server, inside your network.",
        },
    [SET_ACME_RESOLVER] =
        {
            .key = "ACME_RESOLVER",
            .type = SETTING_RESOLVER,
            .group = SETTING_GROUP_ACME,
            .scope = SETTING_INSTALLED_ONLY,
            .ours = true,
            .reloads = CERTS,
            .value = "",
            .example = "9.9.9.9",
            .doc = "DNS server that ACME_SELF_CHECK and dns-01 look names up at",
            .more = "Empty: the system's. Set it where names mean other addresses "
                    "inside your network than outside.",
        },

    /* ---- TURN and addresses ---- */
    [SET_COTURN_IP] =
        {
            .key = "COTURN_IP",
            .type = SETTING_ADDRESS,
            .group = SETTING_GROUP_TURN,
            .reloads = SIGNALING | TURN,
            .value = "auto-ipv4",
            .example = "203.0.113.5",
            .doc = "Address of the TURN server as clients are told it",
            .more = "auto-ipv4 and auto-ipv6 find it out; that needs no Internet.",
        },
    [SET_COTURN_PORT] =
        {
            .key = "COTURN_PORT",
            .type = SETTING_PORT,
            .group = SETTING_GROUP_TURN,
            .reloads = SIGNALING,
            .restarts = TURN,
            .value = "3478",
            .example = "3478",
            .doc = "Port of the TURN server",
        },
    [SET_COTURN_MIN_PORT] =
        {
            .key = "COTURN_MIN_PORT",
            .type = SETTING_PORT,
            .group = SETTING_GROUP_TURN,
            .restarts = TURN,
            .value = "57001",
            .example = "57001",
            .doc = "First relay port of the TURN server, UDP",
        },
    [SET_COTURN_MAX_PORT] =
        {
            .key = "COTURN_MAX_PORT",
            .type = SETTING_PORT,
            .group = SETTING_GROUP_TURN,
            .restarts = TURN,
            .value = "65535",
            .example = "65535",
            .doc = "Last relay port of the TURN server, UDP",
        },
    [SET_COTURN_SHARED_SECRET_KEY] =
        {
            .key = "COTURN_SHARED_SECRET_KEY",
            .type = SETTING_TOKEN,
            .group = SETTING_GROUP_TURN,
            .reloads = SIGNALING | TURN,
            .value = "",
            .example = "a-Long_Random-Text-0123456789",
            .doc = "Secret between signaling and TURN; empty: a random one is made and kept",
        },
    [SET_COTURN_INTERNAL_RELAY] =
        {
            .key = "COTURN_INTERNAL_RELAY",
            .type = SETTING_BOOL,
            .group = SETTING_GROUP_TURN,
            .scope = SETTING_INSTALLED_ONLY,
            .reloads = TURN,
            .value = "false",
            .example = "true",
            .doc = "Relays are part of a private network: clients are told their private "
                   "addresses, and media servers on other machines are reached by theirs",
            .more = "The media server on this machine is always reached by the short way, whatever "
                    "address it is known by",
        },
    [SET_TURN_TLS_PORT] =
        {
            .key = "TURN_TLS_PORT",
            .type = SETTING_INT,
            .group = SETTING_GROUP_TURN,
            .scope = SETTING_INSTALLED_ONLY,
            .ours = true,
            .reloads = SIGNALING,
            .restarts = TURN,
            .value = "5349",
            .min = 0,
            .max = 65535,
            .example = "5349",
            .doc = "Port of TURN over TLS (TCP) and DTLS (UDP); 0 is none",
            .more = "It has the web server's certificate. Clients are told of it when that is not "
                    "self-signed.",
        },
    [SET_TURN_ON_HTTPS_PORT] =
        {
            .key = "TURN_ON_HTTPS_PORT",
            .type = SETTING_BOOL,
            .group = SETTING_GROUP_TURN,
            .scope = SETTING_INSTALLED_ONLY,
            .ours = true,
            .reloads = SIGNALING | PROXY,
            .value = "true",
            .example = "false",
            .doc = "TURN over TLS on HTTPS_PORT as well, for networks that let nothing else out",
            .more = "In force where nginx has HTTPS_PORT to itself (PROXY=front, or auto on a "
                    "machine without other sites) and the certificate is not self-signed; without "
                    "effect elsewhere.",
        },
    [SET_TURN_PEERS] =
        {
            .key = "TURN_PEERS",
            .type = SETTING_CHOICE,
            .group = SETTING_GROUP_TURN,
            .ours = true,
            .reloads = TURN,
            .value = "media",
            .choices = turn_peers,
            .example = "public",
            .doc = "Where TURN relays to",
            .more = "media: the addresses and ports of the media server, nothing else. public: "
                    "public addresses of the Internet as well, for applications that connect "
                    "clients with each other; private, special and this machine's own ones stay "
                    "closed.",
        },
    [SET_TURN_ALLOWED_PEERS] =
        {
            .key = "TURN_ALLOWED_PEERS",
            .type = SETTING_ALLOWED_PEERS,
            .group = SETTING_GROUP_TURN,
            .ours = true,
            .reloads = TURN,
            .value = "",
            .example = "198.51.100.7:5000-5100, 192.0.2.0/24, [2001:db8::7]:40000",
            .doc = "Addresses and networks, with or without ports, that TURN relays to besides",
            .more = "IPv6 stands in brackets where a port follows.",
        },
    [SET_TURN_DENIED_PEERS] =
        {
            .key = "TURN_DENIED_PEERS",
            .type = SETTING_DENIED_PEERS,
            .group = SETTING_GROUP_TURN,
            .ours = true,
            .reloads = TURN,
            .value = "",
            .example = "198.51.100.0/24, 203.0.113.9:25, 2001:db8::/32",
            .doc = "Addresses and networks, with or without ports, that TURN never relays to",
            .more = "It wins over TURN_ALLOWED_PEERS and TURN_PEERS.",
        },
    [SET_TURN_OLD_SECRETS] =
        {
            .key = "TURN_OLD_SECRETS",
            .type = SETTING_TOKENS,
            .group = SETTING_GROUP_TURN,
            .ours = true,
            .reloads = TURN,
            .value = "",
            .example = "an-Older_Random-Text-9876543210",
            .doc = "Secrets from before COTURN_SHARED_SECRET_KEY, whose credentials TURN still "
                   "takes",
            .more = "To change the secret: put the present one here, a new one into "
                    "COTURN_SHARED_SECRET_KEY, and leave it out a day later, when the last "
                    "credential made with it has expired.",
        },
    [SET_TURN_USER_QUOTA] =
        {
            .key = "TURN_USER_QUOTA",
            .type = SETTING_INT,
            .group = SETTING_GROUP_TURN,
            .ours = true,
            .reloads = TURN,
            .value = "200",
            .min = 1,
            .max = 65535,
            .example = "200",
            .doc = "Most allocations that one participant may have at a time",
            .more = "A browser makes a few for each stream that it sends or receives.",
        },
    [SET_TURN_TOTAL_QUOTA] =
        {
            .key = "TURN_TOTAL_QUOTA",
            .type = SETTING_INT,
            .group = SETTING_GROUP_TURN,
            .ours = true,
            .reloads = TURN,
            .value = "8000",
            .min = 1,
            .max = 1000000,
            .example = "8000",
            .doc = "Most allocations that all participants together may have",
            .more = "Each takes a relay port (COTURN_MIN_PORT to COTURN_MAX_PORT).",
        },
    [SET_TURN_USER_BANDWIDTH] =
        {
            .key = "TURN_USER_BANDWIDTH",
            .type = SETTING_INT,
            .group = SETTING_GROUP_TURN,
            .ours = true,
            .reloads = TURN,
            .value = "0",
            .min = 0,
            .max = KBPS_MAX,
            .example = "20000",
            .doc = "Most that is relayed for one participant, in kbit/s; 0 is no limit",
        },
    [SET_TURN_ALTERNATE_SERVER] =
        {
            .key = "TURN_ALTERNATE_SERVER",
            .type = SETTING_ENDPOINT,
            .group = SETTING_GROUP_TURN,
            .ours = true,
            .reloads = TURN,
            .value = "",
            .example = "203.0.113.6:3478",
            .doc = "Another TURN server with the same secret, to which new allocations are sent on",
            .more = "To empty this one before it is taken down: what it relays goes on until the "
                    "clients end it.",
        },
    [SET_TURN_SHA256] =
        {
            .key = "TURN_SHA256",
            .type = SETTING_BOOL,
            .group = SETTING_GROUP_TURN,
            .ours = true,
            .restarts = TURN,
            .value = "false",
            .example = "true",
            .doc = "TURN offers SHA-256 and hidden user names (RFC 8489), which browsers do not "
                   "ask for",
            .more = "Its refusals of requests without credentials become larger.",
        },
    [SET_WEBRTC_ICE_SERVERS] =
        {
            .key = "OPENVIDU_WEBRTC_ICE_SERVERS",
            .type = SETTING_ICE_SERVERS,
            .group = SETTING_GROUP_TURN,
            .hidden = true,
            .reloads = SIGNALING,
            .value = "",
            .example = "[\"url=turns:turn.example.org:443,staticAuthSecret=a-Long_Random-Text\"]",
            .doc = "STUN and TURN servers that all clients get instead of our own",
            .more = "A list in brackets; each server in double quotes: url=..., and for TURN "
                    "username=...,credential=... or staticAuthSecret=...",
        },
    [SET_MEDIA_NODES_PUBLIC_IPS] =
        {
            .key = "MEDIA_NODES_PUBLIC_IPS",
            .type = SETTING_NODE_PAIRS,
            .group = SETTING_GROUP_TURN,
            .reloads = MEDIA,
            .value = "",
            .example = "[\"10.0.0.5:203.0.113.5\"]",
            .doc = "Public addresses in place of private ones in media candidates",
            .more = "A list of \"private:public\"; IPv6 addresses in brackets.",
        },

    /* ---- media and sessions ---- */
    [SET_OPENVIDU_MEDIA_SERVER] =
        {
            .key = "OPENVIDU_MEDIA_SERVER",
            .type = SETTING_CHOICE,
            .group = SETTING_GROUP_MEDIA,
            .ours = true,
            .reloads = SIGNALING,
            .value = "kurento",
            .choices = media_servers,
            .example = "mediasoup",
            .doc = "Who offers when a client subscribes: the client (kurento) or the server "
                   "(mediasoup)",
        },
    [SET_MEDIA_PORT] =
        {
            .key = "MEDIA_PORT",
            .type = SETTING_INT,
            .group = SETTING_GROUP_MEDIA,
            .ours = true,
            .restarts = MEDIA,
            .value = "40000",
            .min = 1024,
            .max = 65000,
            .example = "40000",
            .doc = "First port of media, UDP and TCP; one more for each worker",
        },
    [SET_MEDIA_WORKERS] =
        {
            .key = "MEDIA_WORKERS",
            .type = SETTING_INT,
            .group = SETTING_GROUP_MEDIA,
            .ours = true,
            .restarts = MEDIA,
            .value = "0",
            .min = 0,
            .max = 64,
            .example = "4",
            .doc = "Threads that forward media; 0 is one for each processor",
        },
    [SET_MEDIA_BUSY_POLL] =
        {
            .key = "MEDIA_BUSY_POLL",
            .type = SETTING_INT,
            .group = SETTING_GROUP_MEDIA,
            .ours = true,
            .restarts = MEDIA,
            .value = "0",
            .min = 0,
            .max = 1000,
            .example = "50",
            .doc = "Microseconds for which media waits busily for the network card",
            .more = "Saves the wake-ups of a busy server at the price of processor time "
                    "(SO_BUSY_POLL); 0 is not at all. The kernel grants it to privileged services "
                    "alone: as a service of its own user, media needs net.core.busy_read set "
                    "likewise (sysctl).",
        },
    [SET_MEDIA_ICE] =
        {
            .key = "MEDIA_ICE",
            .type = SETTING_CHOICE,
            .group = SETTING_GROUP_MEDIA,
            .ours = true,
            .restarts = MEDIA,
            .value = "lite",
            .choices = ice_modes,
            .example = "agent",
            .doc = "How clients find the way to the media server: they reach its addresses (lite), "
                   "or it looks for the way itself (agent)",
            .more = "With agent this machine may stand behind a NAT without a port of its own: it "
                    "asks the servers of MEDIA_ICE_SERVERS how it is seen, and lets a TURN server "
                    "relay what cannot be sent directly. It needs more memory and processor time "
                    "for each stream; where clients reach the machine (also at an address of a 1:1 "
                    "NAT: MEDIA_NODES_PUBLIC_IPS), lite is better.",
        },
    [SET_MEDIA_ICE_SERVERS] =
        {
            .key = "MEDIA_ICE_SERVERS",
            .type = SETTING_ICE_SERVERS,
            .group = SETTING_GROUP_MEDIA,
            .hidden = true,
            .ours = true,
            .restarts = MEDIA,
            .value = "",
            .example = "[\"url=turn:203.0.113.7:3478,staticAuthSecret=a-Long_Random-Text\"]",
            .doc = "STUN and TURN servers that the media server itself uses, with MEDIA_ICE=agent",
            .more = "A list in brackets; each server in double quotes: url=..., and for TURN "
                    "username=...,credential=... or staticAuthSecret=... An IP address each, and "
                    "no TLS; one STUN server, up to four TURN servers. A TURN server tells what a "
                    "STUN server would, too. One of this product on another machine needs "
                    "TURN_PEERS=public there.",
        },
    [SET_MEDIA_ICE_TCP] =
        {
            .key = "MEDIA_ICE_TCP",
            .type = SETTING_BOOL,
            .group = SETTING_GROUP_MEDIA,
            .ours = true,
            .restarts = MEDIA,
            .value = "true",
            .example = "false",
            .doc = "Media over TCP as well, on the ports from MEDIA_PORT on, for clients whose "
                   "networks let no UDP out",
            .more = "Without it they take the way through TURN, which costs more.",
        },
    [SET_MEDIA_ROOM_SPREAD] =
        {
            .key = "MEDIA_ROOM_TRANSPORTS_PER_WORKER",
            .type = SETTING_INT,
            .group = SETTING_GROUP_MEDIA,
            .ours = true,
            .reloads = MEDIA,
            .value = "500",
            .min = 0,
            .max = 1000000,
            .example = "200",
            .doc = "Peer connections of one room that one worker carries, before others join in; 0 "
                   "is all",
        },
    [SET_MEDIA_LAST_N] =
        {
            .key = "MEDIA_LAST_N",
            .type = SETTING_INT,
            .group = SETTING_GROUP_MEDIA,
            .ours = true,
            .restarts = MEDIA,
            .value = "0",
            .min = 0,
            .max = 10000,
            .example = "9",
            .doc =
                "Of a room, only the video of so many who spoke last is forwarded; 0 is all video",
            .more = "The pictures of the others stand still. Streams without audio, such as "
                    "screens, do not count.",
        },
    [SET_VIDEO_MAX_RECV_BANDWIDTH] =
        {
            .key = "OPENVIDU_STREAMS_VIDEO_MAX_RECV_BANDWIDTH",
            .type = SETTING_INT,
            .group = SETTING_GROUP_MEDIA,
            .shipped = true,
            .reloads = SIGNALING,
            .value = "1000",
            .min = 0,
            .max = KBPS_MAX,
            .example = "2000",
            .doc = "Most video that one client may send, in kbit/s; 0 is no limit",
        },
    [SET_VIDEO_MIN_RECV_BANDWIDTH] =
        {
            .key = "OPENVIDU_STREAMS_VIDEO_MIN_RECV_BANDWIDTH",
            .type = SETTING_INT,
            .group = SETTING_GROUP_MEDIA,
            .shipped = true,
            .reloads = SIGNALING,
            .value = "300",
            .min = 0,
            .max = KBPS_MAX,
            .example = "300",
            .doc = "Least video that a client is asked to send, in kbit/s; 0 is no limit",
        },
    [SET_VIDEO_MAX_SEND_BANDWIDTH] =
        {
            .key = "OPENVIDU_STREAMS_VIDEO_MAX_SEND_BANDWIDTH",
            .type = SETTING_INT,
            .group = SETTING_GROUP_MEDIA,
            .shipped = true,
            .reloads = SIGNALING,
            .value = "1000",
            .min = 0,
            .max = KBPS_MAX,
            .example = "2000",
            .doc = "Most video sent to one client for each stream, in kbit/s; 0 is no limit",
        },
    [SET_VIDEO_MIN_SEND_BANDWIDTH] =
        {
            .key = "OPENVIDU_STREAMS_VIDEO_MIN_SEND_BANDWIDTH",
            .type = SETTING_INT,
            .group = SETTING_GROUP_MEDIA,
            .shipped = true,
            .reloads = SIGNALING,
            .value = "300",
            .min = 0,
            .max = KBPS_MAX,
            .example = "300",
            .doc = "Least video that publishers are asked for on behalf of one client, in kbit/s; "
                   "0 is "
                   "no limit",
        },
    [SET_STREAMS_FORCED_VIDEO_CODEC] =
        {
            .key = "OPENVIDU_STREAMS_FORCED_VIDEO_CODEC",
            .type = SETTING_CHOICE,
            .group = SETTING_GROUP_MEDIA,
            .reloads = SIGNALING,
            .value = "MEDIA_SERVER_PREFERRED",
            .choices = forced_codecs,
            .example = "H264",
            .doc = "Video codec of all sessions that do not choose their own",
        },
    [SET_STREAMS_ALLOW_TRANSCODING] =
        {
            .key = "OPENVIDU_STREAMS_ALLOW_TRANSCODING",
            .type = SETTING_BOOL,
            .group = SETTING_GROUP_MEDIA,
            .reloads = SIGNALING,
            .value = "false",
            .example = "false",
            .doc = "Accepted for compatibility: this server forwards media and never transcodes",
        },
    [SET_SESSIONS_GARBAGE_INTERVAL] =
        {
            .key = "OPENVIDU_SESSIONS_GARBAGE_INTERVAL",
            .type = SETTING_INT,
            .group = SETTING_GROUP_MEDIA,
            .shipped = true,
            .reloads = SIGNALING,
            .value = "900",
            .min = 0,
            .max = SECONDS_MAX,
            .example = "900",
            .doc = "Seconds between two sweeps of sessions that nobody ever joined; 0 is never",
        },
    [SET_SESSIONS_GARBAGE_THRESHOLD] =
        {
            .key = "OPENVIDU_SESSIONS_GARBAGE_THRESHOLD",
            .type = SETTING_INT,
            .group = SETTING_GROUP_MEDIA,
            .shipped = true,
            .reloads = SIGNALING,
            .value = "3600",
            .min = 0,
            .max = SECONDS_MAX,
            .example = "3600",
            .doc = "Age in seconds at which such a session is removed",
        },

    /* ---- limits of the signaling server ---- */
    [SET_SIGNALING_MAX_SESSIONS] =
        {
            .key = "SIGNALING_MAX_SESSIONS",
            .type = SETTING_INT,
            .group = SETTING_GROUP_LIMITS,
            .ours = true,
            .restarts = SIGNALING,
            .value = "10000",
            .min = 1,
            .max = 1000000,
            .example = "20000",
            .doc = "Most sessions at a time",
        },
    [SET_SIGNALING_MAX_CONNECTIONS] =
        {
            .key = "SIGNALING_MAX_CONNECTIONS",
            .type = SETTING_INT,
            .group = SETTING_GROUP_LIMITS,
            .ours = true,
            .reloads = SIGNALING,
            .value = "5000",
            .min = 1,
            .max = 100000,
            .example = "20000",
            .doc = "Most connections of a session: participants, and tokens that wait for theirs",
            .more = "In force for sessions made from then on.",
        },
    [SET_SIGNALING_MAX_PARTICIPANTS] =
        {
            .key = "SIGNALING_MAX_PARTICIPANTS",
            .type = SETTING_INT,
            .group = SETTING_GROUP_LIMITS,
            .ours = true,
            .reloads = SIGNALING,
            .value = "1000",
            .min = 1,
            .max = 10000,
            .example = "2000",
            .doc = "Most participants of a session at a time",
        },
    [SET_SIGNALING_MAX_CLIENTS] =
        {
            .key = "SIGNALING_MAX_CLIENTS",
            .type = SETTING_INT,
            .group = SETTING_GROUP_LIMITS,
            .ours = true,
            .restarts = SIGNALING,
            .value = "10000",
            .min = 1,
            .max = 1000000,
            .example = "20000",
            .doc = "Most clients (WebSockets) at a time, those included that may still come back",
            .more = "Behind nginx each takes two of its connections, or four where nginx has HTTPS "
                    "to itself: see WORKER_CONNECTIONS.",
        },
    [SET_SIGNALING_MAX_WAITING_CLIENTS] =
        {
            .key = "SIGNALING_MAX_WAITING_CLIENTS",
            .type = SETTING_INT,
            .group = SETTING_GROUP_LIMITS,
            .ours = true,
            .reloads = SIGNALING,
            .value = "1000",
            .min = 1,
            .max = 1000000,
            .example = "2000",
            .doc = "Most clients that have a WebSocket and have not joined a session yet",
            .more = "Another one takes the place of the one that has waited longest; after 30 s "
                    "each is closed.",
        },
    [SET_SIGNALING_MAX_HTTP_CONNECTIONS] =
        {
            .key = "SIGNALING_MAX_HTTP_CONNECTIONS",
            .type = SETTING_INT,
            .group = SETTING_GROUP_LIMITS,
            .ours = true,
            .restarts = SIGNALING,
            .value = "4096",
            .min = 1,
            .max = 100000,
            .example = "8192",
            .doc = "Most HTTP connections to the signaling server at a time, WebSockets not among "
                   "them",
            .more = "Behind nginx those of nginx count.",
        },
    [SET_SIGNALING_MAX_CONNECTIONS_PER_ADDRESS] =
        {
            .key = "SIGNALING_MAX_CONNECTIONS_PER_ADDRESS",
            .type = SETTING_INT,
            .group = SETTING_GROUP_LIMITS,
            .ours = true,
            .restarts = SIGNALING,
            .value = "256",
            .min = 1,
            .max = 1000000,
            .example = "1000",
            .doc = "Most HTTP connections and WebSockets of one client address (IPv6: of a /64)",
            .more = "Raise it where a whole office, or a load test, is behind one address.",
        },
    [SET_SIGNALING_MAX_PARTICIPANTS_PER_ADDRESS] =
        {
            .key = "SIGNALING_MAX_PARTICIPANTS_PER_ADDRESS",
            .type = SETTING_INT,
            .group = SETTING_GROUP_LIMITS,
            .ours = true,
            .reloads = SIGNALING,
            .value = "256",
            .min = 1,
            .max = 1000000,
            .example = "1000",
            .doc = "Most participants that join from one client address (IPv6: from a /64)",
            .more = "Those whose connection is lost count while they may still come back.",
        },
    [SET_SIGNALING_MAX_QUEUED_REQUESTS] =
        {
            .key = "SIGNALING_MAX_QUEUED_REQUESTS",
            .type = SETTING_INT,
            .group = SETTING_GROUP_LIMITS,
            .ours = true,
            .reloads = SIGNALING,
            .value = "256",
            .min = 1,
            .max = 10000,
            .example = "512",
            .doc = "Most requests of a client that wait for the one before them",
            .more = "A client with more loses its WebSocket, and may come back.",
        },
    [SET_SIGNALING_MAX_MESSAGES] =
        {
            .key = "SIGNALING_MAX_MESSAGES",
            .type = SETTING_INT,
            .group = SETTING_GROUP_LIMITS,
            .ours = true,
            .reloads = SIGNALING,
            .value = "200",
            .min = 1,
            .max = 100000,
            .example = "500",
            .doc = "Most messages that a client sends in a second, over ten seconds",
            .more = "A client that sends more loses its WebSocket, and may come back.",
        },
    [SET_SIGNALING_MAX_DATA] =
        {
            .key = "SIGNALING_MAX_DATA",
            .type = SETTING_INT,
            .group = SETTING_GROUP_LIMITS,
            .ours = true,
            .reloads = SIGNALING,
            .value = "10000",
            .min = 16,
            .max = 60000,
            .example = "20000",
            .doc = "Most bytes of a participant's data, of the client's and of the server's each",
            .more = "All others in the session get them.",
        },
    [SET_SIGNALING_MAX_UNREAD] =
        {
            .key = "SIGNALING_MAX_UNREAD",
            .type = SETTING_INT,
            .group = SETTING_GROUP_LIMITS,
            .ours = true,
            .restarts = SIGNALING,
            .value = "1024",
            .min = 64,
            .max = 1048576,
            .example = "4096",
            .doc = "Most KiB that wait for one client which reads slowly",
            .more = "A client with more loses its WebSocket, and may come back.",
        },
    [SET_SIGNALING_MAX_UNREAD_TOTAL] =
        {
            .key = "SIGNALING_MAX_UNREAD_TOTAL",
            .type = SETTING_INT,
            .group = SETTING_GROUP_LIMITS,
            .ours = true,
            .restarts = SIGNALING,
            .value = "256",
            .min = 1,
            .max = 65536,
            .example = "1024",
            .doc = "MiB that wait for all clients together; beyond, each may have an equal share "
                   "of it",
        },

    /* ---- limits of the media server ---- */
    [SET_MEDIA_MAX_ROOMS] =
        {
            .key = "MEDIA_MAX_ROOMS",
            .type = SETTING_INT,
            .group = SETTING_GROUP_LIMITS,
            .ours = true,
            .reloads = MEDIA,
            .value = "10000",
            .min = 1,
            .max = 1000000,
            .example = "20000",
            .doc = "Most sessions with media at a time",
        },
    [SET_MEDIA_MAX_PUBLISHERS] =
        {
            .key = "MEDIA_MAX_PUBLISHERS",
            .type = SETTING_INT,
            .group = SETTING_GROUP_LIMITS,
            .ours = true,
            .reloads = MEDIA,
            .value = "1000",
            .min = 1,
            .max = 10000,
            .example = "50",
            .doc = "Most published streams of a session at a time",
        },
    [SET_MEDIA_MAX_SUBSCRIBERS] =
        {
            .key = "MEDIA_MAX_SUBSCRIBERS",
            .type = SETTING_INT,
            .group = SETTING_GROUP_LIMITS,
            .ours = true,
            .reloads = MEDIA,
            .value = "10000",
            .min = 1,
            .max = 100000,
            .example = "500",
            .doc = "Most subscribers of one stream at a time",
        },
    [SET_MEDIA_MAX_ROOM_TRANSPORTS] =
        {
            .key = "MEDIA_MAX_ROOM_TRANSPORTS",
            .type = SETTING_INT,
            .group = SETTING_GROUP_LIMITS,
            .ours = true,
            .reloads = MEDIA,
            .value = "20000",
            .min = 1,
            .max = 1000000,
            .example = "2500",
            .doc = "Most peer connections of a session at a time",
            .more = "Each published stream is one, and each subscription: fifty who all see each "
                    "other are 2500.",
        },
    [SET_MEDIA_MAX_TRANSPORTS] =
        {
            .key = "MEDIA_MAX_TRANSPORTS",
            .type = SETTING_INT,
            .group = SETTING_GROUP_LIMITS,
            .ours = true,
            .restarts = MEDIA,
            .value = "20000",
            .min = 1,
            .max = 1000000,
            .example = "40000",
            .doc = "Most peer connections of all sessions at a time",
        },
    [SET_MEDIA_MAX_AGENTS] =
        {
            .key = "MEDIA_MAX_AGENTS",
            .type = SETTING_INT,
            .group = SETTING_GROUP_LIMITS,
            .ours = true,
            .restarts = MEDIA,
            .value = "4000",
            .min = 1,
            .max = 1000000,
            .example = "8000",
            .doc = "Most peer connections of all sessions at a time, with MEDIA_ICE=agent",
            .more = "Each has ten sockets or so, of which a service may have 65536 unless "
                    "LimitNOFILE of visavis-media.service says more.",
        },
    [SET_MEDIA_MAX_SEND_BANDWIDTH] =
        {
            .key = "MEDIA_MAX_SEND_BANDWIDTH",
            .type = SETTING_INT,
            .group = SETTING_GROUP_LIMITS,
            .ours = true,
            .reloads = MEDIA,
            .value = "0",
            .min = 0,
            .max = 1000000,
            .example = "900",
            .doc = "Mbit/s of media at which new subscribers are refused; 0 is no limit",
            .more = "What is being watched goes on, and may take more.",
        },

    /* ---- recording ---- */
    [SET_RECORDING] =
        {
            .key = "OPENVIDU_RECORDING",
            .type = SETTING_BOOL,
            .group = SETTING_GROUP_RECORDING,
            .shipped = true,
            .reloads = SIGNALING,
            .value = "false",
            .example = "true",
            .doc = "Turns recording on",
        },
    [SET_RECORDING_DEBUG] =
        {
            .key = "OPENVIDU_RECORDING_DEBUG",
            .type = SETTING_BOOL,
            .group = SETTING_GROUP_RECORDING,
            .shipped = true,
            .reloads = SIGNALING,
            .value = "false",
            .example = "true",
            .doc = "Keeps the log of each recording beside it",
        },
    [SET_RECORDING_PATH] =
        {
            .key = "OPENVIDU_RECORDING_PATH",
            .type = SETTING_PATH,
            .group = SETTING_GROUP_RECORDING,
            .scope = SETTING_INSTALLED_ONLY,
            .shipped = true,
            .reloads = PROXY,
            .restarts = SIGNALING, /* its sandbox has to be opened */
            .value = "/var/lib/visavis/recordings",
            .means_default = "/opt/openvidu/recordings",
            .example = "/srv/recordings",
            .doc = "Folder of the recordings",
        },
    [SET_RECORDING_PUBLIC_ACCESS] =
        {
            .key = "OPENVIDU_RECORDING_PUBLIC_ACCESS",
            .type = SETTING_BOOL,
            .group = SETTING_GROUP_RECORDING,
            .shipped = true,
            .reloads = SIGNALING,
            .value = "false",
            .example = "true",
            .doc = "Recordings may be fetched without a password",
        },
    [SET_RECORDING_NOTIFICATION] =
        {
            .key = "OPENVIDU_RECORDING_NOTIFICATION",
            .type = SETTING_CHOICE,
            .group = SETTING_GROUP_RECORDING,
            .shipped = true,
            .reloads = SIGNALING,
            .value = "publisher_moderator",
            .choices = notifications,
            .example = "all",
            .doc = "Which roles are told when recording starts and stops",
        },
    [SET_RECORDING_CUSTOM_LAYOUT] =
        {
            .key = "OPENVIDU_RECORDING_CUSTOM_LAYOUT",
            .type = SETTING_PATH,
            .group = SETTING_GROUP_RECORDING,
            .scope = SETTING_INSTALLED_ONLY,
            .shipped = true,
            .reloads = PROXY | SIGNALING,
            .value = "/var/lib/visavis/custom-layout",
            .means_default = "/opt/openvidu/custom-layout",
            .example = "/srv/layouts",
            .doc = "Folder of the operator's own recording layouts",
            .more = "Everybody may fetch what is in it, without a password.",
        },
    [SET_RECORDING_AUTOSTOP_TIMEOUT] =
        {
            .key = "OPENVIDU_RECORDING_AUTOSTOP_TIMEOUT",
            .type = SETTING_INT,
            .group = SETTING_GROUP_RECORDING,
            .shipped = true,
            .reloads = SIGNALING,
            .value = "120",
            .min = 0,
            .max = 1000000,
            .example = "120",
            .doc = "Seconds after which a recording that nobody publishes to stops; 0 is never",
        },

    /* ---- webhook, CDR ---- */
    [SET_WEBHOOK] =
        {
            .key = "OPENVIDU_WEBHOOK",
            .type = SETTING_BOOL,
            .group = SETTING_GROUP_EVENTS,
            .shipped = true,
            .reloads = SIGNALING,
            .value = "false",
            .example = "true",
            .doc = "Posts events to OPENVIDU_WEBHOOK_ENDPOINT",
            .more = "One after the other, in their order, as JSON. Where nobody answers it is "
                    "tried "
                    "5 times in all; any answer but status 200 is logged and not asked again; over "
                    "10,000 that wait (or 32 MiB) the oldest are given up. Beside OpenVidu's "
                    "headers each request has X-Visavis-Event-Id, which stays the same if an event "
                    "comes twice (after a crash), and X-Visavis-Signature: t=SECONDS,v1=HEX, where "
                    "HEX is HMAC-SHA256 of \"SECONDS.BODY\" with OPENVIDU_SECRET. Any certificate "
                    "of the endpoint is accepted.",
        },
    [SET_WEBHOOK_ENDPOINT] =
        {
            .key = "OPENVIDU_WEBHOOK_ENDPOINT",
            .type = SETTING_URL,
            .group = SETTING_GROUP_EVENTS,
            .reloads = SIGNALING,
            .value = "",
            .example = "https://app.example.org/events",
            .doc = "Where events are posted to",
        },
    [SET_WEBHOOK_HEADERS] =
        {
            .key = "OPENVIDU_WEBHOOK_HEADERS",
            .type = SETTING_HEADERS,
            .group = SETTING_GROUP_EVENTS,
            .hidden = true,
            .reloads = SIGNALING,
            .value = "",
            .example = "[\"Authorization: Basic dXNlcjpwYXNz\", \"X-Origin: visavis\"]",
            .doc = "Headers that the webhook's requests get",
            .more = "A list in brackets, each \"Name: value\" in double quotes.",
        },
    [SET_WEBHOOK_EVENTS] =
        {
            .key = "OPENVIDU_WEBHOOK_EVENTS",
            .type = SETTING_EVENTS,
            .group = SETTING_GROUP_EVENTS,
            .shipped = true,
            .reloads = SIGNALING,
            .value = "[\"sessionCreated\",\"sessionDestroyed\",\"participantJoined\","
                     "\"participantLeft\",\"webrtcConnectionCreated\","
                     "\"webrtcConnectionDestroyed\",\"recordingStatusChanged\","
                     "\"filterEventDispatched\",\"signalSent\",\"broadcastStarted\","
                     "\"broadcastStopped\",\"mediaNodeStatusChanged\",\"autoscaling\","
                     "\"nodeCrashed\",\"nodeRecovered\"]",
            .shipped_value = "[sessionCreated,sessionDestroyed,participantJoined,participantLeft,"
                             "webrtcConnectionCreated,webrtcConnectionDestroyed,"
                             "recordingStatusChanged,filterEventDispatched,broadcastStarted,"
                             "broadcastStopped,mediaNodeStatusChanged,nodeCrashed,nodeRecovered]",
            .example = "[sessionCreated, sessionDestroyed]",
            .doc = "Which events are posted",
            .more = "An empty list is none. Events of OpenVidu's other editions may be named, and "
                    "are never sent.",
        },
    [SET_CDR] =
        {
            .key = "OPENVIDU_CDR",
            .type = SETTING_BOOL,
            .group = SETTING_GROUP_EVENTS,
            .shipped = true,
            .reloads = SIGNALING,
            .value = "false",
            .example = "true",
            .doc = "Writes call detail records",
            .more = "A file for each start and each day, CDR.<date>_<time>.log, a line of JSON for "
                    "each event. GET /openvidu/cdr lists them, with the API's secret.",
        },
    [SET_CDR_PATH] =
        {
            .key = "OPENVIDU_CDR_PATH",
            .type = SETTING_PATH,
            .group = SETTING_GROUP_EVENTS,
            .scope = SETTING_INSTALLED_ONLY,
            .shipped = true,
            .restarts = SIGNALING,
            .value = "/var/lib/visavis/cdr",
            .means_default = "/opt/openvidu/cdr",
            .example = "/srv/cdr",
            .doc = "Folder of the call detail records",
        },

    /* ---- Call ---- */
    [SET_CALL_APP] =
        {
            .key = "CALL_APP",
            .type = SETTING_CHOICE,
            .group = SETTING_GROUP_CALL,
            .scope = SETTING_INSTALLED_ONLY,
            .ours = true,
            .reloads = MANAGER,
            .restarts = CALL,
            .value = "on",
            .choices = on_off,
            .example = "off",
            .doc = "Runs the Call app at /; off frees port 5442 for an application of your own",
        },
    [SET_CALL_PORT] =
        {
            .key = "CALL_PORT",
            .type = SETTING_PORT,
            .group = SETTING_GROUP_CALL,
            .scope = SETTING_DEV_ONLY,
            .ours = true,
            .value = "5442",
            .example = "5442",
            .doc = "Port of the Call app; always 5442 on an installed machine",
        },
    [SET_CALL_PRIVATE_ACCESS] =
        {
            .key = "CALL_PRIVATE_ACCESS",
            .type = SETTING_CHOICE,
            .group = SETTING_GROUP_CALL,
            .reloads = CALL,
            .value = "ENABLED",
            .dev_value = "DISABLED",
            .choices = enabled_disabled,
            .example = "DISABLED",
            .doc = "The Call app asks for CALL_USER and CALL_SECRET",
        },
    [SET_CALL_USER] =
        {
            .key = "CALL_USER",
            .type = SETTING_USER,
            .group = SETTING_GROUP_CALL,
            .reloads = CALL,
            .value = "admin",
            .example = "admin",
            .doc = "User of the Call app",
        },
    [SET_CALL_SECRET] =
        {
            .key = "CALL_SECRET",
            .type = SETTING_PASSWORD,
            .group = SETTING_GROUP_CALL,
            .reloads = CALL,
            .value = "",
            .example = "a-Long_Random-Text-0123456789",
            .doc = "Password of the Call app; empty: that of OPENVIDU_SECRET",
        },
    [SET_CALL_ADMIN_SECRET] =
        {
            .key = "CALL_ADMIN_SECRET",
            .type = SETTING_PASSWORD,
            .group = SETTING_GROUP_CALL,
            .reloads = CALL,
            .value = "",
            .example = "a-Long_Random-Text-0123456789",
            .doc = "Password of the Call app's admin page; empty: that of OPENVIDU_SECRET",
        },
    [SET_CALL_RECORDING] =
        {
            .key = "CALL_RECORDING",
            .type = SETTING_CHOICE,
            .group = SETTING_GROUP_CALL,
            .reloads = CALL,
            .value = "ENABLED",
            .choices = enabled_disabled,
            .example = "DISABLED",
            .doc = "The Call app offers recording, where OPENVIDU_RECORDING is on",
        },

    /* ---- the rest ---- */
    [SET_REDIS_URL] =
        {
            .key = "REDIS_URL",
            .type = SETTING_REDIS,
            .group = SETTING_GROUP_SYSTEM,
            .scope = SETTING_INSTALLED_ONLY,
            .hidden = true,
            .ours = true,
            .reloads = MANAGER,
            .restarts = SIGNALING | REDIS,
            .value = "",
            .example = "redis://10.0.0.9:6379",
            .doc = "Redis that keeps the state of sessions over a restart; empty: an instance of "
                   "our own",
        },
    [SET_METRICS_PORT] =
        {
            .key = "METRICS_PORT",
            .type = SETTING_INT,
            .group = SETTING_GROUP_SYSTEM,
            .scope = SETTING_INSTALLED_ONLY,
            .ours = true,
            .restarts = SIGNALING,
            .value = "5446",
            .min = 0,
            .max = 65535,
            .example = "9446",
            .doc = "Loopback port of signaling's figures and health; 0 is none",
            .more = "/metrics for Prometheus; /live, /ready and /health for whoever watches the "
                    "server. It is never reached from outside, and asks for no password.",
        },
    [SET_LOG_LEVEL] =
        {
            .key = "LOG_LEVEL",
            .type = SETTING_CHOICE,
            .group = SETTING_GROUP_SYSTEM,
            .ours = true,
            .reloads = SIGNALING | MEDIA | TURN | CALL,
            .value = "info",
            .choices = log_level_names,
            .example = "debug",
            .doc = "How much the daemons log",
        },
    [SET_OV_CE_DEBUG_LEVEL] =
        {
            .key = "OV_CE_DEBUG_LEVEL",
            .type = SETTING_CHOICE,
            .group = SETTING_GROUP_SYSTEM,
            .reloads = SIGNALING | MEDIA | TURN | CALL,
            .value = "INFO",
            .choices = ov_levels,
            .example = "DEBUG",
            .doc = "DEBUG is LOG_LEVEL=debug, where LOG_LEVEL is not set",
        },
};

static const char *const group_titles[N_SETTING_GROUPS] = {
    [SETTING_GROUP_MAIN] = "What every installation needs",
    [SETTING_GROUP_WEB] = "Web server",
    [SETTING_GROUP_ACME] = "Certificates from an authority (CERTIFICATE_TYPE=letsencrypt)",
    [SETTING_GROUP_TURN] = "TURN and addresses",
    [SETTING_GROUP_MEDIA] = "Media and sessions",
    [SETTING_GROUP_LIMITS] = "Limits",
    [SETTING_GROUP_RECORDING] = "Recording",
    [SETTING_GROUP_EVENTS] = "Webhook and call detail records",
    [SETTING_GROUP_CALL] = "Call app",
    [SETTING_GROUP_SYSTEM] = "State, figures and logs",
};

const struct setting_def *setting_def(enum setting id)
{
    return &setting_defs[id];
}

const char *setting_group_title(enum setting_group group)
{
    return group_titles[group];
}

const char *setting_consumer_name(enum setting_consumer consumer)
{
    switch (consumer) {
    case SETTING_SIGNALING:
        return "signaling";
    case SETTING_MEDIA:
        return "media";
    case SETTING_TURN:
        return "turn";
    case SETTING_CALL:
        return "call";
    case SETTING_PROXY:
        return "nginx";
    case SETTING_REDIS_OWN:
        return "redis";
    case SETTING_CERTS:
        return "certificates";
    case SETTING_MANAGER:
        return "manager";
    }
    return "nobody";
}

bool setting_is_hidden(const struct setting_def *d)
{
    return d->hidden || d->type == SETTING_SECRET || d->type == SETTING_PASSWORD ||
           d->type == SETTING_TOKEN || d->type == SETTING_TOKENS;
}

bool setting_is_list(const struct setting_def *d)
{
    return d->type >= SETTING_ALLOW_LIST && d->type <= SETTING_EVENTS;
}
