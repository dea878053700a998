/* The password of the REST API, asked on the loopback port of the daemon itself. */
#include "doctor/check.h"

#include "doctor/needed_ports.h"
#include "doctor/web_probe.h"

#include <stdio.h>
#include <string.h>

#define USER "OPENVIDUAPP"
#define REQUEST_MS 3000
#define CHECK_MS 5000

/* The secret in force, so that asking cannot fail because of a new .env: wrong secrets are
 * counted. */
static const struct settings *served(const struct check_context *x)
{
    return x->in_force ? x->in_force : x->settings;
}

static void ask(const struct check_context *x, const char *secret, struct web_answer *ret)
{
    char url[128];
    const struct http_request rq = {.method = "GET",
                                    .url = url,
                                    .user = secret ? USER : NULL,
                                    .password = secret,
                                    .timeout_ms = REQUEST_MS};

    snprintf(url, sizeof(url), "http://127.0.0.1:%d/openvidu/api/sessions",
             (int) settings_int(served(x), SET_SERVER_PORT));
    web_probe(&rq, ret);
}

static bool tell_silent(struct check_context *x, const struct web_answer *a)
{
    if (a->error == 0)
        return false;
    found(x, SEVERITY_FAILURE, "The API does not answer on port %d of this machine: %s.",
          (int) settings_int(served(x), SET_SERVER_PORT), a->message);
    found_command(x, "visavis logs signaling");
    return true;
}

static void check_required(struct check_context *x)
{
    struct web_answer a;

    ask(x, NULL, &a);
    if (tell_silent(x, &a) || a.status == 401 || a.status == 429)
        return;
    if (a.status == 200)
        found(x, SEVERITY_FAILURE, "The API answers without a password: anybody may use it.");
    else
        found(x, SEVERITY_WARNING, "The API answers %u to a call without a password, not 401.",
              a.status);
    found_command(x, "visavis logs signaling");
}

/* Another program on the port would get the secret. */
static bool port_is_ours(const struct check_context *x)
{
    struct needed_port needed[NEEDED_PORTS_MAX];
    size_t n = needed_ports(served(x), needed);
    struct listeners all;
    bool ours = true;

    if (listeners_read(&all) < 0)
        return false;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; strcmp(needed[i].program, "visavis-signaling") == 0 && k < all.n; k++)
            if (all.list[k].type == needed[i].type && all.list[k].addr.port == needed[i].first)
                ours &= needed_port_is_ours(&needed[i], &all.list[k]);
    listeners_done(&all);
    return ours;
}

static void check_secret(struct check_context *x)
{
    struct web_answer a;

    if (!port_is_ours(x)) {
        found(x, SEVERITY_UNKNOWN,
              "The port of the API is another program's, which must not get "
              "the secret.");
        return;
    }

    if (x->origin >= ORIGIN_PARTS) {
        found(x, SEVERITY_UNKNOWN, "There are no settings to ask with.");
        return;
    }
    ask(x, settings_text(served(x), SET_OPENVIDU_SECRET), &a);
    if (tell_silent(x, &a) || a.status == 200)
        return;
    if (a.status == 429)
        found(x, SEVERITY_UNKNOWN,
              "The API is slowed down at present, after wrong secrets from "
              "this machine.");
    else if (a.status == 401)
        found(x, SEVERITY_FAILURE,
              "The API refuses OPENVIDU_SECRET: applications with the right secret are turned "
              "away.");
    else
        found(x, SEVERITY_FAILURE, "The API answers %u to a call with OPENVIDU_SECRET.", a.status);
    if (a.status != 429)
        found_command(x, "visavis restart");
}

static const struct check checks[] = {
    {.id = "auth.required",
     .title = "does the API want a password",
     .fn = check_required,
     .flags = CHECK_INSTALLED,
     .timeout_ms = CHECK_MS,
     .needs = "ports.silent"},
    {.id = "auth.secret",
     .title = "does it take OPENVIDU_SECRET",
     .fn = check_secret,
     .flags = CHECK_INSTALLED | CHECK_ROOT,
     .timeout_ms = CHECK_MS,
     .needs = "auth.required"},
    {.id = NULL},
};

const struct check_group group_auth = {"auth", checks};
