/* One task or one execution woken, by its number. */
#ifndef PAVANE_RUN_WAKE_H
#define PAVANE_RUN_WAKE_H

#include "turn/turn.h"

/* Wake the task `no`; false when it is not there any more. */
bool task_wake(struct pav_engine *e, int64_t execution_id, struct pav_wake *w);
/* Ends it ABORTED when it runs. */
void execution_stop(struct pav_engine *e, int64_t id, const char *cause);

#endif
