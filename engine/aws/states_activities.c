/*
 * Activities: rows, and the polls of their workers.
 */

#include "pavane/arn.h"
#include "turn/turn.h"
#include "change.h"
#include "pages.h"
#include "reads.h"
#include "states.h"
#include "states_fields.h"

static const char *
activity_arn(struct control *c, const char *name)
{
    return pav_arn_put(c->a, "states", c->e->config.region,
                       c->e->config.account, "activity:%s", name);
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
        if (!states_tags_put(c, activity_arn(c, name),
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
    const char *name = pav_arn_name(arn, "states", "activity");

    if (name != NULL)
        return name;
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

static bool
poll_fill(struct aws_change *c)
{
    struct pav_poll_job *j = (struct pav_poll_job *)c->job;
    struct pav_arena *a = &j->job.arena;

    j->activity = request_text(a, c->request, "activityArn");
    j->worker = request_text(a, c->request, "workerName");
    if (pav_arn_name(j->activity, "states", "activity") == NULL)
        return change_fail(c, "InvalidArn", "Invalid Arn: '%s'", j->activity);
    return true;
}

static void
poll_answer(const struct aws_place *p, struct pav_job *job,
            struct pav_members *m)
{
    struct pav_poll_job *j = (struct pav_poll_job *)job;

    (void)p;
    pav_members_str(m, "taskToken", j->token);
    if (j->token != NULL)
        pav_members_puts(
            m, "input", pav_doc_new_str(&job->arena, j->input.p, j->input.len));
}

/* The worker has gone meanwhile: the next one gets it. */
static struct pav_job *
poll_undo(const struct pav_job *job)
{
    const struct pav_poll_job *j = (const struct pav_poll_job *)job;
    struct pav_return_job *back;

    if (j->token == NULL)
        return NULL;
    back = pav_job_new(&pav_return_kind);
    back->token = pav_arena_strdup(&back->job.arena, j->token);
    return &back->job;
}

FIELDS(create_activity, {"name", FIELD_TEXT, true, 1, 80, NULL}, TAGS(false),
       ENCRYPTION);
FIELDS(activity, ARN("activityArn"));
FIELDS(poll, ARN("activityArn"),
       {"workerName", FIELD_TEXT, false, 1, 80, NULL});

FIELDS(list, PAGING);

/* ---- the table ---- */

const struct aws_action states_activities_actions[] = {
    ON_ENGINE("CreateActivity", "states:CreateActivity", create_activity,
              create_activity),
    ON_ENGINE("DescribeActivity", "states:DescribeActivity", activity,
              describe_activity),
    ON_ENGINE("DeleteActivity", "states:DeleteActivity", activity,
              delete_activity),
    ON_ENGINE("ListActivities", "states:ListActivities", list, list_activities),
    {"GetActivityTask", "states:GetActivityTask", poll_fields, NULL, false,
     NULL, &pav_poll_kind, poll_fill, poll_answer, poll_undo},
    END_OF_ACTIONS};
