/*
 * Targets of rules.
 */
#include <string.h>

#include "pavane/arn.h"
#include "pavane/log.h"
#include "bus/bus.h"
#include "run/registry.h"
#include "buses.h"
#include "events_fields.h"
#include "rows.h"

#define TARGETS_MAX 5 /* of one rule: the service's quota */

#define ARN_MAX 1600

static bool
is_arn(const struct pav_doc *d)
{
    return d != NULL && d->kind == PAV_STRING && d->len <= ARN_MAX &&
           pav_arn_is(d->text, d->len);
}

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

        if (is_arn(pav_doc_get(&list->items[i], "Arn")))
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
    if (pav_arn_name(arn, "events", "api-destination") != NULL ||
        pav_arn_resource(arn, "logs") != NULL)
        return NULL;
    if (pav_arn_resource(arn, "lambda") != NULL)
        return serves(e, "lambda:invoke")
                   ? NULL
                   : "\"functions\" of the services file maps nothing";
    if (pav_arn_resource(arn, "sqs") != NULL)
        return serves(e, "sqs:sendMessage")
                   ? NULL
                   : "\"queues\" of the services file maps nothing";
    if (pav_arn_resource(arn, "sns") != NULL)
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
        is_arn(arn) && target_read(c->e, c->a, d, &t, NULL) == PAV_OK
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
        if (is_arn(pav_doc_get(&list->items[i], "Arn")))
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

FIELDS(put_targets, PLAIN("Rule", 64), BUS,
       {"Targets", FIELD_LIST, true, 1, 100, NULL},
       TEXT("Targets[].RoleArn", false, 1600),
       TEXT("Targets[].DeadLetterConfig.Arn", false, 1600));
FIELDS(remove_targets, PLAIN("Rule", 64), BUS,
       {"Ids", FIELD_LIST, true, 1, 100, NULL},
       {"Ids[]", FIELD_NAME, false, 1, 64, NULL}, ANY("Force", FIELD_FLAG));
FIELDS(list_targets, PLAIN("Rule", 64), BUS, PAGE);

/* ---- the table ---- */

const struct aws_action events_rule_targets_actions[] = {
    ALONE_ON_ENGINE("events:PutTargets", "events:PutTargets", put_targets,
                    put_targets),
    ALONE_ON_ENGINE("events:RemoveTargets", "events:RemoveTargets",
                    remove_targets, remove_targets),
    ON_ENGINE("events:ListTargetsByRule", "events:ListTargetsByRule",
              list_targets, list_targets),
    END_OF_ACTIONS};
