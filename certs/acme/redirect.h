/* redirect.h: where a redirect leads, and may a CA follow it there? Pure. */
#pragma once

#include "base/bytes.h"

#define REDIRECT_URL_SIZE 1024

struct redirect {
    char url[REDIRECT_URL_SIZE];
    char host[256]; /* an IPv6 address without brackets */
    uint16_t port;
    bool https;
};

/* Only http and https, and their ports, are followed. NULL, or why not, a constant: "...". */
const char *redirect_parse(const char *url, uint16_t http_port, uint16_t https_port,
                           struct redirect *ret);
