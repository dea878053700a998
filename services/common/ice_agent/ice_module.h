/* ice_module.h: the calls of ice_agent.h as a table, for a program that takes them from a file of
 * their own at run time: libnice and GLib cost megabytes, which most installations have no use for.
 */
#pragma once

#include "ice_agent/ice_agent.h"

#define ICE_MODULE_FILE "visavis-ice.so" /* beside the program */

/* Each as the function of ice_agent.h that has its name. */
struct ice_module {
    const char *version; /* must be the program's own */
    int (*hub_new)(struct loop *l, struct ice_quota *q, struct ice_hub **ret_h);
    struct ice_hub *(*hub_free)(struct ice_hub *h);
    int (*agent_new)(struct ice_hub *h, const struct ice_agent_config *c, struct ice_agent **ret_a);
    struct ice_agent *(*agent_free)(struct ice_agent *a);
    int (*gather)(struct ice_agent *a);
    size_t (*candidates)(const struct ice_agent *a, struct sdp_candidate *ret, size_t max);
    int (*set_remote)(struct ice_agent *a, const char *ufrag, const char *pwd);
    int (*add_remote)(struct ice_agent *a, const struct sdp_candidate *c);
    void (*end_of_remote)(struct ice_agent *a);
    int (*pair)(const struct ice_agent *a, struct ice_agent_pair *ret);
    int (*send)(struct ice_agent *a, const struct bytes *datagrams, size_t n);
};

/* What the file exports. */
extern const struct ice_module visavis_ice_module;

/* Loads it, for the life of the process. -ENOENT, -ELIBACC (a library that it needs is missing),
 * -ELIBBAD (of another version); why gets the details in words. */
int ice_module_load(const struct ice_module **ret_module, char *why, size_t why_size);
