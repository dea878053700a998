/* render.h: the daemons' configuration files as text (libconfig), from settings and places: for
 * `visavis dev` and for an installed machine. Pure. */
#pragma once

#include "base/buf.h"
#include "settings/settings.h"

#define RENDER_LISTEN_MAX 8

/* What is decided outside the settings: where things are on this machine. Borrowed. */
struct places {
    const char *public_url;      /* "https://host[:port]", without a trailing slash */
    const char *openvidu_url;    /* where Call reaches the REST API */
    const char *control_socket;  /* of the media daemon */
    const char *call_pages;      /* folder */
    const char *dashboard_pages; /* folder */
    const char *turn_secret;
    const char *turn_ip; /* as clients are told it */
    uint16_t turn_port;
    const char *turn_external_ip; /* written into relayed addresses; NULL: the relay's own */
    unsigned turn_threads;        /* 0: the daemon's default */
    const char *turn_api;         /* socket on which signaling talks to TURN */
    const char *turn_certificate, *turn_certificate_key; /* NULL: TURN without TLS */
    const char *turn_web_listen;  /* socket on which nginx hands TURN connections; NULL: none */
    const char *turn_web_backend; /* socket on which nginx takes those of HTTP clients back */
    const char *turn_metrics;     /* file, or NULL */
    const char *turns_url;        /* as clients are told it; NULL: not told */
    const char *selfsigned_mark;  /* while this file is there, turns_url is not told; or NULL */
    const char *recordings;       /* folder; NULL: signaling has none to serve */
    const char *layouts;          /* folder of the operator's recording layouts, or NULL */
    const char *cdr;              /* folder of the call detail records, or NULL */
    const char *store;        /* where signaling keeps state (store_address.h); NULL: in memory */
    const char *store_prefix; /* of its keys there; NULL: the daemon's default */
    bool accel;               /* nginx sends files for signaling */
    bool call_login;          /* Call asks for one, unless CALL_PRIVATE_ACCESS says no */
    bool media_port_search;   /* a taken media port: the next free base */
    /* "tcp:127.0.0.1:4443", "unix:/run/...", "udp:0.0.0.0:3478", "tls:..."; NULL-terminated */
    const char *signaling_listen[RENDER_LISTEN_MAX + 1];
    const char *metrics_listen[RENDER_LISTEN_MAX + 1]; /* of signaling */
    const char *call_listen[RENDER_LISTEN_MAX + 1];
    const char *turn_listen[RENDER_LISTEN_MAX + 1];
};

void render_signaling(struct wr *w, const struct settings *s, const struct places *p);
void render_media(struct wr *w, const struct settings *s, const struct places *p);
void render_turn(struct wr *w, const struct settings *s, const struct places *p);
void render_call(struct wr *w, const struct settings *s, const struct places *p);
