/*
 * What rows and definitions say together: who must send what an execution
 * waits for, and why a rule takes an event or does not.
 */
#ifndef PAVANE_INSIGHT_H
#define PAVANE_INSIGHT_H

#include "pavane/machine.h"
#include "pavane/reader.h"
#include "pavane/wait_stats.h"

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

/* How long waits in a state take, of pav_reader_wait_times(); false: too few
 * are known to call anything usual. */
bool pav_usual(const struct pav_wait_time *v, uint32_t count, const char *state,
               struct pav_wait_stats *out);

/* What the executions that wait in a state are owed. */
struct pav_debt {
    const char *machine, *state;
    const char *awaits;          /* the types; NULL: any that moves it */
    const char *from;            /* of pav_awaited_from(); NULL */
    int64_t count;               /* executions */
    int64_t overdue, overdue_at; /* of these; since when the oldest waits */
};
/* By machine and state, the most first. */
uint32_t pav_debts(struct pav_reader *r, int64_t now_ms, struct pav_arena *a,
                   struct pav_debt **out);
/* The same when a wait is overdue at all; 0 otherwise, at next to no cost. */
uint32_t pav_debts_when_late(struct pav_reader *r, int64_t now_ms,
                             struct pav_arena *a, struct pav_debt **out);
/* What is owed in a state; NULL: nothing is. */
const struct pav_debt *pav_debt_find(const struct pav_debt *v, uint32_t count,
                                     const char *machine, const char *state);

/* How long executions have waited for events of a producer, until they came:
 * of all waits that are owed by it, as pav_awaited_from() tells. */
struct pav_answer_times {
    const char *from;
    struct pav_wait_stats times;
};
uint32_t pav_answer_times(struct pav_reader *r, int64_t now_ms,
                          struct pav_arena *a, struct pav_answer_times **out);

/* A field of a rule's pattern, and what an event has there. */
struct pav_tried_field {
    const char *path;   /* "detail.type"; "$or" for the whole of one */
    const char *wanted; /* as the pattern has it, JSON */
    const char *came;   /* JSON; NULL: the event has no such field */
    bool holds;
    const char *meant; /* a wanted text that the event's nearly is; or NULL */
};
struct pav_tried_rule {
    const char *machine; /* NULL: a rule of the bus */
    const char *rule;
    bool starts;
    bool takes;    /* the whole of it matches, and it is enabled */
    bool disabled; /* it would get nothing, whatever matches */
    const struct pav_tried_field *fields;
    uint32_t count, held; /* all may hold without a match: in a list, each in
                           * another element */
};
struct pav_tried {
    struct pav_tried_rule *rules; /* those that take it first */
    uint32_t count;
    uint32_t taking; /* how many take it, also those that are not here */
    bool partial;    /* a second was over before all rules were tried */
};

/*
 * The rules of a bus, by its number, and of current machines that listen to it,
 * tried on an event (its envelope, JSON), field by field: those that take it,
 * then those that came nearest, `most` of each.  Rules of which nothing holds,
 * and nothing nearly, are left out.  Errors: PAV_INVALID, the text is no JSON.
 */
PAV_MUSTUSE enum pav_rc
pav_rules_tried(struct pav_reader *r, struct pav_bytes event, int64_t bus,
                uint32_t most, struct pav_arena *a, struct pav_tried *out,
                struct pav_err *err);
/* Rules that may take events of a source and type, which come on the default
 * bus; without fields. */
void pav_rules_hearing(struct pav_reader *r, const char *source,
                       const char *detail_type, uint32_t most,
                       struct pav_arena *a, struct pav_tried *out);

#endif
