/* What api.c's table of resources names. */
#ifndef PAVANE_API_RESOURCES_H
#define PAVANE_API_RESOURCES_H

#include "pavane/api.h"
#include "pavane/query.h"

/* Resources. */
void attention_get(struct pav_query *q);
void alerts_get(struct pav_query *q);
void producers_get(struct pav_query *q);
void deviations_get(struct pav_query *q);
void flow_get(struct pav_query *q);
void executions_get(struct pav_query *q);
void waits_get(struct pav_query *q);
void dispositions_get(struct pav_query *q);
void machines_get(struct pav_query *q);
void disposition_counts_get(struct pav_query *q);
void attribute_counts_get(struct pav_query *q);
void dead_letters_get(struct pav_query *q);
void deliveries_get(struct pav_query *q);
void log_groups_get(struct pav_query *q);
void wait_times_get(struct pav_query *q);
void archives_get(struct pav_query *q);
void discover_get(struct pav_query *q);

#endif
