/* Has a machine had this event before: see dedupe.c. */
#ifndef PAVANE_RUN_DEDUPE_H
#define PAVANE_RUN_DEDUPE_H

#include "outcome.h"

struct execution;

#define DAY_MS 86400000 /* rules of the API forget an id after it */

/* By source and id; true: it has its disposition.  `x`: room for the execution
 * that took it. */
bool is_duplicate(struct event_context *ec, struct verdict *v,
                  const struct pav_rule *rule, struct execution *x);
/* The same source, detail-type and detail within the window, by another id. */
bool is_content_duplicate(struct event_context *ec, struct verdict *v);
/* It is the event that started this execution, or has its content. */
bool
same_content(struct event_context *ec, const struct pav_execution_row *row);
bool was_taken(struct event_context *ec, const struct machine *m,
               int64_t *execution_id);

#endif
