#include "certs/acmecert.h"

struct versions acmecert_versions(const char *folder)
{
    return (struct versions){
        .base = folder,
        .folder = "pairs",
        .link = "current",
        .access = {0700, FILE_KEEP_OWNER, (gid_t) FILE_KEEP_OWNER},
        .keep = ACMECERT_KEPT,
    };
}
