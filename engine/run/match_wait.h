/* Does an event fit an execution, and what if not: see match_wait.c. */
#ifndef PAVANE_RUN_MATCH_WAIT_H
#define PAVANE_RUN_MATCH_WAIT_H

#include "pavane/pattern.h"
#include "pavane/store_work.h"
#include "turn/turn.h"

struct cause;
struct execution;

enum fit {
    FIT_TAKEN,      /* applied */
    FIT_EARLY,      /* may fit later */
    FIT_UNEXPECTED, /* does not belong here */
};
/* Apply when it fits; otherwise nothing is staged. */
enum fit
fit_event(struct pav_engine *e, struct execution *x, struct pav_event *event,
          const struct pav_doc *input, const struct cause *cause);
/* The end that policy "fail" prescribes. */
void
fit_fail(struct pav_engine *e, struct execution *x, struct pav_event *event,
         const struct pav_doc *input, const struct cause *cause);
/* A stored event in its envelope. */
bool event_load(struct pav_engine *e, int64_t id, struct pav_event *out);
/* What an event says at the paths of "index", its execution is found by. */
void event_index(struct pav_engine *e, const struct pav_rules *rules,
                 const struct pav_doc *event, int64_t execution_id);
/* Two machines whose callbacks keep their tokens in one table. */
bool table_shared(const struct machine *x, const struct machine *y);
/* The single other machine of the owner's token table with an execution open
 * for the key; NULL: none, or several. */
struct machine *
shared_table_owner(struct pav_engine *e, const struct machine *owner,
                   const char *key, struct pav_execution_row *row);
/* Parked events of the key, in order of arrival, as long as one fits. */
void match_parked(struct pav_engine *e, struct execution *x);

#endif
