#include "settings/allow_list.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>

static struct bytes trimmed(struct bytes b)
{
    while (b.len > 0 && isspace(b.p[0]))
        b = bytes_of(b.p + 1, b.len - 1);
    while (b.len > 0 && isspace(b.p[b.len - 1]))
        b.len--;
    return b;
}

struct allow_net allow_net_of(const struct addr *a, unsigned prefix)
{
    struct allow_net net = {.addr = *a, .prefix = prefix};

    net.addr.port = 0;
    net.addr.scope = 0;
    for (unsigned i = 0; i < addr_ip_len(a); i++) {
        unsigned keep = prefix > i * 8 ? prefix - i * 8 : 0;

        if (keep < 8)
            net.addr.ip[i] &= (uint8_t) (0xff00U >> keep);
    }
    return net;
}

int allow_net_parse(struct bytes text, struct allow_net *ret)
{
    struct bytes b = trimmed(text);
    const uint8_t *slash = b.len ? memchr(b.p, '/', b.len) : NULL;
    size_t ip_len = slash ? (size_t) (slash - b.p) : b.len;
    char ip[ADDR_TEXT_SIZE];
    struct addr a;
    uint64_t prefix;

    if (ip_len == 0 || ip_len >= sizeof(ip))
        return -EBADMSG;
    memcpy(ip, b.p, ip_len);
    ip[ip_len] = '\0';
    if (strlen(ip) != ip_len || addr_parse_ip(ip, 0, &a) < 0 || a.scope)
        return -EBADMSG;
    prefix = addr_ip_len(&a) * 8;
    if (slash && bytes_to_u64(bytes_of(slash + 1, b.len - ip_len - 1), prefix, &prefix) < 0)
        return -EBADMSG;
    *ret = allow_net_of(&a, (unsigned) prefix);
    return 0;
}

const char *allow_net_format(const struct allow_net *net, char buf[static ALLOW_NET_TEXT_SIZE])
{
    char ip[ADDR_TEXT_SIZE];

    addr_format_ip(&net->addr, ip);
    if (net->prefix == addr_ip_len(&net->addr) * 8)
        snprintf(buf, ALLOW_NET_TEXT_SIZE, "%s", ip);
    else
        snprintf(buf, ALLOW_NET_TEXT_SIZE, "%s/%u", ip, net->prefix);
    return buf;
}

static bool covers(const struct allow_net *wide, const struct allow_net *net)
{
    struct allow_net cut = allow_net_of(&net->addr, wide->prefix);

    return wide->addr.family == net->addr.family && wide->prefix <= net->prefix &&
           addr_ip_eq(&wide->addr, &cut.addr);
}

int allow_list_add(struct allow_list *l, const struct allow_net *net)
{
    size_t kept = 0;

    for (size_t i = 0; i < l->n; i++)
        if (covers(&l->nets[i], net))
            return 0;
    for (size_t i = 0; i < l->n; i++)
        if (!covers(net, &l->nets[i]))
            l->nets[kept++] = l->nets[i];
    l->n = kept;
    if (l->n == ALLOW_LIST_MAX)
        return -ENOSPC;
    l->nets[l->n++] = *net;
    return 0;
}
