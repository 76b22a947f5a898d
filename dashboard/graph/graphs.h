/*
 * Graphs by version, laid out once on each query thread and kept: a version
 * never changes.
 */
#ifndef PAVANE_GRAPHS_H
#define PAVANE_GRAPHS_H

#include "pavane/graph.h"
#include "pavane/query.h"

struct graphs;
struct graphs *graphs_new(void);
void graphs_free(struct graphs *p);
/* Borrowed until the next call; never NULL. */
const struct pav_graph *
graphs_get(struct graphs *p, const struct pav_machine_row *version);

#endif
