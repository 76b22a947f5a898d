/* Start rules that gather events: see batch.c. */
#ifndef PAVANE_RUN_BATCH_H
#define PAVANE_RUN_BATCH_H

#include "outcome.h"

/* One event more of a batch. */
void batch(struct event_context *ec, struct verdict *v,
           const struct pav_rule *rule, const struct pav_doc *input);
/* A batch that is full, or whose time is up, starts its execution. */
void batch_start(struct pav_engine *e, const struct pav_batch_row *row);

#endif
