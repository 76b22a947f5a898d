/* Histories that go to a log group: see log_history.c. */
#ifndef PAVANE_RUN_LOG_HISTORY_H
#define PAVANE_RUN_LOG_HISTORY_H

#include "runner.h"

#define LOGGING_TARGET "pavane.logging" /* the Id of its deliveries */

/* The machine's rules or, without a word there, its attributes (JSON, or NULL)
 * say what is logged from now on. */
void
logging_set(struct pav_engine *e, struct machine *m, const char *attributes);
/* The events of a step that was kept, in `record`: `count` from the id `first`
 * on. */
void history_log(struct pav_engine *e, struct execution *x, const char *arn,
                 struct pav_record *record, int64_t first, int64_t count);

#endif
