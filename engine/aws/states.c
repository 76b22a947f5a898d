/*
 * What actions of Step Functions on the engine's thread share.
 */

#include "pavane/arn.h"
#include "run/registry.h"
#include "states.h"

/* "...:stateMachine:NAME[:QUALIFIER]" */
struct machine *
control_machine(struct control *c, const char *key, const char **qualifier)
{
    const char *text = control_text(c, key);
    struct pav_states_arn arn;
    struct machine *m;

    *qualifier = NULL;
    if (!pav_arn_machine(c->a, text, &arn)) {
        job_fail(&c->j->job, PAV_INVALID, "InvalidArn", key,
                 "Invalid Arn: '%s'", text == NULL ? "" : text);
        return NULL;
    }
    *qualifier = arn.qualifier;
    m = machine_by_name(c->e, arn.machine);
    if (m != NULL && m->current != NULL)
        return m;
    job_fail(&c->j->job, PAV_MISSING, "StateMachineDoesNotExist", key,
             "State Machine Does Not Exist: '%s'", text);
    return NULL;
}

const char *
qualified_arn(struct control *c, const struct machine *m, const char *name)
{
    return pav_arena_printf(c->a, "%s:%s", m->arn, name);
}
