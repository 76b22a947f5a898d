/*
 * Activities: a worker asks for work (GetActivityTask) and gets the oldest task
 * of the activity, or waits up to a minute for one.  A waiting poll is a job
 * that the engine keeps; at the minute's end it goes back without a token.
 */
#include <string.h>
#include "pavane/arn.h"
#include "pavane/store_work.h"
#include "due.h"
#include "polls.h"
#include "wake.h"

#define POLL_MS 60000

/* The oldest task that is still waited for; its frame starts. */
static bool
give(struct pav_engine *e, struct pav_poll_job *j)
{
    struct pav_task_row task;

    while (pav_store_task_waiting(e->store, j->activity, &e->arena, &task)) {
        struct pav_wake wake = {
            .kind = PAV_WAKE_STARTED, .no = task.no, .worker = j->worker};

        pav_store_task_taken(e->store, task.execution_id, task.no, 1);
        if (!task_wake(e, task.execution_id, &wake))
            continue;
        j->token = pav_arena_strdup(&j->job.arena, task.token);
        j->input.p =
            pav_arena_strndup(&j->job.arena, task.with.p, task.with.len);
        j->input.len = task.with.len;
        return true;
    }
    return false;
}

static bool
is_known(struct pav_engine *e, struct pav_poll_job *j)
{
    const char *name = pav_arn_name(j->activity, "states", "activity");
    struct pav_name_row row;

    if (name != NULL &&
        pav_store_name(e->store, PAV_NAME_ACTIVITY, 0, name, &e->arena, &row))
        return true;
    job_fail(&j->job, PAV_MISSING, "ActivityDoesNotExist", j->activity,
             "Activity Does Not Exist: '%s'", j->activity);
    return false;
}

static void
activity_poll(struct pav_engine *e, struct pav_job *job)
{
    struct pav_poll_job *j = (struct pav_poll_job *)job;

    if (!is_known(e, j) || give(e, j))
        return;
    j->until = pav_clock_ms(e->clock) + POLL_MS;
    poll_keep(e, j);
}

const struct pav_job_kind pav_poll_kind = {.size = sizeof(struct pav_poll_job),
                                           .advance = activity_poll};

/* The worker has gone: its task is the next one's. */
static void
activity_return(struct pav_engine *e, struct pav_job *job)
{
    struct pav_return_job *j = (struct pav_return_job *)job;
    struct pav_task_row task;
    int64_t execution_id;
    uint32_t no;

    if (!pav_token_read(j->token, strlen(j->token), &execution_id, &no) ||
        !pav_store_task(e->store, execution_id, no, &e->arena, &task))
        return;
    pav_store_task_taken(e->store, execution_id, no, 0);
    polls_wake(e, task.resource);
}

const struct pav_job_kind pav_return_kind = {
    .size = sizeof(struct pav_return_job), .advance = activity_return};

void
activities_due(struct pav_engine *e, bool all)
{
    int64_t now = pav_clock_ms(e->clock);
    struct pav_poll_job *j = e->polls, *next;

    if (j == NULL)
        return;
    e->polls = NULL;
    e->polls_last = &e->polls;
    for (; j != NULL; j = next) {
        next = poll_next(j);
        if (j->until == 0 && !all && !give(e, j)) {
            j->until = now + POLL_MS;
            poll_keep(e, j);
        } else if (j->until == 0 || j->until <= now || all) {
            job_release(e, &j->job);
        } else {
            poll_keep(e, j);
        }
    }
}
