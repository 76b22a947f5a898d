/*
 * Groups of EventBridge Scheduler's schedules.
 */
#include <string.h>

#include "pavane/arn.h"
#include "turn/turn.h"
#include "events_fields.h"
#include "pages.h"
#include "rows.h"
#include "scheduler.h"

const char *
scheduler_arn(struct control *c, const char *kind, const char *group,
              const char *name)
{
    return pav_arn_put(c->a, "scheduler", c->e->config.region,
                       c->e->config.account, "%s/%s%s%s", kind, group,
                       name == NULL ? "" : "/", name == NULL ? "" : name);
}

/* The group's number; 0 after the job has failed. */
int64_t
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

/* A request that is sent again says so by its token: it is done already. */
bool
is_resent(struct control *c, const struct pav_doc *body)
{
    const char *token = control_text(c, "ClientToken");

    return token != NULL &&
           pav_doc_is_str(pav_doc_get(body, "ClientToken"), token);
}

uint32_t
schedules_page_size(struct control *c)
{
    int64_t n = pav_doc_member_int(c->j->request, "MaxResults");

    return n == 0 ? 100 : (uint32_t)n;
}

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
    uint32_t limit = schedules_page_size(c), i, n;
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

/* Only groups have them. */
static const char *
tagged(struct control *c)
{
    const char *arn = control_text(c, "ResourceArn");
    const char *name = pav_arn_name(arn, "scheduler", "schedule-group");

    if (name != NULL)
        return group_asked(c, name) == 0 ? NULL : arn;
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
    tags_remove(c, tagged(c), pav_doc_get(c->j->request, "TagKeys"));
}

static void
list_tags(struct control *c)
{
    events_tags(c, tagged(c));
}

FIELDS(list_groups, TEXT("NamePrefix", false, 64),
       {"MaxResults", FIELD_WHOLE, false, 1, 100, NULL},
       TEXT("NextToken", false, 2048));
FIELDS(group_tag, NAME("ResourceArn", 1011), TAGS(true, 1));
FIELDS(group_untag, NAME("ResourceArn", 1011), TAG_KEYS);
FIELDS(group_tags, NAME("ResourceArn", 1011));
FIELDS(group, PLAIN("Name", 64), TEXT("ClientToken", false, 64),
       TAGS(false, 1));

/* ---- the table ---- */

const struct aws_action scheduler_groups_actions[] = {
    ON_ENGINE("scheduler:CreateScheduleGroup", "scheduler:CreateScheduleGroup",
              group, create_group),
    ON_ENGINE("scheduler:GetScheduleGroup", "scheduler:GetScheduleGroup", group,
              get_group),
    ON_ENGINE("scheduler:DeleteScheduleGroup", "scheduler:DeleteScheduleGroup",
              group, delete_group),
    ON_ENGINE("scheduler:ListScheduleGroups", "scheduler:ListScheduleGroups",
              list_groups, list_groups),
    ON_ENGINE("scheduler:TagResource", "scheduler:TagResource", group_tag,
              tag_group),
    ON_ENGINE("scheduler:UntagResource", "scheduler:UntagResource", group_untag,
              untag_group),
    ON_ENGINE("scheduler:ListTagsForResource", "scheduler:ListTagsForResource",
              group_tags, list_tags),
    END_OF_ACTIONS};
