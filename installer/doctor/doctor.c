#include "doctor/doctor.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define AT_ONCE 6
#define TIMEOUT_MS 3000
#define ANSWER_MAX (FINDINGS_MAX * 3 * 6 * FINDING_TEXT_MAX)

enum job_state { JOB_WAITING, JOB_RUNNING, JOB_DONE };

struct job {
    struct check_result result;
    bool wanted; /* else it runs because another needs it */
    bool chosen;
    const char *because; /* left out: id of the check that everything goes back to */
    enum job_state state;
    pid_t pid;
    int fd; /* its findings arrive here */
    uint64_t started_ms;
    char *answer;
    size_t answer_len;
};

struct doctor {
    struct check_context *context;
    struct job *jobs;
    size_t n_jobs;
    size_t *shown; /* indices of the wanted ones */
    size_t n_shown;
};

static const char *const severity_names[] = {
    [SEVERITY_OK] = "ok",           [SEVERITY_UNKNOWN] = "unknown", [SEVERITY_NOTE] = "note",
    [SEVERITY_WARNING] = "warning", [SEVERITY_FAILURE] = "failure",
};

const char *severity_name(enum severity s)
{
    return severity_names[s];
}

/* ---- what checks call ---- */

__attribute__((format(printf, 2, 0))) static void put(char text[static FINDING_TEXT_MAX],
                                                      const char *fmt, va_list args)
{
    int n = vsnprintf(text, FINDING_TEXT_MAX, fmt, args);

    if (n >= FINDING_TEXT_MAX)
        memcpy(text + FINDING_TEXT_MAX - sizeof(" ..."), " ...", sizeof(" ..."));
    for (char *p = text; *p; p++) /* names of files and processes may be anything */
        if ((*p < ' ' && *p != '\n') || *p == 0x7f)
            *p = '?';
}

static struct finding *last_finding(struct check_context *x)
{
    static struct finding dropped;

    return x->n_findings == 0 || x->n_findings > FINDINGS_MAX ? &dropped
                                                              : &x->findings[x->n_findings - 1];
}

void found(struct check_context *x, enum severity severity, const char *fmt, ...)
{
    struct finding *f;
    va_list args;

    if (x->n_findings <= FINDINGS_MAX)
        x->n_findings++;
    f = last_finding(x);
    *f = (struct finding){.severity = severity};
    va_start(args, fmt);
    put(f->text, fmt, args);
    va_end(args);
}

void found_detail(struct check_context *x, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    put(last_finding(x)->detail, fmt, args);
    va_end(args);
}

void found_command(struct check_context *x, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    put(last_finding(x)->command, fmt, args);
    va_end(args);
}

/* ---- the process of a check ---- */

static json_t *finding_json(const struct finding *f)
{
    json_t *o = json_object();

    json_object_set_new(o, "severity", json_integer(f->severity));
    json_object_set_new(o, "text", json_string(f->text));
    json_object_set_new(o, "detail", json_string(f->detail));
    json_object_set_new(o, "command", json_string(f->command));
    return o;
}

static _Noreturn void be_check(const struct check *check, struct check_context *x, pid_t parent,
                               int fd)
{
    size_t n;
    json_t *list = json_array();

    setpgid(0, 0);
    signal(SIGPIPE, SIG_DFL);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
        _exit(1);
    x->n_findings = 0;
    check->fn(x);
    n = x->n_findings < FINDINGS_MAX ? x->n_findings : FINDINGS_MAX;
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, finding_json(&x->findings[i]));
    n = json_dumpfd(list, fd, JSON_COMPACT) == 0 ? 0 : 1;
    json_decref(list);
    _exit((int) n);
}

static int start(struct doctor *d, struct job *j)
{
    pid_t parent = getpid();
    int fds[2];

    if (pipe2(fds, O_CLOEXEC) < 0)
        return -errno;
    fflush(NULL);
    j->pid = fork();
    if (j->pid < 0) {
        int r = -errno;

        close(fds[0]);
        close(fds[1]);
        return r;
    }
    if (j->pid == 0)
        be_check(j->result.check, d->context, parent, fds[1]);
    close(fds[1]);
    j->fd = fds[0];
    j->state = JOB_RUNNING;
    j->started_ms = clock_ms();
    j->result.ran = true;
    return 0;
}

/* ---- results ---- */

static void add_finding(struct check_result *r, enum severity severity, const char *text,
                        const char *detail, const char *command)
{
    struct finding *f;

    if (!r->findings)
        r->findings = calloc(FINDINGS_MAX, sizeof(*r->findings));
    if (!r->findings || r->n_findings == FINDINGS_MAX)
        return;
    f = &r->findings[r->n_findings++];
    f->severity = severity;
    snprintf(f->text, sizeof(f->text), "%s", text);
    snprintf(f->detail, sizeof(f->detail), "%s", detail ? detail : "");
    snprintf(f->command, sizeof(f->command), "%s", command ? command : "");
    if (severity > r->severity)
        r->severity = severity;
}

static void leave_out(struct job *j, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void leave_out(struct job *j, const char *fmt, ...)
{
    char text[FINDING_TEXT_MAX];
    va_list args;

    va_start(args, fmt);
    put(text, fmt, args);
    va_end(args);
    add_finding(&j->result, SEVERITY_UNKNOWN, text, NULL, NULL);
    j->state = JOB_DONE;
}

static void take_findings(struct job *j, json_t *list)
{
    size_t i;
    json_t *o;

    json_array_foreach (list, i, o) {
        int severity, r;
        const char *text, *detail, *command;

        r = json_unpack(o, "{s:i, s:s, s:s, s:s}", "severity", &severity, "text", &text, "detail",
                        &detail, "command", &command);
        if (r == 0 && severity >= 0 && severity < N_SEVERITIES)
            add_finding(&j->result, (enum severity) severity, text, detail, command);
    }
}

/* A child that was not cut has closed its pipe: it has ended or is about to. */
static void finish(struct job *j, bool cut)
{
    json_t *list = NULL;
    int status = 0;

    if (cut)
        kill(-j->pid, SIGKILL);
    if (cut)
        kill(j->pid, SIGKILL); /* it may not have its group yet */
    while (waitpid(j->pid, &status, 0) < 0 && errno == EINTR)
        ;
    close(j->fd);
    j->fd = -1;
    j->result.took_ms = (unsigned) (clock_ms() - j->started_ms);
    if (!cut && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        list = json_loadb(j->answer, j->answer_len, 0, NULL);
    if (cut)
        leave_out(j, "This check did not end within %u s and was cut.",
                  (j->result.check->timeout_ms ? j->result.check->timeout_ms : TIMEOUT_MS) / 1000);
    else if (!list)
        leave_out(j, "This check ended by itself (%s %d).",
                  WIFSIGNALED(status) ? "signal" : "exit status",
                  WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    else
        take_findings(j, list);
    json_decref(list);
    free(j->answer);
    j->answer = NULL;
    j->state = JOB_DONE;
}

/* ---- choosing ---- */

static struct job *find_job(struct doctor *d, const char *id)
{
    for (size_t i = 0; i < d->n_jobs; i++)
        if (strcmp(d->jobs[i].result.check->id, id) == 0)
            return &d->jobs[i];
    return NULL;
}

static void choose(struct doctor *d, struct job *j)
{
    while (j && !j->chosen) {
        j->chosen = true;
        j = j->result.check->needs ? find_job(d, j->result.check->needs) : NULL;
    }
}

static bool choose_word(struct doctor *d, const char *word)
{
    bool any = false;

    for (size_t i = 0; i < d->n_jobs; i++) {
        struct job *j = &d->jobs[i];

        if (word && strcmp(j->result.group, word) != 0 && strcmp(j->result.check->id, word) != 0)
            continue;
        any = true;
        if (!word && (j->result.check->flags & CHECK_ASKED))
            continue;
        /* What was not asked for by its id must fit the machine. */
        if (!(j->result.check->flags &
              (d->context->preflight ? CHECK_PREFLIGHT : CHECK_INSTALLED)) &&
            !(word && strcmp(j->result.check->id, word) == 0))
            continue;
        j->wanted = true;
        choose(d, j);
    }
    return any;
}

static size_t count_checks(const struct check_group *const *groups)
{
    size_t n = 0;

    for (; *groups; groups++)
        for (const struct check *c = (*groups)->checks; c->id; c++)
            n++;
    return n;
}

int doctor_new(const struct check_group *const *groups, struct check_context *context,
               const char *const *words, size_t n_words, struct doctor **ret,
               const char **ret_wrong)
{
    struct doctor *d = calloc(1, sizeof(*d));
    size_t n = count_checks(groups);

    if (d)
        d->jobs = calloc(n + 1, sizeof(*d->jobs));
    if (d)
        d->shown = calloc(n + 1, sizeof(*d->shown));
    if (!d || !d->jobs || !d->shown) {
        doctor_free(d);
        return -ENOMEM;
    }
    d->context = context;
    for (; *groups; groups++)
        for (const struct check *c = (*groups)->checks; c->id; c++)
            d->jobs[d->n_jobs++] =
                (struct job){.result = {.check = c, .group = (*groups)->name}, .fd = -1};
    for (size_t i = 0; i < n_words || (n_words == 0 && i == 0); i++) {
        if (choose_word(d, n_words ? words[i] : NULL))
            continue;
        *ret_wrong = n_words ? words[i] : "";
        doctor_free(d);
        return -ENOENT;
    }
    for (size_t i = 0; i < d->n_jobs; i++)
        if (d->jobs[i].wanted)
            d->shown[d->n_shown++] = i;
    *ret = d;
    return 0;
}

struct doctor *doctor_free(struct doctor *d)
{
    if (!d)
        return NULL;
    for (size_t i = 0; i < d->n_jobs; i++) {
        if (d->jobs[i].state == JOB_RUNNING)
            finish(&d->jobs[i], true);
        free(d->jobs[i].result.findings);
    }
    free(d->jobs);
    free(d->shown);
    free(d);
    return NULL;
}

/* ---- running ---- */

/* Starts it, or says why it is left out; or it has to wait. */
static int advance(struct doctor *d, struct job *j)
{
    const struct check *c = j->result.check;
    const struct job *needed = c->needs ? find_job(d, c->needs) : NULL;

    if (needed && needed->state != JOB_DONE)
        return 0;
    if (needed && (needed->result.severity == SEVERITY_FAILURE ||
                   needed->result.severity == SEVERITY_UNKNOWN)) {
        const struct job *first = needed->because ? find_job(d, needed->because) : needed;

        j->because = first->result.check->id;
        leave_out(j, "Cannot be known while %s %s.", j->because,
                  first->result.severity == SEVERITY_FAILURE ? "fails" : "is unknown");
    } else if (c->flags & CHECK_ROOT && geteuid() != 0)
        leave_out(j, "Needs root.");
    else
        return start(d, j);
    return 0;
}

static int deadline_left_ms(const struct job *j)
{
    unsigned limit = j->result.check->timeout_ms ? j->result.check->timeout_ms : TIMEOUT_MS;
    uint64_t now = clock_ms();

    return now >= j->started_ms + limit ? 0 : (int) (j->started_ms + limit - now);
}

static void read_answer(struct job *j)
{
    char buf[8192];
    ssize_t n = read(j->fd, buf, sizeof(buf));
    char *more;

    if (n < 0 && errno == EINTR)
        return;
    more = n > 0 && j->answer_len + (size_t) n <= ANSWER_MAX
               ? realloc(j->answer, j->answer_len + (size_t) n)
               : NULL;
    if (!more) {
        finish(j, n > 0);
        return;
    }
    memcpy(more + j->answer_len, buf, (size_t) n);
    j->answer = more;
    j->answer_len += (size_t) n;
}

static void wait_for_some(struct doctor *d)
{
    struct pollfd fds[AT_ONCE];
    struct job *of[AT_ONCE];
    nfds_t n = 0;
    int timeout = -1;

    for (size_t i = 0; i < d->n_jobs && n < AT_ONCE; i++) {
        struct job *j = &d->jobs[i];

        if (j->state != JOB_RUNNING)
            continue;
        if (timeout < 0 || deadline_left_ms(j) < timeout)
            timeout = deadline_left_ms(j);
        of[n] = j;
        fds[n++] = (struct pollfd){.fd = j->fd, .events = POLLIN};
    }
    if (poll(fds, n, timeout) < 0)
        return;
    for (nfds_t i = 0; i < n; i++) {
        if (fds[i].revents)
            read_answer(of[i]);
        else if (deadline_left_ms(of[i]) == 0)
            finish(of[i], true);
    }
}

int doctor_run(struct doctor *d)
{
    size_t running, waiting;

    do {
        running = waiting = 0;
        for (size_t i = 0; i < d->n_jobs; i++)
            running += d->jobs[i].state == JOB_RUNNING;
        for (size_t i = 0; i < d->n_jobs; i++) {
            struct job *j = &d->jobs[i];

            if (j->chosen && j->state == JOB_WAITING && running < AT_ONCE) {
                int r = advance(d, j);

                if (r < 0)
                    return r;
                running += j->state == JOB_RUNNING;
            }
            waiting += j->chosen && j->state == JOB_WAITING;
        }
        if (running)
            wait_for_some(d);
    } while (running || waiting);
    return 0;
}

const struct check_result *doctor_result(const struct doctor *d, size_t i)
{
    return i < d->n_shown ? &d->jobs[d->shown[i]].result : NULL;
}

enum severity doctor_worst(const struct doctor *d)
{
    enum severity worst = SEVERITY_OK;
    const struct check_result *r;

    for (size_t i = 0; (r = doctor_result(d, i)); i++)
        if (r->severity > worst)
            worst = r->severity;
    return worst;
}
