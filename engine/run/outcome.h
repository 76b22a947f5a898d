/* What became of an event: see outcome.c. */
#ifndef PAVANE_RUN_OUTCOME_H
#define PAVANE_RUN_OUTCOME_H

#include "correlate.h"

/* What is reported of it for one machine. */
struct verdict {
    struct machine *machine;
    const char *key;
    enum pav_disposition kind;
    const struct pav_execution_row *execution; /* or NULL */
    const char *detail;
};

/* The disposition, and what the sender is told; its id, 0: there is no room. */
int64_t record_outcome(struct event_context *ec, const struct verdict *v);
void reject(struct event_context *ec, struct verdict *v, const char *why);
/* May the event have one disposition more?  What is left out is told by
 * crowd(). */
bool has_room(struct event_context *ec);
/* The last disposition of an event that concerns more than it may. */
void crowd(struct event_context *ec);
/* It comes through more machines that started each other than it may. */
bool is_loop(const struct event_context *ec);
const char *loop_text(struct event_context *ec);

#endif
