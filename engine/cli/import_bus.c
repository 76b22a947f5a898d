/*
 * What a CloudFormation or SAM template says of EventBridge and its Scheduler,
 * as a bus.json has it: named things in place of references.
 */
#include "import_bus.h"

#include <string.h>

struct bus {
    struct pav_arena *a;
    const struct pav_doc *resources;
    const struct template_text *text;
    struct pav_buf *notes;
    unsigned *left_out;
    struct pav_members rules, archives, connections, destinations, groups,
        schedules;
};

/* ---- helpers ---- */

static void
leave_out(struct bus *b, const char *what, const char *name, const char *why)
{
    pav_buf_printf(b->notes, "%s %s left out: %s\n", what, name, why);
    ++*b->left_out;
}

static const char *
text_of(struct bus *b, const struct pav_doc *d)
{
    return d == NULL ? NULL : b->text->of(b->text->arg, d);
}

static const char *
type_of(struct bus *b, const char *logical_id)
{
    const char *type =
        pav_doc_member_str(b->a, pav_doc_get(b->resources, logical_id), "Type");

    return type == NULL ? "" : type;
}

/* The logical id that a reference names: "X" of {"Ref": X}, of {"Fn::GetAtt":
 * [X, "Arn"]}; else the text that it comes to. */
static const char *
id_of(struct bus *b, const struct pav_doc *d)
{
    const char *text = text_of(b, d);

    return text == NULL ? NULL
                        : pav_arena_strndup(b->a, text, strcspn(text, "."));
}

/* A copy whose functions have come to texts. */
static const struct pav_doc *
plain(struct bus *b, const struct pav_doc *d)
{
    struct pav_items items;
    struct pav_members m;
    uint32_t i;

    if (d->kind == PAV_OBJECT && d->len == 1 &&
        (pav_member_is(&d->members[0], "Ref") ||
         (d->members[0].len > 4 && memcmp(d->members[0].key, "Fn::", 4) == 0)))
        return pav_doc_new_cstr(b->a, text_of(b, d));
    if (d->kind == PAV_ARRAY) {
        pav_items_init(&items, b->a);
        for (i = 0; i < d->len; i++)
            pav_items_add(&items, plain(b, &d->items[i]));
        return pav_items_array(&items);
    }
    if (d->kind != PAV_OBJECT)
        return d;
    pav_members_init(&m, b->a);
    for (i = 0; i < d->len; i++)
        pav_members_put(&m, d->members[i].key, d->members[i].len,
                        plain(b, &d->members[i].value));
    return pav_members_object(&m);
}

/* Those of the fields that are there. */
static void
copy(struct bus *b, struct pav_members *m, const struct pav_doc *from,
     const char *const *fields)
{
    const struct pav_doc *v, *json;

    for (; *fields != NULL; fields++) {
        v = pav_doc_get(from, *fields);
        if (v == NULL)
            continue;
        v = plain(b, v);
        if (strcmp(*fields, "Input") == 0 && v->kind == PAV_STRING &&
            pav_doc_parse_copy(b->a, v->text, v->len, NULL, &json, NULL) ==
                PAV_OK)
            v = json; /* as bus.json has it */
        pav_members_puts(m, *fields, v);
    }
}

static void
put(struct pav_members *all, const char *name, struct pav_members *one)
{
    pav_members_puts(all, name, pav_members_object(one));
}

/* ---- targets ---- */

/* {"machine": X}, {"function": X}, ...; false: none that is here. */
static bool
put_target(struct bus *b, struct pav_members *m, const struct pav_doc *arn)
{
    static const struct {
        const char *type, *key;
    } rows[] = {{"AWS::StepFunctions::StateMachine", "machine"},
                {"AWS::Serverless::StateMachine", "machine"},
                {"AWS::Lambda::Function", "function"},
                {"AWS::Serverless::Function", "function"},
                {"AWS::SQS::Queue", "queue"},
                {"AWS::SNS::Topic", "topic"},
                {"AWS::Logs::LogGroup", "log"},
                {"AWS::Events::ApiDestination", "destination"}};
    const char *id = id_of(b, arn), *text = text_of(b, arn);
    size_t i;

    if (id == NULL)
        return false;
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (strcmp(type_of(b, id), rows[i].type) == 0) {
            pav_members_str(m, rows[i].key, id);
            return true;
        }
    if (strcmp(id, "default") == 0 ||
        strcmp(type_of(b, id), "AWS::Events::EventBus") == 0)
        return false; /* the template's buses are the default one */
    if (strncmp(text, "arn:", 4) != 0)
        return false;
    pav_members_str(m, "Arn", text);
    return true;
}

static const char *const of_targets[] = {
    "Id",          "Input",   "InputPath",      "InputTransformer",
    "RetryPolicy", "RoleArn", "HttpParameters", "SqsParameters",
    NULL};

static const struct pav_doc *
targets_of(struct bus *b, const char *rule, const struct pav_doc *list)
{
    struct pav_items out;
    uint32_t i;

    pav_items_init(&out, b->a);
    for (i = 0; list != NULL && list->kind == PAV_ARRAY && i < list->len; i++) {
        const struct pav_doc *t = &list->items[i];
        struct pav_members m;

        pav_members_init(&m, b->a);
        if (!put_target(b, &m, pav_doc_get(t, "Arn"))) {
            leave_out(b, "a target of the rule", rule,
                      "it is nothing that the template makes, nor an ARN");
            continue;
        }
        copy(b, &m, t, of_targets);
        pav_items_add(&out, pav_members_object(&m));
    }
    return pav_items_array(&out);
}

/* ---- resources ---- */

static void
take_rule(struct bus *b, const char *name, const struct pav_doc *p)
{
    static const char *const fields[] = {"Description", "EventPattern",
                                         "ScheduleExpression", "State", NULL};
    const struct pav_doc *targets =
        targets_of(b, name, pav_doc_get(p, "Targets"));
    struct pav_members m;

    if (targets->len == 0) {
        leave_out(b, "rule", name, "no target of it is left");
        return;
    }
    pav_members_init(&m, b->a);
    copy(b, &m, p, fields);
    pav_members_puts(&m, "Targets", targets);
    put(&b->rules, name, &m);
}

static void
take_archive(struct bus *b, const char *name, const struct pav_doc *p)
{
    static const char *const fields[] = {"Description", "EventPattern",
                                         "RetentionDays", NULL};
    struct pav_members m;

    pav_members_init(&m, b->a);
    copy(b, &m, p, fields);
    put(&b->archives, name, &m);
}

/* Secrets are parameters of the template: an environment's from now on. */
static const struct pav_doc *
secrets_out(struct bus *b, const char *name, const struct pav_doc *d)
{
    struct pav_members m, env;
    uint32_t i;

    if (d->kind != PAV_OBJECT)
        return d;
    pav_members_init(&m, b->a);
    for (i = 0; i < d->len; i++) {
        const struct pav_member *one = &d->members[i];

        if (pav_member_is(one, "Password") ||
            pav_member_is(one, "ApiKeyValue") ||
            pav_member_is(one, "ClientSecret")) {
            pav_members_init(&env, b->a);
            pav_members_str(&env, "env",
                            pav_arena_printf(b->a, "%s_%.*s", name,
                                             (int)one->len, one->key));
            pav_members_put(&m, one->key, one->len, pav_members_object(&env));
            pav_buf_printf(b->notes,
                           "the secret of connection %s is read from the "
                           "environment: %s_%.*s\n",
                           name, name, (int)one->len, one->key);
        } else {
            pav_members_put(&m, one->key, one->len,
                            secrets_out(b, name, &one->value));
        }
    }
    return pav_members_object(&m);
}

static void
take_connection(struct bus *b, const char *name, const struct pav_doc *p)
{
    static const char *const fields[] = {"Description", "AuthorizationType",
                                         NULL};
    const struct pav_doc *auth = pav_doc_get(p, "AuthParameters");
    struct pav_members m;

    pav_members_init(&m, b->a);
    copy(b, &m, p, fields);
    if (auth != NULL)
        pav_members_puts(&m, "AuthParameters",
                         secrets_out(b, name, plain(b, auth)));
    put(&b->connections, name, &m);
}

static void
take_destination(struct bus *b, const char *name, const struct pav_doc *p)
{
    static const char *const fields[] = {"Description", "InvocationEndpoint",
                                         "HttpMethod",
                                         "InvocationRateLimitPerSecond", NULL};
    const char *connection = id_of(b, pav_doc_get(p, "ConnectionArn"));
    struct pav_members m;

    if (connection == NULL ||
        strcmp(type_of(b, connection), "AWS::Events::Connection") != 0) {
        leave_out(b, "API destination", name,
                  "its connection is not of the template");
        return;
    }
    pav_members_init(&m, b->a);
    copy(b, &m, p, fields);
    pav_members_str(&m, "Connection", connection);
    put(&b->destinations, name, &m);
}

static void
take_group(struct bus *b, const char *name, const struct pav_doc *p)
{
    struct pav_members m;

    (void)p;
    pav_members_init(&m, b->a);
    put(&b->groups, name, &m);
}

static void
take_schedule(struct bus *b, const char *name, const struct pav_doc *p)
{
    static const char *const fields[] = {
        "Description", "ScheduleExpression", "ScheduleExpressionTimezone",
        "State",       "StartDate",          "EndDate",
        NULL};
    static const char *const of_target[] = {"Input", "RetryPolicy", "RoleArn",
                                            NULL};
    const struct pav_doc *t = pav_doc_get(p, "Target");
    const char *group = id_of(b, pav_doc_get(p, "GroupName"));
    struct pav_members m, target;

    pav_members_init(&target, b->a);
    if (!put_target(b, &target, pav_doc_get(t, "Arn"))) {
        leave_out(b, "schedule", name,
                  "its target is nothing that the template makes, nor an ARN");
        return;
    }
    copy(b, &target, t, of_target);
    pav_members_init(&m, b->a);
    copy(b, &m, p, fields);
    if (group != NULL &&
        strcmp(type_of(b, group), "AWS::Scheduler::ScheduleGroup") == 0)
        pav_members_str(&m, "GroupName", group);
    pav_members_puts(&m, "Target", pav_members_object(&target));
    put(&b->schedules, name, &m);
}

/* ---- SAM: the events of a function or a machine ---- */

static void
take_event(struct bus *b, const char *owner, const char *key,
           const struct pav_member *event)
{
    const char *name =
        pav_arena_printf(b->a, "%s%.*s", owner, (int)event->len, event->key);
    const struct pav_doc *type = pav_doc_get(&event->value, "Type");
    const struct pav_doc *p = pav_doc_get(&event->value, "Properties");
    bool is_rule = pav_doc_is_str(type, "EventBridgeRule") ||
                   pav_doc_is_str(type, "CloudWatchEvent");
    bool is_rate = pav_doc_is_str(type, "Schedule");
    struct pav_members m, target;
    struct pav_items targets;

    if (is_rule && strcmp(key, "machine") == 0)
        return; /* a start rule of its own */
    pav_members_init(&target, b->a);
    pav_members_str(&target, key, owner);
    pav_members_init(&m, b->a);
    if (is_rule || is_rate) {
        static const char *const of_event[] = {"Input", "InputPath",
                                               "RetryPolicy", NULL};
        const struct pav_doc *what =
            pav_doc_get(p, is_rule ? "Pattern" : "Schedule");

        if (what == NULL) {
            leave_out(b, "event", name, "it has no Pattern or Schedule");
            return;
        }
        copy(b, &target, p, of_event);
        pav_members_puts(&m, is_rule ? "EventPattern" : "ScheduleExpression",
                         plain(b, what));
        pav_items_init(&targets, b->a);
        pav_items_add(&targets, pav_members_object(&target));
        pav_members_puts(&m, "Targets", pav_items_array(&targets));
        put(&b->rules, name, &m);
    } else if (pav_doc_is_str(type, "ScheduleV2")) {
        static const char *const fields[] = {
            "ScheduleExpression", "ScheduleExpressionTimezone", "State", NULL};
        static const char *const of_target[] = {"Input", "RetryPolicy", NULL};

        copy(b, &target, p, of_target);
        pav_members_str(&target, "RoleArn",
                        "arn:aws:iam::000000000000:role/schedules");
        copy(b, &m, p, fields);
        pav_members_puts(&m, "Target", pav_members_object(&target));
        put(&b->schedules, name, &m);
    } else {
        leave_out(b, "event", name,
                  "it is neither EventBridgeRule, CloudWatchEvent, Schedule "
                  "nor ScheduleV2");
    }
}

static void
take_events(struct bus *b, const char *owner, const char *key,
            const struct pav_doc *p)
{
    const struct pav_doc *events = pav_doc_get(p, "Events");
    uint32_t i;

    for (i = 0; events != NULL && events->kind == PAV_OBJECT && i < events->len;
         i++)
        take_event(b, owner, key, &events->members[i]);
}

static void
take_function(struct bus *b, const char *name, const struct pav_doc *p)
{
    take_events(b, name, "function", p);
}

static void
take_machine(struct bus *b, const char *name, const struct pav_doc *p)
{
    take_events(b, name, "machine", p);
}

/* ---- all ---- */

static void
take_one(struct bus *b, const struct pav_member *m,
         bool (*is_taken)(void *arg, const char *rule))
{
    static const struct {
        const char *type;
        void (*take)(struct bus *b, const char *name, const struct pav_doc *p);
    } rows[] = {{"AWS::Events::Rule", take_rule},
                {"AWS::Events::Archive", take_archive},
                {"AWS::Events::Connection", take_connection},
                {"AWS::Events::ApiDestination", take_destination},
                {"AWS::Scheduler::ScheduleGroup", take_group},
                {"AWS::Scheduler::Schedule", take_schedule},
                {"AWS::Serverless::Function", take_function},
                {"AWS::Serverless::StateMachine", take_machine}};
    const char *name = pav_arena_strndup(b->a, m->key, m->len);
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (strcmp(type_of(b, name), rows[i].type) == 0 &&
            !(rows[i].take == take_rule && is_taken(b->text->arg, name)))
            rows[i].take(b, name, pav_doc_get(&m->value, "Properties"));
}

const struct pav_doc *
bus_of_template(struct pav_arena *a, const struct pav_doc *resources,
                const struct template_text *text,
                bool (*is_taken)(void *arg, const char *rule),
                struct pav_buf *notes, unsigned *left_out)
{
    struct bus b = {.a = a,
                    .resources = resources,
                    .text = text,
                    .notes = notes,
                    .left_out = left_out};
    struct {
        const char *key;
        struct pav_members *of;
    } parts[] = {
        {"connections", &b.connections}, {"apiDestinations", &b.destinations},
        {"archives", &b.archives},       {"rules", &b.rules},
        {"scheduleGroups", &b.groups},   {"schedules", &b.schedules}};
    struct pav_members whole;
    uint32_t i;

    for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        pav_members_init(parts[i].of, a);
    for (i = 0; i < resources->len; i++)
        take_one(&b, &resources->members[i], is_taken);
    pav_members_init(&whole, a);
    for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (parts[i].of->count > 0)
            pav_members_puts(&whole, parts[i].key,
                             pav_members_object(parts[i].of));
    return whole.count == 0 ? NULL : pav_members_object(&whole);
}
