/* How many executions are where, for pages. */
#ifndef PAVANE_DASHBOARD_STANDING_H
#define PAVANE_DASHBOARD_STANDING_H

#include "pavane/graph.h"
#include "pavane/pages.h"

/* In each state of the graph now, by its number; `late` (or NULL): how many of
 * their waits are overdue. */
int64_t *standing_in(struct pav_query *q, int64_t machine_id,
                     const struct pav_graph *g, int64_t **late);

#endif
