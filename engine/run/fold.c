/*
 * What a query thread folded: sums of histories are added to their rows, and
 * the place that it reached with them, so that each execution is in them once
 * whatever dies between; and names that it gathered become a row.
 */
#include "pavane/jobs.h"
#include "pavane/store_bus.h"
#include "turn/turn.h"

static void
advance(struct pav_engine *e, struct pav_job *job)
{
    const struct pav_fold_job *j = (const struct pav_fold_job *)job;
    uint32_t i;

    e->counts.calls++; /* nobody asked: it is its own call */
    if (j->names.last_id != 0)
        pav_store_search_text_add(e->store, &j->names);
    if (j->upto == j->after || j->after != pav_store_flow_at(e->store))
        return; /* one before it was given up: it is folded again */
    for (i = 0; i < j->count; i++)
        pav_store_flow_add(e->store, &j->rows[i], j->upto);
    pav_store_flow_upto(e->store, j->upto);
}

/* The sums are not made again: they are an answer. */
const struct pav_job_kind pav_fold_kind = {
    .size = sizeof(struct pav_fold_job), .advance = advance, .is_answer = true};
