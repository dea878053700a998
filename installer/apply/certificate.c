#include "apply/certificate.h"

#include "acme/vault.h"
#include "apply/inforce.h"
#include "apply/plan.h"
#include "host/accounts.h"
#include "host/paths.h"
#include "settings/problems.h"
#include "units/units.h"

#include <errno.h>

int certificate_ids(const struct settings *s, struct acme_ids *ret)
{
    struct place_names names;
    const char *bad;

    places_ca_names(s, &names);
    return acme_ids_parse(names.list, ret, &bad);
}

bool certificate_is_acme(const struct settings *s)
{
    return strcmp(settings_text(s, SET_CERTIFICATE_TYPE), "letsencrypt") == 0;
}

const char *certificate_type_name(const struct certs_info *i)
{
    if (i->is_ours)
        return "selfsigned";
    return i->source == CERTS_ACME ? "letsencrypt" : "owncert";
}

static int find_set(const struct settings *s, struct certificate_wish *w)
{
    struct acme_ids ids;
    int r = certificate_ids(s, &ids);

    w->wanted.acme = w->acme;
    return r < 0 ? r : vault_set_path(path_of(PATH_ACME), &ids, w->acme);
}

int certificate_wish(const struct settings *s, const struct network *network,
                     struct certificate_wish *ret)
{
    bool own = strcmp(settings_text(s, SET_CERTIFICATE_TYPE), "owncert") == 0;
    int r = 0;

    ret->wanted = (struct certs_wanted){
        .type = certificate_is_acme(s) ? CERTS_ACME
                : own                  ? CERTS_OWNCERT
                                       : CERTS_SELFSIGNED,
        .store = path_of(PATH_CERTS),
        .owncert = path_of(PATH_OWNCERT),
    };
    places_names(s, network, &ret->names);
    for (size_t i = 0; i < CERTS_NAMES_MAX && ret->names.list[i]; i++)
        ret->wanted.names[i] = ret->names.list[i];
    if (ret->wanted.type == CERTS_ACME)
        r = find_set(s, ret);
    return r < 0 ? r : account_access(0640, "root", "visavis-certs", &ret->wanted.key_access);
}

/* Only errors stop anybody here; warnings are for `visavis config check`. */
static void add_error(const struct setting_problem *p, void *problems)
{
    if (p->severity == SETTING_ERROR)
        problems_add(p, problems);
}

int certificate_settings(struct settings **ret)
{
    struct problems *problems;
    int r = inforce_settings(ret);

    if (r == 0 || r == -EACCES)
        return r;
    r = problems_new(&problems);
    if (r < 0)
        return r;
    r = settings_load_file(path_of(PATH_ENV), add_error, problems, ret);
    if (r < 0)
        problems_print(problems, stderr);
    problems_free(problems);
    return r;
}

static int reload_if_up(struct units *u, const char *unit)
{
    struct unit_state state;
    int r = units_state(u, unit, &state);

    if (r < 0 || strcmp(state.active, "active") != 0)
        return r; /* it reads the pair when it starts */
    return units_enqueue(u, unit, UNIT_RELOAD);
}

int certificate_reload(const struct settings *s, const char **ret_unit)
{
    bool external = strcmp(settings_text(s, SET_PROXY), "external") == 0;
    const char *list[] = {plan_service(PLAN_TURN), external ? NULL : plan_service(PLAN_NGINX)};
    int r = units_available() ? 0 : -ENOTCONN;
    struct units *u;

    *ret_unit = "systemd";
    if (r == 0)
        r = units_open(&u);
    if (r < 0)
        return r;
    for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
        int error = list[i] ? reload_if_up(u, list[i]) : 0;

        if (error < 0) {
            *ret_unit = list[i];
            r = error;
        }
    }
    units_close(u);
    return r;
}

int certificate_start_renewal(void)
{
    struct units *u;
    int r;

    if (!units_available())
        return 0;
    r = units_open(&u);
    if (r < 0)
        return r;
    r = units_enqueue(u, CERTIFICATE_UNIT, UNIT_START);
    units_close(u);
    return r;
}
