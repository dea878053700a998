#include "doctor/doctor.h"

#include <stddef.h>

const struct check_group *const check_groups[] = {
    &group_system, &group_config,       &group_kernel,
    &group_names,  &group_certificates, &group_services,
    &group_ports,  &group_firewall,     &group_web,
    &group_turn,   &group_media,        &group_auth,
    NULL,
};
