/* nginx_example.h: the site that Debian's nginx comes with as an example. It wants port 80; where
 * another program has that, nginx does not start because of it, and serves nobody at all. Then its
 * link is set aside, and the removal of the package puts it back. A file that the operator has
 * changed is the operator's, and stays. */
#pragma once

#include "nginx/nginx.h"

/* Does it keep nginx from starting? By whom the port is held, in who. */
bool nginx_example_blocks(const struct nginx_facts *f, char *who, size_t who_size);

/* Takes the link away, and notes that. */
int nginx_example_set_aside(void);

/* The link, for sentences; valid for the life of the process. */
const char *nginx_example_link(void);
