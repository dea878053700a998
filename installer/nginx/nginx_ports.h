/* nginx_ports.h: could a configuration of nginx have the ports that it listens on? */
#pragma once

#include "nginx/nginx.h"

/* main_file: of the whole configuration, ours included. Looks for two kinds of servers (http and
 * stream) on one port, and for ports that another program holds. 0; -EINVAL with a sentence in why;
 * -ENOMEM. */
int nginx_ports_check(const char *main_file, const struct nginx_facts *f, char *why,
                      size_t why_size);

/* Is this TCP address held by another program than nginx? Whose, in who. */
bool nginx_port_is_foreign(const struct nginx_facts *f, const struct addr *a, char *who,
                           size_t who_size);
