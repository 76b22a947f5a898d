/*
 * The answer to "where does it stand?": what an execution waits for, from whom,
 * since when, how long that usually takes, what comes then.  The sentences are
 * in pages/answer.html.
 */
#ifndef PAVANE_DASHBOARD_ANSWER_H
#define PAVANE_DASHBOARD_ANSWER_H

#include "pavane/query.h"
#include "graph/trace.h"

struct asked {
    struct pav_query *q;
    const struct pav_execution_view *x;
    const struct pav_machine_row *version;
    const struct trace *trace;
    const struct pav_graph *graph;
    const char *link; /* the execution's page, without parameters */
    bool past;        /* as it was: x ends with an earlier step */
};

/* True: something in it is overdue. */
bool answer_add(const struct asked *k, struct pav_members *m);
/* The sentences alone, as plain text: a line each. */
void answer_plain(const struct asked *k, struct pav_buf *out);

#endif
