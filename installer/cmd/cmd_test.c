/* visavis test: a call of our own client through the whole server, step by step. */
#include "apply/inforce.h"
#include "cmd/verbs.h"
#include "text/json.h"
#include "text/term.h"
#include "trial/advice.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SECONDS 3
#define SECONDS_MAX 3600

static const char *from_environment(const char *key, void *arg)
{
    (void) arg;
    return getenv(key);
}

static void ignore_problem(const struct setting_problem *p, void *arg)
{
    (void) p, (void) arg; /* `visavis dev` has told it */
}

static int find_settings(const struct cmd_call *call, struct settings **ret)
{
    int r = cmd_has(call, "dev")
                ? settings_load(SETTINGS_DEV, from_environment, NULL, ignore_problem, NULL, ret)
                : inforce_settings(ret);

    if (r == -EACCES)
        return cmd_fail(call, CMD_FAILED, "only root may read the secret of the API: use sudo");
    if (r == -ENOENT)
        return cmd_fail(call, CMD_FAILED,
                        "nothing is in force on this machine yet: `visavis start`; for the server "
                        "of `visavis dev` there is --dev");
    if (r < 0)
        return cmd_fail(call, CMD_FAILED, "cannot read the configuration in force: %s",
                        strerror(-r));
    return CMD_OK;
}

/* ---- what was found ---- */

static void print_step(const struct trial_step *s)
{
    bool failed = strcmp(s->verdict, "failed") == 0, passed = strcmp(s->verdict, "ok") == 0;

    if (!failed && !passed)
        return;
    printf("%s%-6s%s  %s", term_on(stdout, failed ? TERM_BAD : TERM_GOOD), failed ? "failed" : "ok",
           term_off(stdout), trial_step_title(s->name));
    if (passed)
        printf(", %.0f ms", s->ms);
    putchar('\n');
}

static void print_failure(const struct trial_step *s)
{
    struct trial_advice a = trial_advice(s);

    printf("\n%s\n%s\n", s->message, a.text);
    if (*a.command)
        printf("    %s\n", a.command);
}

static void print_result(const struct trial *t)
{
    for (size_t i = 0; i < t->n_steps; i++)
        print_step(&t->steps[i]);
    if (t->untrusted)
        puts("\nThe certificate's issuer is not known on this machine; browsers that do not know "
             "it\n"
             "warn their users.\n    visavis cert trust");
    if (!t->ok) {
        if (trial_failed(t))
            print_failure(trial_failed(t));
        else
            puts("\nIt was interrupted before that could be told.");
        return;
    }
    printf(
        "\nA call works here: first packet after %.0f ms, %.1f ms on the way, %.2f %% lost, from "
        "%s (%s) to %s.\n",
        t->first_packet_ms, t->delay_ms, t->loss_percent, t->local, t->kind, t->remote);
}

/* The probe's own words, with what to do beside the step that failed. */
static int print_json(const struct trial *t, int status)
{
    json_t *root = json_loads(t->json, 0, NULL);
    const struct trial_step *failed = trial_failed(t);

    if (failed) {
        struct trial_advice a = trial_advice(failed);

        json_object_set_new(root, "advice",
                            json_pack("{s:s, s:s}", "text", a.text, "command", a.command));
    }
    json_object_set_new(root, "issuerUnknown", json_boolean(t->untrusted));
    return json_print(root, status);
}

/* ---- the verb ---- */

static int take_seconds(const struct cmd_call *call, unsigned *ret)
{
    const char *text = cmd_value(call, "duration");
    uint64_t n = SECONDS;

    if (text && (bytes_to_u64(bytes_str(text), SECONDS_MAX, &n) < 0 || n == 0))
        return cmd_fail(call, CMD_USAGE, "--duration: seconds, 1 to %d", SECONDS_MAX);
    *ret = (unsigned) n;
    return CMD_OK;
}

static int try_it(const struct cmd_call *call, const struct settings *s, unsigned seconds)
{
    struct trial_options o = {.path = cmd_value(call, "path"), .duration_s = seconds};
    struct trial_target target;
    struct trial t;
    char why[256];
    int r, status;

    if (!o.path)
        o.path = "any";
    trial_target_of(s, cmd_has(call, "dev"), &target);
    r = trial_run(&target, &o, &t, why, sizeof(why));
    if (r < 0)
        return cmd_fail(call, CMD_FAILED, "visavis-probe: %s", why);
    status = t.ok ? CMD_OK : CMD_FAILED;
    if (cmd_json(call))
        status = print_json(&t, status);
    else
        print_result(&t);
    trial_done(&t);
    return status;
}

static int run(const struct cmd_call *call)
{
    struct settings *s = NULL;
    unsigned seconds = SECONDS;
    int status = take_seconds(call, &seconds);

    if (status == CMD_OK)
        status = find_settings(call, &s);
    if (status == CMD_OK)
        status = try_it(call, s, seconds);
    settings_free(s);
    return status;
}

const struct cmd cmd_test = {
    .name = "test",
    .fn = run,
    .help = "make a call through this server, and say which step fails",
    .doc =
        "Makes a session, joins it as two clients do, publishes audio and video, subscribes to\n"
        "them and looks whether they arrive: REST, WebSocket, joining, publishing, subscribing,\n"
        "media. The first step that fails is named, with what to do about it. Calls of others\n"
        "are not disturbed; the session is closed again.\n"
        "\n"
        "It is a client on this machine: whether others get here, `visavis doctor media` and\n"
        "`visavis doctor firewall` tell.",
    .options =
        (const struct cmd_option[]){
            {.name = "path",
             .arg = "PATH",
             .help = "any (default), udp, tcp, turn-udp, turn-tcp or turn-tls alone"},
            {.name = "duration", .arg = "SECONDS", .help = "how long media flows (3)"},
            {.name = "dev", .help = "the server of `visavis dev`"},
            {.name = NULL},
        },
};
