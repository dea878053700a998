#include "signaling/sdk_version.h"

#include "base/bytes.h"
#include "signaling/config.h"

#include <inttypes.h>
#include <stdio.h>

#define OLDEST_MINOR 29
#define NEWEST_MINOR 999

void sdk_version_answer(const char *sdk, char ret[static SDK_VERSION_SIZE])
{
    uint64_t minor;
    const char *text = sdk && strncmp(sdk, "2.", 2) == 0 ? sdk + 2 : "";

    if (bytes_to_u64(bytes_of(text, strcspn(text, ".")), NEWEST_MINOR, &minor) == 0 &&
        minor > OLDEST_MINOR)
        snprintf(ret, SDK_VERSION_SIZE, "2.%" PRIu64 ".0", minor);
    else
        snprintf(ret, SDK_VERSION_SIZE, "%s", API_VERSION);
}
