#include "signaling/recording.h"

#include "signaling/app.h"

/* The module that records, or NULL after answering that there is none. */
static const struct recording_module *module(struct rest *r)
{
    if (!r->app->recording)
        rest_reply_empty(r, 501);
    return r->app->recording;
}

void rest_recordings_start(struct rest *r)
{
    const struct recording_module *m = module(r);

    if (m)
        m->start(r);
}

void rest_recordings_stop(struct rest *r)
{
    const struct recording_module *m = module(r);

    if (m)
        m->stop(r);
}

void rest_recordings_get(struct rest *r)
{
    const struct recording_module *m = module(r);

    if (m)
        m->list(r);
}

void rest_recording_get(struct rest *r)
{
    const struct recording_module *m = module(r);

    if (m)
        m->get(r);
}

void rest_recording_delete(struct rest *r)
{
    const struct recording_module *m = module(r);

    if (m)
        m->remove(r);
}
