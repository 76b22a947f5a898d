/*
 * What actions of Step Functions on the engine's thread share.
 */
#include <string.h>

#include "run/registry.h"
#include "turn/turn.h"
#include "states.h"

/* "...:stateMachine:NAME[:QUALIFIER]" */
struct machine *
control_machine(struct control *c, const char *key, const char **qualifier)
{
    const char *arn = control_text(c, key), *p;
    struct machine *m = NULL;
    size_t len;

    *qualifier = NULL;
    p = arn == NULL ? NULL : strstr(arn, ":stateMachine:");
    if (p == NULL || strncmp(arn, "arn:", 4) != 0) {
        job_fail(&c->j->job, PAV_INVALID, "InvalidArn", key,
                 "Invalid Arn: '%s'", arn == NULL ? "" : arn);
        return NULL;
    }
    p += strlen(":stateMachine:");
    len = strcspn(p, ":");
    if (p[len] == ':')
        *qualifier = p + len + 1;
    m = machine_by_name(c->e, pav_arena_strndup(c->a, p, len));
    if (m != NULL && m->current != NULL)
        return m;
    job_fail(&c->j->job, PAV_MISSING, "StateMachineDoesNotExist", key,
             "State Machine Does Not Exist: '%s'", arn);
    return NULL;
}

const char *
qualified_arn(struct control *c, const struct machine *m, const char *name)
{
    return pav_arena_printf(c->a, "%s:%s", m->arn, name);
}
