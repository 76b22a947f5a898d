/*
 * How executions flow: histories are folded on a thread of their own, some at a
 * time, and the sums go to the engine.  One fold is in progress at a time, and
 * the next begins where it ended, whether the engine has its sums already or
 * not; after a restart it begins where the rows are.
 */
#include <time.h>

#include "flow.h"
#include "pavane/clock.h"
#include "pavane/jobs.h"
#include "query_job.h"

/*
 * Between two folds it rests so many times as long as the last one took: the
 * more, the more there is to do for those who wait.  What is behind is folded
 * when they are fewer.
 */
static const struct {
    int64_t events; /* a second, from so many on */
    int rests;
} rests[] = {{5000, 120}, {1000, 6}, {0, 1}};

#define REST_MAX_US 500000 /* who ends the daemon waits for it */

static int64_t
rest_us(const struct pav_api *api, uint64_t events, int64_t now_us)
{
    int64_t us = now_us - api->flow.looked_us;
    int64_t rate =
        us <= 0 ? 0 : (int64_t)(events - api->flow.events) * 1000000 / us;
    size_t i = 0;

    while (rate < rests[i].events)
        i++;
    us = api->flow.took_us * rests[i].rests;
    return us < REST_MAX_US ? us : REST_MAX_US;
}

/* On the fold's thread, which alone looks at these members of api->flow. */
static void
fold(struct pav_query *q)
{
    struct query_job *qu = query_job_of(q);
    struct pav_flow_job *j = (struct pav_flow_job *)qu->job;
    struct pav_api *api = qu->api;
    struct pav_status_view status;
    int64_t now_us = pav_clock_mono_us(), rest;

    pav_engine_status(api->config.engine, &status);
    rest = rest_us(api, status.events, now_us);
    api->flow.events = status.events;
    api->flow.looked_us = now_us;
    if (j->more && rest > 0)
        nanosleep(&(struct timespec){.tv_sec = rest / 1000000,
                                     .tv_nsec = rest % 1000000 * 1000},
                  NULL);
    if (j->after < 0)
        j->after = pav_reader_flow_upto(q->reader);
    now_us = pav_clock_mono_us();
    api->config.fold(q, j);
    api->flow.took_us = pav_clock_mono_us() - now_us;
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
    qu->busy = &api->flow.busy;
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
    int64_t upto;
    bool more;

    if (j == NULL || qu->q.status >= 400) /* a read failed: at the next tick */
        return;
    upto = j->upto;
    more = j->more;
    if (upto != j->after) {
        qu->job = NULL;
        if (!pav_engine_submit(api->config.engine, &j->job)) {
            pav_job_free(&j->job); /* the engine has too much: later */
            return;
        }
        /* j is the engine's from here on */
    } else {
        more = false;
    }
    api->flow.upto = upto;
    if (more)
        begin(api, true);
}

void
flow_tick(struct pav_api *api)
{
    if (!api->flow.busy && api->config.fold != NULL)
        begin(api, false);
}
