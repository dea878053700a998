#include "apply/desired.h"

#include "apply/places.h"
#include "apply/redis.h"
#include "base/crypto.h"
#include "host/accounts.h"
#include "host/paths.h"
#include "nginx/site.h"

#include <stdio.h>
#include <stdlib.h>

/* group NULL: root's alone */
static const struct {
    const char *name;
    enum plan_part part;
    mode_t mode;
    const char *group;
    enum desired_kind { DAEMON, UNIT, SOCKET } kind;
} files[N_DESIRED] = {
    [DESIRED_SIGNALING] = {"signaling.cfg", PLAN_SIGNALING, 0640, "visavis-signaling", DAEMON},
    [DESIRED_MEDIA] = {"media.cfg", PLAN_MEDIA, 0640, "visavis-media", DAEMON},
    [DESIRED_TURN] = {"turn.cfg", PLAN_TURN, 0640, "visavis-turn", DAEMON},
    [DESIRED_CALL] = {"call.cfg", PLAN_CALL, 0640, "visavis-call", DAEMON},
    [DESIRED_REDIS] = {"redis.conf", PLAN_REDIS, 0640, "visavis-redis", DAEMON},
    [DESIRED_SITE] = {"nginx-site.conf", PLAN_NGINX, 0644, NULL, DAEMON},
    [DESIRED_STREAM] = {"nginx-stream.conf", PLAN_NGINX, 0644, NULL, DAEMON},
    [DESIRED_SETTINGS] = {"settings.env", N_PLAN_PARTS, 0600, NULL, DAEMON},
    [DESIRED_DECIDED] = {"decided.env", N_PLAN_PARTS, 0644, NULL, DAEMON},
    [DESIRED_DROPINS +
        DROPIN_SIGNALING] = {"visavis-signaling.service.conf", PLAN_SIGNALING, 0644, NULL, UNIT},
    [DESIRED_DROPINS + DROPIN_TURN] = {"visavis-turn.service.conf", PLAN_TURN, 0644, NULL, UNIT},
    [DESIRED_DROPINS + DROPIN_SIGNALING_SOCKET] = {"visavis-signaling.socket.conf", PLAN_SIGNALING,
                                                   0644, NULL, SOCKET},
};

const char *desired_name(enum desired_file f)
{
    return files[f].name;
}

enum plan_part desired_part(enum desired_file f, bool *ret_is_unit, bool *ret_is_socket)
{
    *ret_is_unit = files[f].kind == UNIT;
    *ret_is_socket = files[f].kind == SOCKET;
    return files[f].part;
}

struct bytes desired_text(const struct desired *d, enum desired_file f)
{
    return bytes_of(d->files[f].p, d->files[f].len);
}

/* ---- rendering ---- */

static const char *turn_secret(const struct desired_input *in)
{
    const char *given = settings_text(in->settings, SET_COTURN_SHARED_SECRET_KEY);

    return *given ? given : in->turn_secret;
}

static bool is_on(const struct settings *s, enum setting id, const char *word)
{
    return strcmp(settings_text(s, id), word) == 0;
}

static void render_own_redis(struct wr *w, const struct settings *s)
{
    char socket[PATH_MAX];

    render_redis(w, path_join(socket, PATH_RUN, "redis/redis.sock"), path_of(PATH_REDIS),
                 settings_text(s, SET_LOG_LEVEL));
}

/* Writes nothing where the configuration has no such file. */
static void render(struct wr *w, enum desired_file f, const struct desired_input *in,
                   const struct places *places)
{
    const struct settings *s = in->settings;
    enum proxy_layout layout = in->decided->layout;

    if (f == DESIRED_SIGNALING)
        render_signaling(w, s, places);
    else if (f == DESIRED_MEDIA)
        render_media(w, s, places);
    else if (f == DESIRED_TURN)
        render_turn(w, s, places);
    else if (f == DESIRED_CALL && is_on(s, SET_CALL_APP, "on"))
        render_call(w, s, places);
    else if (f == DESIRED_REDIS && !*settings_text(s, SET_REDIS_URL))
        render_own_redis(w, s);
    else if (f == DESIRED_SITE && layout != PROXY_EXTERNAL)
        render_site(w, s, layout, in->nginx);
    else if (f == DESIRED_STREAM && layout == PROXY_FRONT)
        render_stream(w, s, in->nginx);
    else if (f == DESIRED_SETTINGS)
        settings_write(w, s);
    else if (f == DESIRED_DECIDED)
        decided_render(w, in->decided);
    else if (f >= DESIRED_DROPINS)
        render_dropin(w, (enum dropin)(f - DESIRED_DROPINS), s);
}

/* By way of a scratch buffer that any file fits in. */
static int render_all(const struct desired_input *in, const struct places *places, char *scratch,
                      struct desired *d)
{
    for (enum desired_file f = 0; f < N_DESIRED; f++) {
        struct wr w = wr_init(scratch, SETTINGS_WRITE_MAX);
        size_t len;
        int r;

        render(&w, f, in, places);
        r = wr_finish(&w, &len);
        if (r < 0)
            return r;
        if (len == 0)
            continue;
        d->files[f].p = bytes_dup_str(bytes_of(scratch, len));
        if (!d->files[f].p)
            return -ENOMEM;
        d->files[f].len = len;
    }
    return 0;
}

int desired_render(const struct desired_input *in, struct desired *ret)
{
    struct installation installation = {
        .settings = in->settings,
        .network = in->network,
        .turn_ip = &in->decided->turn_ip,
        .turn_secret = turn_secret(in),
        .call_pages = in->call_pages,
        .dashboard_pages = in->dashboard_pages,
        .cores = in->cores,
        .nginx = in->decided->layout != PROXY_EXTERNAL,
        .turn_on_web_port = site_has_turn(in->settings, in->decided->layout),
    };
    struct places_texts *texts = malloc(sizeof(*texts));
    char *scratch = malloc(SETTINGS_WRITE_MAX);
    struct desired d = {0};
    struct places places;
    int r = -ENOMEM;

    if (texts && scratch) {
        places_of(&installation, texts, &places);
        r = render_all(in, &places, scratch, &d);
        secret_wipe(scratch, SETTINGS_WRITE_MAX);
    }
    free(scratch);
    free(texts);
    if (r < 0)
        desired_done(&d);
    else
        *ret = d;
    return r;
}

void desired_done(struct desired *d)
{
    for (enum desired_file f = 0; f < N_DESIRED; f++) {
        if (d->files[f].p)
            secret_wipe(d->files[f].p, d->files[f].len);
        free(d->files[f].p);
    }
    *d = (struct desired){0};
}

int desired_files(const struct desired *d, struct generation_file ret[static N_DESIRED],
                  size_t *ret_n, const char **ret_missing)
{
    size_t n = 0;

    for (enum desired_file f = 0; f < N_DESIRED; f++) {
        const char *group = files[f].group ? files[f].group : "root";
        int r;

        if (!d->files[f].p)
            continue;
        ret[n] = (struct generation_file){.name = files[f].name, .content = desired_text(d, f)};
        r = account_access(files[f].mode, "root", group, &ret[n].access);
        if (r < 0) {
            *ret_missing = group;
            return r;
        }
        n++;
    }
    *ret_n = n;
    return 0;
}
