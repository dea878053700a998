/* metrics.h: the certificate in numbers, as a file for the textfile collector of node_exporter. */
#pragma once

#include "acquire/look.h"
#include "base/buf.h"

/* Below PATH_RUN: for --collector.textfile.directory=/run/visavis/metrics */
#define METRICS_FILE "metrics/certificate.prom"
#define METRICS_SIZE 8192

/* live: what is served; NULL: nothing that can be read. Pure. */
void metrics_render(struct wr *w, const struct acquire_look *l, const struct certs_info *live,
                    int64_t now_s);

/* Writes the file, which all may read. */
int metrics_write(const struct acquire_look *l, const struct certs_info *live, int64_t now_s);
