/* A record of the store, its name in the first line, as the outbox takes it up, and puts it anew.
 */
#include "base/log.h"
#include "signaling/config.h"
#include "signaling/outbox.h"
#include "store/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char nowhere[] = "/dev/null/cdr", nobody[] = "http://192.0.2.1/", secret[] = "s";
    struct config config = {.cdr_path = nowhere, .webhook_endpoint = nobody, .secret = secret};
    const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
    size_t len = end ? (size_t) (end - data) : size;
    struct outbox *outbox;
    struct store *store;
    struct loop *l;

    log_set_level(LOG_LEVEL_ERROR - 1);
    if (loop_new(&l) < 0 || store_new(l, "memory", "p", NULL, NULL, &store) < 0 ||
        outbox_new(l, &config, store, &outbox) < 0)
        return -1;
    outbox_stop(outbox, false); /* it sends nothing */
    outbox_restore(outbox, bytes_of(data, len),
                   bytes_of(data + len + (end != NULL), size - len - (end != NULL)));
    outbox_rewrite(outbox);
    outbox_free(outbox);
    store_free(store);
    loop_free(l);
    return 0;
}
