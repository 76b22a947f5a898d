/*
 * What the Step Functions API changes: StartExecution, StopExecution,
 * SendTaskSuccess and SendTaskFailure.  Error names are the API's.
 */
#include <string.h>

#include "pavane/digest.h"
#include "pavane/folder.h"
#include "pavane/history.h"
#include "run_int.h"

static bool
same_input(struct pav_engine *e, const struct pav_execution_row *row,
           const struct pav_doc *input)
{
    struct pav_step_row step;

    return pav_store_step(e->store, row->first_step, &e->arena, &step) &&
           pav_doc_equal(pav_history_input(pav_doc_own(&e->arena, step.record.p,
                                                       step.record.len)),
                         input);
}

void
tasks_start(struct pav_engine *e, struct pav_job *j)
{
    struct machine *m = machine_by_name(e, j->machine);
    struct pav_execution_row row;
    struct execution x;
    char made_up[37];

    if (m == NULL || m->current == NULL) {
        job_fail(j, PAV_MISSING, "StateMachineDoesNotExist", j->machine,
                 "State Machine Does Not Exist: '%s'", j->machine);
        return;
    }
    if (!m->active) {
        job_fail(j, PAV_CONFLICT, "StateMachineDeleting", j->machine,
                 "the folder of state machine '%s' is gone: nothing starts",
                 j->machine);
        return;
    }
    if (j->name == NULL) {
        pav_uuid4(made_up);
        j->name = pav_arena_strdup(&j->arena, made_up);
    }
    if (pav_store_execution_named(e->store, m->id, j->name, &e->arena, &row)) {
        if (row.status == PAV_RUNNING && same_input(e, &row, j->input)) {
            j->execution = j->name;
            j->at = row.started_at;
            return;
        }
        job_fail(j, PAV_CONFLICT, "ExecutionAlreadyExists", j->name,
                 "Execution Already Exists: '%s'", j->name);
        return;
    }
    execution_start(e, m, j->name, j->name, j->input, 0, &x);
    j->execution = j->name;
    j->at = x.row.started_at;
    fit_parked(e, &x);
}

/* The execution of the job's names, loaded. */
static bool
find(struct pav_engine *e, struct pav_job *j, struct execution *x)
{
    struct machine *m = machine_by_name(e, j->machine);
    struct pav_execution_row row;

    if (m == NULL ||
        !pav_store_execution_named(e->store, m->id, j->name, &e->arena, &row) ||
        !execution_load(e, &row, x)) {
        job_fail(j, PAV_MISSING, "ExecutionDoesNotExist", j->name,
                 "Execution Does Not Exist: '%s:%s'", j->machine, j->name);
        return false;
    }
    return true;
}

void
tasks_stop(struct pav_engine *e, struct pav_job *j)
{
    struct pav_wake wake = {
        .kind = PAV_WAKE_STOP, .error = j->error, .cause = j->cause};
    struct execution x;

    if (!find(e, j, &x))
        return;
    if (x.row.status == PAV_RUNNING)
        execution_wake(e, &x, &wake, 0);
    j->at = x.row.stopped_at;
}

static const struct pav_wait_view *
wait_of(const struct execution *x, const char *token)
{
    uint32_t i;

    for (i = 0; i < x->before.wait_count; i++)
        if (strcmp(x->before.waits[i].token, token) == 0)
            return &x->before.waits[i];
    return NULL;
}

void
tasks_send(struct pav_engine *e, struct pav_job *j)
{
    struct pav_wake wake = {.kind = j->failure ? PAV_WAKE_FAILURE
                                               : PAV_WAKE_SUCCESS,
                            .output = j->output,
                            .error = j->error,
                            .cause = j->cause};
    const struct pav_wait_view *w;
    struct pav_execution_row row;
    struct execution x;
    int64_t execution_no;

    if (!pav_token_read(j->token, strlen(j->token), &execution_no, &wake.no)) {
        job_fail(j, PAV_INVALID, "InvalidToken", "taskToken",
                 "Invalid Token: 'Invalid token'");
        return;
    }
    if (!pav_store_execution(e->store, execution_no, &e->arena, &row)) {
        job_fail(j, PAV_MISSING, "TaskDoesNotExist", "taskToken",
                 "Task does not exist anymore");
        return;
    }
    if (row.status != PAV_RUNNING || !execution_load(e, &row, &x) ||
        (w = wait_of(&x, j->token)) == NULL) {
        job_fail(j, PAV_SPENT, "TaskTimedOut", "taskToken",
                 "Task Timed Out: 'Provided task does not exist anymore'");
        return;
    }
    execution_wake(e, &x, &wake, 0);
    fit_parked(e, &x);
}
