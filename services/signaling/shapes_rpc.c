#include "signaling/shapes.h"

json_t *shape_metadata(const struct connection *c)
{
    const char *server = c->options.data;

    if (!*c->client_data)
        return json_string(server);
    if (!*server)
        return json_string(c->client_data);
    return json_sprintf("%s%%/%%%s", c->client_data, server);
}

json_t *shape_participant(const struct connection *c)
{
    return json_pack("{s:s,s:I,s:o}", "id", c->id, "createdAt", (json_int_t) c->active_ms,
                     "metadata", shape_metadata(c));
}

json_t *shape_stream(const struct stream *st)
{
    json_t *j =
        json_pack("{s:s,s:I,s:b,s:b}", "id", st->id, "createdAt", (json_int_t) st->created_ms,
                  "hasAudio", st->has_audio, "hasVideo", st->has_video);

    if (st->has_audio)
        json_object_set_new(j, "audioActive", json_boolean(st->audio_active));
    if (st->has_video) {
        json_object_set_new(j, "videoActive", json_boolean(st->video_active));
        if (st->type_of_video)
            json_object_set_new(j, "typeOfVideo", json_string(st->type_of_video));
        if (st->frame_rate)
            json_object_set(j, "frameRate", st->frame_rate);
        if (st->video_dimensions)
            json_object_set_new(j, "videoDimensions", json_string(st->video_dimensions));
    }
    json_object_set(j, "filter", st->filter);
    return j;
}
