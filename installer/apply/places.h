/* places.h: where things are on an installed machine: what render.h wants to know beside the
 * settings, and the names for the certificate. Pure. */
#pragma once

#include "apply/render.h"
#include "host/network.h"

#define PLACES_LISTEN_SIZE 128

/* What was found out and decided before. Borrowed. */
struct installation {
    const struct settings *settings;
    const struct network *network;
    const struct turn_ip *turn_ip;
    const char *turn_secret;
    const char *call_pages;      /* folder */
    const char *dashboard_pages; /* the same; NULL: there are none */
    unsigned cores;
    bool nginx;            /* stands in front; not PROXY=external */
    bool turn_on_web_port; /* TURN over TLS is reached there, too */
};

/* The texts that places points to, beside those of the installation. */
struct places_texts {
    char public_url[SETTINGS_URL_SIZE], openvidu_url[64];
    char control_socket[PATH_MAX], recordings[PATH_MAX], layouts[PATH_MAX], cdr[PATH_MAX];
    char store[PATH_MAX + 8], store_prefix[NETWORK_HOST_SIZE + 16];
    char proxy_listen[PATH_MAX + 8];
    char turn_api[PATH_MAX], turn_certificate[PATH_MAX], turn_certificate_key[PATH_MAX];
    char turn_web_listen[PATH_MAX], turn_web_backend[PATH_MAX], turn_metrics[PATH_MAX];
    char turns_url[SETTINGS_URL_SIZE], selfsigned_mark[PATH_MAX];
    char listen[6 + RENDER_LISTEN_MAX][PLACES_LISTEN_SIZE];
};

/* Both rets stay as long as the places are used. */
void places_of(const struct installation *in, struct places_texts *ret_texts, struct places *ret);

#define PLACES_CALL_PORT 5442

/* The names for the certificate: DOMAIN_OR_PUBLIC_IP first, with www. where REDIRECT_WWW asks for
 * it; unless it is the operator's own one, CERTIFICATE_NAMES. A self-signed one is for localhost
 * and the addresses of the interfaces (IPv6 ones where there are no others), too, and without
 * wildcards. n NULL: those of the settings alone. */
#define PLACES_NAMES_MAX 16
struct place_names {
    char text[PLACES_NAMES_MAX][NETWORK_HOST_SIZE + 4];
    const char *list[PLACES_NAMES_MAX + 1];
};
void places_names(const struct settings *s, const struct network *n, struct place_names *ret);

/* Those that a CA is asked for with these settings, whatever CERTIFICATE_TYPE is. */
void places_ca_names(const struct settings *s, struct place_names *ret);
