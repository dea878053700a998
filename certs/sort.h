/* sort.h: certificates in the order in which they are served. */
#pragma once

#include "certs/pair.h"

/* Moves the chain of p->key out of c: its own certificate, then each one's issuer by name and
 * signature, up to a self-signed one; p->n tells how many. What does not belong to it stays in c.
 * false: none in c is for the key. */
bool sort_chain(struct pem_certs *c, struct pair *p);
