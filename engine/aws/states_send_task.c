/*
 * SendTaskSuccess, SendTaskFailure, SendTaskHeartbeat.
 */
#include <string.h>

#include "change.h"
#include "reads.h"
#include "states_fields.h"

static bool
task_fill(struct aws_change *c)
{
    struct pav_task_job *j = (struct pav_task_job *)c->job;
    struct pav_arena *a = &j->job.arena;

    j->token = request_text(a, c->request, "taskToken");
    j->failure = strcmp(c->action->name, "SendTaskFailure") == 0;
    j->heartbeat = strcmp(c->action->name, "SendTaskHeartbeat") == 0;
    j->error = request_text(a, c->request, "error");
    j->cause = request_text(a, c->request, "cause");
    if (j->failure || j->heartbeat)
        return true;
    return change_payload(c, "output", "", "InvalidOutput",
                          "Invalid Output: 'Invalid output'", &j->output);
}

FIELDS(send_success, {"taskToken", FIELD_TEXT, true, 1, 2048, NULL},
       {"output", FIELD_TEXT, true, 0, 262144, NULL});
FIELDS(send_failure, {"taskToken", FIELD_TEXT, true, 1, 2048, NULL},
       {"error", FIELD_TEXT, false, 0, 256, NULL},
       {"cause", FIELD_TEXT, false, 0, 32768, NULL});
FIELDS(heartbeat, {"taskToken", FIELD_TEXT, true, 1, 2048, NULL});

/* ---- the table ---- */

const struct aws_action states_send_task_actions[] = {
    AS_JOB("SendTaskSuccess", "states:SendTaskSuccess", send_success,
           pav_task_kind, task_fill, NULL),
    AS_JOB("SendTaskFailure", "states:SendTaskFailure", send_failure,
           pav_task_kind, task_fill, NULL),
    AS_JOB("SendTaskHeartbeat", "states:SendTaskHeartbeat", heartbeat,
           pav_task_kind, task_fill, NULL),
    END_OF_ACTIONS};
