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

/* The machine is full, or others wait before; a start of this key waits. */
bool start_must_wait(struct pav_engine *e, const struct machine *m);
bool
start_is_held(struct pav_engine *e, const struct machine *m, const char *key);
/* As many executions are open as policies.maxOpen says; in words. */
bool machine_is_full(struct pav_engine *e, const struct machine *m);
const char *full_text(struct pav_engine *e, const struct machine *m);

#endif
