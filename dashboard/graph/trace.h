/*
 * The way of an execution through its graph, out of its history: every stay in
 * a state, how often each transition was taken, how each state stands.
 *
 * The history is walked once, a step at a time; payloads are not kept, only
 * the ids of the events that hold them.
 */
#ifndef PAVANE_TRACE_H
#define PAVANE_TRACE_H

#include "pavane/graph.h"
#include "pavane/history.h"
#include "pavane/query.h"
#include "pavane/step.h"

/* One attempt of a task. */
struct attempt {
    const struct attempt *next;
    int64_t from, until; /* until 0: it goes on, or was the last */
};

/* One stay in a state. */
struct visit {
    uint32_t state; /* of the graph; PAV_GRAPH_NONE: not in it */
    const char *name, *type;
    int64_t entered_id, exited_id; /* history events; exited 0: still there */
    int64_t entered_at, exited_at;
    int64_t entered_by, exited_by; /* events that were sent; 0: none */
    enum pav_mark_status status;
    const char *error; /* the last one inside; NULL */
    int64_t late_at;   /* it is overdue since then; 0: it is not */
    bool cut;          /* it was left with what is around it: no output */
    uint32_t attempts; /* how often its task was scheduled */
    struct attempt *first, *last;
    uint32_t number; /* among the stays in this state, from 1 */
    int64_t item;    /* of the innermost Map around it, from 1; 0: none */
};

/* How the items of a Map's last stay stand. */
struct map_items {
    int64_t total, started, done, failed, aborted;
    int64_t run; /* of a distributed one, whose items are executions; or 0 */
};

/* A transition that was taken, and how long the stay before it was. */
struct passage {
    uint32_t edge; /* of the graph */
    int64_t ms;    /* -1: it is a start */
};

struct trace {
    struct visit *visits; /* in order of entering */
    uint32_t count;
    struct pav_state_mark *marks; /* by state of the graph */
    uint32_t *edges;              /* by edge of the graph */
    struct passage *passages;     /* in order */
    uint32_t passage_count;
    struct map_items *maps;    /* by state of the graph; total 0: none */
    const char *error, *cause; /* of its end; NULL */
    int64_t events;
};

/* In the query's arena. */
void trace_read(struct pav_query *q, const struct pav_execution_view *x,
                const struct pav_graph *g, struct trace *out);

/* Where the n-th item of a Map is, or was last; NULL. */
const struct visit *trace_item(const struct trace *t, int64_t item);
/* "A > B > C"; a state that follows itself is there once, and what is very
 * long ends with "...". */
const char *trace_way(const struct trace *t, struct pav_arena *a);

/* One history event again, with its payload; false: there is none. */
bool trace_event(struct pav_query *q, const struct pav_execution_view *x,
                 int64_t id, struct pav_history_event *out);

/* How what is still open stands: as the execution does. */
enum pav_mark_status trace_mark(enum pav_status s);
/* The stay that a page shows unless it is asked for another: what fails, what
 * waits, the last one; NULL when there is none. */
const struct visit *trace_focus(const struct trace *t);
/* The n-th stay in a state, the last one for 0; NULL. */
const struct visit *
trace_visit(const struct trace *t, const char *state, uint32_t number);

#endif
