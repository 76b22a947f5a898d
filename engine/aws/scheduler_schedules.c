/*
 * EventBridge Scheduler's schedules; run/schedules.c fires them.
 */
#include <math.h>
#include <string.h>

#include "pavane/schedule.h"
#include "pavane/text.h"
#include "pavane/zone.h"
#include "bus/bus.h"
#include "events_fields.h"
#include "pages.h"
#include "rows.h"
#include "scheduler.h"

#define LATEST_S      253402300800.0 /* the year 10000 */
#define LATE_START_MS (5 * 60 * 1000)

static const char *
group_name(struct control *c)
{
    const char *name = control_text(c, "GroupName");

    return name == NULL ? DEFAULT_GROUP : name;
}

static bool
invalid(struct control *c, const char *what)
{
    job_fail(&c->j->job, PAV_INVALID, "ValidationException", what,
             "Invalid %s.", what);
    return false;
}

static int64_t
date_in(const struct pav_doc *request, const char *key)
{
    const struct pav_doc *v = pav_doc_get(request, key);
    int64_t ms = 0;

    if (v != NULL && v->kind == PAV_STRING)
        (void)pav_time_parse(v->text, v->len, &ms);
    else if (v != NULL && fabs(pav_doc_double(v)) < LATEST_S)
        ms = (int64_t)(pav_doc_double(v) * 1000);
    return ms;
}

static bool
is_given(const struct pav_doc *o, const char *key)
{
    const struct pav_doc *v = pav_doc_get(o, key);

    return v != NULL && v->kind != PAV_NULL;
}

/* MaximumWindowInMinutes is there with FLEXIBLE, and only then. */
static bool
check_window(struct control *c)
{
    const struct pav_doc *window =
        pav_doc_get(c->j->request, "FlexibleTimeWindow");
    bool flexible = pav_doc_is_str(pav_doc_get(window, "Mode"), "FLEXIBLE");

    if (flexible == is_given(window, "MaximumWindowInMinutes"))
        return true;
    job_fail(&c->j->job, PAV_INVALID, "ValidationException",
             "FlexibleTimeWindow",
             flexible ? "Maximum Window must be set if FlexibleTimeWindow Mode "
                        "is FLEXIBLE."
                      : "Maximum Window must be null if FlexibleTimeWindow "
                        "Mode is OFF.");
    return false;
}

/* What ended already would never run. */
static bool
check_dates(struct control *c, bool fresh)
{
    int64_t from = date_in(c->j->request, "StartDate");
    int64_t until = date_in(c->j->request, "EndDate");

    if (is_given(c->j->request, "StartDate") && from <= 0)
        return invalid(c, "StartDate");
    if (is_given(c->j->request, "EndDate") && until <= 0)
        return invalid(c, "EndDate");
    if (fresh && from != 0 &&
        from < pav_clock_ms(c->e->clock) - LATE_START_MS) {
        job_fail(&c->j->job, PAV_INVALID, "ValidationException", "StartDate",
                 "The StartDate you specify cannot be earlier than 5 minutes "
                 "ago.");
        return false;
    }
    if (until == 0)
        return true;
    if (until > pav_clock_ms(c->e->clock) && from < until)
        return true;
    job_fail(&c->j->job, PAV_INVALID, "ValidationException", "EndDate",
             from >= until ? "The EndDate must be after the StartDate."
                           : "The EndDate you specify cannot be in the past.");
    return false;
}

static bool
check_schedule(struct control *c, bool fresh)
{
    const struct pav_doc *target = pav_doc_get(c->j->request, "Target");
    const char *text = control_text(c, "ScheduleExpression");
    const char *zone = control_text(c, "ScheduleExpressionTimezone");
    struct pav_schedule s;
    struct pav_zone *z;
    struct target t;
    struct pav_err err;

    if (pav_schedule_parse(text, &s, NULL) != PAV_OK) {
        job_fail(&c->j->job, PAV_INVALID, "ValidationException",
                 "ScheduleExpression", "Invalid Schedule Expression %s.", text);
        return false;
    }
    if (zone != NULL && strcmp(zone, "UTC") != 0) {
        if (pav_zone_load(zone, &z, NULL) != PAV_OK)
            return invalid(c, "ScheduleExpressionTimezone");
        pav_zone_free(z);
    }
    if (target_read(c->e, c->a, target, &t, &err) != PAV_OK) {
        job_fail(&c->j->job, PAV_INVALID, "ValidationException", "Target",
                 "Invalid Target: %s.", err.message);
        return false;
    }
    return check_window(c) && check_dates(c, fresh);
}

static bool
is_enabled(const struct pav_doc *body)
{
    return !pav_doc_is_str(pav_doc_get(body, "State"), "DISABLED");
}

static void
put_schedule(struct control *c, bool fresh)
{
    static const char *const fields[] = {"ScheduleExpression",
                                         "ScheduleExpressionTimezone",
                                         "Description",
                                         "State",
                                         "Target",
                                         "FlexibleTimeWindow",
                                         "ActionAfterCompletion",
                                         "KmsKeyArn",
                                         "ClientToken",
                                         NULL};
    const char *name = control_text(c, "Name"), *group = group_name(c), *arn;
    struct pav_schedule_row row = {
        .kind = PAV_SCHEDULED, .owner = group_asked(c, group), .name = name};
    int64_t now = pav_clock_ms(c->e->clock), created = now;
    const struct pav_doc *body;
    struct pav_members m;
    bool there;

    if (row.owner == 0)
        return;
    there = pav_store_schedule(c->e->store, PAV_SCHEDULED, row.owner, name,
                               c->a, &row);
    arn = scheduler_arn(c, "schedule", group, name);
    if (there && fresh &&
        is_resent(c, pav_doc_own(c->a, row.body.p, row.body.len))) {
        pav_members_str(&c->out, "ScheduleArn", arn);
        return;
    }
    if (there && fresh) {
        job_fail(&c->j->job, PAV_CONFLICT, "ConflictException", "Name",
                 "Schedule %s already exists.", name);
        return;
    }
    if (!there && !fresh) {
        job_fail(&c->j->job, PAV_MISSING, "ResourceNotFoundException", "Name",
                 "Schedule %s does not exist.", name);
        return;
    }
    if (!check_schedule(c, fresh))
        return;
    if (there)
        created = pav_doc_member_int(
            pav_doc_own(c->a, row.body.p, row.body.len), "CreationDate");
    pav_members_init(&m, c->a);
    pav_members_str(&m, "Arn", arn);
    events_copy(&m, c->j->request, fields);
    if (pav_doc_get(c->j->request, "State") == NULL)
        pav_members_str(&m, "State", "ENABLED");
    if (date_in(c->j->request, "StartDate") != 0)
        pav_members_int(&m, "StartDate", date_in(c->j->request, "StartDate"));
    if (date_in(c->j->request, "EndDate") != 0)
        pav_members_int(&m, "EndDate", date_in(c->j->request, "EndDate"));
    pav_members_int(&m, "CreationDate", created);
    pav_members_int(&m, "LastModificationDate", now);
    body = pav_members_object(&m);
    row.body = control_printed(c, body);
    /* A rate without a start begins at once. */
    row.next_at = is_enabled(body)
                      ? pav_scheduled_after(body, there ? now : now - 1, c->a)
                      : 0;
    pav_store_schedule_put(c->e->store, &row);
    pav_members_str(&c->out, "ScheduleArn", arn);
}

static void
create_schedule(struct control *c)
{
    put_schedule(c, true);
}

static void
update_schedule(struct control *c)
{
    put_schedule(c, false);
}

/* NULL after the job has failed. */
static const struct pav_doc *
schedule_asked(struct control *c, struct pav_schedule_row *row)
{
    int64_t group = group_asked(c, group_name(c));
    const char *name = control_text(c, "Name");

    if (group == 0)
        return NULL;
    if (pav_store_schedule(c->e->store, PAV_SCHEDULED, group, name, c->a, row))
        return pav_doc_own(c->a, row->body.p, row->body.len);
    job_fail(&c->j->job, PAV_MISSING, "ResourceNotFoundException", "Name",
             "Schedule %s does not exist.", name);
    return NULL;
}

static void
put_dates(struct pav_members *m, const struct pav_doc *body)
{
    static const char *const dates[] = {"StartDate", "EndDate", "CreationDate",
                                        "LastModificationDate"};
    size_t i;

    for (i = 0; i < sizeof(dates) / sizeof(dates[0]); i++)
        events_date(m, body, dates[i]);
}

static void
get_schedule(struct control *c)
{
    struct pav_schedule_row row;
    const struct pav_doc *body = schedule_asked(c, &row);

    if (body == NULL)
        return;
    pav_members_str(&c->out, "Name", row.name);
    pav_members_str(&c->out, "GroupName", group_name(c));
    events_copy(&c->out, body,
                (const char *const[]){
                    "Arn", "ScheduleExpression", "ScheduleExpressionTimezone",
                    "Description", "State", "Target", "FlexibleTimeWindow",
                    "ActionAfterCompletion", "KmsKeyArn", NULL});
    put_dates(&c->out, body);
}

static void
delete_schedule(struct control *c)
{
    struct pav_schedule_row row;

    if (schedule_asked(c, &row) != NULL)
        pav_store_schedule_delete(c->e->store, row.id);
}

static const struct pav_doc *
schedule_entry(struct control *c, const struct pav_schedule_row *row,
               const char *group)
{
    const struct pav_doc *body = pav_doc_own(c->a, row->body.p, row->body.len);
    const char *state = control_text(c, "State");
    struct pav_members m, target;

    if (state != NULL && !pav_doc_is_str(pav_doc_get(body, "State"), state))
        return NULL;
    pav_members_init(&target, c->a);
    pav_members_puts(&target, "Arn",
                     pav_doc_get(pav_doc_get(body, "Target"), "Arn"));
    pav_members_init(&m, c->a);
    pav_members_str(&m, "Name", row->name);
    pav_members_str(&m, "GroupName", group);
    events_copy(&m, body, (const char *const[]){"Arn", "State", NULL});
    pav_members_puts(&m, "Target", pav_members_object(&target));
    events_date(&m, body, "CreationDate");
    events_date(&m, body, "LastModificationDate");
    return pav_members_object(&m);
}

/* Within one group; without a name, the groups one behind the other. */
static bool
list_group(struct control *c, int64_t group, const char *name,
           const char *after, uint32_t limit, struct pav_items *list)
{
    const char *prefix = control_text(c, "NamePrefix");
    struct pav_schedule_row rows[100];
    uint32_t i, n;

    do {
        n = pav_store_schedules(c->e->store, PAV_SCHEDULED, group, after, 100,
                                c->a, rows);
        for (i = 0; i < n; i++) {
            const struct pav_doc *d;

            if (prefix != NULL &&
                strncmp(rows[i].name, prefix, strlen(prefix)) != 0)
                continue;
            d = schedule_entry(c, &rows[i], name);
            if (d == NULL)
                continue;
            if (list->count == limit) {
                const struct pav_doc *last = &list->v[limit - 1];

                control_page_next(
                    c, pav_arena_printf(
                           c->a, "%s/%s",
                           pav_doc_str(c->a, pav_doc_get(last, "GroupName")),
                           pav_doc_str(c->a, pav_doc_get(last, "Name"))));
                return false;
            }
            pav_items_add(list, d);
        }
        after = n == 0 ? "" : rows[n - 1].name;
    } while (n == 100);
    return true;
}

static void
list_schedules(struct control *c)
{
    const char *only = control_text(c, "GroupName");
    const char *token = control_page_start(c), *slash, *from = "", *after = "";
    uint32_t limit = schedules_page_size(c), i, n;
    struct pav_name_row groups[100];
    struct pav_items list;
    int64_t number;

    if (token == NULL)
        return;
    slash = strchr(token, '/');
    if (slash != NULL) {
        from = pav_arena_strndup(c->a, token, (size_t)(slash - token));
        after = slash + 1;
    }
    pav_items_init(&list, c->a);
    if (only != NULL) {
        number = group_asked(c, only);
        if (number != 0)
            (void)list_group(c, number, only, after, limit, &list);
    } else {
        bool more = *from != '\0' && strcmp(from, DEFAULT_GROUP) != 0
                        ? true
                        : list_group(c, 1, DEFAULT_GROUP, after, limit, &list);

        const char *group = "";

        do {
            n = pav_store_names(c->e->store, PAV_NAME_GROUP, 0, group, 100,
                                c->a, groups);
            for (i = 0; i < n && more; i++)
                if (*from == '\0' || strcmp(from, DEFAULT_GROUP) == 0 ||
                    strcmp(groups[i].name, from) >= 0)
                    more = list_group(c, groups[i].number, groups[i].name,
                                      strcmp(groups[i].name, from) == 0 ? after
                                                                        : "",
                                      limit, &list);
            group = n == 0 ? "" : groups[n - 1].name;
        } while (n == 100 && more);
    }
    pav_members_puts(&c->out, "Schedules", pav_items_array(&list));
}

FIELDS(schedule, PLAIN("Name", 64), TEXT("GroupName", false, 64),
       TEXT("ClientToken", false, 64),
       {"ScheduleExpression", FIELD_TEXT, true, 1, 256, NULL},
       TEXT("ScheduleExpressionTimezone", false, 50),
       {"Description", FIELD_TEXT, false, 0, 512, NULL},
       {"State", FIELD_TEXT, false, 0, 0, "ENABLED, DISABLED"},
       {"Target", FIELD_OBJECT, true, 0, 0, NULL},
       TEXT("Target.Arn", true, 1600), TEXT("Target.RoleArn", false, 1600),
       TEXT("Target.DeadLetterConfig.Arn", false, 1600),
       TEXT("Target.EventBridgeParameters.DetailType", true, 128),
       TEXT("Target.EventBridgeParameters.Source", true, 256),
       TEXT("Target.SqsParameters.MessageGroupId", false, 128),
       {"FlexibleTimeWindow", FIELD_OBJECT, true, 0, 0, NULL},
       {"FlexibleTimeWindow.Mode", FIELD_TEXT, true, 0, 0, "OFF, FLEXIBLE"},
       {"FlexibleTimeWindow.MaximumWindowInMinutes", FIELD_WHOLE, false, 1,
        1440, NULL},
       {"ActionAfterCompletion", FIELD_TEXT, false, 0, 0, "NONE, DELETE"},
       TEXT("KmsKeyArn", false, 2048), ANY("StartDate", FIELD_NUMBER),
       ANY("EndDate", FIELD_NUMBER));
FIELDS(one_schedule, PLAIN("Name", 64), TEXT("GroupName", false, 64),
       TEXT("ClientToken", false, 64));
FIELDS(list_schedules, TEXT("GroupName", false, 64),
       TEXT("NamePrefix", false, 64),
       {"State", FIELD_TEXT, false, 0, 0, "ENABLED, DISABLED"},
       {"MaxResults", FIELD_WHOLE, false, 1, 100, NULL},
       TEXT("NextToken", false, 2048));

/* ---- the table ---- */

const struct aws_action scheduler_schedules_actions[] = {
    ON_ENGINE("scheduler:CreateSchedule", "scheduler:CreateSchedule", schedule,
              create_schedule),
    ON_ENGINE("scheduler:UpdateSchedule", "scheduler:UpdateSchedule", schedule,
              update_schedule),
    ON_ENGINE("scheduler:GetSchedule", "scheduler:GetSchedule", one_schedule,
              get_schedule),
    ON_ENGINE("scheduler:DeleteSchedule", "scheduler:DeleteSchedule",
              one_schedule, delete_schedule),
    ON_ENGINE("scheduler:ListSchedules", "scheduler:ListSchedules",
              list_schedules, list_schedules),
    END_OF_ACTIONS};
