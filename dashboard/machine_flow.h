/* The machine's graph with the numbers of many executions: ?tab=flow. */
#ifndef PAVANE_DASHBOARD_MACHINE_FLOW_H
#define PAVANE_DASHBOARD_MACHINE_FLOW_H

#include "pavane/query.h"

void machine_flow_show(struct pav_query *q, const struct pav_machine_view *v);

#endif
