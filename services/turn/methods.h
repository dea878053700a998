/* methods.h: the requests of RFC 8489 and RFC 8656, after authentication. Each answers. */
#pragma once

#include "turn/request.h"

void method_binding(struct request *rq);
void method_allocate(struct request *rq); /* alloc may be NULL */

/* These have an allocation, made by the same user. */
void method_refresh(struct request *rq);
void method_create_permission(struct request *rq);
void method_channel_bind(struct request *rq);
