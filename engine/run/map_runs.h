/* Map runs: map_runs.c, and their items and results. */
#ifndef PAVANE_RUN_MAP_RUNS_H
#define PAVANE_RUN_MAP_RUNS_H

#include "pavane/store_work.h"
#include "turn/turn.h"

struct execution;

void map_run_begin(struct pav_engine *e, const struct pav_task_row *task);
void map_run_child_ended(struct pav_engine *e, const struct execution *x);
void map_run_goes_on(struct pav_engine *e, int64_t run_id);
void map_run_stop_items(struct pav_engine *e, int64_t run_id);

/* ---- map_results.c: a run's results as objects ---- */

void map_results_begin(struct pav_engine *e, const struct pav_run_row *run,
                       const struct version *v);
void map_results_go_on(struct pav_engine *e, int64_t run_id); /* WORK_RESULTS */
void map_results_forget(struct pav_engine *e, int64_t run_id);
void map_results_fini(struct pav_engine *e);

/* ---- map_items.c: the inputs of a run's executions ---- */

/* Ask for an object of the
 * execution's state to be read. */
void map_items_ask(struct pav_engine *e, struct execution *x,
                   const struct pav_run_row *run, const struct pav_doc *spec);
/* What was made of it; the job is kept. */
void map_items_take(struct pav_engine *e, struct pav_object_job *j,
                    struct pav_run_row *run);
bool map_items_made(struct pav_engine *e, int64_t run_id);
void map_items_restart(struct pav_engine *e, struct pav_run_row *run);
void map_items_forget(struct pav_engine *e, int64_t run_id);
void map_items_fini(struct pav_engine *e);
/* WORK_FILL: some rows more. */
void map_run_fill(struct pav_engine *e, int64_t run_id);

#endif
