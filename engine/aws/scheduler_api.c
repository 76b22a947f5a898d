/*
 * EventBridge Scheduler's API on the engine's thread: schedules and their
 * groups.  A schedule is a row with its next time; nothing of it is in memory.
 */
#include <stdio.h>
#include <math.h>
#include <string.h>

#include "pavane/schedule.h"
#include "pavane/text.h"
#include "bus/bus.h"
#include "turn/turn.h"
#include "request.h"

#define DEFAULT_GROUP "default"

static const char *
scheduler_arn(struct control *c, const char *kind, const char *group,
              const char *name)
{
    return pav_arena_printf(c->a, "arn:aws:scheduler:%s:%s:%s/%s%s%s",
                            c->e->config.region, c->e->config.account, kind,
                            group, name == NULL ? "" : "/",
                            name == NULL ? "" : name);
}

/* The group's number; 0 after the job has failed. */
static int64_t
group_asked(struct control *c, const char *name)
{
    struct pav_name_row row;

    if (name == NULL || strcmp(name, DEFAULT_GROUP) == 0)
        return 1;
    if (pav_store_name(c->e->store, PAV_NAME_GROUP, 0, name, c->a, &row))
        return row.number;
    job_fail(&c->j->job, PAV_MISSING, "ResourceNotFoundException", "GroupName",
             "Schedule group %s does not exist.", name);
    return 0;
}

static const char *
group_name(struct control *c)
{
    const char *name = control_text(c, "GroupName");

    return name == NULL ? DEFAULT_GROUP : name;
}

/* ---- schedules ---- */

static bool
invalid(struct control *c, const char *what)
{
    job_fail(&c->j->job, PAV_INVALID, "ValidationException", what,
             "Invalid %s.", what);
    return false;
}

#define LATEST_S 253402300800.0 /* the year 10000 */

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

#define LATE_START_MS (5 * 60 * 1000)

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

/* A request that is sent again says so by its token: it is done already. */
static bool
is_resent(struct control *c, const struct pav_doc *body)
{
    const char *token = control_text(c, "ClientToken");

    return token != NULL &&
           pav_doc_is_str(pav_doc_get(body, "ClientToken"), token);
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
                      ? schedule_after(c->e, body, there ? now : now - 1)
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

static uint32_t
page_size(struct control *c)
{
    int64_t n = pav_doc_member_int(c->j->request, "MaxResults");

    return n == 0 ? 100 : (uint32_t)n;
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
    uint32_t limit = page_size(c), i, n;
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

/* ---- groups ---- */

static void
create_group(struct control *c)
{
    const char *name = control_text(c, "Name");
    const char *arn = scheduler_arn(c, "schedule-group", name, NULL);
    struct pav_name_row row;
    struct pav_members m;
    bool there =
        pav_store_name(c->e->store, PAV_NAME_GROUP, 0, name, c->a, &row);

    if (there && is_resent(c, control_body(c, &row))) {
        pav_members_str(&c->out, "ScheduleGroupArn", arn);
        return;
    }
    if (strcmp(name, DEFAULT_GROUP) == 0 || there) {
        job_fail(&c->j->job, PAV_CONFLICT, "ConflictException", "Name",
                 "Schedule group %s already exists.", name);
        return;
    }
    pav_members_init(&m, c->a);
    pav_members_int(&m, "CreationDate", pav_clock_ms(c->e->clock));
    pav_members_str(&m, "ClientToken", control_text(c, "ClientToken"));
    /* 1 is the default group's */
    events_put(c, PAV_NAME_GROUP, 0, name,
               1 + events_fresh_number(c, PAV_NAME_GROUP, "group"), &m);
    events_tags_of_new(c, arn);
    pav_members_str(&c->out, "ScheduleGroupArn", arn);
}

static const struct pav_doc *
group_entry(struct control *c, const struct pav_name_row *row)
{
    const struct pav_doc *body = control_body(c, row);
    struct pav_members m;

    pav_members_init(&m, c->a);
    pav_members_str(&m, "Arn",
                    scheduler_arn(c, "schedule-group", row->name, NULL));
    pav_members_str(&m, "Name", row->name);
    pav_members_str(&m, "State", "ACTIVE");
    events_date(&m, body, "CreationDate");
    return pav_members_object(&m);
}

static void
get_group(struct control *c)
{
    const char *name = control_text(c, "Name");
    struct pav_name_row row = {.name = DEFAULT_GROUP, .body = {"{}", 2}};
    const struct pav_doc *entry;
    uint32_t i;

    if (group_asked(c, name) == 0)
        return;
    (void)pav_store_name(c->e->store, PAV_NAME_GROUP, 0, name, c->a, &row);
    entry = group_entry(c, &row);
    for (i = 0; i < entry->len; i++)
        pav_members_add(&c->out, entry->members[i].key, entry->members[i].len,
                        &entry->members[i].value);
}

static void
delete_group(struct control *c)
{
    const char *name = control_text(c, "Name");
    int64_t number = group_asked(c, name);
    struct pav_schedule_row rows[100];
    uint32_t i, n;

    if (number == 0)
        return;
    if (number == 1) {
        job_fail(&c->j->job, PAV_INVALID, "ValidationException", "Name",
                 "The default schedule group cannot be deleted.");
        return;
    }
    do {
        n = pav_store_schedules(c->e->store, PAV_SCHEDULED, number, "", 100,
                                c->a, rows);
        for (i = 0; i < n; i++)
            pav_store_schedule_delete(c->e->store, rows[i].id);
    } while (n == 100);
    pav_store_name_delete(c->e->store, PAV_NAME_GROUP, 0, name);
}

/* "default" comes first, whatever the names of the others. */
static void
list_groups(struct control *c)
{
    const char *prefix = control_text(c, "NamePrefix");
    const char *after = control_page_start(c);
    uint32_t limit = page_size(c), i, n;
    struct pav_name_row rows[100],
        row = {.name = DEFAULT_GROUP, .body = {"{}", 2}};
    struct pav_items list;

    if (after == NULL)
        return;
    pav_items_init(&list, c->a);
    if (*after == '\0' &&
        (prefix == NULL || strncmp(row.name, prefix, strlen(prefix)) == 0))
        pav_items_add(&list, group_entry(c, &row));
    if (strcmp(after, DEFAULT_GROUP) == 0)
        after = "";
    do {
        n = pav_store_names(c->e->store, PAV_NAME_GROUP, 0, after, 100, c->a,
                            rows);
        for (i = 0; i < n; i++) {
            if (prefix != NULL &&
                strncmp(rows[i].name, prefix, strlen(prefix)) != 0)
                continue;
            if (list.count == limit) {
                const struct pav_doc *last = &list.v[limit - 1];

                control_page_next(c,
                                  pav_doc_str(c->a, pav_doc_get(last, "Name")));
                n = 0;
                break;
            }
            pav_items_add(&list, group_entry(c, &rows[i]));
        }
        after = n == 0 ? "" : rows[n - 1].name;
    } while (n == 100);
    pav_members_puts(&c->out, "ScheduleGroups", pav_items_array(&list));
}

/* ---- tags ---- */

/* Only groups have them. */
static const char *
tagged(struct control *c)
{
    const char *arn = control_text(c, "ResourceArn");
    const char *name = strstr(arn, ":schedule-group/");

    if (name != NULL)
        return group_asked(c, name + strlen(":schedule-group/")) == 0 ? NULL
                                                                      : arn;
    job_fail(&c->j->job, PAV_INVALID, "ValidationException", "ResourceArn",
             "'%s' is not the ARN of a schedule group.", arn);
    return NULL;
}

static void
tag_group(struct control *c)
{
    const char *arn = tagged(c);

    if (arn != NULL)
        events_tags_of_new(c, arn);
}

static void
untag_group(struct control *c)
{
    const char *arn = tagged(c);

    if (arn != NULL)
        tags_remove(c, arn, pav_doc_get(c->j->request, "TagKeys"));
}

static void
list_tags(struct control *c)
{
    const char *arn = tagged(c);

    if (arn != NULL)
        events_tags(c, arn);
}

const struct control_action scheduler_actions[] = {
    {"scheduler:CreateSchedule", create_schedule, false},
    {"scheduler:UpdateSchedule", update_schedule, false},
    {"scheduler:GetSchedule", get_schedule, false},
    {"scheduler:DeleteSchedule", delete_schedule, false},
    {"scheduler:ListSchedules", list_schedules, false},
    {"scheduler:CreateScheduleGroup", create_group, false},
    {"scheduler:GetScheduleGroup", get_group, false},
    {"scheduler:DeleteScheduleGroup", delete_group, false},
    {"scheduler:ListScheduleGroups", list_groups, false},
    {"scheduler:TagResource", tag_group, false},
    {"scheduler:UntagResource", untag_group, false},
    {"scheduler:ListTagsForResource", list_tags, false},
    {NULL, NULL, false},
};
