#include "status/report.h"

#include "apply/inforce.h"
#include "base/crypto.h"
#include "files/files.h"
#include "host/paths.h"
#include "host/subprocess.h"
#include "host/versions.h"
#include "settings/envfile.h"
#include "settings/problems.h"
#include "status/scrub.h"
#include "status/status_json.h"
#include "units/journal.h"
#include "units/log_view.h"
#include "units/services.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>

#define CONFIG_MAX (1024 * 1024)
#define VALUE_MIN 6 /* of the DNS; shorter ones could be part of anything */
#define LOG_LINES 20000
#define DOCTOR_TIMEOUT_MS 120000
#define RUN_LOG "/var/log/visavis.log"

struct report {
    const char *folder, *visavis;
    struct scrub *scrub;
    struct settings *settings; /* in force; NULL: unknown */
};

/* Writes one part; arg is of the table. */
typedef void part_fn(const struct report *r, const char *arg, FILE *to);

/* ---- the secrets ---- */

static bool is_public(struct bytes key)
{
    for (int id = 0; id < N_SETTINGS; id++)
        if (bytes_eq_str(key, setting_def((enum setting) id)->key))
            return !setting_is_hidden(setting_def((enum setting) id));
    return false;
}

static int learn_value(struct scrub *s, struct bytes text, size_t min)
{
    char *value = text.len < min ? NULL : bytes_dup_str(text);
    int r = value ? scrub_add(s, value) : 0;

    if (value)
        secret_wipe(value, strlen(value));
    free(value);
    return r;
}

/* .env as it stands, right or wrong: what is hidden and what nobody knows. */
static int learn_env(struct scrub *s)
{
    char *text = NULL;
    struct envfile *f = NULL;
    size_t len = 0;
    int r = file_read(path_of(PATH_ENV), ENVFILE_MAX, &text, &len);

    if (r < 0)
        return r == -ENOENT ? 0 : r;
    r = envfile_parse(bytes_of(text, len), ENVFILE_LENIENT, &f);
    for (size_t i = 0; r == 0 && i < envfile_n_entries(f); i++) {
        const struct envfile_entry *e = envfile_entry(f, i);

        if (!is_public(e->key))
            r = learn_value(s, e->value, 0);
    }
    if (r == 0)
        r = scrub_learn(s, bytes_of(text, len));
    envfile_free(f);
    secret_wipe(text, len);
    free(text);
    return r;
}

/* The content is secret as a whole, or has secrets by their names. */
static int learn_file(struct scrub *s, const char *path, bool whole)
{
    char *text = NULL;
    size_t len = 0;
    int r = file_read(path, CONFIG_MAX, &text, &len);

    if (r < 0)
        return r == -ENOENT ? 0 : r;
    r = scrub_learn(s, bytes_of(text, len));
    if (r == 0 && whole) {
        text[strcspn(text, "\r\n")] = 0;
        r = scrub_add(s, text);
    }
    secret_wipe(text, len);
    free(text);
    return r;
}

static int learn_folder(struct scrub *s, const char *folder, bool whole)
{
    DIR *d = opendir(folder);
    struct dirent *e;
    int r = 0;

    while (d && r == 0 && (e = readdir(d))) {
        char path[PATH_MAX + 300];

        snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
        if (e->d_name[0] != '.')
            r = learn_file(s, path, whole);
    }
    if (d)
        closedir(d);
    return r;
}

/* What scripts for the DNS are told: each value may be a key. */
static int learn_dns_env(struct scrub *s, const struct settings *settings)
{
    const char *path = settings_text(settings, SET_ACME_DNS_ENV);
    char *text = NULL;
    struct envfile *f = NULL;
    size_t len = 0;
    int r = *path ? file_read(path, ENVFILE_MAX, &text, &len) : -ENOENT;

    if (r < 0)
        return 0; /* nothing of it is in the report either */
    r = envfile_parse(bytes_of(text, len), ENVFILE_LENIENT, &f);
    for (size_t i = 0; r == 0 && i < envfile_n_entries(f); i++)
        r = learn_value(s, envfile_entry(f, i)->value, VALUE_MIN);
    envfile_free(f);
    secret_wipe(text, len);
    free(text);
    return r;
}

static int learn(struct report *r)
{
    char secrets[PATH_MAX];
    int e = scrub_new(&r->scrub);

    if (e == 0)
        e = learn_env(r->scrub);
    if (e == 0 && r->settings)
        e = scrub_add_settings(r->scrub, r->settings);
    if (e == 0 && r->settings)
        e = learn_dns_env(r->scrub, r->settings);
    if (e == 0)
        e = learn_folder(r->scrub, path_join(secrets, PATH_STATE, "secrets"), true);
    if (e == 0)
        e = learn_folder(r->scrub, path_of(PATH_CURRENT), false);
    return e;
}

/* ---- the parts ---- */

static void put_versions(const struct report *r, const char *arg, FILE *to)
{
    struct versions v;

    (void) r;
    (void) arg;
    versions_look(&v);
    for (enum version_of i = 0; i < N_VERSIONS; i++)
        fprintf(to, "%-18s %s\n", version_title(i), *v.text[i] ? v.text[i] : "not installed");
}

static void put_disk(const char *path, FILE *to)
{
    struct statvfs fs;

    if (statvfs(path, &fs) == 0)
        fprintf(to, "%-24s %llu of %llu MiB free\n", path,
                (unsigned long long) fs.f_bavail * fs.f_frsize / 1048576,
                (unsigned long long) fs.f_blocks * fs.f_frsize / 1048576);
}

static void put_machine(const struct report *r, const char *arg, FILE *to)
{
    struct sysinfo i;

    (void) r;
    (void) arg;
    if (sysinfo(&i) == 0)
        fprintf(to,
                "processors               %d\nmemory                   %llu of %llu MiB free\n"
                "up                       %ld s\nload                     %.2f\n",
                get_nprocs(), (unsigned long long) i.freeram * i.mem_unit / 1048576,
                (unsigned long long) i.totalram * i.mem_unit / 1048576, i.uptime,
                (double) i.loads[0] / 65536);
    put_disk("/", to);
    put_disk(path_of(PATH_STATE), to);
}

/* A key is part of many a URL. */
static bool may_hold_secret(const struct setting_def *d, const char *text)
{
    return setting_is_hidden(d) || (d->type == SETTING_URL && strpbrk(text, "@?"));
}

/* Only what the table knows to be no secret is shown with its value; defaults as comments. */
static void put_settings(const struct report *r, const char *arg, FILE *to)
{
    (void) arg;
    for (int i = 0; r->settings && i < N_SETTINGS; i++) {
        enum setting id = (enum setting) i;
        const struct setting_def *d = setting_def(id);
        const char *text = settings_text(r->settings, id);

        if (d->scope == SETTING_DEV_ONLY)
            continue;
        fprintf(to, "%s%s=%s\n", settings_is_default(r->settings, id) ? "# " : "", d->key,
                *text && may_hold_secret(d, text) ? SCRUB_MASK : text);
    }
}

static void put_check(const struct report *r, const char *arg, FILE *to)
{
    char summary[PROBLEMS_SUMMARY_SIZE];
    struct settings *s = NULL;
    struct problems *p;

    (void) r;
    (void) arg;
    if (problems_new(&p) < 0)
        return;
    (void) settings_load_file(path_of(PATH_ENV), problems_add, p, &s);
    problems_sort(p);
    problems_print(p, to);
    fprintf(to, "%s\n", problems_summary(p, summary));
    problems_free(p);
    settings_free(s);
}

static void put_status(const struct report *r, const char *arg, FILE *to)
{
    struct units *u;
    struct status s;
    json_t *o;

    (void) r;
    (void) arg;
    if (units_open(&u) < 0)
        return;
    if (status_look(u, &s) == 0) {
        o = status_json(&s);
        json_dumpf(o, to, JSON_INDENT(2));
        fputc('\n', to);
        json_decref(o);
        status_done(&s);
    }
    units_close(u);
}

/* In a process of its own, for it has time limits of its own. */
static void put_doctor(const struct report *r, const char *arg, FILE *to)
{
    char root[PATH_MAX + 16];
    const char *const argv[] = {"env", root, r->visavis, "doctor", "--json", NULL};
    struct subprocess_result result;

    (void) arg;
    if (!r->visavis)
        return;
    snprintf(root, sizeof(root), "VISAVIS_ROOT=%s", path_root());
    if (subprocess_run(argv, NULL, DOCTOR_TIMEOUT_MS, &result) < 0)
        return;
    fputs(result.output, to);
    subprocess_done(&result);
}

static void put_file(const char *path, size_t max, FILE *to)
{
    char *text = NULL;
    size_t len = 0;

    if (file_read(path, max, &text, &len) == 0)
        fwrite(text, 1, len, to);
    if (text)
        secret_wipe(text, len);
    free(text);
}

static void put_config(const struct report *r, const char *arg, FILE *to)
{
    char path[PATH_MAX];

    (void) r;
    put_file(path_join(path, PATH_CURRENT, arg), CONFIG_MAX, to);
}

static void put_log(const struct report *r, const char *arg, FILE *to)
{
    const struct service *s = service_find(arg);
    struct journal *j;
    struct log_view v;

    (void) r;
    if (!units_available() || journal_open(&s->unit, 1, &j) < 0)
        return;
    log_view_init(&v, to, false);
    if (journal_seek_last(j, LOG_LINES) == 0)
        (void) journal_read(j, log_view_line, &v);
    journal_close(j);
}

/* Of `visavis run`, the end. */
static void put_run_log(const struct report *r, const char *arg, FILE *to)
{
    char path[PATH_MAX], buf[4096];
    FILE *f = fopen(path_in_root(path, RUN_LOG), "re");
    size_t n;

    (void) r;
    (void) arg;
    if (!f)
        return;
    if (fseek(f, -(long) REPORT_LOG_MAX, SEEK_END) != 0)
        rewind(f);
    while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
        fwrite(buf, 1, n, to);
    fclose(f);
}

static const struct {
    const char *name;
    part_fn *fn;
    const char *arg;
    const char *what;
} parts[] = {
    {"versions.txt", put_versions, NULL, "versions of the product and of what it runs on"},
    {"machine.txt", put_machine, NULL, "processors, memory, disk"},
    {"settings.txt", put_settings, NULL, "settings in force, without the secrets"},
    {"config-check.txt", put_check, NULL, "what there is to say about .env"},
    {"status.json", put_status, NULL, "units, configuration, certificate, sessions"},
    {"doctor.json", put_doctor, NULL, "what `visavis doctor` finds"},
    {"signaling.cfg", put_config, "signaling.cfg", "rendered configuration, without the secrets"},
    {"media.cfg", put_config, "media.cfg", "the same"},
    {"turn.cfg", put_config, "turn.cfg", "the same"},
    {"call.cfg", put_config, "call.cfg", "the same"},
    {"redis.conf", put_config, "redis.conf", "the same"},
    {"nginx-site.conf", put_config, "nginx-site.conf", "the same"},
    {"nginx-stream.conf", put_config, "nginx-stream.conf", "the same"},
    {"signaling.log", put_log, "signaling", "the end of its log"},
    {"media.log", put_log, "media", "the same"},
    {"turn.log", put_log, "turn", "the same"},
    {"call.log", put_log, "call", "the same"},
    {"redis.log", put_log, "redis", "the same"},
    {"setup.log", put_log, "setup", "the same"},
    {"cert.log", put_log, "cert", "the same"},
    {"run.log", put_run_log, NULL, "the end of the log of `visavis run`"},
};

/* ---- putting them in ---- */

/* The end of what is too long, from the beginning of a line. */
static struct bytes newest(struct bytes text)
{
    const uint8_t *line;

    if (text.len <= REPORT_LOG_MAX)
        return text;
    text.p += text.len - REPORT_LOG_MAX;
    text.len = REPORT_LOG_MAX;
    line = memchr(text.p, '\n', text.len);
    return line ? bytes_of(line + 1, text.len - (size_t) (line + 1 - text.p)) : text;
}

static int write_part(const struct report *r, const char *name, struct bytes text)
{
    const struct file_access access = {
        .mode = 0600, .uid = FILE_KEEP_OWNER, .gid = (gid_t) FILE_KEEP_OWNER};
    char path[PATH_MAX];
    char *clean = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&clean, &len);
    int e = -ENOMEM;

    if (f) {
        scrub_print(r->scrub, text, f);
        if (fclose(f) == 0 &&
            (size_t) snprintf(path, sizeof(path), "%s/%s", r->folder, name) < sizeof(path))
            e = file_write(path, bytes_of(clean, len), &access);
    }
    free(clean);
    return e;
}

static int put_part(const struct report *r, size_t i, report_part_fn *told, void *arg)
{
    struct report_part part = {.name = parts[i].name, .what = parts[i].what};
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    struct bytes kept;
    int e = 0;

    if (!f)
        return -ENOMEM;
    parts[i].fn(r, parts[i].arg, f);
    if (fclose(f) != 0)
        e = -ENOMEM;
    kept = newest(bytes_of(text, len));
    part.size = kept.len;
    if (e == 0 && kept.len > 0)
        e = write_part(r, part.name, kept);
    if (text)
        secret_wipe(text, len);
    free(text);
    if (e == 0)
        told(&part, arg);
    return e;
}

int report_gather(const char *folder, const char *visavis, report_part_fn *told, void *arg)
{
    struct report r = {.folder = folder, .visavis = visavis};
    int e;

    (void) inforce_settings(&r.settings);
    e = learn(&r);
    for (size_t i = 0; e == 0 && i < sizeof(parts) / sizeof(parts[0]); i++)
        e = put_part(&r, i, told, arg);
    scrub_free(r.scrub);
    settings_free(r.settings);
    return e;
}
