/* How many executions are where: see standing.c. */
#ifndef PAVANE_RUN_STANDING_H
#define PAVANE_RUN_STANDING_H

#include "runner.h"

/* An execution of this machine is one more, or one less (`count` -1), of a
 * status and current states. */
void
standing_count(struct pav_engine *e, const struct execution *x, int64_t count);
/* Into the turn's commit. */
void standing_write(struct pav_engine *e);
/* The turn has ended: what it counted is written, or never was. */
void standing_settle(struct pav_engine *e);
void standing_fini(struct pav_engine *e);

#endif
