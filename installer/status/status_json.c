#include "status/status_json.h"

#include "apply/certificate.h"
#include "base/clock.h"
#include "nginx/site.h"

static json_t *text(const char *s)
{
    return json_text(bytes_str(s));
}

static json_t *service_json(const struct service_health *h)
{
    const struct unit_state *u = &h->state;
    json_t *o = json_object();

    json_object_set_new(o, "name", text(h->service->word));
    json_object_set_new(o, "unit", text(h->service->unit));
    json_object_set_new(o, "health", text(health_name(h->health)));
    json_object_set_new(o, "state", text(h->word));
    json_object_set_new(o, "why", *h->why ? text(h->why) : json_null());
    json_object_set_new(o, "active", text(u->active));
    json_object_set_new(o, "sub", text(u->sub));
    json_object_set_new(o, "result", text(u->result));
    json_object_set_new(o, "since", json_time(u->since_us));
    json_object_set_new(o, "restarts", json_integer(u->n_restarts));
    json_object_set_new(o, "pid", u->main_pid ? json_integer(u->main_pid) : json_null());
    json_object_set_new(
        o, "memory", u->memory == UINT64_MAX ? json_null() : json_integer((json_int_t) u->memory));
    json_object_set_new(o, "status", text(u->status_text));
    return o;
}

static json_t *configuration_json(const struct status *s)
{
    json_t *o = json_object();

    json_object_set_new(o, "generation",
                        s->has_inforce ? json_integer(s->inforce.generation) : json_null());
    json_object_set_new(o, "applied", json_time(s->has_inforce ? s->inforce.applied_us : 0));
    json_object_set_new(o, "env", text(status_env_name(s->env)));
    json_object_set_new(o, "error", *s->env_error ? text(s->env_error) : json_null());
    json_object_set_new(o, "changes", json_integer(s->n_env_changes));
    return o;
}

static json_t *certificate_json(const struct status *s)
{
    static const char *const healths[] = {
        [CERTS_FINE] = "fine", [CERTS_EXPIRING] = "expiring", [CERTS_EXPIRED] = "expired"};
    json_t *o, *names;

    if (s->cert_error != 0)
        return json_null();
    o = json_object();
    names = json_array();
    for (size_t i = 0; s->cert.names && s->cert.names[i]; i++)
        json_array_append_new(names, text(s->cert.names[i]));
    json_object_set_new(o, "type", text(certificate_type_name(&s->cert)));
    json_object_set_new(o, "names", names);
    json_object_set_new(o, "serial", text(s->cert.serial));
    json_object_set_new(o, "health", text(healths[s->cert_health]));
    json_object_set_new(o, "notAfter",
                        json_time((uint64_t) s->cert.not_after_s * UINT64_C(1000000)));
    json_object_set_new(o, "daysLeft", json_integer(s->cert_days_left));
    return o;
}

static json_t *turn_json(const struct status *s)
{
    const char *obstacle;
    json_t *o;

    if (!s->settings || s->decided_error < 0)
        return json_null();
    obstacle = site_turn_obstacle(s->settings, s->decided.layout);
    o = json_object();
    json_object_set_new(o, "address", text(s->decided.turn_ip.text));
    json_object_set_new(o, "port", json_integer(settings_int(s->settings, SET_COTURN_PORT)));
    json_object_set_new(o, "tlsPort", json_integer(settings_int(s->settings, SET_TURN_TLS_PORT)));
    json_object_set_new(o, "onHttpsPort", json_boolean(!obstacle));
    json_object_set_new(o, "whyNot", obstacle ? text(obstacle) : json_null());
    return o;
}

json_t *status_json(const struct status *s)
{
    json_t *o = json_object(), *list = json_array();
    char url[SETTINGS_URL_SIZE];

    for (size_t i = 0; i < s->health.n; i++)
        json_array_append_new(list, service_json(&s->health.services[i]));
    json_object_set_new(o, "health", text(health_name(s->worst)));
    json_object_set_new(o, "targetActive", json_boolean(s->health.target_active));
    json_object_set_new(o, "url",
                        s->settings ? text(settings_public_url(s->settings, url)) : json_null());
    json_object_set_new(o, "units", list);
    json_object_set_new(o, "configuration", configuration_json(s));
    json_object_set_new(o, "certificate", certificate_json(s));
    json_object_set_new(
        o, "acme", s->acme ? told_json(s->acme, (int64_t) (clock_wall_ms() / 1000)) : json_null());
    json_object_set_new(o, "turn", turn_json(s));
    json_object_set_new(o, "sessions",
                        s->sessions_error == 0 ? json_integer(s->n_sessions) : json_null());
    return o;
}
