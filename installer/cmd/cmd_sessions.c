/* visavis sessions: who is in a call now, and the end of it. */
#include "apply/inforce.h"
#include "base/clock.h"
#include "cmd/verbs.h"
#include "status/api.h"
#include "text/human.h"
#include "text/term.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ID_MAX 100 /* characters of the ids of sessions and connections */
#define PATH_SIZE (2 * ID_MAX + 64)

/* ---- the server ---- */

struct server {
    const struct cmd_call *call;
    struct settings *settings;
    struct api api;
};

static const char *from_environment(const char *key, void *arg)
{
    (void) arg;
    return getenv(key);
}

static void tell_problem(const struct setting_problem *p, void *arg)
{
    if (p->severity == SETTING_ERROR)
        (void) cmd_fail(arg, CMD_USAGE, "%s=%s is not valid: it %s", p->key,
                        p->value ? p->value : "", p->what);
}

/* That of `visavis dev`, which has its settings from the same environment variables. */
static int find_dev(struct server *s)
{
    if (settings_load(SETTINGS_DEV, from_environment, NULL, tell_problem, (void *) s->call,
                      &s->settings) < 0)
        return CMD_USAGE;
    s->api = (struct api){(uint16_t) settings_int(s->settings, SET_HTTPS_PORT),
                          settings_text(s->settings, SET_OPENVIDU_SECRET)};
    return CMD_OK;
}

static int find_server(const struct cmd_call *call, struct server *s)
{
    int r;

    *s = (struct server){.call = call};
    if (cmd_has(call, "dev"))
        return find_dev(s);
    r = inforce_settings(&s->settings);
    if (r == -EACCES)
        return cmd_fail(call, CMD_FAILED, "only root may read the secret of the API: use sudo");
    if (r == -ENOENT)
        return cmd_fail(call, CMD_FAILED,
                        "nothing is in force on this machine yet: `visavis start`; for the server "
                        "of `visavis dev` there is --dev");
    if (r < 0)
        return cmd_fail(call, CMD_FAILED, "cannot read the configuration in force: %s",
                        strerror(-r));
    s->api = api_of(s->settings);
    return CMD_OK;
}

/* CMD_OK, or the status after saying what is wrong. what: "session X", for 404. */
static int judge(const struct server *s, int error, unsigned status, const char *what)
{
    const struct cmd_call *call = s->call;

    if (error < 0)
        return cmd_fail(call, CMD_FAILED,
                        "signaling does not answer on port %u of this machine (%s)%s", s->api.port,
                        strerror(-error), cmd_has(call, "dev") ? "" : "; see `visavis status`");
    if (status == 200 || status == 204)
        return CMD_OK;
    if (status == 401)
        return cmd_fail(call, CMD_FAILED,
                        "signaling refuses the secret (OPENVIDU_SECRET) that is in force here: "
                        "another server has port %u, or another secret",
                        s->api.port);
    if (status == 404 && what)
        return cmd_fail(call, CMD_FAILED, "there is no %s", what);
    return cmd_fail(call, CMD_FAILED, "signaling answers with the status %u", status);
}

/* ret NULL: the answer has nothing to say. */
static int ask(const struct server *s, const char *method, const char *path, const char *what,
               json_t **ret)
{
    unsigned status = 0;
    json_t *body = NULL;
    int error = api_call(&s->api, method, path, &status, &body);
    int result = judge(s, error, status, what);

    if (result == CMD_OK && ret && !json_is_object(body))
        result = cmd_fail(s->call, CMD_FAILED, "signaling's answer is not what it should be");
    if (result == CMD_OK && ret)
        *ret = json_incref(body);
    json_decref(body);
    return result;
}

/* Ids that cannot be are not asked for: they would be other paths. */
static bool is_id(const char *text)
{
    size_t len = strlen(text);

    return len > 0 && len <= ID_MAX &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-~") == len;
}

/* The i-th argument as an id. */
static int take_id(const struct cmd_call *call, size_t i, const char *what, const char **ret)
{
    const char *id = cmd_arg(call, i);

    if (!id)
        return cmd_fail(call, CMD_USAGE, "which %s? `visavis sessions` lists them", what);
    if (!is_id(id))
        return cmd_fail(call, CMD_FAILED, "there is no %s %s", what, id);
    *ret = id;
    return CMD_OK;
}

static int no_more_args(const struct cmd_call *call, size_t n)
{
    return cmd_n_args(call) <= n
               ? CMD_OK
               : cmd_fail(call, CMD_USAGE, "unexpected argument '%s'", cmd_arg(call, n));
}

/* ---- what the API says, in what we show: no tokens ---- */

static json_t *list_in(const json_t *o, const char *key)
{
    return json_object_get(json_object_get(o, key), "content");
}

static const char *text_in(const json_t *o, const char *key)
{
    const char *text = json_string_value(json_object_get(o, key));

    return text ? text : "";
}

static json_t *stream_ids(json_t *connection, const char *key)
{
    json_t *ids = json_array(), *entry;
    size_t i;

    json_array_foreach (json_object_get(connection, key), i, entry)
        json_array_append(ids, json_object_get(entry, "streamId"));
    return ids;
}

static json_t *connection_of(json_t *c)
{
    return json_pack("{s:s,s:s,s:O?,s:s,s:s,s:o,s:o}", "connection", text_in(c, "id"), "role",
                     text_in(c, "role"), "joinedAt", json_object_get(c, "activeAt"), "address",
                     text_in(c, "ip"), "platform", text_in(c, "platform"), "publishes",
                     stream_ids(c, "publishers"), "watches", stream_ids(c, "subscribers"));
}

static json_t *session_of(json_t *s)
{
    json_t *connections = json_array(), *entry;
    size_t i;

    json_array_foreach (list_in(s, "connections"), i, entry)
        json_array_append_new(connections, connection_of(entry));
    return json_pack("{s:s,s:O?,s:o}", "session", text_in(s, "id"), "createdAt",
                     json_object_get(s, "createdAt"), "connections", connections);
}

/* Streams of all its connections. */
static size_t count_in(json_t *session, const char *key)
{
    json_t *c;
    size_t i, n = 0;

    json_array_foreach (json_object_get(session, "connections"), i, c)
        n += json_array_size(json_object_get(c, key));
    return n;
}

static const char *age_of(json_t *o, const char *key, char buf[static HUMAN_SIZE])
{
    json_int_t at_ms = json_integer_value(json_object_get(o, key));
    uint64_t now_ms = clock_wall_ms();

    return human_duration(
        at_ms > 0 && (uint64_t) at_ms < now_ms ? (now_ms - (uint64_t) at_ms) / 1000 : 0, buf);
}

static void put_head(const char *text)
{
    printf("%s%s%s\n", term_on(stdout, TERM_DIM), text, term_off(stdout));
}

/* ---- list ---- */

/* The id comes last: it may be long, and is copied from here. */
static void print_list(json_t *list)
{
    json_t *s;
    size_t i;

    if (json_array_size(list) == 0) {
        puts("There are no sessions.");
        return;
    }
    put_head("AGE          PEOPLE  PUBLISH    WATCH  SESSION");
    json_array_foreach (list, i, s) {
        char age[HUMAN_SIZE];

        printf("%-11s  %6zu  %7zu  %7zu  %s\n", age_of(s, "createdAt", age),
               json_array_size(json_object_get(s, "connections")), count_in(s, "publishes"),
               count_in(s, "watches"), text_in(s, "session"));
    }
}

static int list(const struct cmd_call *call)
{
    json_t *answer = NULL, *sessions = json_array(), *entry;
    struct server s;
    int status = find_server(call, &s);
    size_t i;

    if (status == CMD_OK)
        status = ask(&s, "GET", "sessions", NULL, &answer);
    json_array_foreach (json_object_get(answer, "content"), i, entry)
        json_array_append_new(sessions, session_of(entry));
    if (status == CMD_OK && cmd_json(call))
        status = json_print(json_pack("{s:O}", "sessions", sessions), status);
    else if (status == CMD_OK)
        print_list(sessions);
    json_decref(answer);
    json_decref(sessions);
    settings_free(s.settings);
    return status;
}

/* ---- show ---- */

static void print_session(json_t *session)
{
    json_t *list = json_object_get(session, "connections"), *c;
    char age[HUMAN_SIZE];
    size_t i;

    printf("%s%s%s, %s old, %zu %s\n", term_on(stdout, TERM_BOLD), text_in(session, "session"),
           term_off(stdout), age_of(session, "createdAt", age), json_array_size(list),
           json_array_size(list) == 1 ? "participant" : "participants");
    if (json_array_size(list) == 0)
        return;
    put_head("\nJOINED       ROLE        PUBLISH  WATCH  ADDRESS          CONNECTION");
    json_array_foreach (list, i, c)
        printf("%-11s  %-10.10s  %7zu  %5zu  %-15s  %s\n", age_of(c, "joinedAt", age),
               text_in(c, "role"), json_array_size(json_object_get(c, "publishes")),
               json_array_size(json_object_get(c, "watches")), text_in(c, "address"),
               text_in(c, "connection"));
}

static int show(const struct cmd_call *call)
{
    char path[PATH_SIZE], what[ID_MAX + 16];
    struct server s = {.settings = NULL};
    json_t *answer = NULL, *session;
    const char *id = NULL;
    int status = take_id(call, 0, "session", &id);

    if (status == CMD_OK)
        status = no_more_args(call, 1);
    if (status == CMD_OK)
        status = find_server(call, &s);
    if (status == CMD_OK) {
        snprintf(path, sizeof(path), "sessions/%s", id);
        snprintf(what, sizeof(what), "session %s", id);
        status = ask(&s, "GET", path, what, &answer);
    }
    if (status == CMD_OK) {
        session = session_of(answer);
        if (cmd_json(call))
            status = json_print(json_incref(session), status);
        else
            print_session(session);
        json_decref(session);
    }
    json_decref(answer);
    settings_free(s.settings);
    return status;
}

/* ---- close, evict ---- */

static int confirm(const struct cmd_call *call, size_t n)
{
    char question[80];

    if (cmd_has(call, "yes"))
        return CMD_OK;
    if (!isatty(STDIN_FILENO))
        return cmd_fail(call, CMD_USAGE, "nobody is there to ask; say it by --yes");
    snprintf(question, sizeof(question), "End %zu session%s for everybody in them?", n,
             n == 1 ? "" : "s");
    return term_confirm(question) ? CMD_OK : cmd_fail(call, CMD_FAILED, "nothing was done");
}

static int close_one(const struct server *s, const char *id)
{
    char path[PATH_SIZE], what[ID_MAX + 16];

    snprintf(path, sizeof(path), "sessions/%.*s", ID_MAX, id);
    snprintf(what, sizeof(what), "session %.*s", ID_MAX, id);
    return ask(s, "DELETE", path, what, NULL);
}

/* One that ended by itself meanwhile is what was wanted. */
static int close_listed(const struct server *s, json_t *sessions, size_t *ret_closed)
{
    json_t *entry;
    size_t i;

    json_array_foreach (sessions, i, entry) {
        char path[PATH_SIZE];
        unsigned status = 0;
        int error, result;

        snprintf(path, sizeof(path), "sessions/%.*s", ID_MAX, text_in(entry, "id"));
        error = api_call(&s->api, "DELETE", path, &status, NULL);
        result = error == 0 && status == 404 ? CMD_OK : judge(s, error, status, NULL);
        if (result != CMD_OK)
            return result;
        *ret_closed += status == 204;
    }
    return CMD_OK;
}

static int close_all(const struct server *s, size_t *ret_closed)
{
    json_t *answer = NULL, *sessions;
    int status = ask(s, "GET", "sessions", NULL, &answer);

    sessions = json_object_get(answer, "content");
    if (status == CMD_OK && json_array_size(sessions) > 0)
        status = confirm(s->call, json_array_size(sessions));
    if (status == CMD_OK)
        status = close_listed(s, sessions, ret_closed);
    json_decref(answer);
    return status;
}

static int tell_closed(const struct cmd_call *call, size_t n)
{
    if (cmd_json(call))
        return json_print(json_pack("{s:I}", "closed", (json_int_t) n), CMD_OK);
    if (cmd_has(call, "all"))
        printf("%zu %s closed.\n", n, n == 1 ? "session was" : "sessions were");
    return CMD_OK;
}

static int run_close(const struct cmd_call *call)
{
    struct server s = {.settings = NULL};
    bool all = cmd_has(call, "all");
    const char *id = NULL;
    size_t n = 0;
    int status = all ? no_more_args(call, 0) : take_id(call, 0, "session", &id);

    if (status == CMD_OK)
        status = no_more_args(call, 1);
    if (status == CMD_OK)
        status = find_server(call, &s);
    if (status == CMD_OK && all) {
        status = close_all(&s, &n);
    } else if (status == CMD_OK) {
        status = close_one(&s, id);
        n = 1;
    }
    settings_free(s.settings);
    return status == CMD_OK ? tell_closed(call, n) : status;
}

static int evict(const struct cmd_call *call)
{
    char path[PATH_SIZE], what[2 * ID_MAX + 40];
    const char *session = NULL, *connection = NULL;
    struct server s = {.settings = NULL};
    int status = take_id(call, 0, "session", &session);

    if (status == CMD_OK)
        status = take_id(call, 1, "connection", &connection);
    if (status == CMD_OK)
        status = no_more_args(call, 2);
    if (status == CMD_OK)
        status = find_server(call, &s);
    if (status == CMD_OK) {
        snprintf(path, sizeof(path), "sessions/%s/connection/%s", session, connection);
        snprintf(what, sizeof(what), "connection %s in a session %s", connection, session);
        status = ask(&s, "DELETE", path, what, NULL);
    }
    settings_free(s.settings);
    if (status == CMD_OK && cmd_json(call))
        return json_print(json_pack("{s:s}", "evicted", connection), status);
    return status;
}

/* ---- the verbs ---- */

#define DEV_OPTION                                                                                 \
    {                                                                                              \
        .name = "dev", .help = "of the server that `visavis dev` runs"                             \
    }

static const struct cmd_option list_options[] = {DEV_OPTION, {0}};
static const struct cmd_option close_options[] = {
    {.name = "all", .help = "all sessions, after a question"},
    {.name = "yes", .letter = 'y', .help = "do not ask"},
    DEV_OPTION,
    {0},
};

static const struct cmd cmd_show = {
    .name = "show",
    .fn = show,
    .args = "SESSION",
    .options = list_options,
    .help = "list the participants of a session",
    .doc = "With --json: the session as in the list of `visavis sessions`.",
};

static const struct cmd cmd_close = {
    .name = "close",
    .fn = run_close,
    .args = "[SESSION]",
    .options = close_options,
    .help = "end a session for everybody in it",
    .doc = "All participants are told that the server closed it.\n"
           "\n"
           "With --json: `closed`, how many.",
};

static const struct cmd cmd_evict = {
    .name = "evict",
    .fn = evict,
    .args = "SESSION CONNECTION",
    .options = list_options,
    .help = "throw a participant out of a session",
    .doc = "Whoever has another token can come back.\n"
           "\n"
           "With --json: `evicted`, the connection.",
};

const struct cmd cmd_sessions = {
    .name = "sessions",
    .fn = list,
    .subs = (const struct cmd *const[]){&cmd_show, &cmd_close, &cmd_evict, NULL},
    .options = list_options,
    .help = "list and end the sessions of now",
    .doc =
        "Without a verb: the sessions, with how many people are in each, how many streams they\n"
        "publish, and how often those are watched. `visavis logs --session SESSION` prints what\n"
        "happened in one.\n"
        "\n"
        "Signaling is asked on its loopback port, with the secret that is in force. With --dev it\n"
        "is that of `visavis dev`, as the same environment variables give it.\n"
        "\n"
        "With --json: `sessions`, each with `session`, `createdAt` (ms since 1970) and\n"
        "`connections`: `connection`, `role`, `joinedAt`, `address`, `platform`, and the ids of\n"
        "the streams that it `publishes` and `watches`.",
};
