/*
 * Alerts: rules that say of what somebody must be told.  What a rule watches
 * is a kind of attention (attention.h), by its groups, or one of these:
 *
 *   silence  a producer (Source) has sent nothing for Threshold minutes
 *   timers   the oldest timer that is due is late by Threshold seconds
 *   disk     fewer than Threshold megabytes are free where the database is
 *   failedRate     of the last 200 executions of a machine that ended within a
 *                  day (ten at least), Threshold percent failed or timed out
 *   unmatchedRate  of the events of this hour and the last (ten at least),
 *                  Source's or all, Threshold percent matched no rule
 *
 * What a rule finds is told once, as an event "Alert Raised" of the source
 * pavane, and as "Alert Resolved" when it is gone: run/alerts.c.
 */
#ifndef PAVANE_ALERTS_H
#define PAVANE_ALERTS_H

#include "pavane/attention.h"

#define PAV_ALERTS_MAX       100 /* rules */
#define PAV_ALERT_GROUPS_MAX 20  /* that one rule tells of at a time */
#define PAV_RAISED_MAX       (PAV_ALERTS_MAX * PAV_ALERT_GROUPS_MAX)

struct pav_alert_rule {
    const char *name, *watches;
    const char *machine, *source, *comment; /* or NULL */
    int64_t threshold;                      /* groups: of so many on */
};
/* In order of their names. */
uint32_t pav_alert_rules(struct pav_reader *r, struct pav_arena *a,
                         struct pav_alert_rule **out);
/* "overdue", ..., "silence": may a rule watch this? */
bool pav_alert_watches(const char *word);
/* The threshold of a rule that names none. */
int64_t pav_alert_threshold(const char *watches);
/* The i-th of such words; NULL behind the last. */
const char *pav_alert_word(int i);
/* Why the rule can find nothing, as it names a machine or a source of what has
 * none, or none of what needs one; NULL: it can. */
const char *pav_alert_refusal(const char *watches, bool machine, bool source);

/* What a rule finds. */
struct pav_alert {
    const char *rule, *watches;
    const char *group; /* of attention.h; of the others what they watch */
    const char *path;  /* of its page: "attention#GROUP", "alerts" */
    const char *says;  /* "3 waits are overdue" */
    const char *machine, *what, *why; /* or NULL */
    int64_t count, since;
};
/*
 * Of all rules, by name; at most PAV_ALERT_GROUPS_MAX of each.  `free_mb`:
 * where the database is.  `*partial`: names of rules that may have more than
 * was looked at, ended by NULL: of these nothing is known to be gone.
 */
uint32_t pav_alerts_found(struct pav_reader *r, int64_t now_ms, int64_t free_mb,
                          struct pav_arena *a, struct pav_alert **out,
                          const char ***partial);

#endif
