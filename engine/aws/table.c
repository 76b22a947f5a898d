/*
 * All actions: one line a resource.  And the job that does those on the
 * engine's thread: requests come checked for shape, answers are JSON.  Rows are
 * the truth; what the engine has of them in memory is read again behind the
 * commit. An action that is refused leaves nothing.
 */
#include <stdio.h>
#include <string.h>

#include "bus/bus.h"
#include "run/hot.h"
#include "run/registry.h"
#include "aws.h"
#include "owned.h"

/* One line a file. */
/* clang-format off */
#define ALL_RESOURCES(X) \
    X(states_define) X(states_machines) X(states_test_state) \
    X(states_executions) X(states_send_task) X(states_activities) \
    X(states_map_runs) X(states_tags) X(states_versions) X(states_aliases) \
    X(events_put_events) X(events_test_pattern) X(events_buses) \
    X(events_bus_policy) X(events_rules) X(events_rule_targets) \
    X(events_tags) X(events_archives) X(events_replays) \
    X(events_connections) X(events_destinations) X(pavane_clock) \
    X(pavane_dead_letters) X(pavane_schemas) X(pavane_views) X(pavane_alerts) \
    X(pavane_told) \
    X(scheduler_schedules) X(scheduler_groups) X(dynamodb_items)
/* clang-format on */

#define RESOURCE_EXTERN(name) extern const struct aws_action name##_actions[];
ALL_RESOURCES(RESOURCE_EXTERN)

#define RESOURCE_OF(name) name##_actions,
static const struct aws_action *const resources[] = {
    ALL_RESOURCES(RESOURCE_OF)};

/* By X-Amz-Target: the service's word, and how its actions are named here. */
static const struct {
    const char *target, *prefix;
} services[] = {{"AWSStepFunctions.", ""},
                {"AWSEvents.", "events:"},
                {"DynamoDB_20120810.", "dynamodb:"},
                {"Pavane.", "pavane:"}};

const struct aws_action *
aws_find(const char *name)
{
    const struct aws_action *a;
    size_t i;

    for (i = 0; i < sizeof(resources) / sizeof(resources[0]); i++)
        for (a = resources[i]; a->name != NULL; a++)
            if (strcmp(name, a->name) == 0)
                return a;
    return NULL;
}

const struct aws_action *
aws_find_target(const char *target)
{
    char name[128];
    size_t i;

    for (i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
        size_t len = strlen(services[i].target);

        if (strncmp(target, services[i].target, len) != 0 ||
            strchr(target + len, ':') != NULL)
            continue;
        snprintf(name, sizeof(name), "%s%.100s", services[i].prefix,
                 target + len);
        return aws_find(name);
    }
    return NULL;
}

/* ---- on the engine's thread ---- */

static bool
shares(const struct pav_job *job)
{
    const struct aws_action *a =
        aws_find(((const struct pav_control_job *)job)->action);

    return a == NULL || !a->alone;
}

static void
control_run(struct pav_engine *e, struct pav_job *job)
{
    struct pav_control_job *j = (struct pav_control_job *)job;
    struct control c = {.e = e, .j = j, .a = &e->arena};
    const struct aws_action *a = aws_find(j->action);

    pav_members_init(&c.out, c.a);
    if (a == NULL || a->run == NULL) {
        job_fail(job, PAV_INVALID, "UnknownOperationException", j->action,
                 "there is no such action");
    } else {
        int64_t waits = e->counts.waits;

        pav_store_action_begin(e->store);
        if (!owned_refuses(&c))
            a->run(&c);
        pav_store_action_end(e->store, job->rc == PAV_OK);
        if (job->rc != PAV_OK) { /* what it staged did not come about */
            hot_forget(e);
            e->counts.waits = waits;
        }
    }
    if (job->rc == PAV_OK) {
        pav_buf_init(&j->answer, SIZE_MAX / 2);
        pav_doc_print(pav_members_object(&c.out), &j->answer);
    }
}

void
control_refresh(struct pav_engine *e, const struct pav_control_job *j)
{
    switch (j->touched) {
    case PAV_TOUCHED_NOTHING:
        break;
    case PAV_TOUCHED_BUS:
        bus_refresh(e, j->touched_name);
        break;
    case PAV_TOUCHED_RULE:
        bus_rule_refresh(e, j->touched_bus, j->touched_name);
        break;
    case PAV_TOUCHED_ARCHIVE:
        archive_refresh(e, j->touched_name);
        break;
    case PAV_TOUCHED_SCHEMAS:
        schemas_load(e);
        break;
    case PAV_TOUCHED_MACHINE:
        registry_forget(e, j->touched_machine);
        work_add(e, WORK_DELETE, j->touched_machine, 0);
        break;
    }
}

/* What was written is read again: only now it is so. */
static void
control_committed(struct pav_engine *e, struct pav_job *job)
{
    if (job->rc == PAV_OK)
        control_refresh(e, (struct pav_control_job *)job);
}

static void
control_fini(struct pav_job *job)
{
    pav_buf_fini(&((struct pav_control_job *)job)->answer);
}

const struct pav_job_kind pav_control_kind = {
    .size = sizeof(struct pav_control_job),
    .advance = control_run,
    .committed = control_committed,
    .shares = shares,
    .fini = control_fini};
