/* The numbers of many executions, and the machine's graph with them on it. */
#ifndef PAVANE_DASHBOARD_FLOW_MAP_H
#define PAVANE_DASHBOARD_FLOW_MAP_H

#include "pavane/flow.h"
#include "pavane/ledger.h"
#include "pavane/query.h"
#include "pavane/wait_stats.h"
#include "graph/graphs.h"
#include "range.h"

struct flow_page {
    struct pav_query *q;
    const struct pav_machine_view *machine;
    const struct pav_graph *graph;
    struct range range;
    struct pav_flow_row *rows,
        *before; /* of the range, and of the one before */
    uint32_t count, before_count;
    int64_t ended;            /* executions */
    const char *name, *value; /* of those with this attribute; NULL: of all */
    struct pav_id_set some;   /* who they are */
    const char *list;         /* the list of executions, up to what passed */
    struct pav_transition *transitions;
    int64_t *taken;               /* by transition */
    struct pav_wait_stats *times; /* before it was taken, by transition */
    struct pav_deviation *odd;    /* what did not fit, in the range */
    uint32_t odd_count;
    int64_t *here, *late; /* now, by state */
    bool all_of_it;       /* of the current version, whatever attributes */
};

/* What stands beside a line and in a state: ?show=. */
enum flow_shown {
    FLOW_ALL, /* how many, which share, half within */
    FLOW_COUNT,
    FLOW_SHARE,
    FLOW_MEDIAN,
    FLOW_P95,
    FLOW_SHOWN
};
/* As the address names it, and in words. */
const char *flow_shown_name(int shown);
const char *flow_shown_words(int shown);
enum flow_shown flow_shown_read(struct pav_query *q);

/* The row of a state; NULL: none came through it. */
const struct pav_flow_row *
flow_state_row(const struct pav_flow_row *v, uint32_t n, const char *state);
int64_t flow_quantile(const struct pav_flow_row *r, double share); /* ms */

/* Stays by how long they were, from the shortest class that there is to the
 * longest, in parts alike. */
struct flow_bars {
    int64_t bars[PAV_GRAPH_BARS], most;
    int64_t over[PAV_GRAPH_BARS], upto[PAV_GRAPH_BARS]; /* ms */
};
void flow_bars_read(const struct pav_flow_row *r, struct flow_bars *out);

/* Events that did not fit while executions stood in a state. */
struct flow_unexpected {
    int64_t count;
    const char *type; /* the commonest */
    uint32_t types;
};
void flow_unexpected_in(const struct flow_page *p, const char *state,
                        struct flow_unexpected *out);
/* The list of them. */
const char *flow_unexpected_link(const struct flow_page *p, const char *state);

/* The lists of those that passed something. */
const char *flow_passed_link(const struct flow_page *p, const char *what);
const char *
flow_transition_link(const struct flow_page *p, const struct pav_transition *t);

/* ---- */

void flow_map_draw(const struct flow_page *p, struct pav_buf *out);

#endif
