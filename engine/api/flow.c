/*
 * How executions flow: histories are folded on a thread of their own, some at a
 * time, and the sums go to the engine.  One fold is in progress at a time, and
 * the next begins where it ended, whether the engine has its sums already or
 * not; after a restart it begins where the rows are.
 */
#include <time.h>

#include "flow.h"
#include "pavane/jobs.h"
#include "query_job.h"

#define REST_MS 20 /* between two folds, when there is much to fold */

/* On the fold's thread. */
static void
fold(struct pav_query *q)
{
    struct query_job *qu = query_job_of(q);
    struct pav_flow_job *j = (struct pav_flow_job *)qu->job;
    const struct timespec rest = {.tv_nsec = REST_MS * 1000000};

    if (j->more)
        nanosleep(&rest, NULL);
    if (j->after < 0)
        j->after = pav_reader_flow_upto(q->reader);
    qu->api->config.fold(q, j);
}

static void
begin(struct pav_api *api, bool behind)
{
    struct query_job *qu = query_job_alone(api, fold);
    struct pav_flow_job *j = pav_job_new(&pav_flow_kind);

    j->after = api->flow.upto;
    j->more = behind;
    qu->job = &j->job;
    qu->on = flow_folded;
    qu->undurable = true; /* what it read is older than what it writes */
    api->flow.busy = pav_queue_push(api->folds, &qu->node);
    if (!api->flow.busy)
        query_job_free(qu);
}

/* Back on the front. */
void
flow_folded(struct pav_api *api, struct query_job *qu)
{
    struct pav_flow_job *j = (struct pav_flow_job *)qu->job;
    bool more = j->more;

    api->flow.busy = false;
    if (qu->q.status >= 400) /* the read failed: again at the next tick */
        return;
    if (j->upto == j->after) {
        api->flow.upto = j->upto;
        return;
    }
    qu->job = NULL;
    if (!pav_engine_submit(api->config.engine, &j->job)) {
        pav_job_free(&j->job); /* the engine has too much: later */
        return;
    }
    api->flow.upto = j->upto;
    if (more)
        begin(api, true);
}

void
flow_tick(struct pav_api *api)
{
    if (!api->flow.busy && api->config.fold != NULL)
        begin(api, false);
}
