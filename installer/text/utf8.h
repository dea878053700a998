/* utf8.h: is it UTF-8? (RFC 3629) */
#pragma once

#include "base/bytes.h"

/* Bytes of the character that text begins with; 0: what it begins with is no UTF-8, or nothing. */
size_t utf8_char(struct bytes text);
