/* The checks of keys about TURN. */
#include "settings/settings_check.h"

#include "base/ip_rule.h"

#define PEER_RULES_MAX 256 /* of the daemon */
#define OLD_SECRETS_MAX 8  /* of it, too */

/* "203.0.113.6:3478" */
int setting_check_endpoint(const char *text, struct setting_verdict *v)
{
    struct addr a;

    if (addr_parse(text, &a) < 0 || a.port == 0)
        return setting_refuse(v, "is no IP address with a port");
    if (addr_is_unspecified(&a) || addr_is_multicast(&a) || addr_is_link_local(&a))
        return setting_refuse(v, "is no address of a machine that clients can be sent to");
    return 0;
}

static int check_rules(const struct setting_list *l, bool allowed, struct setting_verdict *v)
{
    char why[IP_RULE_WHY_SIZE];
    struct ip_rule rule;

    if (l->n > PEER_RULES_MAX)
        return setting_refuse(v, "has more than %d items", PEER_RULES_MAX);
    for (size_t i = 0; i < l->n; i++) {
        struct bytes item = bytes_str(l->items[i]);

        if ((allowed ? ip_rule_parse_allowed : ip_rule_parse)(item, &rule, why) < 0)
            return setting_refuse(v, "has an item that cannot be: %s", why);
    }
    return 0;
}

int setting_check_allowed_peers(const struct setting_list *l, struct setting_verdict *v)
{
    return check_rules(l, true, v);
}

int setting_check_denied_peers(const struct setting_list *l, struct setting_verdict *v)
{
    return check_rules(l, false, v);
}

int setting_check_tokens(const struct setting_list *l, struct setting_verdict *v)
{
    if (l->n > OLD_SECRETS_MAX)
        return setting_refuse(v, "has more than %d secrets", OLD_SECRETS_MAX);
    for (size_t i = 0; i < l->n; i++) {
        struct setting_verdict item = {.severity = SETTING_NOTICE};

        if (setting_check_secret(SETTING_TOKEN, l->items[i], &item) < 0)
            return setting_refuse(v, "has an item (number %zu) that %.200s", i + 1, item.what);
        if (item.what[0])
            setting_warn(v, "has an item (number %zu) that %.200s", i + 1, item.what);
    }
    return 0;
}
