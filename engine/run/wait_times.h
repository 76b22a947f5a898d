/* How long waits take, and how long they may: see wait_times.c. */
#ifndef PAVANE_RUN_WAIT_TIMES_H
#define PAVANE_RUN_WAIT_TIMES_H

#include "turn/turn.h"

#define OVERDUE_BIT 0x40000000u /* of a timer's number */

void wait_opened(struct pav_engine *e, const struct machine *m,
                 int64_t execution_id, const struct pav_wait_view *w);
void wait_closed(struct pav_engine *e, const struct machine *m,
                 int64_t execution_id, const struct pav_wait_view *w);
/* What was learned since; `all`: now, else now and then. */
void wait_times_write(struct pav_engine *e, bool all);
int64_t wait_times_next(const struct pav_engine *e); /* when it is written */
void wait_times_fini(struct pav_engine *e);

#endif
