/* What became of an event: see outcome.c. */
#ifndef PAVANE_RUN_OUTCOME_H
#define PAVANE_RUN_OUTCOME_H

#include "correlate.h"

struct execution;

/* What is said of it for one machine. */
struct verdict {
    struct machine *machine;
    const char *key;
    enum pav_disposition kind;
    const struct pav_execution_row *execution; /* or NULL */
    const char *detail;
};

/* The disposition, and what the sender is told; its id, 0: there is no room. */
int64_t settle(struct arrival *ar, const struct verdict *v);
void reject(struct arrival *ar, struct verdict *v, const char *why);
/* May the event have one disposition more?  What is left out is told by
 * crowd(). */
bool has_room(struct arrival *ar);
/* The last disposition of an event that concerns more than it may. */
void crowd(struct arrival *ar);
/* It comes through more machines that started each other than it may. */
bool is_loop(const struct arrival *ar);
const char *loop_text(struct arrival *ar);

#endif
