#include "apply/manager_lock.h"
#include "cmd/verbs.h"
#include "files/files.h"
#include "host/paths.h"
#include "host/workdir.h"
#include "nginx/site.h"
#include "settings/problems.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct proxy {
    struct settings *settings;
    struct nginx_facts facts;
    enum proxy_layout layout;
    int chosen; /* of nginx_choose() */
    char why[1536];
};

static void proxy_done(struct proxy *p)
{
    p->settings = settings_free(p->settings);
}

/* The exit status; after another one than CMD_OK p is done already. */
static int proxy_look(const struct cmd_call *call, struct proxy *p)
{
    struct problems *problems = NULL;
    int r = problems_new(&problems);

    memset(p, 0, sizeof(*p));
    if (r == 0)
        r = settings_load_file(path_of(PATH_ENV), problems_add, problems, &p->settings);
    if (r < 0) {
        if (problems)
            problems_print(problems, stderr);
        problems_free(problems);
        return cmd_fail(call, CMD_USAGE, "%s cannot be used", path_of(PATH_ENV));
    }
    problems_free(problems);
    r = nginx_look(p->settings, &p->facts);
    if (r < 0) {
        proxy_done(p);
        return cmd_fail(call, CMD_FAILED, "cannot look at nginx: %s", strerror(-r));
    }
    nginx_find_public_ip(p->settings, &p->facts);
    p->chosen = nginx_choose(p->settings, &p->facts, &p->layout, p->why, sizeof(p->why));
    return CMD_OK;
}

/* free() it; NULL: out of memory. */
static char *text_of(const struct proxy *p, bool stream)
{
    char *text = malloc(SITE_TEXT_MAX + 1);
    struct wr w;
    size_t len;

    if (!text)
        return NULL;
    w = wr_init(text, SITE_TEXT_MAX);
    if (stream)
        render_stream(&w, p->settings, &p->facts);
    else
        render_site(&w, p->settings, p->layout, &p->facts);
    if (wr_finish(&w, &len) < 0) {
        free(text);
        return NULL;
    }
    text[len] = '\0';
    return text;
}

/* ---- show ---- */

static void version_text(unsigned version, char buf[static 24])
{
    snprintf(buf, 24, "%u.%u.%u", version / 1000000, version / 1000 % 1000, version % 1000);
}

static int show_json(const struct proxy *p, const char *advice)
{
    const struct nginx_facts *f = &p->facts;
    char version[24];
    json_t *o;

    version_text(f->version, version);
    o = json_pack("{s:b, s:b, s:s, s:b, s:s?, s:s, s:s, s:i, s:s?, s:s?}", "installed",
                  f->installed, "running", f->running, "version", version, "streamModule",
                  f->has_stream, "layout", p->chosen == 0 ? proxy_layout_names[p->layout] : NULL,
                  "reason", p->why, "site", f->site_link, "workerConnections",
                  (int) f->worker_connections, "advice", *advice ? advice : NULL, "httpsSharedWith",
                  *f->https_shared_by ? f->https_shared_by : NULL);
    if (o)
        json_dumpf(o, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(o);
    return p->chosen == 0 ? CMD_OK : CMD_FAILED;
}

static int show_text(const struct cmd_call *call, const struct proxy *p, const char *advice)
{
    char version[24];

    version_text(p->facts.version, version);
    if (p->facts.installed)
        printf("nginx    %s, %s\n", version, p->facts.running ? "running" : "not running");
    else
        puts("nginx    not installed");
    if (p->chosen < 0)
        return cmd_fail(call, CMD_FAILED, "%s", p->why);
    printf("layout   %s%s%s\n", proxy_layout_names[p->layout], *p->why ? ": " : "", p->why);
    if (*advice)
        printf("advice   %s\n", advice);
    return CMD_OK;
}

static int run_show(const struct cmd_call *call)
{
    const char *file = cmd_value(call, "file");
    bool stream = file && strcmp(file, "stream") == 0;
    struct proxy p;
    char advice[1024], *text;
    int status;

    if (file && !stream && strcmp(file, "site") != 0)
        return cmd_fail(call, CMD_USAGE, "there is no file '%s'; there are site and stream", file);
    status = proxy_look(call, &p);
    if (status != CMD_OK)
        return status;
    if (!file || p.chosen < 0) {
        if (!nginx_advise_http_port(p.settings, &p.facts, p.layout, advice, sizeof(advice)))
            (void) nginx_advise_connections(p.settings, &p.facts, p.layout, advice, sizeof(advice));
        status = cmd_json(call) ? show_json(&p, advice) : show_text(call, &p, advice);
    } else if ((text = text_of(&p, stream))) {
        fputs(text, stdout);
        free(text);
    } else {
        status = cmd_fail(call, CMD_FAILED, "out of memory");
    }
    proxy_done(&p);
    return status;
}

/* ---- test ---- */

static int write_files(const struct proxy *p, const struct workdir *dir)
{
    static const char *const names[] = {"nginx-site.conf", "nginx-stream.conf"};

    for (int i = 0; i < 2; i++) {
        char *text = text_of(p, i == 1);
        int r = text ? workdir_write(dir, names[i], bytes_str(text)) : -ENOMEM;

        free(text);
        if (r < 0)
            return r;
    }
    return 0;
}

static int try_out(const struct cmd_call *call, struct proxy *p, bool *ret_foreign)
{
    struct workdir dir = {.path = ""};
    int lock = -1; /* trials exclude each other; without root there is nobody to meet */
    int r = geteuid() == 0 ? manager_lock(NULL, NULL, &lock) : 0;

    if (r == 0)
        r = workdir_make(&dir);
    if (r == 0)
        r = write_files(p, &dir);
    if (r == 0)
        r = nginx_try(dir.path, p->layout, &p->facts, p->why, sizeof(p->why), ret_foreign);
    workdir_remove(&dir);
    if (lock >= 0)
        close(lock);
    if (r < 0 && r != -EINVAL)
        return cmd_fail(call, CMD_FAILED, "cannot try nginx: %s", strerror(-r));
    return r == 0 ? CMD_OK : CMD_FAILED;
}

static int run_test(const struct cmd_call *call)
{
    bool foreign = false;
    struct proxy p;
    int status = proxy_look(call, &p);

    if (status != CMD_OK)
        return status;
    *(p.chosen == 0 ? p.why : p.why + strlen(p.why)) = '\0';
    status = p.chosen == 0 ? try_out(call, &p, &foreign) : CMD_FAILED;
    if (cmd_json(call)) {
        json_t *o = json_pack("{s:b, s:s, s:b}", "ok", status == CMD_OK, "reason", p.why, "foreign",
                              foreign);

        if (o)
            json_dumpf(o, stdout, 0);
        putchar('\n');
        json_decref(o);
    } else if (status == CMD_OK) {
        printf("nginx would start with the %s layout\n", proxy_layout_names[p.layout]);
    } else if (*p.why) {
        cmd_fail(call, CMD_FAILED, "%s%s", p.why,
                 foreign ? " (this is in a file that is not Visavis's)" : "");
    }
    proxy_done(&p);
    return status;
}

/* ---- snippet ---- */

static int run_snippet(const struct cmd_call *call)
{
    const char *server = cmd_arg(call, 0);
    char *text;
    struct proxy p;
    struct wr w;
    size_t len;
    int status, r;

    if (cmd_n_args(call) > 1)
        return cmd_fail(call, CMD_USAGE, "one server at a time");
    status = proxy_look(call, &p);
    if (status != CMD_OK)
        return status;
    text = malloc(SITE_TEXT_MAX);
    w = wr_init(text, text ? SITE_TEXT_MAX : 0);
    r = render_snippet(&w, p.settings, &p.facts, server ? server : site_snippet_names[0]);
    if (r == -ENOENT)
        status = cmd_fail(call, CMD_USAGE,
                          "there is no snippet for '%s'; there are nginx, apache, "
                          "caddy and haproxy",
                          server);
    else if (wr_finish(&w, &len) < 0)
        status = cmd_fail(call, CMD_FAILED, "out of memory");
    else
        fwrite(text, 1, len, stdout);
    free(text);
    proxy_done(&p);
    return status;
}

static const struct cmd cmd_show = {
    .name = "show",
    .fn = run_show,
    .help = "what nginx is like here, and which layout fits",
    .doc = "In the front layout a stream server of ours has HTTPS_PORT to itself and hands "
           "connections on to the site; in the site layout nginx shares the port with other "
           "sites. PROXY chooses; auto takes front where it can be.",
    .options =
        (const struct cmd_option[]){
            {.name = "file", .arg = "FILE", .help = "print that file as it would be: site, stream"},
            {.name = NULL},
        },
};

static const struct cmd cmd_proxy_test = {
    .name = "test",
    .fn = run_test,
    .help = "try whether nginx would start with the settings as they are",
    .doc = "Runs a second nginx for a moment with a copy of the whole configuration; on the real "
           "ports where nginx does not run. Nothing is changed.",
};

static const struct cmd cmd_snippet = {
    .name = "snippet",
    .fn = run_snippet,
    .args = "[nginx|apache|caddy|haproxy]",
    .help = "print what another web server needs with PROXY=external",
    .no_json = true,
};

const struct cmd cmd_proxy = {
    .name = "proxy",
    .help = "the web server in front",
    .subs = (const struct cmd *const[]){&cmd_show, &cmd_proxy_test, &cmd_snippet, NULL},
};
