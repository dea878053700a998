/* session_options.h: what the creator of a session may ask for (POST /sessions). */
#pragma once

#include "signaling/config.h"
#include "signaling/validate.h"

struct session_options {
    char *custom_id; /* "" when none was given */
    char *media_mode;
    char *recording_mode;
    char *forced_codec; /* as asked for, not as resolved */
    bool unforced;      /* made without a body: no codec is forced, whatever forced_codec says */
    bool allow_transcoding;
    bool mediasoup;     /* the server offers; as the configuration was when the session was made */
    json_t *recording;  /* defaultRecordingProperties, in the shape of the session object */
    json_t *media_node; /* NULL when not given */
};

/* body: an object or NULL. -EINVAL with p filled; *ret is then untouched. */
int session_options_parse(const struct config *c, json_t *body, struct session_options *ret,
                          struct problem *p);
void session_options_done(struct session_options *o);

/* "VP8", "VP9", "H264", or NULL when the clients may choose. */
const char *session_options_codec(const struct session_options *o);
