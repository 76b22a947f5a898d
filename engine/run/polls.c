/* Polls of activities that wait for a task: jobs that the engine keeps. */
#include <string.h>
#include "polls.h"

void
poll_keep(struct pav_engine *e, struct pav_poll_job *j)
{
    j->job.kept = true;
    j->job.node.next = NULL;
    *e->polls_last = j;
    e->polls_last = (struct pav_poll_job **)(void *)&j->job.node.next;
}

struct pav_poll_job *
poll_next(const struct pav_poll_job *j)
{
    return (struct pav_poll_job *)pav_job_next(&j->job);
}

void
polls_wake(struct pav_engine *e, const char *resource)
{
    struct pav_poll_job *j;

    for (j = e->polls; j != NULL; j = poll_next(j)) {
        if (j->until != 0 && strcmp(j->activity, resource) == 0) {
            j->until = 0; /* looked at behind this step: activities_due() */
            return;
        }
    }
}

int64_t
polls_due_at(const struct pav_engine *e)
{
    const struct pav_poll_job *j;
    int64_t next = INT64_MAX;

    for (j = e->polls; j != NULL; j = poll_next(j))
        if (j->until < next)
            next = j->until;
    return next;
}
