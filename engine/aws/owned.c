/* Whose a thing is: see owned.h. */
#include "owned.h"

#include <string.h>

#include "bus/bus.h"
#include "rows.h"
#include "scheduler.h"

/* clang-format off */
const struct owned_kind owned_kinds[] = {
    {"bus", {"Name", NULL}, "events:CreateEventBus", "events:UpdateEventBus",
     "events:DeleteEventBus", "events:DescribeEventBus"},
    {"permission", {"EventBusName", "StatementId"}, "events:PutPermission",
     "events:PutPermission", "events:RemovePermission", NULL},
    {"connection", {"Name", NULL}, "events:CreateConnection",
     "events:UpdateConnection", "events:DeleteConnection",
     "events:DescribeConnection"},
    {"destination", {"Name", NULL}, "events:CreateApiDestination",
     "events:UpdateApiDestination", "events:DeleteApiDestination",
     "events:DescribeApiDestination"},
    {"schema", {"Source", "DetailType"}, "pavane:PutSchema",
     "pavane:PutSchema", "pavane:DeleteSchema", NULL},
    {"archive", {"ArchiveName", NULL}, "events:CreateArchive",
     "events:UpdateArchive", "events:DeleteArchive", "events:DescribeArchive"},
    {"rule", {"EventBusName", "Name"}, "events:PutRule", "events:PutRule",
     "events:DeleteRule", "events:DescribeRule"},
    {"group", {"Name", NULL}, "scheduler:CreateScheduleGroup", NULL,
     "scheduler:DeleteScheduleGroup", "scheduler:GetScheduleGroup"},
    {"schedule", {"GroupName", "Name"}, "scheduler:CreateSchedule",
     "scheduler:UpdateSchedule", "scheduler:DeleteSchedule",
     "scheduler:GetSchedule"},
    {NULL, {NULL, NULL}, NULL, NULL, NULL, NULL}};

/* Actions that name what they change otherwise, or change it besides. */
static const struct {
    const char *action, *kind, *identity[2];
} others[] = {
    {"events:EnableRule", "rule", {"EventBusName", "Name"}},
    {"events:DisableRule", "rule", {"EventBusName", "Name"}},
    {"events:PutTargets", "rule", {"EventBusName", "Rule"}},
    {"events:RemoveTargets", "rule", {"EventBusName", "Rule"}},
    {"events:DeauthorizeConnection", "connection", {"Name", NULL}}};
/* clang-format on */

const struct owned_kind *
owned_kind(const char *name)
{
    const struct owned_kind *k;

    for (k = owned_kinds; k->name != NULL; k++)
        if (strcmp(k->name, name) == 0)
            return k;
    return NULL;
}

static const char *
value_of(struct control *c, const struct pav_doc *fields, const char *key)
{
    const char *text = pav_doc_member_str(c->a, fields, key);

    if (strcmp(key, "EventBusName") == 0)
        return text == NULL ? DEFAULT_BUS
                            : events_name_of(c, text, "event-bus");
    if (strcmp(key, "GroupName") == 0 && text == NULL)
        return DEFAULT_GROUP;
    return text == NULL ? "" : text;
}

static const char *
name_of(struct control *c, const char *kind, const char *const identity[2],
        const struct pav_doc *fields)
{
    const char *first = value_of(c, fields, identity[0]);

    if (strcmp(kind, "bus") == 0 && *first == '\0')
        first = DEFAULT_BUS;
    if (strcmp(kind, "schema") == 0) /* a source may have a slash */
        return pav_arena_printf(c->a, "%s %s: %s", kind, first,
                                value_of(c, fields, identity[1]));
    if (identity[1] == NULL)
        return pav_arena_printf(c->a, "%s %s", kind, first);
    return pav_arena_printf(c->a, "%s %s/%s", kind, first,
                            value_of(c, fields, identity[1]));
}

const char *
owned_name(struct control *c, const struct owned_kind *k,
           const struct pav_doc *fields)
{
    return name_of(c, k->name, k->identity, fields);
}

static bool
refuse(struct control *c, const struct pav_name_row *row)
{
    const char *system =
        pav_doc_member_str(c->a, control_body(c, row), "system");

    job_fail(&c->j->job, PAV_CONFLICT,
             strncmp(row->name, "rule ", 5) == 0 ? "ManagedRuleException"
                                                 : "ConflictException",
             row->name,
             "The %s belongs to the folder '%s': change its bus.json instead.",
             row->name, system == NULL ? "" : system);
    return true;
}

/* With a whole policy goes what a folder let in, with a group its schedules. */
static bool
refuses_prefix(struct control *c, const char *prefix)
{
    struct pav_name_row row;

    if (pav_store_names(c->e->store, PAV_NAME_OWNED, 0, prefix, 1, c->a,
                        &row) == 0 ||
        strncmp(row.name, prefix, strlen(prefix)) != 0)
        return false;
    return refuse(c, &row);
}

bool
owned_refuses(struct control *c)
{
    const char *action = c->j->action, *name = NULL;
    const struct owned_kind *k;
    struct pav_name_row row;
    size_t i;

    if (strstr(action, "Permission") != NULL &&
        (control_text(c, "Policy") != NULL ||
         request_is(c, "RemoveAllPermissions")))
        return refuses_prefix(
            c, pav_arena_printf(c->a, "permission %s/",
                                value_of(c, c->j->request, "EventBusName")));
    if (strcmp(action, "scheduler:DeleteScheduleGroup") == 0 &&
        refuses_prefix(c, pav_arena_printf(c->a, "schedule %s/",
                                           value_of(c, c->j->request, "Name"))))
        return true;
    for (k = owned_kinds; k->name != NULL && name == NULL; k++)
        if (strcmp(action, k->create) == 0 || strcmp(action, k->remove) == 0 ||
            (k->update != NULL && strcmp(action, k->update) == 0))
            name = owned_name(c, k, c->j->request);
    for (i = 0; i < sizeof(others) / sizeof(others[0]) && name == NULL; i++)
        if (strcmp(action, others[i].action) == 0)
            name =
                name_of(c, others[i].kind, others[i].identity, c->j->request);
    return name != NULL &&
           pav_store_name(c->e->store, PAV_NAME_OWNED, 0, name, c->a, &row) &&
           refuse(c, &row);
}
