/* How many executions are where, on a machine's graph. */
#include "standing.h"

#include <string.h>

int64_t *
standing_in(struct pav_query *q, int64_t machine_id, const struct pav_graph *g,
            int64_t **late)
{
    size_t bytes = (pav_graph_states(g) + 1) * sizeof(int64_t);
    int64_t *here = pav_arena_zalloc(q->arena, bytes);
    struct pav_stand *v;
    uint32_t n, i, k, at;

    pav_reader_current_states(q->reader, machine_id, q->arena, &v, &n);
    for (i = 0; i < n; i++) {
        const struct pav_doc *names =
            pav_doc_own(q->arena, v[i].states, strlen(v[i].states));

        for (k = 0; k < names->len; k++) {
            at = pav_graph_find(g, pav_doc_str(q->arena, &names->items[k]));
            if (at != PAV_GRAPH_NONE)
                here[at] += v[i].count;
        }
    }
    if (late == NULL)
        return here;
    *late = pav_arena_zalloc(q->arena, bytes);
    n = pav_reader_late(q->reader, machine_id, q->arena, &v);
    for (i = 0; i < n; i++) {
        at = pav_graph_find(g, v[i].states);
        if (at != PAV_GRAPH_NONE)
            (*late)[at] += v[i].count;
    }
    return here;
}
