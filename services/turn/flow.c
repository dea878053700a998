#include "turn/flow.h"

const char *const transport_kind_names[N_TRANSPORT_KINDS] = {
    [TRANSPORT_UDP] = "udp",
    [TRANSPORT_TCP] = "tcp",
    [TRANSPORT_TLS] = "tls",
    [TRANSPORT_DTLS] = "dtls",
};
