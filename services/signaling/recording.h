/* recording.h: what the module that records sessions does for the REST API.
 *
 * While there is none (app.recording is NULL) the API says so: 501. The functions answer the
 * request, then or later (rest_keep()). Of a request to start only this is certain: it has a body,
 * an object. */
#pragma once

#include "signaling/config.h"
#include "signaling/rest.h"

struct recording_module {
    rest_fn *start;  /* POST recordings/start */
    rest_fn *stop;   /* POST recordings/stop/ID: args[0] */
    rest_fn *list;   /* GET recordings */
    rest_fn *get;    /* GET recordings/ID: args[0] */
    rest_fn *remove; /* DELETE recordings/ID: args[0] */
    /* Adds the keys of GET config that follow OPENVIDU_RECORDING: true. */
    void (*put_config)(const struct config *c, json_t *to);
};
