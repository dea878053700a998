#include "ice_agent/ice_module.h"

#include "base/version.h"

__attribute__((visibility("default"))) const struct ice_module visavis_ice_module = {
    .version = VISAVIS_VERSION,
    .hub_new = ice_hub_new,
    .hub_free = ice_hub_free,
    .agent_new = ice_agent_new,
    .agent_free = ice_agent_free,
    .gather = ice_agent_gather,
    .candidates = ice_agent_candidates,
    .set_remote = ice_agent_set_remote,
    .add_remote = ice_agent_add_remote,
    .end_of_remote = ice_agent_end_of_remote,
    .pair = ice_agent_pair,
    .send = ice_agent_send,
};
