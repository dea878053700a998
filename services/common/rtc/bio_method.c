#include "rtc/bio_method.h"

#include <stdbool.h>

/* Threads may race here: the loser frees its own. */
const BIO_METHOD *bio_method(const struct bio_functions *f, BIO_METHOD **cached)
{
    BIO_METHOD *m = __atomic_load_n(cached, __ATOMIC_ACQUIRE);
    BIO_METHOD *none = NULL;

    if (m)
        return m;
    m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, f->name);
    if (!m || !BIO_meth_set_write(m, f->write) || !BIO_meth_set_read(m, f->read) ||
        !BIO_meth_set_ctrl(m, f->ctrl)) {
        BIO_meth_free(m);
        return NULL;
    }
    if (!__atomic_compare_exchange_n(cached, &none, m, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        BIO_meth_free(m);
        m = none;
    }
    return m;
}
