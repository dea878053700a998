/* fw_expr.h: expressions of nftables (libnftables-json(5)) for a probe packet. Pure. */
#pragma once

#include "firewall/fw_logic.h"

#include <jansson.h>

struct fw_expr_context {
    const struct fw_probe *probe;
    bool unmarked; /* no rule gives packets a mark */
    /* The elements of a set ("@name" or {"set": [...]}) as an array; NULL: not known. */
    const json_t *(*elements_of)(const void *arg, const json_t *set);
    const void *arg;
};

/* {"match": {"left": ..., "op": ..., "right": ...}} */
enum fw_truth fw_expr_matches(const struct fw_expr_context *x, const json_t *left, const char *op,
                              const json_t *right);
