/* How fast executions of one machine start others: see pace.c. */
#ifndef PAVANE_RUN_PACE_H
#define PAVANE_RUN_PACE_H

#include "pavane/store_work.h"
#include "turn/turn.h"

/* Does it come too fast?  Then it waits and pace_due() gives it. */
bool pace_holds(struct pav_engine *e, const struct pav_task_row *task);
bool pace_due(struct pav_engine *e, int64_t *execution_id, uint32_t *no);
int64_t pace_next(const struct pav_engine *e); /* INT64_MAX: none waits */
size_t pace_waiting(const struct pav_engine *e);
void pace_forget(struct pav_engine *e);
void pace_fini(struct pav_engine *e);

#endif
