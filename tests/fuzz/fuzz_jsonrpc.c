#include "codec/jsonrpc.h"

#include <errno.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A message that was read can be answered, and the answer is a message again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct jsonrpc m, again;
    int r = jsonrpc_read(bytes_of(data, size), 4096, &m);
    char *text;

    if (r < 0 && r != -EPROTO)
        return 0;
    if (m.id)
        text = jsonrpc_result_text(m.id, json_incref(m.params));
    else
        text = jsonrpc_error_text(NULL, JSONRPC_INVALID_REQUEST, "");
    if (!text || jsonrpc_read(bytes_str(text), 65536, &again) < 0)
        abort();
    free(text);
    jsonrpc_done(&again);
    jsonrpc_done(&m);
    return 0;
}
