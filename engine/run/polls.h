/* Polls of activities that wait for a task: see polls.c. */
#ifndef PAVANE_RUN_POLLS_H
#define PAVANE_RUN_POLLS_H

#include "turn/turn.h"

void poll_keep(struct pav_engine *e, struct pav_poll_job *j);
struct pav_poll_job *poll_next(const struct pav_poll_job *j);
/* Something waits for a worker of this activity. */
void polls_wake(struct pav_engine *e, const char *activity);
int64_t polls_due_at(const struct pav_engine *e); /* INT64_MAX: none waits */

#endif
