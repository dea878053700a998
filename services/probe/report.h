/* report.h: what a run found, as JSON and for people. */
#pragma once

#include "probe/probe.h"

#include <stdio.h>

/* -ENOMEM. */
int report_json(struct probe *p, FILE *to);
void report_text(struct probe *p, FILE *to);
