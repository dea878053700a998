#include "acme/profile.h"

#include <errno.h>
#include <stdio.h>

static const char *find(const struct acme_directory *d, const char *name)
{
    for (size_t i = 0; i < d->n_profiles; i++)
        if (strcmp(d->profiles[i].name, name) == 0)
            return d->profiles[i].name;
    return NULL;
}

/* "a, b (what the CA says of it)"; "none at all". */
static const char *list_of(const struct acme_directory *d, char *buf, size_t cap)
{
    size_t len = 0;

    snprintf(buf, cap, "none at all");
    for (size_t i = 0; i < d->n_profiles && len < cap; i++) {
        int n = snprintf(buf + len, cap - len, "%s%s", i ? ", " : "", d->profiles[i].name);

        len += n > 0 ? (size_t) n : 0;
    }
    return buf;
}

static bool has_ip(const struct acme_ids *ids)
{
    for (size_t i = 0; i < ids->n; i++)
        if (ids->list[i].is_ip)
            return true;
    return false;
}

int profile_choose(const struct profile_wish *wish, const struct acme_ids *ids,
                   const struct acme_directory *directory, char ret[static ACME_PROFILE_SIZE],
                   char *remark, size_t remark_size, struct acme_failure *f)
{
    bool wanted = wish->name && *wish->name;
    const char *found = find(directory, wanted        ? wish->name
                                        : has_ip(ids) ? PROFILE_SHORTLIVED
                                                      : "");
    char list[768];

    if (!found && wanted && wish->required) {
        failure_set(f, FAILURE_REFUSED, STEP_DIRECTORY, -ENOENT, "",
                    "the CA does not offer the profile %s, which ACME_PROFILE_REQUIRED asks for; "
                    "it offers: %s",
                    wish->name, list_of(directory, list, sizeof(list)));
        failure_next(f, "Set ACME_PROFILE to one of these, or ACME_PROFILE_REQUIRED=false, in "
                        "/etc/visavis/.env; then `visavis apply` and `visavis cert "
                        "issue`.");
        return -ENOENT;
    }
    snprintf(ret, ACME_PROFILE_SIZE, "%s", found ? found : "");
    if (remark_size > 0)
        remark[0] = '\0';
    if (!found && wanted)
        snprintf(remark, remark_size,
                 "The CA does not offer the profile %s, so none is asked for. It offers: %s.",
                 wish->name, list_of(directory, list, sizeof(list)));
    return 0;
}
