/* site.h: nginx files as text, and snippets for other web servers. Pure. */
#pragma once

#include "base/buf.h"
#include "installer/nginx.h"

/* The site for DOMAIN_OR_PUBLIC_IP: included in nginx's http{}. */
void render_site(struct wr *w, const struct settings *s, enum proxy_layout layout,
                 const struct nginx_facts *f);

/* The stream server of the front layout: included in the main context. */
void render_stream(struct wr *w, const struct settings *s, const struct nginx_facts *f);

/* For PROXY=external: "nginx", "apache", "caddy", "haproxy". -ENOENT for another name. */
int render_snippet(struct wr *w, const struct settings *s, const char *server);
