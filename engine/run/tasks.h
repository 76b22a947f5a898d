/* What the Step Functions API does to executions: tasks.c, redrive.c. */
#ifndef PAVANE_RUN_TASKS_H
#define PAVANE_RUN_TASKS_H

#include "pavane/store_work.h"
#include "turn/turn.h"

struct execution;

/* The work of pav_task_kind, for a task that sends. */
void tasks_send(struct pav_engine *e, struct pav_job *j);
/* The answer of StartSyncExecution; the job goes back. */
void sync_answer(struct pav_engine *e, struct pav_start_job *j,
                 const struct execution *x);
/* One that may be: pav_redrive_refusal().  `token`: the caller's, or NULL. */
void
execution_redrive(struct pav_engine *e, struct execution *x, const char *token);

#endif
