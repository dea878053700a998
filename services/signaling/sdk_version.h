/* sdk_version.h: the server version that a client wants to hear. Clients of 2.29 and later complain
 * unless the server's minor is theirs, or one more; so they hear their own. */
#pragma once

#define SDK_VERSION_SIZE 32

/* sdk: what the client says, may be NULL or nonsense. */
void sdk_version_answer(const char *sdk, char ret[static SDK_VERSION_SIZE]);
