/* site.h: nginx files as text, and snippets for other web servers. Pure. */
#pragma once

#include "base/buf.h"
#include "nginx/nginx.h"

/* Below PATH_RUN: where the stream server of the front layout hands connections to the site, with
 * the PROXY protocol. Its folder is for nginx alone: who reaches the socket may claim any address.
 */
#define SITE_SOCKET "nginx/https.sock"

/* Beside it: where that server hands on whoever asks for a proof of tls-alpn-01 (RFC 8737), with
 * the PROXY protocol as well. Somebody listens there while a certificate is being issued. */
#define SITE_ACME_SOCKET "nginx/acme.sock"

/* Beside them: where it hands on who offers no protocol at all, or TURN's (RFC 7443), with the
 * PROXY protocol as well, encrypted as it came. TURN listens there. */
#define SITE_TURN_SOCKET "nginx/turn.sock"

/* Below PATH_RUN, in a folder for TURN alone: where TURN hands back those of them that turned out
 * to speak HTTP, decrypted, with the PROXY protocol. */
#define SITE_TURN_BACKEND "turn/site.sock"

/* Those of them that nginx makes, ended by NULL: one that was killed leaves them behind, and the
 * next one does not start where they are. */
extern const char *const site_sockets[];

/* Is TURN over TLS reached on HTTPS_PORT, too? Where it is wanted, nginx has the port to itself,
 * and the certificate is one that clients take. */
bool site_has_turn(const struct settings *s, enum proxy_layout layout);

/* Why not, as the end of a sentence; NULL: it is. */
const char *site_turn_obstacle(const struct settings *s, enum proxy_layout layout);

/* Behind a web server that cannot serve files (PROXY=external with HAProxy): where it hands on
 * whoever asks for a proof of http-01, with the PROXY protocol. Somebody listens there, as well. */
#define SITE_ACME_HTTP_SOCKET "nginx/acme-http.sock"

/* Where a CA looks for proofs of http-01, below PATH_ACME_WEBROOT. */
#define SITE_ACME_PATH "/.well-known/acme-challenge/"

/* Paths of the site that only answers of daemons lead to (X-Accel-Redirect). */
#define SITE_RECORDINGS "/_visavis/recordings/"

/* Large enough for any of these texts. */
#define SITE_TEXT_MAX 65536

/* The site for DOMAIN_OR_PUBLIC_IP: included in nginx's http{}. */
void render_site(struct wr *w, const struct settings *s, enum proxy_layout layout,
                 const struct nginx_facts *f);

/* The stream server of the front layout: included in the main context. */
void render_stream(struct wr *w, const struct settings *s, const struct nginx_facts *f);

/* For PROXY=external: "nginx", "apache", "caddy", "haproxy". -ENOENT for another name. */
int render_snippet(struct wr *w, const struct settings *s, const struct nginx_facts *f,
                   const char *server);

/* The names that render_snippet() knows; ended by NULL. */
extern const char *const site_snippet_names[];
