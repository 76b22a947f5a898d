/*
 * How executions flow: sums that a query thread made of histories are added to
 * their rows, and the place that it reached with them, so that each execution
 * is in them once whatever dies between.
 */
#include "pavane/jobs.h"
#include "pavane/store_bus.h"
#include "turn/turn.h"

static void
advance(struct pav_engine *e, struct pav_job *job)
{
    const struct pav_flow_job *j = (const struct pav_flow_job *)job;
    uint32_t i;

    e->counts.calls++; /* nobody asked: it is its own call */
    for (i = 0; i < j->count; i++)
        pav_store_flow_add(e->store, &j->rows[i]);
    pav_store_flow_upto(e->store, j->upto);
}

/* The sums are not made again: they are an answer. */
const struct pav_job_kind pav_flow_kind = {
    .size = sizeof(struct pav_flow_job), .advance = advance, .is_answer = true};
