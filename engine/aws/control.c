/*
 * Actions of the Step Functions API that are about names: activities, tags, map
 * runs, deleting; versions and aliases are in versions.c.  Requests come
 * checked for shape; answers are JSON.  Rows are the truth: nothing of this is
 * kept in memory, but for a machine that is deleted, which loses its name
 * behind the commit (control_committed).
 */
#include <stdio.h>
#include <string.h>

#include "pavane/digest.h"
#include "pavane/names.h"
#include "pavane/text.h"
#include "bus/bus.h"
#include "run/registry.h"
#include "run/runner.h"
#include "turn/turn.h"
#include "request.h"

/* ---- tags ---- */

static bool
tags_put(struct control *c, const char *arn, const struct pav_doc *tags)
{
    if (tags_add(c->e, arn, tags))
        return true;
    job_fail(&c->j->job, PAV_LIMIT, "TooManyTags", "tags",
             "A resource has at most %d tags", TAGS_MAX);
    return false;
}

/* A machine or an activity that is there. */
static const char *
tagged(struct control *c)
{
    const char *arn = control_text(c, "resourceArn"), *p;
    struct pav_name_row row;

    if (arn == NULL || strncmp(arn, "arn:", 4) != 0 ||
        strstr(arn, ":states:") == NULL) {
        job_fail(&c->j->job, PAV_INVALID, "InvalidArn", "resourceArn",
                 "Invalid Arn: '%s'", arn == NULL ? "" : arn);
        return NULL;
    }
    p = strstr(arn, ":stateMachine:");
    if (p != NULL &&
        machine_by_name(c->e, p + strlen(":stateMachine:")) != NULL)
        return arn;
    p = strstr(arn, ":activity:");
    if (p != NULL && pav_store_name(c->e->store, PAV_NAME_ACTIVITY, 0,
                                    p + strlen(":activity:"), c->a, &row))
        return arn;
    job_fail(&c->j->job, PAV_MISSING, "ResourceNotFound", "resourceArn",
             "Resource not found: '%s'", arn);
    return NULL;
}

static void
tag_resource(struct control *c)
{
    const char *arn = tagged(c);

    if (arn != NULL)
        (void)tags_put(c, arn, pav_doc_get(c->j->request, "tags"));
}

static void
untag_resource(struct control *c)
{
    const char *arn = tagged(c);

    if (arn != NULL)
        tags_remove(c, arn, pav_doc_get(c->j->request, "tagKeys"));
}

static void
list_tags(struct control *c)
{
    const char *arn = tagged(c);
    const struct pav_doc *all = &pav_doc_empty_object;
    struct pav_name_row row;
    struct pav_items list;
    uint32_t i;

    if (arn == NULL)
        return;
    if (pav_store_name(c->e->store, PAV_NAME_TAGS, 0, arn, c->a, &row))
        all = control_body(c, &row);
    pav_items_init(&list, c->a);
    for (i = 0; i < all->len; i++) {
        struct pav_members t;

        pav_members_init(&t, c->a);
        pav_members_puts(
            &t, "key",
            pav_doc_new_str(c->a, all->members[i].key, all->members[i].len));
        pav_members_puts(&t, "value", &all->members[i].value);
        pav_items_add(&list, pav_members_object(&t));
    }
    pav_members_puts(&c->out, "tags", pav_items_array(&list));
}

/* ---- activities ---- */

static const char *
activity_arn(struct control *c, const char *name)
{
    return pav_arena_printf(c->a, "arn:aws:states:%s:%s:activity:%s",
                            c->e->config.region, c->e->config.account, name);
}

static void
create_activity(struct control *c)
{
    const char *name = control_text(c, "name");
    struct pav_name_row row = {.kind = PAV_NAME_ACTIVITY, .name = name};
    struct pav_name_row there;
    struct pav_members b;
    int64_t now = pav_clock_ms(c->e->clock);

    if (!pav_name_valid(name)) {
        job_fail(&c->j->job, PAV_INVALID, "InvalidName", "name",
                 "Invalid Name: '%s'", name);
        return;
    }
    if (pav_store_name(c->e->store, PAV_NAME_ACTIVITY, 0, name, c->a, &there)) {
        now = pav_doc_member_int(control_body(c, &there), "createdAt");
    } else {
        pav_members_init(&b, c->a);
        pav_members_int(&b, "createdAt", now);
        row.body = control_printed(c, pav_members_object(&b));
        pav_store_name_put(c->e->store, &row);
        if (!tags_put(c, activity_arn(c, name),
                      pav_doc_get(c->j->request, "tags")))
            return;
    }
    pav_members_str(&c->out, "activityArn", activity_arn(c, name));
    pav_members_date(&c->out, "creationDate", now);
}

static const char *
activity_name(struct control *c)
{
    const char *arn = control_text(c, "activityArn");
    const char *p = arn == NULL ? NULL : strstr(arn, ":activity:");

    if (p != NULL && strncmp(arn, "arn:", 4) == 0)
        return p + strlen(":activity:");
    job_fail(&c->j->job, PAV_INVALID, "InvalidArn", "activityArn",
             "Invalid Arn: '%s'", arn == NULL ? "" : arn);
    return NULL;
}

static void
describe_activity(struct control *c)
{
    const char *name = activity_name(c);
    struct pav_name_row row;

    if (name == NULL)
        return;
    if (!pav_store_name(c->e->store, PAV_NAME_ACTIVITY, 0, name, c->a, &row)) {
        job_fail(&c->j->job, PAV_MISSING, "ActivityDoesNotExist", "activityArn",
                 "Activity Does Not Exist: '%s'", activity_arn(c, name));
        return;
    }
    pav_members_str(&c->out, "activityArn", activity_arn(c, name));
    pav_members_str(&c->out, "name", name);
    pav_members_date(&c->out, "creationDate",
                     pav_doc_member_int(control_body(c, &row), "createdAt"));
}

static void
delete_activity(struct control *c)
{
    const char *name = activity_name(c);

    if (name == NULL)
        return;
    pav_store_name_delete(c->e->store, PAV_NAME_ACTIVITY, 0, name);
    pav_store_name_delete(c->e->store, PAV_NAME_TAGS, 0, activity_arn(c, name));
}

static void
list_activities(struct control *c)
{
    uint32_t limit = control_page_size(c), n, i;
    struct pav_name_row *rows =
        pav_arena_alloc(c->a, (limit + 1) * sizeof(*rows));
    struct pav_items list;

    n = pav_store_names(c->e->store, PAV_NAME_ACTIVITY, 0,
                        control_page_start(c), limit + 1, c->a, rows);
    pav_items_init(&list, c->a);
    for (i = 0; i < n && i < limit; i++) {
        struct pav_members v;

        pav_members_init(&v, c->a);
        pav_members_str(&v, "activityArn", activity_arn(c, rows[i].name));
        pav_members_str(&v, "name", rows[i].name);
        pav_members_date(
            &v, "creationDate",
            pav_doc_member_int(control_body(c, &rows[i]), "createdAt"));
        pav_items_add(&list, pav_members_object(&v));
    }
    pav_members_puts(&c->out, "activities", pav_items_array(&list));
    if (n > limit)
        control_page_next(c, rows[limit - 1].name);
}

/* ---- map runs ---- */

static bool
find_run(struct control *c, struct pav_run_row *run)
{
    const char *arn = control_text(c, "mapRunArn");

    if (arn == NULL || strstr(arn, ":mapRun:") == NULL) {
        job_fail(&c->j->job, PAV_INVALID, "InvalidArn", "mapRunArn",
                 "Invalid Arn: '%s'", arn == NULL ? "" : arn);
        return false;
    }
    if (pav_store_run_by_arn(c->e->store, arn, c->a, run))
        return true;
    job_fail(&c->j->job, PAV_MISSING, "ResourceNotFound", "mapRunArn",
             "Resource not found: '%s'", arn);
    return false;
}

static const struct pav_doc *
run_counts(struct control *c, const struct pav_run_row *run, bool executions)
{
    struct pav_members m;
    int64_t ended = run->counts[PAV_ITEM_SUCCEEDED];

    pav_members_init(&m, c->a);
    pav_members_int(&m, "pending", run->counts[PAV_ITEM_PENDING]);
    pav_members_int(&m, "running", run->counts[PAV_ITEM_RUNNING]);
    pav_members_int(&m, "succeeded", ended);
    pav_members_int(&m, "failed", run->counts[PAV_ITEM_FAILED]);
    pav_members_int(&m, "timedOut", run->counts[PAV_ITEM_TIMED_OUT]);
    pav_members_int(&m, "aborted", run->counts[PAV_ITEM_ABORTED]);
    pav_members_int(&m, "total", run->total < 0 ? 0 : run->total);
    pav_members_int(&m, "resultsWritten",
                    executions || run->status != PAV_SUCCEEDED ? 0 : ended);
    pav_members_int(&m, "failuresNotRedrivable", 0);
    pav_members_int(&m, "pendingRedrive", 0);
    return pav_members_object(&m);
}

static void
put_execution_arn(struct control *c, struct pav_members *m,
                  const struct pav_run_row *run)
{
    struct execution x = {0};

    if (!pav_store_execution(c->e->store, run->execution_id, c->a, &x.row))
        return;
    x.version = version_get(c->e, x.row.version_id);
    (void)pav_store_note(c->e->store, x.row.id, c->a, &x.note);
    if (x.version == NULL)
        return;
    pav_members_str(m, "executionArn", execution_arn(c->e, &x));
    pav_members_str(m, "stateMachineArn", x.version->machine->arn);
}

static void
describe_run(struct control *c)
{
    struct pav_run_row run;
    struct pav_members m;
    struct pav_doc *share = pav_arena_zalloc(c->a, sizeof(*share));

    if (!find_run(c, &run))
        return;
    pav_members_init(&m, c->a);
    put_execution_arn(c, &m, &run);
    pav_members_str(&c->out, "mapRunArn", run.arn);
    if (m.count > 0)
        pav_members_puts(&c->out, "executionArn", &m.v[0].value);
    pav_members_str(&c->out, "status",
                    pav_status_name((enum pav_status)run.status));
    pav_members_date(&c->out, "startDate", run.started_at);
    if (run.stopped_at != 0)
        pav_members_date(&c->out, "stopDate", run.stopped_at);
    pav_members_int(&c->out, "maxConcurrency", run.max_concurrency);
    pav_members_puts(&c->out, "toleratedFailurePercentage",
                     pav_doc_new_double(c->a, run.tolerated_percentage < 0
                                                  ? 0
                                                  : run.tolerated_percentage));
    pav_members_int(&c->out, "toleratedFailureCount",
                    run.tolerated_count < 0 ? 0 : run.tolerated_count);
    pav_members_puts(&c->out, "itemCounts", run_counts(c, &run, false));
    pav_members_puts(&c->out, "executionCounts", run_counts(c, &run, true));
    pav_members_int(&c->out, "redriveCount", run.redrive_count);
    if (run.redriven_at != 0)
        pav_members_date(&c->out, "redriveDate", run.redriven_at);
}

/* "...:execution:MACHINE[/LABEL]:NAME" */
static bool
find_execution(struct control *c, struct pav_execution_row *row)
{
    const char *arn = control_text(c, "executionArn"), *p, *colon;
    struct machine *m;

    p = arn == NULL ? NULL : strstr(arn, ":execution:");
    colon = p == NULL ? NULL : strchr(p + strlen(":execution:"), ':');
    if (colon == NULL) {
        job_fail(&c->j->job, PAV_INVALID, "InvalidArn", "executionArn",
                 "Invalid Arn: '%s'", arn == NULL ? "" : arn);
        return false;
    }
    p += strlen(":execution:");
    m = machine_by_name(c->e, pav_arena_strndup(c->a, p, strcspn(p, ":/")));
    if (m != NULL &&
        pav_store_execution_named(c->e->store, m->id, colon + 1, c->a, row))
        return true;
    job_fail(&c->j->job, PAV_MISSING, "ExecutionDoesNotExist", "executionArn",
             "Execution Does Not Exist: '%s'", arn);
    return false;
}

static void
list_runs(struct control *c)
{
    uint32_t limit = control_page_size(c), n, i;
    struct pav_run_row *runs =
        pav_arena_alloc(c->a, (limit + 1) * sizeof(*runs));
    struct pav_execution_row row;
    struct pav_items list;
    const char *start = control_page_start(c);
    int64_t after = 0;

    if (start == NULL || !find_execution(c, &row))
        return;
    if (*start != '\0' && !pav_parse_int(start, strlen(start), &after)) {
        job_fail(&c->j->job, PAV_INVALID, "InvalidToken", "nextToken",
                 "Invalid Token: 'Invalid token'");
        return;
    }
    n = pav_store_runs_of(c->e->store, row.id, after, limit + 1, c->a, runs);
    pav_items_init(&list, c->a);
    for (i = 0; i < n && i < limit; i++) {
        struct pav_members v;

        pav_members_init(&v, c->a);
        put_execution_arn(c, &v, &runs[i]);
        pav_members_str(&v, "mapRunArn", runs[i].arn);
        pav_members_date(&v, "startDate", runs[i].started_at);
        if (runs[i].stopped_at != 0)
            pav_members_date(&v, "stopDate", runs[i].stopped_at);
        pav_items_add(&list, pav_members_object(&v));
    }
    pav_members_puts(&c->out, "mapRuns", pav_items_array(&list));
    if (n > limit)
        control_page_next(
            c, pav_arena_printf(c->a, "%lld", (long long)runs[limit - 1].id));
}

static void
update_run(struct control *c)
{
    const struct pav_doc *request = c->j->request;
    struct pav_run_row run;

    if (!find_run(c, &run))
        return;
    if (pav_doc_get(request, "maxConcurrency") != NULL)
        run.max_concurrency = pav_doc_member_int(request, "maxConcurrency");
    if (pav_doc_get(request, "toleratedFailureCount") != NULL)
        run.tolerated_count =
            pav_doc_member_int(request, "toleratedFailureCount");
    if (pav_doc_get(request, "toleratedFailurePercentage") != NULL)
        run.tolerated_percentage =
            pav_doc_double(pav_doc_get(request, "toleratedFailurePercentage"));
    pav_store_run_update(c->e->store, &run);
    work_add(c->e, WORK_RUN, run.id, 0);
}

/* ---- deleting a machine ---- */

static void
delete_machine(struct control *c)
{
    const char *arn = control_text(c, "stateMachineArn");
    const char *p = arn == NULL ? NULL : strstr(arn, ":stateMachine:");
    struct pav_name_row rows[100];
    struct machine *m;
    uint32_t n;

    if (p == NULL || strncmp(arn, "arn:", 4) != 0) {
        job_fail(&c->j->job, PAV_INVALID, "InvalidArn", "stateMachineArn",
                 "Invalid Arn: '%s'", arn == NULL ? "" : arn);
        return;
    }
    m = machine_by_name(c->e, p + strlen(":stateMachine:"));
    if (m == NULL) /* gone already: fine */
        return;
    if (m->by_folder && m->active) {
        job_fail(&c->j->job, PAV_CONFLICT, "ValidationException",
                 "stateMachineArn",
                 "State machine '%s' belongs to a folder: remove the folder "
                 "instead",
                 m->name);
        return;
    }
    pav_store_name_delete(c->e->store, PAV_NAME_TAGS, 0, m->arn);
    do {
        n = pav_store_names(c->e->store, PAV_NAME_ALIAS, m->id, "", 100, c->a,
                            rows);
        while (n > 0)
            pav_store_name_delete(c->e->store, PAV_NAME_ALIAS, m->id,
                                  rows[--n].name);
        n = pav_store_names(c->e->store, PAV_NAME_VERSION, m->id, "", 100, c->a,
                            rows);
        while (n > 0)
            pav_store_name_delete(c->e->store, PAV_NAME_VERSION, m->id,
                                  rows[--n].name);
    } while (pav_store_names(c->e->store, PAV_NAME_VERSION, m->id, "", 1, c->a,
                             rows) > 0);
    pav_store_name_delete(c->e->store, PAV_NAME_TAGS, 0, m->arn);
    c->j->touched = PAV_TOUCHED_MACHINE;
    c->j->touched_machine = m->id;
    pav_store_machine_rename(
        c->e->store, m->id,
        pav_arena_printf(c->a, "%s~%lld", m->name, (long long)m->id));
}

/* ---- the table ---- */

static const struct control_action states_actions[] = {
    {"PublishStateMachineVersion", publish_version, false},
    {"DeleteStateMachineVersion", delete_version, false},
    {"ListStateMachineVersions", list_versions, false},
    {"CreateStateMachineAlias", create_alias, false},
    {"UpdateStateMachineAlias", update_alias, false},
    {"DescribeStateMachineAlias", describe_alias, false},
    {"DeleteStateMachineAlias", delete_alias, false},
    {"ListStateMachineAliases", list_aliases, false},
    {"CreateActivity", create_activity, false},
    {"DescribeActivity", describe_activity, false},
    {"DeleteActivity", delete_activity, false},
    {"ListActivities", list_activities, false},
    {"TagResource", tag_resource, false},
    {"UntagResource", untag_resource, false},
    {"ListTagsForResource", list_tags, false},
    {"DescribeMapRun", describe_run, false},
    {"ListMapRuns", list_runs, false},
    {"UpdateMapRun", update_run, false},
    {"DeleteStateMachine", delete_machine, true},
    {NULL, NULL, false},
};

static const struct control_action *
find_action(const char *name)
{
    static const struct control_action *const tables[] = {
        states_actions, events_actions, archives_actions, destinations_actions,
        scheduler_actions};
    const struct control_action *a;
    size_t i;

    for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
        for (a = tables[i]; a->action != NULL; a++)
            if (strcmp(a->action, name) == 0)
                return a;
    return NULL;
}

static bool
shares(const struct pav_job *job)
{
    const struct control_action *a =
        find_action(((const struct pav_control_job *)job)->action);

    return a == NULL || !a->alone;
}

static void
control_run(struct pav_engine *e, struct pav_job *job)
{
    struct pav_control_job *j = (struct pav_control_job *)job;
    struct control c = {.e = e, .j = j, .a = &e->arena};
    const struct control_action *a = find_action(j->action);

    pav_members_init(&c.out, c.a);
    if (a == NULL)
        job_fail(job, PAV_INVALID, "UnknownOperationException", j->action,
                 "there is no such action");
    else {
        pav_store_action_begin(e->store);
        a->run(&c);
        pav_store_action_end(e->store, job->rc == PAV_OK);
    }
    if (job->rc == PAV_OK) {
        pav_buf_init(&j->answer, SIZE_MAX / 2);
        pav_doc_print(pav_members_object(&c.out), &j->answer);
    }
}

/* What was written is read again: only now it is so. */
static void
control_committed(struct pav_engine *e, struct pav_job *job)
{
    struct pav_control_job *j = (struct pav_control_job *)job;

    if (job->rc != PAV_OK)
        return;
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
