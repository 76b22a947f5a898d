/* Services inside: see local.c. */
#ifndef PAVANE_RUN_LOCAL_H
#define PAVANE_RUN_LOCAL_H

#include "pavane/store_work.h"
#include "turn/turn.h"

extern const char *const local_services[];
bool local_call(struct pav_engine *e, const struct pav_task_row *task);
/* May it start executions, by itself or by events? */
bool local_starts(const struct pav_task_row *task);
/* How many it would start that count: see pace.c.  `depth`: its execution's. */
uint32_t local_start_count(struct pav_engine *e,
                           const struct pav_task_row *task, int64_t depth);
/* The description of an execution, as a task's result has it. */
const struct pav_doc *
local_description(struct pav_engine *e, const struct pav_execution_row *row,
                  bool parsed);

#endif
