/*
 * How executions flow: what their histories add up to, by version and day.
 * Folded in the background out of those that have ended.
 */
#ifndef PAVANE_FLOW_H
#define PAVANE_FLOW_H

#include "pavane/graph.h"
#include "pavane/reader.h"

enum pav_flow_kind {
    PAV_FLOW_STATE, /* a: the state; how long its stays took */
    PAV_FLOW_EDGE,  /* a: from, "" the start; b: to, "" the end of a scope */
    PAV_FLOW_CATCH, /* the same, of a failure that was caught */
    PAV_FLOW_WAY,   /* a: "A > B > C"; b: its end, "SUCCEEDED" */
    PAV_FLOW_END,   /* b: the status; how long whole executions took */
    PAV_FLOW_HOUR,  /* the same, a: of an hour of the day, "00" to "23" */
};

#define PAV_FLOW_THEN   " > "      /* a: between the states of a way */
#define PAV_FLOW_OTHERS "(others)" /* a: ways that are not kept apart */

struct pav_flow_row {
    int64_t version_id, day; /* since 1970, of its end */
    int kind;                /* enum pav_flow_kind */
    const char *a, *b;
    int64_t count, sum_ms;
    struct pav_bytes histogram; /* pav_wait_stats_bytes() */
    struct pav_bytes passed;    /* written only, if any: pav_passed_put() */
};

/* ---- which executions they are: engine/store/passed.c ---- */

/* One more behind others of a row: `*last` is 0 before the first.  `class_`:
 * pav_wait_stats_class() of what it took. */
void pav_passed_put(struct pav_buf *b, int64_t *last, int64_t execution_id,
                    int class_, int64_t times);
/* Those of a fold are all there. */
void pav_passed_end(struct pav_buf *b);

/* Executions by their ids, from `first` up to before `end`. */
struct pav_id_set {
    int64_t first, end;
    unsigned char *bits;
    int64_t count;
    int64_t times; /* how often they passed it; 0: it is not such a set */
};
bool pav_id_set_has(const struct pav_id_set *set, int64_t id);

/* What executions of a version passed that ended on some days. */
struct pav_passed {
    int64_t version_id, from_day, until_day;
    int kind; /* enum pav_flow_kind, a and b as there */
    const char *a, *b;
    int class_from, class_until; /* how long it took; 0 and 0: any time */
    const char *end;             /* and ended so, "FAILED"; NULL: any way */
};
/* `within` NULL: all of them. */
void pav_reader_passed(struct pav_reader *r, const struct pav_passed *p,
                       const struct pav_id_set *within, struct pav_arena *a,
                       struct pav_id_set *out);
/* Those of a version that ended on some days. */
void pav_reader_ended_set(struct pav_reader *r, int64_t version_id,
                          int64_t from_day, int64_t until_day,
                          struct pav_arena *a, struct pav_id_set *out);
/* Those of a set whose attribute has that value. */
void pav_reader_valued_set(struct pav_reader *r, const char *name,
                           const char *value, const struct pav_id_set *among,
                           struct pav_arena *a, struct pav_id_set *out);
/* As pav_reader_flow(), of these executions; durations are right within a
 * tenth. */
uint32_t pav_reader_flow_within(struct pav_reader *r, int64_t version_id,
                                int64_t from_day, int64_t until_day,
                                const struct pav_id_set *within,
                                struct pav_arena *a, struct pav_flow_row **out);

/* How often an execution took each transition of its version's graph, by
 * their indexes; in the arena. */
const uint32_t *
pav_flow_taken(struct pav_reader *r, const struct pav_execution_view *x,
               const struct pav_graph *g, struct pav_arena *a);

/* What was told of a definition's test cases (Pavane.PutTested), by its SHA-256
 * in hex; NULL: nothing was. */
const struct pav_doc *
pav_reader_tested(struct pav_reader *r, int64_t machine_id, const char *digest,
                  struct pav_arena *a, int64_t *told_at);

/* ---- sums ---- */

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
/* The commonest way, of those days, that begins as `so_far` did; NULL: none. */
const char *
pav_reader_way_on(struct pav_reader *r, int64_t version_id, int64_t from_day,
                  int64_t until_day, const char *so_far, struct pav_arena *a);
/* How many executions ended how, a day and status each, by machine and day;
 * `machine` NULL: of all.  a: the machine, b: the status. */
uint32_t pav_reader_flow_ends(struct pav_reader *r, const char *machine,
                              int64_t from_day, int64_t until_day,
                              struct pav_arena *a, struct pav_flow_row **out);
/* The same by the hour: `day` of a row is one, since 1970. */
uint32_t
pav_reader_flow_hours(struct pav_reader *r, int64_t from_day, int64_t until_day,
                      struct pav_arena *a, struct pav_flow_row **out);
/* How many executions were started, by machine and hour, but for children of
 * map runs. */
struct pav_started {
    const char *machine;
    int64_t hour; /* since 1970 */
    int64_t count;
};
uint32_t
pav_reader_started(struct pav_reader *r, int64_t from_hour, int64_t until_hour,
                   struct pav_arena *a, struct pav_started **out);
/* Of a version, days from one on up to another, each sum once. */
uint32_t pav_reader_flow(struct pav_reader *r, int64_t version_id,
                         int64_t from_day, int64_t until_day,
                         struct pav_arena *a, struct pav_flow_row **out);

#endif
