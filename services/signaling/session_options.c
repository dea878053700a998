#include "signaling/session_options.h"

#include "signaling/ids.h"
#include "signaling/recording_options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const media_modes[] = {"ROUTED", "RELAYED", NULL};
static const char *const recording_modes[] = {"MANUAL", "ALWAYS", NULL};
static const char *const codecs[] = {"MEDIA_SERVER_PREFERRED", "NONE", "VP8", "VP9", "H264", NULL};

static const struct field fields[] = {
    {"mediaMode", .type = FIELD_STRING, .allowed = media_modes},
    {"recordingMode", .type = FIELD_STRING, .allowed = recording_modes},
    {"customSessionId", .type = FIELD_STRING},
    {"forcedVideoCodec", .type = FIELD_STRING, .allowed = codecs},
    {"allowTranscoding", .type = FIELD_BOOL},
    {"defaultRecordingProperties", .type = FIELD_OBJECT},
    {"mediaNode", .type = FIELD_OBJECT},
};

int session_options_parse(const struct config *c, json_t *body, struct session_options *ret,
                          struct problem *p)
{
    json_t *recording, *node;
    const char *id;

    if (validate(body, fields, sizeof(fields) / sizeof(fields[0]), p) < 0)
        return -EINVAL;
    id = body_string(body, "customSessionId", "");
    if (*id && !session_id_is_valid(id))
        return problem_set(p, 400, "'customSessionId' must be 1 to %d of [a-zA-Z0-9_-]",
                           SESSION_ID_MAX);
    if (media_node_parse(body, &node, p) < 0)
        return -EINVAL;
    if (recording_options_parse(body_get(body, "defaultRecordingProperties"), &recording, p) < 0) {
        json_decref(node);
        p->status = 400;
        return -EINVAL;
    }
    *ret = (struct session_options){
        .custom_id = strdup(id),
        .media_mode = strdup(body_string(body, "mediaMode", "ROUTED")),
        .recording_mode = strdup(body_string(body, "recordingMode", "MANUAL")),
        .forced_codec = strdup(body ? body_string(body, "forcedVideoCodec", c->forced_codec)
                                    : "MEDIA_SERVER_PREFERRED"),
        .unforced = !body,
        .allow_transcoding = body && body_bool(body, "allowTranscoding", c->allow_transcoding),
        .mediasoup = config_is_mediasoup(c),
        .recording = recording,
        .media_node = node,
    };
    if (!ret->custom_id || !ret->media_mode || !ret->recording_mode || !ret->forced_codec) {
        session_options_done(ret);
        return problem_set(p, 500, "out of memory");
    }
    return 0;
}

void session_options_done(struct session_options *o)
{
    free(o->custom_id);
    free(o->media_mode);
    free(o->recording_mode);
    free(o->forced_codec);
    json_decref(o->recording);
    json_decref(o->media_node);
    *o = (struct session_options){.custom_id = NULL};
}

const char *session_options_codec(const struct session_options *o)
{
    if (o->unforced)
        return NULL;
    if (strcmp(o->forced_codec, "MEDIA_SERVER_PREFERRED") == 0)
        return o->mediasoup ? NULL : "VP8";
    return strcmp(o->forced_codec, "NONE") == 0 ? NULL : o->forced_codec;
}
