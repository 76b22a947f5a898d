/*
 * How executions flow: histories are folded on a thread of their own, some at a
 * time, and the sums go to the engine; names of executions are gathered there
 * as well.  One fold is in progress at a time, and the next begins where it
 * ended, whether the engine has its sums already or not; the first of a row of
 * them begins where the rows are.
 */
#include <time.h>

#include "fold.h"
#include "pavane/clock.h"
#include "pavane/jobs.h"
#include "query_job.h"

/*
 * How long a fold works, and how many times as long it rests, behind it and
 * within: the more, the more there is to do for those who wait.  What is behind
 * is folded when they are fewer.  A long one is cheaper, for the same rows are
 * written less often; but the log cannot begin anew meanwhile.  With rests
 * within, no event waits for longer than it works at a stretch.
 */
static const struct pace {
    int64_t events; /* a second, from so many on */
    int64_t work_us;
    int rests, rests_within;
} paces[] = {{5000, 4000, 120, 0},
             {1000, 8000, 6, 0},
             {50, 30000, 0, 8},
             {0, 30000, 1, 0}};

#define REST_MAX_US 500000 /* who ends the daemon waits for it */

static const struct pace *
pace_of(const struct pav_api *api, uint64_t events, int64_t now_us)
{
    int64_t us = now_us - api->fold.looked_us;
    int64_t rate =
        us <= 0 ? 0 : (int64_t)(events - api->fold.events) * 1000000 / us;
    const struct pace *p = paces;

    while (rate < p->events)
        p++;
    return p;
}

static int64_t
rest_us(const struct pav_api *api, const struct pace *p)
{
    int64_t us = api->fold.took_us * p->rests;

    return us < REST_MAX_US ? us : REST_MAX_US;
}

/* On the fold's thread, which alone looks at these members of api->fold. */
static void
fold(struct pav_query *q)
{
    struct query_job *qu = query_job_of(q);
    struct pav_fold_job *j = (struct pav_fold_job *)qu->job;
    struct pav_api *api = qu->api;
    struct pav_status_view status;
    int64_t now_us = pav_clock_mono_us(), rest;
    const struct pace *pace;

    pav_engine_status(api->config.engine, &status);
    pace = pace_of(api, status.events, now_us);
    rest = rest_us(api, pace);
    j->work_us = pace->work_us;
    j->rests = pace->rests_within;
    api->fold.events = status.events;
    api->fold.looked_us = now_us;
    if (j->more && rest > 0)
        nanosleep(&(struct timespec){.tv_sec = rest / 1000000,
                                     .tv_nsec = rest % 1000000 * 1000},
                  NULL);
    if (j->after < 0)
        j->after = pav_reader_flow_upto(q->reader);
    now_us = pav_clock_mono_us();
    api->config.fold(q, j);
    (void)pav_reader_search_text(q->reader, api->fold.named, &j->job.arena,
                                 &j->names);
    api->fold.took_us = pav_clock_mono_us() - now_us;
}

static void
begin(struct pav_api *api, bool behind)
{
    struct query_job *qu = query_job_alone(api, fold);
    struct pav_fold_job *j = pav_job_new(&pav_fold_kind);

    j->after = api->fold.upto;
    j->more = behind;
    qu->job = &j->job;
    qu->on = fold_done;
    qu->busy = &api->fold.busy;
    qu->undurable = true; /* what it read is older than what it writes */
    api->fold.busy = pav_queue_push(api->folds, &qu->node);
    if (!api->fold.busy)
        query_job_free(qu);
}

/* Back on the front. */
void
fold_done(struct pav_api *api, struct query_job *qu)
{
    struct pav_fold_job *j = (struct pav_fold_job *)qu->job;
    int64_t upto, named;
    bool more;

    if (j == NULL || qu->q.status >= 400) /* a read failed: at the next tick */
        return;
    upto = j->upto;
    named = j->names.last_id;
    more = j->more || named != 0;
    if (upto != j->after || named != 0) {
        qu->job = NULL;
        if (!pav_engine_submit(api->config.engine, &j->job)) {
            pav_job_free(&j->job); /* the engine has too much: later */
            return;
        }
        /* j is the engine's from here on */
    } else {
        more = false;
    }
    api->fold.upto = upto;
    if (named != 0)
        api->fold.named = named;
    if (more)
        begin(api, true);
}

void
fold_tick(struct pav_api *api)
{
    if (api->fold.busy || api->config.fold == NULL)
        return;
    /* Where the rows are: what was given up is folded again, and what the
     * engine has not done yet it does once. */
    api->fold.upto = -1;
    api->fold.named = 0;
    begin(api, false);
}
