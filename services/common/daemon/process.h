/* process.h: this process in numbers, under the names that all exporters of Prometheus have. */
#pragma once

#include "base/buf.h"

/* What cannot be read is left out. One thread only. */
void process_figures(struct wr *w);
