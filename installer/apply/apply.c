#include "apply/apply.h"
#include "apply/manager_lock.h"

#include "apply/before.h"
#include "apply/certificate.h"
#include "apply/folders.h"
#include "apply/jobs.h"
#include "apply/pending.h"
#include "apply/places.h"
#include "apply/secrets.h"
#include "base/crypto.h"
#include "host/paths.h"
#include "host/program.h"
#include "nginx/nginx_example.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define LOOKUP_LIMIT_MS 1000
#define THREADS_MAX 16
#define WHY_SIZE 2048

struct apply {
    const struct apply_options *options;
    const struct apply_listener *listener;
    struct apply_result *result;

    struct settings *settings;
    struct network network;
    struct nginx_facts nginx;
    struct decided decided;
    char turn_secret[SECRET_SIZE], pages[PATH_MAX], dashboard[PATH_MAX];
    struct before before;
    struct desired desired;
    struct generation_file files[N_DESIRED];
    size_t n_files;
    bool partly;        /* something is not as wanted; it was told */
    bool without_nginx; /* its part cannot be applied now */
    bool jobs_failed;
    int lock_fd;
};

static void tell(struct apply *a, enum log_level level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static void tell(struct apply *a, enum log_level level, const char *fmt, ...)
{
    char text[WHY_SIZE + 512];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    a->listener->on_text(level, text, a->listener->arg);
}

static enum apply_end fail(struct apply *a, const char *what, int error)
{
    tell(a, LOG_LEVEL_ERROR, "%s: %s", what, strerror(-error));
    return APPLY_FAILED;
}

/* Of steps that may end a run. */
typedef enum apply_end step_fn(struct apply *a);

/* ---- who may, and one at a time ---- */

static void on_wait(void *arg)
{
    tell(arg, LOG_LEVEL_INFO, "another run of `visavis apply` is at work, waiting for it");
}

static enum apply_end take_lock(struct apply *a)
{
    int r = manager_lock(on_wait, a, &a->lock_fd);

    if (r == 0)
        return APPLY_DONE;
    if (r != -EBUSY)
        return fail(a, path_of(PATH_STATE), r);
    tell(a, LOG_LEVEL_ERROR,
         "another run of `visavis apply` is still at work after %d s; nothing was done",
         MANAGER_LOCK_LIMIT_S);
    return APPLY_FAILED;
}

static enum apply_end start(struct apply *a)
{
    if (geteuid() != 0 && !*path_root()) {
        tell(a, LOG_LEVEL_ERROR, "only root can do this: sudo visavis apply");
        return APPLY_FAILED;
    }
    return a->options->dry_run ? APPLY_DONE : take_lock(a);
}

/* What a killed run left, before the machine is looked at. */
static enum apply_end clear_away(struct apply *a)
{
    if (!a->options->dry_run)
        nginx_end_trials();
    return APPLY_DONE;
}

/* ---- what is wanted, what there was ---- */

static enum apply_end load(struct apply *a)
{
    int r = settings_load_file(path_of(PATH_ENV), a->listener->on_problem, a->listener->arg,
                               &a->settings);

    if (r == -ENOMEM)
        return fail(a, path_of(PATH_ENV), r);
    return r < 0 ? APPLY_REFUSED : APPLY_DONE;
}

static enum apply_end look_back(struct apply *a)
{
    before_load(&a->before);
    return APPLY_DONE;
}

/* What is amiss with it is not ours: the rest goes on. */
static void leave_nginx(struct apply *a, const char *what, const char *why)
{
    tell(a, LOG_LEVEL_ERROR,
         "%s: %s. The web server is left alone until that is mended; then: sudo systemctl restart "
         "visavis.target",
         what, why);
    a->partly = a->without_nginx = true;
}

static bool has_allow_lists(const struct settings *s)
{
    return *settings_text(s, SET_ALLOWED_ACCESS_TO_DASHBOARD) ||
           *settings_text(s, SET_ALLOWED_ACCESS_TO_RESTAPI);
}

/* One of the keys that may say auto-ipv4; before: what it came to last. */
static void decide_ip(struct apply *a, enum setting id, const struct turn_ip *before,
                      struct turn_ip *ret)
{
    bool same = before_same(&a->before, a->settings, id) &&
                before_same(&a->before, a->settings, SET_DOMAIN_OR_PUBLIC_IP);

    network_turn_ip(settings_text(a->settings, id),
                    settings_text(a->settings, SET_DOMAIN_OR_PUBLIC_IP), &a->network,
                    same ? before : NULL, ret);
}

static void tell_turn_ip(struct apply *a)
{
    const struct turn_ip *now = &a->decided.turn_ip, *before = &a->before.decided.turn_ip;

    if (now->source == TURN_IP_GIVEN || (a->before.readable && before->source == now->source &&
                                         strcmp(before->text, now->text) == 0))
        return;
    tell(a, now->source == TURN_IP_NONE ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO,
         "TURN server for clients: %s (%s%s)", now->text, turn_ip_source_text(now->source),
         now->kept ? " as last time; it does not show now" : "");
}

static void decide_ips(struct apply *a)
{
    const struct settings *s = a->settings;
    const char *domain = settings_text(s, SET_DOMAIN_OR_PUBLIC_IP);
    bool lists = has_allow_lists(s);
    bool lookup = network_needs_lookup(settings_text(s, SET_COTURN_IP), domain) ||
                  (lists && network_needs_lookup(settings_text(s, SET_PROXY_PUBLIC_IP), domain));

    network_look(lookup ? domain : NULL, LOOKUP_LIMIT_MS, &a->network);
    decide_ip(a, SET_COTURN_IP, &a->before.decided.turn_ip, &a->decided.turn_ip);
    tell_turn_ip(a);
    a->decided.public_ip = (struct turn_ip){.source = TURN_IP_NONE};
    if (lists)
        decide_ip(a, SET_PROXY_PUBLIC_IP, &a->before.decided.public_ip, &a->decided.public_ip);
}

/* With nginx' configuration broken by others nothing can be learnt from it: as last time then. */
static bool layout_as_before(struct apply *a)
{
    if (!before_same(&a->before, a->settings, SET_PROXY))
        return false;
    a->decided.layout = a->before.decided.layout;
    return true;
}

/* What was asked for explicitly and cannot be had is a wrong setting; otherwise the daemons get
 * their configuration, and the web server waits. */
static enum apply_end choose_layout(struct apply *a)
{
    const char *wanted = settings_text(a->settings, SET_PROXY);
    char why[WHY_SIZE] = "", advice[WHY_SIZE] = "";
    int r = nginx_choose(a->settings, &a->nginx, &a->decided.layout, why, sizeof(why));

    if (r < 0 && strcmp(wanted, "auto") != 0) {
        tell(a, LOG_LEVEL_ERROR, "PROXY=%s cannot be had on this machine: %s", wanted, why);
        return APPLY_REFUSED;
    }
    if (r < 0) {
        leave_nginx(a, "the web server cannot be used", why);
        a->decided.layout = PROXY_SITE;
        return APPLY_DONE;
    }
    if (*why && !(a->before.readable && a->before.decided.layout == a->decided.layout))
        tell(a, LOG_LEVEL_INFO, "%s", why);
    if (nginx_advise_http_port(a->settings, &a->nginx, a->decided.layout, advice, sizeof(advice)))
        tell(a, LOG_LEVEL_WARNING, "%s", advice);
    if (!before_same(&a->before, a->settings, SET_WORKER_CONNECTIONS) &&
        nginx_advise_connections(a->settings, &a->nginx, a->decided.layout, advice, sizeof(advice)))
        tell(a, LOG_LEVEL_INFO, "%s", advice);
    return APPLY_DONE;
}

static enum apply_end decide_layout(struct apply *a)
{
    int r = nginx_look(a->settings, &a->nginx);

    if (r < 0)
        return fail(a, "cannot look at nginx", r);
    nginx_set_public_ip(&a->nginx, &a->decided.public_ip);
    if (a->nginx.broken[0] && strcmp(settings_text(a->settings, SET_PROXY), "external") != 0) {
        leave_nginx(a, "nginx' configuration is broken, not by Visavis", a->nginx.broken);
        if (layout_as_before(a))
            return APPLY_DONE;
    }
    return choose_layout(a);
}

static enum apply_end decide(struct apply *a)
{
    decide_ips(a);
    return decide_layout(a);
}

/* ---- what nginx, and TURN of certificates, have not taken notice of yet ---- */

static enum apply_end set_pending(struct apply *a, enum pending what)
{
    int r = pending_set(what);

    return r < 0 ? fail(a, path_of(PATH_CONF), r) : APPLY_DONE;
}

static int clear_pending(void)
{
    int r = 0;

    for (enum pending i = 0; r == 0 && i < N_PENDING; i++)
        r = pending_clear(i);
    return r;
}

/* ---- what the rest stands on: folders, secrets, pages, certificate ---- */

static void on_folder_problem(const char *path, int error, const char *command, void *arg)
{
    tell(arg, LOG_LEVEL_WARNING, "%s: cannot make this folder: %s. Make it by: %s", path,
         strerror(-error), command);
}

static enum apply_end tell_missing_account(struct apply *a, const char *name)
{
    tell(a, LOG_LEVEL_ERROR,
         "the user or group %s does not exist; make it by: sudo systemd-sysusers visavis.conf",
         name);
    return APPLY_FAILED;
}

static enum apply_end make_folders(struct apply *a)
{
    char what[PATH_MAX];
    int r;

    if (a->options->dry_run)
        return APPLY_DONE;
    r = folders_make(a->settings, on_folder_problem, a, what);
    if (r == -ENOENT)
        return tell_missing_account(a, what);
    return r < 0 ? fail(a, what, r) : APPLY_DONE;
}

/* Asking alone must not make it: a dry run shows the plan as for a first one. */
static enum apply_end find_parts(struct apply *a)
{
    char path[PATH_MAX];
    int r = a->options->dry_run ? secret_read("turn", a->turn_secret)
                                : secret_kept("turn", a->turn_secret);

    if (r == -EBADMSG) {
        tell(a, LOG_LEVEL_ERROR,
             "%s/secrets/turn does not hold a secret; remove it, and another one is made",
             path_of(PATH_STATE));
        return APPLY_FAILED;
    }
    if (r < 0 && !(a->options->dry_run && r == -ENOENT))
        return fail(a, "the TURN secret", r);
    if (strcmp(settings_text(a->settings, SET_CALL_APP), "on") == 0 &&
        (program_find_pages("call", path) < 0 || !realpath(path, a->pages))) {
        tell(a, LOG_LEVEL_ERROR, "the pages of Call are missing; install the package again");
        return APPLY_FAILED;
    }
    if (program_find_pages("dashboard", path) < 0 || !realpath(path, a->dashboard))
        a->dashboard[0] = '\0'; /* calls do without */
    return APPLY_DONE;
}

static void on_certs_text(bool is_problem, const char *text, void *arg)
{
    tell(arg, is_problem ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO, "certificate: %s", text);
}

/* A pair other than the one wanted is served with a warning, and renewed in its own time; without
 * any the web server cannot start. */
static enum apply_end ensure_certificate(struct apply *a)
{
    struct certificate_wish wish;
    int r;

    if (a->options->dry_run)
        return APPLY_DONE;
    r = certificate_wish(a->settings, &a->network, &wish);
    if (r == -ENOENT)
        return tell_missing_account(a, "visavis-certs");
    if (r < 0)
        return fail(a, "the names for the certificate", r);
    r = certs_ensure(&wish.wanted, time(NULL), on_certs_text, a, &a->result->new_certificate);
    if (r < 0 && r != -EINVAL && !a->without_nginx)
        leave_nginx(a, "there is no certificate", "see above");
    return a->result->new_certificate ? set_pending(a, PENDING_CERTIFICATE) : APPLY_DONE;
}

/* ---- rendering ---- */

static int render(struct apply *a, const struct settings *s, const struct decided *d,
                  struct desired *ret)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    struct desired_input in = {
        .settings = s,
        .network = &a->network,
        .nginx = &a->nginx,
        .decided = d,
        .turn_secret = a->turn_secret,
        .call_pages = a->pages,
        .dashboard_pages = *a->dashboard ? a->dashboard : NULL,
        .cores = cores < 1             ? 1
                 : cores > THREADS_MAX ? THREADS_MAX
                                       : (unsigned) cores,
    };

    return desired_render(&in, ret);
}

static enum apply_end render_desired(struct apply *a)
{
    const char *missing = "";
    int r = render(a, a->settings, &a->decided, &a->desired);

    if (r < 0)
        return fail(a, "cannot render the configuration", r);
    r = desired_files(&a->desired, a->files, &a->n_files, &missing);
    if (r == -ENOENT)
        return tell_missing_account(a, missing);
    return r < 0 ? fail(a, "cannot find out who owns the configuration", r) : APPLY_DONE;
}

/* ---- planning ---- */

static void compare_settings(const struct apply *a, struct plan_input *in)
{
    const struct before *b = &a->before;

    if (!b->readable)
        return;
    (void) settings_changes(b->settings, a->settings, &in->reloads, &in->restarts);
    for (enum setting id = 0; id < N_SETTINGS; id++)
        a->result->changed[id] = settings_differ(b->settings, a->settings, id);
    /* Another address has the effect of another COTURN_IP. */
    if (strcmp(b->decided.turn_ip.text, a->decided.turn_ip.text) != 0) {
        in->reloads |= setting_def(SET_COTURN_IP)->reloads;
        in->restarts |= setting_def(SET_COTURN_IP)->restarts;
    }
    /* And another layout that of another PROXY. */
    if (b->decided.layout != a->decided.layout)
        in->reloads |= setting_def(SET_PROXY)->reloads;
}

static enum apply_end plan(struct apply *a)
{
    struct plan_input in = {.nginx_pending = pending_is(PENDING_CONFIGURATION),
                            .certificate_pending = pending_is(PENDING_CERTIFICATE)};
    struct desired was = {0};
    bool known = a->before.readable;
    int r = known ? render(a, a->before.settings, &a->before.decided, &was) : 0;

    if (r < 0)
        return fail(a, "cannot render the last configuration", r);
    before_compare(&a->before, &a->desired, known ? &was : NULL, &in);
    compare_settings(a, &in);
    desired_done(&was);
    plan_make(&in, &a->result->plan);
    a->result->is_new = generation_current(&a->result->generation) < 0 ||
                        !generation_is(a->result->generation, a->files, a->n_files);
    return APPLY_DONE;
}

/* ---- putting it in force ---- */

/* Of all that others want of nginx this alone is known to be nobody's wish. */
static void make_way(struct apply *a)
{
    char who[400];
    int r;

    if (!nginx_example_blocks(&a->nginx, who, sizeof(who)))
        return;
    r = nginx_example_set_aside();
    if (r == 0)
        tell(a, LOG_LEVEL_WARNING,
             "nginx' example site wants port 80, which is held by %s, so that nginx would not "
             "start: its link %s is taken away. Removing the package puts it back.",
             who, nginx_example_link());
    else
        tell(a, LOG_LEVEL_WARNING, "%s: cannot be taken away: %s", nginx_example_link(),
             strerror(-r));
}

/* Tries nginx with the new files where it has to take notice of them. */
static enum apply_end try_nginx(struct apply *a, unsigned n)
{
    char folder[PATH_MAX], why[WHY_SIZE] = "";
    bool foreign = false;
    int r;

    if (a->without_nginx || a->decided.layout == PROXY_EXTERNAL ||
        a->result->plan.steps[PLAN_NGINX].action == PLAN_NOTHING)
        return APPLY_DONE;
    make_way(a);
    r = nginx_try(generation_path(folder, n), a->decided.layout, &a->nginx, why, sizeof(why),
                  &foreign);
    if (r == 0)
        return APPLY_DONE;
    if (r < 0 && foreign) {
        leave_nginx(a, "nginx does not start because of a file that is not Visavis'", why);
        return APPLY_DONE;
    }
    tell(a, LOG_LEVEL_ERROR, "nginx does not start with this configuration%s%s", *why ? ": " : "",
         *why ? why : strerror(-r));
    return APPLY_FAILED;
}

static int put_dropins(struct apply *a)
{
    for (enum dropin d = 0; d < N_DROPINS; d++) {
        struct bytes text = desired_text(&a->desired, DESIRED_DROPINS + d);
        int r = dropin_is(d, text) ? 0 : dropin_put(d, text);

        if (r < 0)
            return r;
    }
    return 0;
}

static enum apply_end link_nginx(struct apply *a)
{
    bool changed = false;
    int r;

    if (a->without_nginx)
        return APPLY_DONE;
    r = a->decided.layout == PROXY_EXTERNAL ? nginx_unlink(&changed)
                                            : nginx_link(a->decided.layout, &a->nginx, &changed);
    if (r < 0) {
        leave_nginx(a, "nginx cannot be led to the files of Visavis",
                    r == -EEXIST ? "something else is in their place" : strerror(-r));
    } else if (changed && a->result->plan.steps[PLAN_NGINX].action == PLAN_NOTHING) {
        a->result->plan.steps[PLAN_NGINX].action = PLAN_RELOAD;
    }
    return APPLY_DONE;
}

static enum apply_end write_new(struct apply *a)
{
    unsigned n = a->result->generation;
    enum apply_end end;
    int r;

    if (a->result->is_new) {
        r = generation_write(a->files, a->n_files, &n);
        if (r < 0)
            return fail(a, "cannot write the new configuration", r);
    }
    end = a->result->plan.steps[PLAN_NGINX].action != PLAN_NOTHING
              ? set_pending(a, PENDING_CONFIGURATION)
              : APPLY_DONE;
    if (end == APPLY_DONE)
        end = try_nginx(a, n);
    if (end != APPLY_DONE) {
        (void) generation_discard(n);
        return end;
    }
    r = put_dropins(a);
    if (r < 0)
        return fail(a, path_of(PATH_SYSTEMD), r);
    r = a->result->is_new ? generation_activate(n) : 0;
    if (r < 0)
        return fail(a, path_of(PATH_CURRENT), r);
    a->result->generation = n;
    return link_nginx(a);
}

static enum apply_end run_jobs(struct apply *a)
{
    struct jobs jobs = {
        .wait = !a->options->at_start, .on_text = a->listener->on_text, .arg = a->listener->arg};
    struct plan p = a->result->plan;
    int r;

    if (a->without_nginx)
        p.steps[PLAN_NGINX].action = PLAN_NOTHING;
    else if (p.steps[PLAN_NGINX].action == PLAN_NOTHING && a->decided.layout != PROXY_EXTERNAL)
        p.steps[PLAN_NGINX].action = PLAN_START; /* should it be down */
    if (a->options->no_units || plan_is_empty(&p) || !units_available())
        return APPLY_DONE;
    r = units_open(&jobs.units);
    if (r < 0)
        return fail(a, "cannot reach systemd", r);
    a->jobs_failed = jobs_run(&jobs, &p) < 0;
    a->partly |= a->jobs_failed;
    units_close(jobs.units);
    return APPLY_DONE;
}

/* Asks the CA, looks whether it is time to: whoever does it knows. Nobody waits for it. */
static void start_renewal(struct apply *a)
{
    int r;

    if (a->options->no_units || !certificate_is_acme(a->settings))
        return;
    r = certificate_start_renewal();
    if (r < 0)
        tell(a, LOG_LEVEL_WARNING,
             "%s cannot be started (%s), so no certificate is asked for: sudo systemctl start %s",
             CERTIFICATE_UNIT, strerror(-r), CERTIFICATE_UNIT);
}

static enum apply_end put_in_force(struct apply *a)
{
    enum apply_end end;
    int r;

    if (a->options->dry_run)
        return APPLY_DONE;
    end = write_new(a);
    if (end == APPLY_DONE)
        end = run_jobs(a);
    if (end != APPLY_DONE)
        return end;
    start_renewal(a);
    r = generation_set_applied(a->result->generation);
    if (r == 0 && !a->without_nginx && !a->jobs_failed)
        r = clear_pending();
    if (r == 0)
        r = generation_prune();
    return r < 0 ? fail(a, path_of(PATH_CONF), r) : APPLY_DONE;
}

/* ---- all of it ---- */

static void done(struct apply *a)
{
    a->result->decided = a->decided;
    desired_done(&a->desired);
    settings_free(a->settings);
    before_done(&a->before);
    secret_wipe(a->turn_secret, sizeof(a->turn_secret));
    if (a->lock_fd >= 0)
        close(a->lock_fd);
}

void apply_run(const struct apply_options *o, const struct apply_listener *listener,
               struct apply_result *ret)
{
    static step_fn *const everything[] = {
        start,      clear_away,         load,           look_back, decide,       make_folders,
        find_parts, ensure_certificate, render_desired, plan,      put_in_force, NULL,
    };
    static step_fn *const folders[] = {start, load, make_folders, NULL};
    struct apply a = {.options = o, .listener = listener, .result = ret, .lock_fd = -1};
    step_fn *const *step = o->folders ? folders : everything;

    *ret = (struct apply_result){.end = APPLY_DONE};
    (void) generation_current(&ret->generation);
    for (; *step && ret->end == APPLY_DONE; step++)
        ret->end = (*step)(&a);
    if (ret->end == APPLY_DONE && a.partly)
        ret->end = APPLY_PARTLY;
    done(&a);
}
