/* Start rules that gather events: see batch.c. */
#ifndef PAVANE_RUN_BATCH_H
#define PAVANE_RUN_BATCH_H

#include "outcome.h"

/* One event more of a batch. */
void batch(struct event_context *ec, struct verdict *v,
           const struct pav_rule *rule, const struct pav_doc *input);
/* A batch that is full, or whose time is up, starts its execution. */
void batch_start(struct pav_engine *e, const struct pav_batch_row *row);

/* The same, or it waits until an execution of the machine ends. */
void batch_start_or_hold(struct pav_engine *e, struct pav_batch_row *row);
/* A start of a machine that is full. */
void start_later(struct event_context *ec, struct verdict *v,
                 const struct pav_rule *rule, const struct pav_doc *input);

/* As many executions are open as policies.maxOpen says; in words. */
bool machine_is_full(struct pav_engine *e, const struct machine *m);
const char *full_text(struct pav_engine *e, const struct machine *m);

#endif
