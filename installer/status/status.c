#include "status/status.h"

#include "acquire/look.h"
#include "base/clock.h"
#include "host/paths.h"
#include "settings/problems.h"
#include "status/sessions.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *status_env_name(enum status_env e)
{
    static const char *const names[] = {
        [STATUS_ENV_UNKNOWN] = "unknown",
        [STATUS_ENV_IN_FORCE] = "in force",
        [STATUS_ENV_DIFFERS] = "differs",
        [STATUS_ENV_WRONG] = "wrong",
    };

    return names[e];
}

static void on_problem(const struct setting_problem *p, void *arg)
{
    struct status *s = arg;

    if (p->severity == SETTING_ERROR && s->n_env_errors++ == 0)
        problem_line(p, s->env_error, sizeof(s->env_error));
}

static void compare_env(struct status *s)
{
    struct settings *wanted = NULL;
    unsigned reloads, restarts;
    int r = settings_load_file(path_of(PATH_ENV), on_problem, s, &wanted);

    if (r == 0 && s->settings) {
        s->n_env_changes = settings_changes(s->settings, wanted, &reloads, &restarts);
        s->env = s->n_env_changes > 0 ? STATUS_ENV_DIFFERS : STATUS_ENV_IN_FORCE;
    } else if (r == -EINVAL || r == -ENOENT) {
        s->env = STATUS_ENV_WRONG;
    }
    settings_free(wanted);
}

static void look_at_certificate(struct status *s)
{
    int64_t now_s = (int64_t) (clock_wall_ms() / 1000);

    char key[PATH_MAX];

    s->cert_error = certs_describe(path_of(PATH_CERTS), &s->cert);
    if (s->cert_error == -EINVAL &&
        access(path_join(key, PATH_CERTS, "live/privkey.pem"), R_OK) < 0 && errno == EACCES)
        s->cert_error = -EACCES; /* nothing is wrong with it */
    if (s->cert_error == 0) {
        s->cert_health = certs_health(&s->cert, now_s);
        s->cert_days_left = certs_days_left(&s->cert, now_s);
    }
}

/* The CA, and why its certificate is not the one that is served. */
static void look_at_acme(struct status *s)
{
    int64_t now_s = (int64_t) (clock_wall_ms() / 1000);
    struct acquire_look *l = s->settings ? malloc(sizeof(*l)) : NULL;

    if (!l)
        return;
    acquire_look(s->settings, now_s, l);
    if (!l->wanted || l->error == -EACCES) {
        free(l);
        return;
    }
    told_judge(l, s->cert_error == 0 ? &s->cert : NULL, now_s, &s->told);
    s->acme = l;
}

static bool signaling_runs(const struct status *s)
{
    for (size_t i = 0; i < s->health.n; i++)
        if (strcmp(s->health.services[i].service->word, "signaling") == 0)
            return strcmp(s->health.services[i].word, "running") == 0;
    return false;
}

static enum health worst_of(const struct status *s)
{
    bool wrong_cert = s->cert_error == -EINVAL ||
                      (s->cert_error == 0 && s->cert_health != CERTS_FINE) ||
                      s->told.level >= TOLD_WARNING;

    if (s->health.worst == HEALTH_WELL && (wrong_cert || !s->health.target_active))
        return HEALTH_DEGRADED;
    return s->health.worst;
}

int status_look(struct units *u, struct status *ret)
{
    struct status s = {.sessions_error = -ENODATA, .cert_error = -ENOENT};
    bool with_nginx;
    int r;

    (void) inforce_settings(&s.settings);
    s.decided_error = inforce_decided(&s.decided);
    s.has_inforce = inforce_look(&s.inforce) == 0;
    with_nginx = !s.settings || strcmp(settings_text(s.settings, SET_PROXY), "external") != 0;
    r = health_look(u, with_nginx, &s.health);
    if (r < 0) {
        status_done(&s);
        return r;
    }
    compare_env(&s);
    look_at_certificate(&s);
    look_at_acme(&s);
    if (s.settings && signaling_runs(&s))
        s.sessions_error = sessions_count(s.settings, &s.n_sessions);
    s.worst = worst_of(&s);
    *ret = s;
    return 0;
}

void status_done(struct status *s)
{
    s->settings = settings_free(s->settings);
    free(s->acme);
    s->acme = NULL;
    if (s->cert_error == 0)
        certs_info_done(&s->cert);
}
