/*
 * PutPermission, RemovePermission: who else may put events on a bus.
 */
#include <string.h>

#include "bus/bus.h"
#include "buses.h"
#include "events_fields.h"
#include "rows.h"

#define POLICY_MAX 10240

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
                 "digits or * is expected.");
        return;
    }
    if (control_text(c, "StatementId") == NULL ||
        control_text(c, "Principal") == NULL) {
        job_fail(&c->j->job, PAV_INVALID, "ValidationException", "StatementId",
                 "StatementId and Principal, or Policy, are expected.");
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

FIELDS(put_permission, BUS, TEXT("Action", false, 64),
       TEXT("Principal", false, 12), TEXT("StatementId", false, 64),
       ANY("Condition", FIELD_OBJECT), ANY("Policy", FIELD_TEXT));
FIELDS(remove_permission, BUS, TEXT("StatementId", false, 64),
       ANY("RemoveAllPermissions", FIELD_FLAG));

/* ---- the table ---- */

const struct aws_action events_bus_policy_actions[] = {
    ON_ENGINE("events:PutPermission", "events:PutPermission", put_permission,
              put_permission),
    ON_ENGINE("events:RemovePermission", "events:RemovePermission",
              remove_permission, remove_permission),
    END_OF_ACTIONS};
