#include "host/own_addresses.h"

#include "host/facts.h"

int own_addresses_read(struct own_addresses *ret)
{
    struct own_addresses o = {.n = 0};
    struct addr all[OWN_ADDRESSES_MAX];
    char names[OWN_ADDRESSES_MAX][16];
    int n = addr_local_list(all, OWN_ADDRESSES_MAX, names);

    if (n < 0)
        return n;
    for (int i = 0; i < n; i++) {
        if (addr_is_loopback(&all[i]) || addr_is_link_local(&all[i]))
            continue;
        memcpy(o.interfaces[o.n], names[i], sizeof(names[i]));
        o.list[o.n++] = all[i];
    }
    *ret = o;
    return 0;
}

bool own_addresses_has(const struct own_addresses *o, const struct addr *a)
{
    for (size_t i = 0; i < o->n; i++)
        if (addr_ip_eq(&o->list[i], a))
            return true;
    return false;
}

bool own_addresses_public(const struct own_addresses *o, int family)
{
    for (size_t i = 0; i < o->n; i++)
        if (o->list[i].family == family && !addr_is_private(&o->list[i]))
            return true;
    return false;
}

int own_addresses_main(const struct own_addresses *o, int family)
{
    char name[IFNAMSIZ] = "";
    bool known = default_interface(family, name);
    int any = -1;

    for (size_t i = 0; i < o->n; i++) {
        if (o->list[i].family != family)
            continue;
        if (known && strcmp(o->interfaces[i], name) == 0)
            return (int) i;
        if (any < 0)
            any = (int) i;
    }
    return any;
}
