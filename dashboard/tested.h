/* What a version's test cases take, as `pavane test --tell` said it. */
#ifndef PAVANE_DASHBOARD_TESTED_H
#define PAVANE_DASHBOARD_TESTED_H

#include "pavane/graph.h"
#include "pavane/query.h"

struct tested {
    bool told; /* something was, of this definition */
    uint32_t passed, failed;
    int64_t at;           /* when it was told */
    uint32_t taken;       /* transitions that a case takes */
    const char **by_edge; /* "paid.json, unpaid.json"; NULL: none takes it */
};

void tested_read(struct pav_query *q, const struct pav_machine_row *version,
                 const struct pav_graph *graph, struct tested *out);

#endif
