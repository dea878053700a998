/* acmecert.h: the pairs that an ACME CA issued for a set of names: a folder where `current` leads
 * to pairs/<n>/. They are put there by the library in certs/acme/; here the newest is served. */
#pragma once

#include "certs/versions.h"

#define ACMECERT_KEPT 2

struct versions acmecert_versions(const char *folder);
