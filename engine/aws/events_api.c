/*
 * The EventBridge API on the engine's thread: buses, rules, targets, tags;
 * archives_api.c and destinations_api.c have the rest.  Requests come checked
 * for shape.  Rows are written here; what the engine has of them in memory is
 * read again behind the commit (events_swap).  Names, errors and texts as the
 * service has them.
 */
#include <string.h>

#include "pavane/digest.h"
#include "pavane/log.h"
#include "pavane/schedule.h"
#include "pavane/text.h"
#include "bus/bus.h"
#include "run/registry.h"
#include "turn/turn.h"
#include "request.h"

#define TARGETS_MAX 100 /* of one rule */
#define POLICY_MAX  10240

/* ---- what is shared ---- */

static const char *
bus_name(struct control *c)
{
    const char *name = control_text(c, "EventBusName");

    return name == NULL ? DEFAULT_BUS : events_name_of(c, name, ":event-bus/");
}

/* NULL after the job has failed. */
static struct bus *
bus_asked(struct control *c)
{
    const char *name = bus_name(c);
    struct bus *b = bus_by_name(c->e, name);

    if (b == NULL)
        job_fail(&c->j->job, PAV_MISSING, "ResourceNotFoundException",
                 "EventBusName", "Event bus %s does not exist.", name);
    return b;
}

/* ---- buses ---- */

static const char *const bus_fields[] = {"Description", "KmsKeyIdentifier",
                                         "DeadLetterConfig", "LogConfig", NULL};

static void
create_bus(struct control *c)
{
    const char *name = control_text(c, "Name");
    struct pav_members body;
    struct machine *m;

    if (bus_by_name(c->e, name) != NULL) {
        job_fail(&c->j->job, PAV_CONFLICT, "ResourceAlreadyExistsException",
                 "Name", "Event bus %s already exists.", name);
        return;
    }
    pav_members_init(&body, c->a);
    events_copy(&body, c->j->request, bus_fields);
    pav_members_int(&body, "CreationTime", pav_clock_ms(c->e->clock));
    pav_members_int(&body, "LastModifiedTime", pav_clock_ms(c->e->clock));
    events_put(c, PAV_NAME_BUS, 0, name,
               events_fresh_number(c, PAV_NAME_BUS, "bus"), &body);
    pav_members_str(&c->out, "EventBusArn", events_arn(c, "event-bus", name));
    events_copy(&c->out, c->j->request, bus_fields);
    events_tags_of_new(c, events_arn(c, "event-bus", name));
    for (m = c->e->machines; m != NULL; m = m->next)
        if (m->by_folder && m->rules != NULL &&
            strcmp(m->rules->bus, name) == 0)
            pav_store_fault_put(c->e->store, m->name, NULL, 0);
    events_touch(c, PAV_TOUCHED_BUS, NULL, name);
}

static const struct pav_doc *
bus_body(struct control *c, const char *name)
{
    struct pav_name_row row;
    const struct pav_doc *body = &pav_doc_empty_object;

    (void)events_row(c, PAV_NAME_BUS, 0, name, &row, &body);
    return body;
}

static const struct pav_doc *
bus_entry(struct control *c, const struct pav_name_row *row)
{
    const struct pav_doc *body = control_body(c, row);
    const struct pav_doc *policy = pav_doc_get(body, "Policy");
    struct pav_members m;

    pav_members_init(&m, c->a);
    pav_members_str(&m, "Name", row->name);
    pav_members_str(&m, "Arn", events_arn(c, "event-bus", row->name));
    events_copy(&m, body, bus_fields);
    if (policy != NULL)
        pav_members_str(&m, "Policy", pav_doc_text(c->a, policy));
    events_date(&m, body, "CreationTime");
    events_date(&m, body, "LastModifiedTime");
    return pav_members_object(&m);
}

static void
describe_bus(struct control *c)
{
    const char *name = control_text(c, "Name");
    struct pav_name_row row = {.body = {"{}", 2}};

    name = name == NULL ? DEFAULT_BUS : events_name_of(c, name, ":event-bus/");
    if (bus_by_name(c->e, name) == NULL) {
        job_fail(&c->j->job, PAV_MISSING, "ResourceNotFoundException", "Name",
                 "Event bus %s does not exist.", name);
        return;
    }
    (void)pav_store_name(c->e->store, PAV_NAME_BUS, 0, name, c->a, &row);
    row.name = name;
    events_answer(c, bus_entry(c, &row));
}

static void
update_bus(struct control *c)
{
    const char *name = control_text(c, "Name");
    struct pav_members body;
    struct bus *b;

    name = name == NULL ? DEFAULT_BUS : name;
    b = bus_by_name(c->e, name);
    if (b == NULL) {
        job_fail(&c->j->job, PAV_MISSING, "ResourceNotFoundException", "Name",
                 "Event bus %s does not exist.", name);
        return;
    }
    pav_members_init(&body, c->a);
    events_copy(&body, bus_body(c, name),
                (const char *const[]){"Policy", "CreationTime", NULL});
    events_copy(&body, c->j->request, bus_fields);
    pav_members_int(&body, "LastModifiedTime", pav_clock_ms(c->e->clock));
    events_put(c, PAV_NAME_BUS, 0, name, b->id, &body);
    pav_members_str(&c->out, "Arn", b->arn);
    pav_members_str(&c->out, "Name", name);
    events_copy(&c->out, c->j->request, bus_fields);
}

static void
delete_bus(struct control *c)
{
    const char *name = control_text(c, "Name");
    struct bus *b = bus_by_name(c->e, name);
    struct pav_name_row row;

    if (strcmp(name, DEFAULT_BUS) == 0) {
        job_fail(&c->j->job, PAV_INVALID, "ValidationException", "Name",
                 "Cannot delete event bus default.");
        return;
    }
    if (b == NULL) /* gone already: fine */
        return;
    if (pav_store_names(c->e->store, PAV_NAME_RULE, b->id, "", 1, c->a, &row) >
        0) {
        job_fail(&c->j->job, PAV_CONFLICT, "ValidationException", "Name",
                 "Event bus %s can't be deleted since it has rules.", name);
        return;
    }
    pav_store_name_delete(c->e->store, PAV_NAME_BUS, 0, name);
    pav_store_name_delete(c->e->store, PAV_NAME_TAGS, 0, b->arn);
    events_touch(c, PAV_TOUCHED_BUS, NULL, name);
}

/* The default one has a row only when something was said of it. */
static void
list_buses(struct control *c)
{
    struct pav_name_row row = {.name = DEFAULT_BUS, .body = {"{}", 2}};
    const char *prefix = control_text(c, "NamePrefix");
    const struct pav_doc *list;
    struct pav_items all;
    uint32_t i;

    events_list(c, PAV_NAME_BUS, 0, "EventBuses", bus_entry);
    if (c->j->job.rc != PAV_OK || control_text(c, "NextToken") != NULL ||
        pav_store_name(c->e->store, PAV_NAME_BUS, 0, DEFAULT_BUS, c->a, &row) ||
        (prefix != NULL && strncmp(DEFAULT_BUS, prefix, strlen(prefix)) != 0))
        return;
    list = pav_doc_get(pav_members_object(&c->out), "EventBuses");
    pav_items_init(&all, c->a);
    pav_items_add(&all, bus_entry(c, &row));
    for (i = 0; i < list->len; i++)
        pav_items_add(&all, &list->items[i]);
    pav_members_puts(&c->out, "EventBuses", pav_items_array(&all));
}

/* ---- who may put events ---- */

static const struct pav_doc *
statement_of(struct control *c)
{
    struct pav_members m, principal;
    const char *who = control_text(c, "Principal");

    pav_members_init(&m, c->a);
    pav_members_str(&m, "Sid", control_text(c, "StatementId"));
    pav_members_str(&m, "Effect", "Allow");
    if (who != NULL && strcmp(who, "*") != 0) {
        pav_members_init(&principal, c->a);
        pav_members_str(&principal, "AWS",
                        pav_arena_printf(c->a, "arn:aws:iam::%s:root", who));
        pav_members_puts(&m, "Principal", pav_members_object(&principal));
    } else {
        pav_members_str(&m, "Principal", "*");
    }
    pav_members_str(&m, "Action", "events:PutEvents");
    pav_members_str(&m, "Resource", events_arn(c, "event-bus", bus_name(c)));
    return pav_members_object(&m);
}

static void
save_policy(struct control *c, const struct bus *b,
            const struct pav_doc *policy)
{
    const struct pav_doc *old = bus_body(c, b->name);
    size_t len = policy == NULL ? 0 : strlen(pav_doc_text(c->a, policy));
    struct pav_members body;
    uint32_t i;

    if (len > POLICY_MAX) {
        job_fail(&c->j->job, PAV_LIMIT, "PolicyLengthExceededException",
                 "Policy",
                 "The policy has at most %d bytes, this one %zu; remove "
                 "statements, or let more accounts in by one.",
                 POLICY_MAX, len);
        return;
    }
    pav_members_init(&body, c->a);
    for (i = 0; i < old->len; i++)
        if (!(old->members[i].len == 6 &&
              memcmp(old->members[i].key, "Policy", 6) == 0))
            pav_members_add(&body, old->members[i].key, old->members[i].len,
                            &old->members[i].value);
    if (policy != NULL)
        pav_members_puts(&body, "Policy", policy);
    events_put(c, PAV_NAME_BUS, 0, b->name, b->id, &body);
}

static const struct pav_doc *
policy_of(struct control *c, const struct pav_items *statements)
{
    struct pav_members m;
    struct pav_items copy = *statements;

    pav_members_init(&m, c->a);
    pav_members_str(&m, "Version", "2012-10-17");
    pav_members_puts(&m, "Statement", pav_items_array(&copy));
    return pav_members_object(&m);
}

static void
keep_statements(struct control *c, const struct bus *b, const char *but,
                struct pav_items *out, bool *found)
{
    const struct pav_doc *list =
        pav_doc_get(pav_doc_get(bus_body(c, b->name), "Policy"), "Statement");
    uint32_t i;

    *found = false;
    pav_items_init(out, c->a);
    for (i = 0; list != NULL && list->kind == PAV_ARRAY && i < list->len; i++) {
        const struct pav_doc *sid = pav_doc_get(&list->items[i], "Sid");

        if (but != NULL && sid != NULL && pav_doc_is_str(sid, but))
            *found = true;
        else
            pav_items_add(out, &list->items[i]);
    }
}

static bool
has_statements(const struct pav_doc *list)
{
    uint32_t i;

    for (i = 0; list != NULL && list->kind == PAV_ARRAY && i < list->len; i++)
        if (list->items[i].kind != PAV_OBJECT)
            return false;
    return list != NULL && list->kind == PAV_ARRAY;
}

/* Another account may put events, and no more: what else a statement grants
 * would be without effect, and is refused.  NULL: nothing is. */
static const char *
statement_fault(struct control *c, const struct pav_doc *s)
{
    const struct pav_doc *action = pav_doc_get(s, "Action");
    uint32_t i, n = action == NULL              ? 0
                    : action->kind == PAV_ARRAY ? action->len
                                                : 1;

    if (pav_doc_get(s, "NotAction") != NULL ||
        pav_doc_get(s, "NotPrincipal") != NULL)
        return "NotAction and NotPrincipal are not served";
    for (i = 0; i < n; i++) {
        const struct pav_doc *a =
            action->kind == PAV_ARRAY ? &action->items[i] : action;

        if (!pav_doc_is_str(a, "events:PutEvents") &&
            !pav_doc_is_str(a, "events:*") && !pav_doc_is_str(a, "*"))
            return pav_arena_printf(
                c->a,
                "the Action %s is not served: another account may be let "
                "events:PutEvents, and nothing else",
                pav_doc_text(c->a, a));
    }
    if (pav_doc_get(s, "Condition") != NULL &&
        !pav_doc_is_str(pav_doc_get(s, "Effect"), "Deny"))
        return "a Condition cannot be judged here: organisations are not "
               "known; name the accounts as Principal";
    return n == 0 ? "a statement needs an Action" : NULL;
}

static const char *
policy_fault(struct control *c, const struct pav_doc *list)
{
    const char *why = NULL;
    uint32_t i;

    for (i = 0; why == NULL && i < list->len; i++)
        why = statement_fault(c, &list->items[i]);
    return why;
}

static bool
is_principal(const char *text)
{
    return text == NULL || strcmp(text, "*") == 0 ||
           (strlen(text) == 12 && strspn(text, "0123456789") == 12);
}

static void
put_permission(struct control *c)
{
    struct bus *b = bus_asked(c);
    const char *text = control_text(c, "Policy");
    const struct pav_doc *policy;
    struct pav_items statements;
    struct pav_err err;
    const char *why;
    bool found;

    if (b == NULL)
        return;
    if (text != NULL) {
        if (pav_doc_parse(c->a, text, strlen(text), NULL, &policy, &err) !=
                PAV_OK ||
            !has_statements(pav_doc_get(policy, "Statement"))) {
            job_fail(&c->j->job, PAV_INVALID, "ValidationException", "Policy",
                     "Parameter Policy is not valid.");
            return;
        }
        why = policy_fault(c, pav_doc_get(policy, "Statement"));
        if (why != NULL) {
            job_fail(&c->j->job, PAV_INVALID, "ValidationException", "Policy",
                     "Parameter Policy is not valid. Reason: %s.", why);
            return;
        }
        save_policy(c, b, policy);
        return;
    }
    if (pav_doc_get(c->j->request, "Condition") != NULL) {
        job_fail(&c->j->job, PAV_INVALID, "ValidationException", "Condition",
                 "Parameter Condition is not valid. Reason: organisations are "
                 "not known here; name the accounts as Principal.");
        return;
    }
    if (!is_principal(control_text(c, "Principal"))) {
        job_fail(&c->j->job, PAV_INVALID, "ValidationException", "Principal",
                 "Parameter Principal is not valid. Reason: an account of 12 "
                 "digits or * is wanted.");
        return;
    }
    if (control_text(c, "StatementId") == NULL ||
        control_text(c, "Principal") == NULL) {
        job_fail(&c->j->job, PAV_INVALID, "ValidationException", "StatementId",
                 "StatementId and Principal, or Policy, are wanted.");
        return;
    }
    keep_statements(c, b, control_text(c, "StatementId"), &statements, &found);
    pav_items_add(&statements, statement_of(c));
    save_policy(c, b, policy_of(c, &statements));
}

static void
remove_permission(struct control *c)
{
    struct bus *b = bus_asked(c);
    const char *sid = control_text(c, "StatementId");
    struct pav_items statements;
    bool found;

    if (b == NULL)
        return;
    if (request_is(c, "RemoveAllPermissions")) {
        save_policy(c, b, NULL);
        return;
    }
    keep_statements(c, b, sid == NULL ? "" : sid, &statements, &found);
    if (!found) {
        job_fail(&c->j->job, PAV_MISSING, "ResourceNotFoundException",
                 "StatementId",
                 "Statement with the provided id does not exist.");
        return;
    }
    save_policy(c, b, statements.count == 0 ? NULL : policy_of(c, &statements));
}

/* ---- rules ---- */

static const char *const rule_fields[] = {
    "Description", "EventPattern", "ScheduleExpression", "RoleArn", NULL};

/* NULL after the job has failed. */
static struct bus *
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
    row.next_at =
        schedule_after(c->e, pav_members_object(&m), pav_clock_ms(c->e->clock));
    pav_store_schedule_put(c->e->store, &row);
}

static void
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

/* ---- targets ---- */

/* What is wrong with it, in the service's words; NULL: nothing. */
static const char *
target_fault(struct control *c, const struct pav_doc *d)
{
    const struct pav_doc *id = pav_doc_get(d, "Id");
    const char *name = id == NULL ? "" : pav_doc_str(c->a, id);
    struct target t;
    struct pav_err err;
    int given = (pav_doc_get(d, "Input") != NULL) +
                (pav_doc_get(d, "InputPath") != NULL) +
                (pav_doc_get(d, "InputTransformer") != NULL);
    const char *p;

    if (id == NULL || id->kind != PAV_STRING || id->len == 0 || id->len > 64 ||
        pav_doc_get(d, "Arn") == NULL)
        return "A target needs Id (1 to 64 characters) and Arn.";
    if (given > 1)
        return pav_arena_printf(c->a,
                                "Only one of Input, InputPath, or "
                                "InputTransformer must be provided for target "
                                "%s.",
                                name);
    if (target_read(c->e, c->a, d, &t, &err) == PAV_OK)
        return NULL;
    p = strstr(err.message, "invalid placeholder ");
    if (p != NULL)
        return pav_arena_printf(c->a,
                                "InputTemplate for target %s contains invalid "
                                "placeholder %s.",
                                name, p + strlen("invalid placeholder "));
    return pav_arena_printf(c->a, "Invalid input for target %s. Reason: %s",
                            name, err.message);
}

static bool
same_id(const struct pav_doc *x, const struct pav_doc *y)
{
    return pav_doc_equal(pav_doc_get(x, "Id"), pav_doc_get(y, "Id"));
}

static void
save_targets(struct control *c, const struct bus *b, const char *name,
             const struct pav_doc *body, struct pav_items *targets)
{
    struct pav_members m;

    pav_members_init(&m, c->a);
    events_copy(&m, body, rule_fields);
    events_copy(&m, body, (const char *const[]){"State", NULL});
    pav_members_puts(&m, "Targets", pav_items_array(targets));
    save_rule(c, b, name, &m);
}

static void
none_failed(struct control *c)
{
    pav_members_int(&c->out, "FailedEntryCount", 0);
    pav_members_puts(&c->out, "FailedEntries", &pav_doc_empty_array);
}

/* Those whose ARN has not the form of one are not put. */
static void
put_failed_entries(struct control *c, const struct pav_doc *list)
{
    struct pav_items failed;
    uint32_t i;

    pav_items_init(&failed, c->a);
    for (i = 0; i < list->len; i++) {
        struct pav_members m;

        if (target_arn_fits(pav_doc_get(&list->items[i], "Arn")))
            continue;
        pav_members_init(&m, c->a);
        pav_members_puts(&m, "TargetId", pav_doc_get(&list->items[i], "Id"));
        pav_members_str(&m, "ErrorCode", "ValidationException");
        pav_members_str(&m, "ErrorMessage",
                        "Parameter Arn is not valid. Reason: Provided Arn is "
                        "not in correct format.");
        pav_items_add(&failed, pav_members_object(&m));
    }
    pav_members_int(&c->out, "FailedEntryCount", failed.count);
    pav_members_puts(&c->out, "FailedEntries", pav_items_array(&failed));
}

static bool
serves(struct pav_engine *e, const char *service)
{
    uint32_t i;

    for (i = 0; i < e->config.service_count; i++)
        if (strcmp(e->config.services[i], service) == 0 ||
            strcmp(e->config.services[i], "*") == 0)
            return true;
    return false;
}

/* Why nobody serves it; NULL: somebody does, or may. */
static const char *
unserved(struct pav_engine *e, const struct target *t)
{
    const char *arn = t->arn;

    switch (t->kind) {
    case TARGET_MACHINE:
    case TARGET_RESUME:
        return machine_by_name(e, t->name) == NULL
                   ? "there is no such machine yet"
                   : NULL;
    case TARGET_BUS:
        return NULL;
    case TARGET_OUTSIDE:
        break;
    }
    if (strstr(arn, ":api-destination/") != NULL ||
        strstr(arn, ":logs:") != NULL)
        return NULL;
    if (strstr(arn, ":lambda:") != NULL)
        return serves(e, "lambda:invoke")
                   ? NULL
                   : "\"functions\" of the services file maps nothing";
    if (strstr(arn, ":sqs:") != NULL)
        return serves(e, "sqs:sendMessage")
                   ? NULL
                   : "\"queues\" of the services file maps nothing";
    if (strstr(arn, ":sns:") != NULL)
        return serves(e, "sns:publish")
                   ? NULL
                   : "\"topics\" of the services file maps nothing";
    return "nobody serves this kind of target: machines, buses, API "
           "destinations, functions, queues, topics and log groups are";
}

/* Its form is right, but what it gets will be a dead letter. */
static void
target_warn(struct control *c, const char *rule, const struct pav_doc *d)
{
    const struct pav_doc *arn = pav_doc_get(d, "Arn");
    struct target t;
    const char *why =
        target_arn_fits(arn) && target_read(c->e, c->a, d, &t, NULL) == PAV_OK
            ? unserved(c->e, &t)
            : NULL;

    if (why != NULL)
        pav_log(PAV_LOG_WARN, NULL, "rule '%s': target %s: %s", rule,
                pav_doc_str(c->a, arn), why);
}

static void
put_targets(struct control *c)
{
    const struct pav_doc *list = pav_doc_get(c->j->request, "Targets"), *old;
    struct pav_name_row row;
    const struct pav_doc *body;
    struct bus *b = rule_asked(c, "Rule", &row, &body);
    struct pav_items all;
    uint32_t i, j;

    if (b == NULL)
        return;
    for (i = 0; i < list->len; i++) {
        const char *why = target_fault(c, &list->items[i]);

        target_warn(c, row.name, &list->items[i]);
        if (why != NULL) {
            job_fail(&c->j->job, PAV_INVALID, "ValidationException", "Targets",
                     "%s", why);
            return;
        }
    }
    old = pav_doc_get(body, "Targets");
    pav_items_init(&all, c->a);
    for (i = 0; old != NULL && i < old->len; i++) {
        for (j = 0; j < list->len; j++)
            if (same_id(&old->items[i], &list->items[j]))
                break;
        if (j == list->len)
            pav_items_add(&all, &old->items[i]);
    }
    for (i = 0; i < list->len; i++)
        if (target_arn_fits(pav_doc_get(&list->items[i], "Arn")))
            pav_items_add(&all, &list->items[i]);
    if (all.count > TARGETS_MAX) {
        job_fail(&c->j->job, PAV_LIMIT, "LimitExceededException", "Targets",
                 "The requested resource exceeds the maximum number allowed.");
        return;
    }
    save_targets(c, b, row.name, body, &all);
    put_failed_entries(c, list);
}

static void
remove_targets(struct control *c)
{
    const struct pav_doc *ids = pav_doc_get(c->j->request, "Ids"), *old;
    struct pav_name_row row;
    const struct pav_doc *body;
    struct bus *b = rule_asked(c, "Rule", &row, &body);
    struct pav_items kept;
    uint32_t i, j;

    if (b == NULL)
        return;
    old = pav_doc_get(body, "Targets");
    pav_items_init(&kept, c->a);
    for (i = 0; old != NULL && i < old->len; i++) {
        for (j = 0; j < ids->len; j++)
            if (pav_doc_equal(pav_doc_get(&old->items[i], "Id"),
                              &ids->items[j]))
                break;
        if (j == ids->len)
            pav_items_add(&kept, &old->items[i]);
    }
    save_targets(c, b, row.name, body, &kept);
    none_failed(c);
}

static void
list_targets(struct control *c)
{
    struct pav_name_row row;
    const struct pav_doc *body;

    if (rule_asked(c, "Rule", &row, &body) == NULL)
        return;
    body = pav_doc_get(body, "Targets");
    pav_members_puts(&c->out, "Targets",
                     body == NULL ? &pav_doc_empty_array : body);
}

/* ---- tags ---- */

/* Only what is there has tags. */
static const char *
tagged(struct control *c)
{
    const char *arn = control_text(c, "ResourceARN"), *p;
    struct pav_name_row row;
    struct bus *b = NULL;
    char *bus;

    if ((p = strstr(arn, ":event-bus/")) != NULL) {
        b = bus_by_name(c->e, p + strlen(":event-bus/"));
    } else if ((p = strstr(arn, ":rule/")) != NULL) {
        bus = pav_arena_strdup(c->a, p + strlen(":rule/"));
        p = strchr(bus, '/');
        if (p != NULL)
            bus[p - bus] = '\0';
        b = bus_by_name(c->e, p == NULL ? DEFAULT_BUS : bus);
        if (b != NULL && !pav_store_name(c->e->store, PAV_NAME_RULE, b->id,
                                         p == NULL ? bus : p + 1, c->a, &row))
            b = NULL;
    }
    if (b != NULL)
        return arn;
    job_fail(&c->j->job, PAV_MISSING, "ResourceNotFoundException",
             "ResourceARN", "Resource %s does not exist.", arn);
    return NULL;
}

static void
tag_resource(struct control *c)
{
    const char *arn = tagged(c);

    if (arn != NULL &&
        !events_tags_add(c, arn, pav_doc_get(c->j->request, "Tags")))
        job_fail(&c->j->job, PAV_LIMIT, "LimitExceededException", "Tags",
                 "The requested resource exceeds the maximum number allowed.");
}

static void
untag_resource(struct control *c)
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

/* ---- the table ---- */

const struct control_action events_actions[] = {
    {"events:CreateEventBus", create_bus, true},
    {"events:DescribeEventBus", describe_bus, false},
    {"events:UpdateEventBus", update_bus, false},
    {"events:DeleteEventBus", delete_bus, true},
    {"events:ListEventBuses", list_buses, false},
    {"events:PutPermission", put_permission, false},
    {"events:RemovePermission", remove_permission, false},
    {"events:PutRule", put_rule, true},
    {"events:DescribeRule", describe_rule, false},
    {"events:DeleteRule", delete_rule, true},
    {"events:EnableRule", enable_rule, true},
    {"events:DisableRule", disable_rule, true},
    {"events:ListRules", list_rules, false},
    {"events:ListRuleNamesByTarget", list_names_by_target, false},
    {"events:PutTargets", put_targets, true},
    {"events:RemoveTargets", remove_targets, true},
    {"events:ListTargetsByRule", list_targets, false},
    {"events:TagResource", tag_resource, false},
    {"events:UntagResource", untag_resource, false},
    {"events:ListTagsForResource", list_tags, false},
    {NULL, NULL, false},
};
