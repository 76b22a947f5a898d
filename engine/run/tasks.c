/*
 * What the Step Functions API changes: StartExecution, StopExecution,
 * SendTaskSuccess and SendTaskFailure.  Error names are the API's.
 */
#include <string.h>

#include "pavane/digest.h"
#include "match_wait.h"
#include "batch.h"
#include "registry.h"
#include "runner.h"
#include "tasks.h"
#include "wake.h"

static bool
same_input(struct pav_engine *e, const struct pav_execution_row *row,
           const struct pav_doc *input)
{
    const struct pav_doc *before = execution_input(e, row);

    return before != NULL && pav_doc_equal(before, input);
}

/* The version that a qualifier names; NULL after the job has failed. */
static struct version *
qualified(struct pav_engine *e, struct pav_start_job *j, struct machine *m,
          struct pav_meta_row *meta)
{
    struct version *v = version_of(e, m, j->qualifier, meta);

    if (v == NULL)
        job_fail(&j->job, PAV_MISSING, "StateMachineDoesNotExist", j->machine,
                 "State Machine Does Not Exist: '%s:%s'", m->arn, j->qualifier);
    return v;
}

static bool
is_startable(struct pav_start_job *j, const struct machine *m)
{
    if (m == NULL || m->current == NULL)
        job_fail(&j->job, PAV_MISSING, "StateMachineDoesNotExist", j->machine,
                 "State Machine Does Not Exist: '%s'", j->machine);
    else if (!m->active)
        job_fail(&j->job, PAV_CONFLICT, "StateMachineDeleting", j->machine,
                 "the folder of state machine '%s' is gone: nothing starts",
                 j->machine);
    else if (j->sync && m->type != PAV_EXPRESS)
        job_fail(&j->job, PAV_INVALID, "StateMachineTypeNotSupported",
                 j->machine,
                 "This operation is not supported by this type of state "
                 "machine");
    else
        return true;
    return false;
}

/* Names of express executions may come again: they are not alone. */
static void
name_execution(struct pav_start_job *j, const struct machine *m)
{
    char made_up[37];

    pav_uuid4(made_up);
    if (j->name == NULL)
        j->name = pav_arena_strdup(&j->job.arena, made_up);
    if (m->type != PAV_EXPRESS)
        return;
    pav_uuid4(made_up);
    j->name = pav_arena_printf(&j->job.arena, "%s:%s", j->name, made_up);
}

/* True: the answer is known without a start. */
static bool
is_there(struct pav_engine *e, struct pav_start_job *j, const struct machine *m)
{
    struct pav_execution_row row;

    if (!pav_store_execution_named(e->store, m->id, j->name, &e->arena, &row))
        return false;
    if (row.status == PAV_RUNNING && same_input(e, &row, j->input)) {
        j->execution = j->name;
        j->started_at = row.started_at;
    } else {
        job_fail(&j->job, PAV_CONFLICT, "ExecutionAlreadyExists", j->name,
                 "Execution Already Exists: '%s%s'", m->execution_arn, j->name);
    }
    return true;
}

static void
tasks_start(struct pav_engine *e, struct pav_job *job)
{
    struct pav_start_job *j = (struct pav_start_job *)job;
    struct machine *m = machine_by_name(e, j->machine);
    struct pav_meta_row meta = {.trace = j->trace};
    const char *key, *why;
    struct version *v;
    struct execution x;

    if (!is_startable(j, m) || (v = qualified(e, j, m, &meta)) == NULL)
        return;
    name_execution(j, m);
    if (is_there(e, j, m))
        return;
    key = j->name;
    if (!input_key(e, m, j->input, &key, &why)) {
        job_fail(&j->job, PAV_INVALID, "InvalidExecutionInput", j->machine,
                 "Invalid State Machine Execution Input: '%s'", why);
        return;
    }
    if (machine_is_full(e, m)) {
        job_fail(&j->job, PAV_LIMIT, "ExecutionLimitExceeded", j->machine, "%s",
                 full_text(e, m));
        return;
    }
    execution_start_as(
        e, v, j->name, key, j->input, 0,
        meta.trace != NULL || meta.version_no != 0 || meta.alias != NULL ? &meta
                                                                         : NULL,
        &x);
    j->execution = j->name;
    j->express = m->type == PAV_EXPRESS;
    j->started_at = x.row.started_at;
    match_parked(e, &x);
    if (!j->sync)
        return;
    j->execution_id = x.row.id;
    if (x.row.status != PAV_RUNNING) {
        sync_answer(e, j, &x);
        return;
    }
    job->kept = true; /* until its end: work.c */
    job->node.next = (struct pav_node *)e->syncs;
    e->syncs = j;
}

const struct pav_job_kind pav_start_kind = {
    .size = sizeof(struct pav_start_job), .advance = tasks_start};

void
sync_answer(struct pav_engine *e, struct pav_start_job *j,
            const struct execution *x)
{
    struct pav_arena *a = &j->job.arena;
    struct pav_history_event end;
    struct pav_buf b;

    execution_end(e, &x->row, &end);
    j->status = pav_status_name((enum pav_status)x->row.status);
    j->stopped_at = x->row.stopped_at;
    if (x->row.status == PAV_SUCCEEDED && end.payload != NULL) {
        pav_buf_init(&b, SIZE_MAX / 2);
        pav_doc_print(end.payload, &b);
        j->output.p = pav_arena_strndup(a, b.p, b.len);
        j->output.len = b.len;
        pav_buf_fini(&b);
    }
    if (end.error != NULL)
        j->error = pav_doc_str(a, end.error);
    if (end.cause != NULL)
        j->cause = pav_doc_str(a, end.cause);
    if (j->job.kept)
        job_release(e, &j->job);
}

static void
tasks_stop(struct pav_engine *e, struct pav_job *job)
{
    struct pav_stop_job *j = (struct pav_stop_job *)job;
    struct pav_wake wake = {
        .kind = PAV_WAKE_STOP, .error = j->error, .cause = j->cause};
    struct execution x;

    if (!execution_find(e, job, j->machine, j->name, &x))
        return;
    if (x.row.status == PAV_RUNNING)
        execution_wake(e, &x, &wake, 0);
    j->stopped_at = x.row.stopped_at;
}

const struct pav_job_kind pav_stop_kind = {.size = sizeof(struct pav_stop_job),
                                           .advance = tasks_stop};

static const struct pav_wait_view *
wait_of(const struct execution *x, const char *token)
{
    uint32_t i;

    for (i = 0; i < x->before.wait_count; i++)
        if (x->before.waits[i].token != NULL &&
            strcmp(x->before.waits[i].token, token) == 0)
            return &x->before.waits[i];
    return NULL;
}

/* What a service outside answered; the task's row is the proof that it was
 * asked. */
static void
tasks_reply(struct pav_engine *e, struct pav_job *job)
{
    struct pav_reply_job *j = (struct pav_reply_job *)job;
    struct pav_wake wake = {.kind = j->failure ? PAV_WAKE_FAILURE
                                               : PAV_WAKE_SUCCESS,
                            .no = j->no,
                            .output = j->output,
                            .error = j->error,
                            .cause = j->cause};
    struct pav_task_row task;
    size_t len, tail = strlen(".waitForTaskToken");

    if (j->manual) {
        (void)task_wake(e, j->execution_id, &wake);
        return;
    }
    if (!pav_store_task(e->store, j->execution_id, j->no, &e->arena, &task))
        return;
    len = strlen(task.resource);
    if (!j->failure && len > tail &&
        strcmp(task.resource + len - tail, ".waitForTaskToken") == 0) {
        wake.kind = PAV_WAKE_SUBMITTED;
        pav_store_task_delete(e->store, j->execution_id, j->no);
    }
    (void)task_wake(e, j->execution_id, &wake);
}

const struct pav_job_kind pav_reply_kind = {.size =
                                                sizeof(struct pav_reply_job),
                                            .advance = tasks_reply,
                                            .is_answer = true};

void
tasks_send(struct pav_engine *e, struct pav_job *job)
{
    struct pav_task_job *j = (struct pav_task_job *)job;
    struct pav_wake wake = {.kind = j->heartbeat ? PAV_WAKE_HEARTBEAT
                                    : j->failure ? PAV_WAKE_FAILURE
                                                 : PAV_WAKE_SUCCESS,
                            .output = j->output,
                            .error = j->error,
                            .cause = j->cause};
    const struct pav_wait_view *w;
    struct pav_execution_row row;
    struct execution x;
    int64_t execution_no;

    if (!pav_token_read(j->token, strlen(j->token), &execution_no, &wake.no)) {
        job_fail(job, PAV_INVALID, "InvalidToken", "taskToken",
                 "Invalid Token: 'Invalid token'");
        return;
    }
    if (!pav_store_execution(e->store, execution_no, &e->arena, &row)) {
        job_fail(job, PAV_MISSING, "TaskDoesNotExist", "taskToken",
                 "Task does not exist anymore");
        return;
    }
    if (row.status != PAV_RUNNING || !execution_load(e, &row, &x) ||
        (w = wait_of(&x, j->token)) == NULL) {
        job_fail(job, PAV_SPENT, "TaskTimedOut", "taskToken",
                 "Task Timed Out: 'Provided task does not exist anymore'");
        return;
    }
    execution_wake(e, &x, &wake, 0);
    match_parked(e, &x);
}

const struct pav_job_kind pav_task_kind = {.size = sizeof(struct pav_task_job),
                                           .advance = tasks_send};
