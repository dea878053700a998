/* ice_servers.h: the STUN and TURN servers of media.cfg, each as
 *
 *   url=stun:192.0.2.1:3478
 *   url=turn:[2001:db8::1]:3478?transport=tcp,username=...,credential=...
 *   url=turn:192.0.2.1,staticAuthSecret=...
 *
 * An address each, for names are not looked up, and no TLS, which libnice does not speak. */
#pragma once

#include "base/addr.h"

struct ice_server {
    bool is_turn;
    bool tcp; /* how a TURN server is reached */
    struct addr addr;
    struct bytes username, credential, secret; /* views of the text */
};

/* -EBADMSG: *ret_why says in words why not (static). */
int ice_server_parse(const char *text, struct ice_server *ret, const char **ret_why);
