/* versions.h: what the server is made of and runs on. */
#pragma once

#include <stddef.h>

/* The OpenVidu clients that are spoken to. */
#define OPENVIDU_COMPATIBILITY "2.29.0 to 2.32.2"

enum version_of {
    VERSION_VISAVIS,
    VERSION_OPENVIDU, /* compatibility */
    VERSION_DISTRIBUTION,
    VERSION_KERNEL,
    VERSION_SYSTEMD,
    VERSION_NGINX,
    VERSION_REDIS,
    VERSION_OPENSSL,
    N_VERSIONS
};

struct versions {
    char text[N_VERSIONS][160]; /* "": not there */
};

/* Asks the programs. */
void versions_look(struct versions *ret);

/* For programs ("openviduCompatibility") and for people ("OpenVidu clients"). */
const char *version_key(enum version_of v);
const char *version_title(enum version_of v);

/* ---- pure, for tests ---- */

/* The word that follows `after` in the text; "" when that is not in it. */
void version_in(const char *text, const char *after, char *ret, size_t size);

/* PRETTY_NAME of an os-release file; "" when there is none. */
void version_pretty_name(const char *os_release, char *ret, size_t size);
