/* conn_limits.h: what connections may cost, and how long they may take. Numbers are for
 * each thread, of streams and of DTLS sessions each; the limit of one host is for streams alone. */
#pragma once

/* Of those without an allocation; the others are counted by the quota. Beyond, the oldest goes. */
#define CONN_STRANGERS_MAX 1024

/* Of those whose TLS handshake is not over. Beyond, the oldest goes. */
#define CONN_HANDSHAKES_MAX 512

/* Both together, of one address (of one /64 for IPv6). Beyond, the new one goes. */
#define CONN_STRANGERS_PER_HOST 128

#define CONN_HANDSHAKE_MS 10000u

/* Without an allocation: since it came, or since that ended. */
#define CONN_STRANGER_MS 30000u

/* For the rest of a message. */
#define CONN_PARTIAL_MS 20000u

/* While the client takes nothing of what waits for it. */
#define CONN_STALLED_MS 30000u

/* What no allocation came with is no larger. */
#define CONN_STRANGER_MESSAGE_MAX 2048u

/* Relayed data waits up to this; answers have more room, and when that is full, too, the client
 * asks without listening. */
#define CONN_DATA_QUEUE_MAX 65536u
#define CONN_QUEUE_MAX (CONN_DATA_QUEUE_MAX + 16384u)
