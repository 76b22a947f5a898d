/*
 * How executions flow: what their histories add up to, by version and day.
 * Folded in the background out of those that have ended.
 */
#ifndef PAVANE_FLOW_H
#define PAVANE_FLOW_H

#include "pavane/reader.h"

enum pav_flow_kind {
    PAV_FLOW_STATE, /* a: the state; how long its stays took */
    PAV_FLOW_EDGE,  /* a: from, "" the start; b: to, "" the end of a scope */
    PAV_FLOW_CATCH, /* the same, of a failure that was caught */
    PAV_FLOW_WAY,   /* a: "A > B > C"; b: its end, "SUCCEEDED" */
    PAV_FLOW_END,   /* b: the status; how long whole executions took */
};

struct pav_flow_row {
    int64_t version_id, day; /* since 1970, of its end */
    int kind;                /* enum pav_flow_kind */
    const char *a, *b;
    int64_t count, sum_ms;
    struct pav_bytes histogram; /* pav_wait_stats_bytes() */
};

/* Up to which step executions are folded that ended with it; and what had been
 * folded: none of it is in the rows twice. */
int64_t pav_reader_flow_upto(struct pav_reader *r);
/*
 * The executions that ended with one of the `steps` steps behind `after`, in
 * that order, but for children of map runs, and those that were redriven: what
 * they did is in it once at most; `*upto` is the last step that was looked at,
 * and `after` when there was none.
 */
uint32_t pav_reader_ended(struct pav_reader *r, int64_t after, uint32_t steps,
                          struct pav_arena *a, struct pav_execution_view **out,
                          int64_t *upto);
/* How many ways of a version a day has, and whether one is among them. */
uint32_t pav_reader_ways(struct pav_reader *r, int64_t version_id, int64_t day);
bool pav_reader_has_way(struct pav_reader *r, int64_t version_id, int64_t day,
                        const char *way, const char *end);
/* How many executions ended how, a day and status each, by machine and day;
 * `machine` NULL: of all.  a: the machine, b: the status. */
uint32_t pav_reader_flow_ends(struct pav_reader *r, const char *machine,
                              int64_t from_day, int64_t until_day,
                              struct pav_arena *a, struct pav_flow_row **out);
/* Of a version, days from one on up to another, each sum once. */
uint32_t pav_reader_flow(struct pav_reader *r, int64_t version_id,
                         int64_t from_day, int64_t until_day,
                         struct pav_arena *a, struct pav_flow_row **out);

#endif
