/*
 * What rows and definitions say together: who must send what an execution
 * waits for.
 */
#ifndef PAVANE_INSIGHT_H
#define PAVANE_INSIGHT_H

#include "pavane/machine.h"
#include "pavane/reader.h"

/*
 * Whose events a wait takes: "shop.service", or "a or b" when it may be any of
 * them; NULL: nothing says so.  The wait's own pattern names its sources, else
 * the rules that let the awaited types in; of several, those count that have
 * sent such an event within 30 days.
 *
 * `awaits`: the types, "A or B", or NULL; `pattern`: of the wait, or NULL.
 */
const char *pav_awaited_from(struct pav_reader *r, const struct pav_doc *rules,
                             const char *awaits, const struct pav_doc *pattern,
                             int64_t now_ms, struct pav_arena *a);

/* What the executions that wait in a state are owed. */
struct pav_debt {
    const char *machine, *state;
    const char *awaits; /* the types; NULL: any that moves it */
    const char *from;   /* of pav_awaited_from(); NULL */
    int64_t count;      /* executions; of the newest PAV_STAND_MAX a machine */
    bool more;          /* there are more */
    int64_t overdue, overdue_at; /* of these; since when the oldest waits */
};
/* By machine and state, the most first. */
uint32_t pav_debts(struct pav_reader *r, int64_t now_ms, struct pav_arena *a,
                   struct pav_debt **out);

#endif
