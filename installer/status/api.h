/* api.h: the REST API of the signaling daemon, asked on its loopback port. */
#pragma once

#include "settings/settings.h"
#include "text/json.h"

struct api {
    uint16_t port;
    const char *secret; /* borrowed */
};

/* That of a server with these settings. */
struct api api_of(const struct settings *s);

/* path: below /openvidu/api/. 0 and the status when there was an answer; *ret_body (may be NULL) is
 * a new reference then, or NULL when it was no JSON. Else a negative errno as in http.h. */
int api_call(const struct api *a, const char *method, const char *path, unsigned *ret_status,
             json_t **ret_body);
