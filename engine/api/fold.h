/* Histories are folded into sums: see fold.c. */
#ifndef PAVANE_API_FOLD_H
#define PAVANE_API_FOLD_H

#include "front.h"

struct query_job;

void fold_tick(struct pav_api *api);
void fold_done(struct pav_api *api, struct query_job *qu);

#endif
