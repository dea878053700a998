#include "cmd/manage.h"
#include "cmd/verbs.h"
#include "text/json.h"

static bool is_stopped(const struct service_health *h)
{
    return strcmp(h->state.active, "inactive") == 0 || strcmp(h->state.active, "failed") == 0 ||
           !h->state.loaded;
}

static bool is_meant(const struct service_health *h, const struct service *const *some, size_t n)
{
    if (n == 0)
        return !h->service->shared && !h->service->at_times;
    for (size_t i = 0; i < n; i++)
        if (some[i] == h->service)
            return true;
    return false;
}

/* Says how it went. */
static int tell(const struct cmd_call *call, const struct health_report *r,
                const struct service *const *some, size_t n)
{
    json_t *running = json_array();
    int status = CMD_OK;

    for (size_t i = 0; i < r->n; i++) {
        const struct service_health *h = &r->services[i];

        if (!is_meant(h, some, n) || is_stopped(h))
            continue;
        json_array_append_new(running, json_string(h->service->word));
        status = cmd_fail(call, CMD_FAILED, "%s is still there (%s)", h->service->unit, h->word);
    }
    if (cmd_json(call))
        return json_print(json_pack("{s:b, s:o}", "stopped", status == CMD_OK, "running", running),
                          status);
    json_decref(running);
    if (status == CMD_OK)
        puts(n == 0 ? "Visavis is stopped." : "Stopped.");
    return status;
}

static int run(const struct cmd_call *call)
{
    const struct service *some[SERVICES_MAX];
    struct health_report report;
    struct units *u = NULL;
    size_t n;
    int status = manage_services(call, false, some, &n);

    if (status == CMD_OK)
        status = manage_open(call, true, &u);
    if (status == CMD_OK)
        status = manage_run(call, u, UNIT_STOP, some, n);
    if (status == CMD_OK) {
        if (health_look(u, false, &report) < 0)
            status = cmd_fail(call, CMD_FAILED, "cannot see what became of it");
        else
            status = tell(call, &report, some, n);
    }
    units_close(u);
    return status;
}

const struct cmd cmd_stop = {
    .name = "stop",
    .fn = run,
    .args = "[UNIT...]",
    .words = manage_word,
    .help = "stop the server",
    .doc =
        "All sessions end. nginx goes on, for other sites may need it; visitors see a page that\n"
        "says that the server is away. With UNIT only those stop: `visavis stop call`.",
};
