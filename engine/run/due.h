/*
 * What is due by its time.  Each kind has a `next`, when it wants to run
 * (INT64_MAX: never), and a `run`, which does what is due and what a turn has
 * time for.
 */
#ifndef PAVANE_RUN_DUE_H
#define PAVANE_RUN_DUE_H

#include "turn/turn.h"

/* ---- timers.c ---- */

/* When something is due next; INT64_MAX: nothing. */
int64_t timers_next(struct pav_engine *e);
int64_t
timers_due(struct pav_engine *e, int64_t timer); /* and all else that is due */
void timers_run(struct pav_engine *e);

/* ---- batch.c: starts that wait for a place ---- */

void held_run(struct pav_engine *e);

/* ---- overdue.c ---- */

void overdue_fire(struct pav_engine *e, int64_t due_at, int64_t execution_id,
                  uint32_t no);

/* ---- schedules.c, replays.c ---- */

int64_t schedules_next(struct pav_engine *e);
void schedules_run(struct pav_engine *e);
int64_t replays_next(struct pav_engine *e);
void replays_run(struct pav_engine *e);
void archives_forget(struct pav_engine *e);

/* ---- sources.c ---- */

int64_t sources_next(struct pav_engine *e);
void sources_run(struct pav_engine *e);
/* At the start, and when the services files say others. */
void sources_change(struct pav_engine *e);
void sources_fini(struct pav_engine *e);

/* ---- retention.c ---- */

int64_t retention_next(struct pav_engine *e);
void retention_run(struct pav_engine *e);

/* ---- activities.c ---- */

/* Polls that a task waits for, or whose time is up; `all`: every one goes. */
void activities_due(struct pav_engine *e, bool all);

/* ---- work.c ---- */

void work_load(struct pav_engine *e); /* at the start, and behind a rollback */
void work_run(struct pav_engine *e);
void work_fini(struct pav_engine *e);

#endif
