/*
 * Rules of buses.  Their targets are in events_rule_targets.c.
 */
#include <string.h>

#include "pavane/schedule.h"
#include "bus/bus.h"
#include "buses.h"
#include "events_fields.h"
#include "rows.h"

const char *const rule_fields[] = {"Description", "EventPattern",
                                   "ScheduleExpression", "RoleArn", NULL};

/* NULL after the job has failed. */
struct bus *
rule_asked(struct control *c, const char *key, struct pav_name_row *row,
           const struct pav_doc **body)
{
    struct bus *b = bus_asked(c);
    const char *name = control_text(c, key);

    if (b == NULL)
        return NULL;
    if (events_row(c, PAV_NAME_RULE, b->id, name, row, body))
        return b;
    job_fail(&c->j->job, PAV_MISSING, "ResourceNotFoundException", key,
             "Rule %s does not exist on EventBus %s.", name, b->name);
    return NULL;
}

static bool
check_schedule(struct control *c, const struct bus *b, const char *text)
{
    struct pav_schedule s;

    if (text == NULL || *text == '\0')
        return true;
    if (strcmp(b->name, DEFAULT_BUS) != 0) {
        job_fail(&c->j->job, PAV_INVALID, "ValidationException",
                 "ScheduleExpression",
                 "ScheduleExpression is supported only on the default event "
                 "bus.");
        return false;
    }
    if (pav_schedule_parse(text, &s, NULL) == PAV_OK &&
        s.kind != PAV_SCHEDULE_AT)
        return true;
    job_fail(&c->j->job, PAV_INVALID, "ValidationException",
             "ScheduleExpression",
             "Parameter ScheduleExpression is not valid.");
    return false;
}

/* A rule's schedule is a row of its own while the rule is enabled. */
static void
schedule_rule(struct control *c, const struct bus *b, const char *name,
              const struct pav_doc *body)
{
    struct pav_schedule_row row = {
        .kind = PAV_SCHEDULED_RULE, .owner = b->id, .name = name};
    const struct pav_doc *text = pav_doc_get(body, "ScheduleExpression");
    struct pav_members m;
    bool there = pav_store_schedule(c->e->store, PAV_SCHEDULED_RULE, b->id,
                                    name, c->a, &row);

    if (text == NULL || text->len == 0 ||
        pav_doc_is_str(pav_doc_get(body, "State"), "DISABLED")) {
        if (there)
            pav_store_schedule_delete(c->e->store, row.id);
        return;
    }
    if (there &&
        pav_doc_equal(pav_doc_get(pav_doc_own(c->a, row.body.p, row.body.len),
                                  "ScheduleExpression"),
                      text))
        return; /* it goes on as it counts */
    pav_members_init(&m, c->a);
    pav_members_puts(&m, "ScheduleExpression", text);
    pav_members_int(&m, "CreationDate", pav_clock_ms(c->e->clock));
    row.body = control_printed(c, pav_members_object(&m));
    row.next_at = pav_scheduled_after(pav_members_object(&m),
                                      pav_clock_ms(c->e->clock), c->a);
    pav_store_schedule_put(c->e->store, &row);
}

void
save_rule(struct control *c, const struct bus *b, const char *name,
          struct pav_members *body)
{
    events_put(c, PAV_NAME_RULE, b->id, name, 0, body);
    schedule_rule(c, b, name, pav_members_object(body));
    events_touch(c, PAV_TOUCHED_RULE, b->name, name);
}

static void
put_rule(struct control *c)
{
    const char *name = control_text(c, "Name");
    const char *pattern = control_text(c, "EventPattern");
    const char *schedule = control_text(c, "ScheduleExpression");
    const char *state = control_text(c, "State");
    struct bus *b = bus_asked(c);
    const struct pav_doc *old = NULL;
    struct pav_name_row row;
    struct pav_members body;

    if (b == NULL)
        return;
    if (pattern == NULL && schedule == NULL) {
        job_fail(&c->j->job, PAV_INVALID, "ValidationException", "EventPattern",
                 "Parameter(s) EventPattern or ScheduleExpression must be "
                 "specified.");
        return;
    }
    if (!events_check_pattern(c, pattern) || !check_schedule(c, b, schedule))
        return;
    (void)events_row(c, PAV_NAME_RULE, b->id, name, &row, &old);
    pav_members_init(&body, c->a);
    events_copy(&body, c->j->request, rule_fields);
    pav_members_str(&body, "State", state == NULL ? "ENABLED" : state);
    if (old != NULL) /* all is put anew, but for the targets */
        events_copy(&body, old, (const char *const[]){"Targets", NULL});
    save_rule(c, b, name, &body);
    pav_members_str(&c->out, "RuleArn", bus_rule_arn(c->e, b->name, name));
    if (old == NULL)
        events_tags_of_new(c, bus_rule_arn(c->e, b->name, name));
}

static const struct pav_doc *
rule_described(struct control *c, const struct bus *b, const char *name,
               const struct pav_doc *body)
{
    struct pav_members m;

    pav_members_init(&m, c->a);
    pav_members_str(&m, "Name", name);
    pav_members_str(&m, "Arn", bus_rule_arn(c->e, b->name, name));
    events_copy(&m, body, rule_fields);
    events_copy(&m, body, (const char *const[]){"State", NULL});
    pav_members_str(&m, "EventBusName", b->name);
    return pav_members_object(&m);
}

static void
describe_rule(struct control *c)
{
    struct pav_name_row row;
    const struct pav_doc *body;
    struct bus *b = rule_asked(c, "Name", &row, &body);

    if (b == NULL)
        return;
    events_answer(c, rule_described(c, b, row.name, body));
    pav_members_str(&c->out, "CreatedBy", c->e->config.account);
}

static void
delete_rule(struct control *c)
{
    struct bus *b = bus_asked(c);
    const char *name = control_text(c, "Name");
    const struct pav_doc *body, *targets;
    struct pav_schedule_row schedule;
    struct pav_name_row row;

    if (b == NULL || !events_row(c, PAV_NAME_RULE, b->id, name, &row, &body))
        return; /* gone already: fine */
    targets = pav_doc_get(body, "Targets");
    if (targets != NULL && targets->len > 0) {
        job_fail(&c->j->job, PAV_CONFLICT, "ValidationException", "Name",
                 "Rule can't be deleted since it has targets.");
        return;
    }
    pav_store_name_delete(c->e->store, PAV_NAME_RULE, b->id, name);
    pav_store_name_delete(c->e->store, PAV_NAME_TAGS, 0,
                          bus_rule_arn(c->e, b->name, name));
    if (pav_store_schedule(c->e->store, PAV_SCHEDULED_RULE, b->id, name, c->a,
                           &schedule))
        pav_store_schedule_delete(c->e->store, schedule.id);
    events_touch(c, PAV_TOUCHED_RULE, b->name, name);
}

static void
set_state(struct control *c, const char *state)
{
    struct pav_name_row row;
    const struct pav_doc *body;
    struct bus *b = rule_asked(c, "Name", &row, &body);
    struct pav_members m;

    if (b == NULL)
        return;
    pav_members_init(&m, c->a);
    events_copy(&m, body, rule_fields);
    events_copy(&m, body, (const char *const[]){"Targets", NULL});
    pav_members_str(&m, "State", state);
    save_rule(c, b, row.name, &m);
}

static void
enable_rule(struct control *c)
{
    set_state(c, "ENABLED");
}

static void
disable_rule(struct control *c)
{
    set_state(c, "DISABLED");
}

static const struct pav_doc *
rule_entry(struct control *c, const struct pav_name_row *row)
{
    return rule_described(c, bus_by_id(c->e, row->owner), row->name,
                          control_body(c, row));
}

static void
list_rules(struct control *c)
{
    struct bus *b = bus_asked(c);

    if (b != NULL)
        events_list(c, PAV_NAME_RULE, b->id, "Rules", rule_entry);
}

static const struct pav_doc *
name_of_target(struct control *c, const struct pav_name_row *row)
{
    const struct pav_doc *targets =
        pav_doc_get(control_body(c, row), "Targets");
    const char *arn = control_text(c, "TargetArn");
    uint32_t i;

    for (i = 0; targets != NULL && i < targets->len; i++)
        if (pav_doc_is_str(pav_doc_get(&targets->items[i], "Arn"), arn))
            return pav_doc_new_cstr(c->a, row->name);
    return NULL;
}

static void
list_names_by_target(struct control *c)
{
    struct bus *b = bus_asked(c);

    if (b != NULL)
        events_list(c, PAV_NAME_RULE, b->id, "RuleNames", name_of_target);
}

FIELDS(put_rule, PLAIN("Name", 64),
       {"ScheduleExpression", FIELD_TEXT, false, 0, 256, NULL},
       {"EventPattern", FIELD_TEXT, false, 0, 4096, NULL},
       {"State", FIELD_TEXT, false, 0, 0,
        "ENABLED, DISABLED, ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"},
       {"Description", FIELD_TEXT, false, 0, 512, NULL},
       TEXT("RoleArn", false, 1600), TAGS(false, 0), BUS);
FIELDS(named, PLAIN("Name", 64), BUS);
FIELDS(delete_rule, PLAIN("Name", 64), BUS, ANY("Force", FIELD_FLAG));
FIELDS(list_rules, TEXT("NamePrefix", false, 64), BUS, PAGE);
FIELDS(by_target, NAME("TargetArn", 1600), BUS, PAGE);

/* ---- the table ---- */

const struct aws_action events_rules_actions[] = {
    ALONE_ON_ENGINE("events:PutRule", "events:PutRule", put_rule, put_rule),
    ON_ENGINE("events:DescribeRule", "events:DescribeRule", named,
              describe_rule),
    ALONE_ON_ENGINE("events:DeleteRule", "events:DeleteRule", delete_rule,
                    delete_rule),
    ALONE_ON_ENGINE("events:EnableRule", "events:EnableRule", named,
                    enable_rule),
    ALONE_ON_ENGINE("events:DisableRule", "events:DisableRule", named,
                    disable_rule),
    ON_ENGINE("events:ListRules", "events:ListRules", list_rules, list_rules),
    ON_ENGINE("events:ListRuleNamesByTarget", "events:ListRuleNamesByTarget",
              by_target, list_names_by_target),
    END_OF_ACTIONS};
