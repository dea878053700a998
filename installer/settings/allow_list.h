/* allow_list.h: the addresses and networks of ALLOWED_ACCESS_TO_*: "198.51.100.7, 10.0.0.0/8". */
#pragma once

#include "base/addr.h"

#define ALLOW_LIST_MAX 256
#define ALLOW_NET_TEXT_SIZE (ADDR_TEXT_SIZE + 4)

struct allow_net {
    struct addr addr; /* no port; the bits behind the prefix are 0 */
    unsigned prefix;
};

struct allow_list {
    struct allow_net nets[ALLOW_LIST_MAX];
    size_t n;
};

/* One address or network; blanks around it are fine. -EBADMSG. */
int allow_net_parse(struct bytes text, struct allow_net *ret);

/* "10.0.0.0/8", or the address alone. */
const char *allow_net_format(const struct allow_net *net, char buf[static ALLOW_NET_TEXT_SIZE]);

struct allow_net allow_net_of(const struct addr *a, unsigned prefix);

/* Unless a network in the list covers it already; those that it covers leave the list. -ENOSPC. */
int allow_list_add(struct allow_list *l, const struct allow_net *net);
