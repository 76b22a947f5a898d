/* Histories are folded into sums: see flow.c. */
#ifndef PAVANE_API_FLOW_H
#define PAVANE_API_FLOW_H

#include "front.h"

struct query_job;

void flow_tick(struct pav_api *api);
void flow_folded(struct pav_api *api, struct query_job *qu);

#endif
