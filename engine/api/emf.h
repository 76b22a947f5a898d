/*
 * Metrics in what is logged: CloudWatch's embedded metric format.  A line that
 * has _aws.CloudWatchMetrics, or an event whose detail has, adds to counters of
 * /metrics.  Of the front's thread; readers may be on any.
 */
#ifndef PAVANE_EMF_H
#define PAVANE_EMF_H

#include "pavane/buf.h"
#include "pavane/doc.h"
#include "pavane/tally.h"

#define EMF_MAX 10000 /* metrics with their dimensions, that are told apart */

void emf_take(struct pav_tally *t, struct pav_bytes line);
/* Of a row, whose name is "NAMESPACE/METRIC", and its part
 * "DIMENSION=VALUE,...": how many values, and their sum. */
enum { EMF_SAMPLES, EMF_SUM };
double emf_sum(const struct pav_tally_row *r);

#endif
