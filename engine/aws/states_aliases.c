/*
 * Aliases of machines: rows that name one version, or two with weights.
 */
#include <string.h>

#include "pavane/arn.h"
#include "pavane/text.h"
#include "run/published.h"
#include "run/registry.h"
#include "pages.h"
#include "states.h"
#include "states_fields.h"

bool
alias_uses(struct control *c, const struct pav_name_row *alias, int64_t number)
{
    const struct pav_doc *routing =
        pav_doc_get(control_body(c, alias), "routing");
    uint32_t i;

    for (i = 0; routing != NULL && i < routing->len; i++)
        if (pav_doc_member_int(&routing->items[i], "number") == number)
            return true;
    return false;
}

/* [{stateMachineVersionArn, weight}] of the request, as rows have it. */
static const struct pav_doc *
routing_of(struct control *c, struct machine **m)
{
    const struct pav_doc *list =
        pav_doc_get(c->j->request, "routingConfiguration");
    struct pav_items routing;
    struct pav_name_row row;
    int64_t sum = 0;
    uint32_t i;

    pav_items_init(&routing, c->a);
    for (i = 0; list != NULL && i < list->len; i++) {
        const struct pav_doc *d = &list->items[i];
        const struct pav_doc *arn = pav_doc_get(d, "stateMachineVersionArn");
        const char *text = arn == NULL ? NULL : pav_doc_str(c->a, arn);
        struct pav_states_arn named;
        struct machine *of;
        struct pav_members r;
        int64_t number = 0;

        if (!pav_arn_machine(c->a, text, &named) || named.qualifier == NULL ||
            !qualifier_is_number(named.qualifier) ||
            !pav_parse_int(named.qualifier, strlen(named.qualifier), &number)) {
            job_fail(&c->j->job, PAV_INVALID, "ValidationException",
                     "routingConfiguration",
                     "Routing configuration must contain version ARNs");
            return NULL;
        }
        of = machine_by_name(c->e, named.machine);
        if (of == NULL || (*m != NULL && of != *m)) {
            job_fail(&c->j->job, of == NULL ? PAV_MISSING : PAV_INVALID,
                     of == NULL ? "ResourceNotFound" : "ValidationException",
                     "routingConfiguration",
                     of == NULL ? "Request references a resource that does not "
                                  "exist: '%s'"
                                : "Routing configuration must contain versions "
                                  "of one state machine: '%s'",
                     text);
            return NULL;
        }
        *m = of;
        if (!published_find(c->e, of, number, &row)) {
            job_fail(&c->j->job, PAV_MISSING, "ResourceNotFound",
                     "routingConfiguration",
                     "Request references a resource that does not exist: '%s'",
                     text);
            return NULL;
        }
        pav_members_init(&r, c->a);
        pav_members_int(&r, "number", number);
        pav_members_int(&r, "weight", pav_doc_member_int(d, "weight"));
        sum += pav_doc_member_int(d, "weight");
        pav_items_add(&routing, pav_members_object(&r));
    }
    if (routing.count == 2 && pav_doc_member_int(&routing.v[0], "number") ==
                                  pav_doc_member_int(&routing.v[1], "number")) {
        job_fail(&c->j->job, PAV_INVALID, "ValidationException",
                 "routingConfiguration",
                 "Routing configuration must contain distinct state machine "
                 "version ARNs");
        return NULL;
    }
    if (routing.count < 1 || routing.count > 2 || sum != 100) {
        job_fail(&c->j->job, PAV_INVALID, "ValidationException",
                 "routingConfiguration",
                 "Sum of routing configuration weights must equal 100, over "
                 "one or two versions");
        return NULL;
    }
    return pav_items_array(&routing);
}

static void
store_alias(struct control *c, struct machine *m, const char *name,
            const char *description, const struct pav_doc *routing,
            int64_t created_at, int64_t updated_at)
{
    struct pav_name_row row = {
        .kind = PAV_NAME_ALIAS, .owner = m->id, .name = name};
    struct pav_members b;

    pav_members_init(&b, c->a);
    pav_members_str(&b, "description", description);
    pav_members_puts(&b, "routing", routing);
    pav_members_int(&b, "createdAt", created_at);
    pav_members_int(&b, "updatedAt", updated_at);
    row.body = control_printed(c, pav_members_object(&b));
    pav_store_name_put(c->e->store, &row);
}

static bool
same_text(const struct pav_doc *d, const char *text)
{
    if (d == NULL || text == NULL)
        return d == NULL && text == NULL;
    return pav_doc_is_str(d, text);
}

static void
create_alias(struct control *c)
{
    const char *name = control_text(c, "name");
    const char *description = control_text(c, "description");
    struct machine *m = NULL;
    const struct pav_doc *routing = routing_of(c, &m), *body;
    struct pav_name_row row, rows[ALIASES_MAX];
    int64_t now = pav_clock_ms(c->e->clock);

    if (routing == NULL)
        return;
    if (!pav_name_valid(name) || qualifier_is_number(name)) {
        job_fail(&c->j->job, PAV_INVALID, "InvalidName", "name",
                 "Invalid Name: '%s'", name);
        return;
    }
    if (pav_store_name(c->e->store, PAV_NAME_ALIAS, m->id, name, c->a, &row)) {
        body = control_body(c, &row);
        if (!pav_doc_equal(pav_doc_get(body, "routing"), routing) ||
            !same_text(pav_doc_get(body, "description"), description)) {
            job_fail(&c->j->job, PAV_CONFLICT, "ConflictException", "name",
                     "The alias '%s' exists already with another configuration",
                     name);
            return;
        }
        now = pav_doc_member_int(body, "createdAt");
    } else if (pav_store_names(c->e->store, PAV_NAME_ALIAS, m->id, "",
                               ALIASES_MAX, c->a, rows) >= ALIASES_MAX) {
        job_fail(&c->j->job, PAV_LIMIT, "ServiceQuotaExceededException", "name",
                 "At most %d aliases of a state machine", ALIASES_MAX);
        return;
    } else {
        store_alias(c, m, name, description, routing, now, now);
    }
    pav_members_str(&c->out, "stateMachineAliasArn", qualified_arn(c, m, name));
    pav_members_date(&c->out, "creationDate", now);
}

static struct machine *
find_alias(struct control *c, const char **name, struct pav_name_row *row)
{
    struct machine *m = control_machine(c, "stateMachineAliasArn", name);

    if (m == NULL)
        return NULL;
    if (*name != NULL &&
        pav_store_name(c->e->store, PAV_NAME_ALIAS, m->id, *name, c->a, row))
        return m;
    job_fail(&c->j->job, PAV_MISSING, "ResourceNotFound",
             "stateMachineAliasArn",
             "Request references a resource that does not exist: '%s'",
             control_text(c, "stateMachineAliasArn"));
    return NULL;
}

static void
update_alias(struct control *c)
{
    const char *name, *description = control_text(c, "description");
    const struct pav_doc *body, *routing;
    struct pav_name_row row;
    struct machine *m = find_alias(c, &name, &row);
    int64_t now = pav_clock_ms(c->e->clock);

    if (m == NULL)
        return;
    body = control_body(c, &row);
    routing = pav_doc_get(body, "routing");
    if (pav_doc_get(c->j->request, "routingConfiguration") != NULL)
        routing = routing_of(c, &m);
    if (routing == NULL)
        return;
    if (description == NULL && pav_doc_get(body, "description") != NULL)
        description = pav_doc_str(c->a, pav_doc_get(body, "description"));
    store_alias(c, m, name, description, routing,
                pav_doc_member_int(body, "createdAt"), now);
    pav_members_date(&c->out, "updateDate", now);
}

static void
describe_alias(struct control *c)
{
    const char *name;
    struct pav_name_row row;
    struct machine *m = find_alias(c, &name, &row);
    const struct pav_doc *body, *routing;
    struct pav_items list;
    uint32_t i;

    if (m == NULL)
        return;
    body = control_body(c, &row);
    routing = pav_doc_get(body, "routing");
    pav_items_init(&list, c->a);
    for (i = 0; i < routing->len; i++) {
        struct pav_members r;

        pav_members_init(&r, c->a);
        pav_members_str(
            &r, "stateMachineVersionArn",
            qualified_arn(c, m,
                          pav_arena_printf(c->a, "%lld",
                                           (long long)pav_doc_member_int(
                                               &routing->items[i], "number"))));
        pav_members_int(&r, "weight",
                        pav_doc_member_int(&routing->items[i], "weight"));
        pav_items_add(&list, pav_members_object(&r));
    }
    pav_members_str(&c->out, "stateMachineAliasArn", qualified_arn(c, m, name));
    pav_members_str(&c->out, "name", name);
    if (pav_doc_get(body, "description") != NULL)
        pav_members_puts(&c->out, "description",
                         pav_doc_get(body, "description"));
    pav_members_puts(&c->out, "routingConfiguration", pav_items_array(&list));
    pav_members_date(&c->out, "creationDate",
                     pav_doc_member_int(body, "createdAt"));
    pav_members_date(&c->out, "updateDate",
                     pav_doc_member_int(body, "updatedAt"));
}

static void
delete_alias(struct control *c)
{
    const char *name;
    struct machine *m = control_machine(c, "stateMachineAliasArn", &name);
    struct pav_name_row row;

    if (m == NULL || name == NULL)
        return;
    if (!pav_store_name(c->e->store, PAV_NAME_ALIAS, m->id, name, c->a, &row))
        job_fail(&c->j->job, PAV_MISSING, "ResourceNotFound",
                 "stateMachineAliasArn",
                 "Request references a resource that does not exist: '%s'",
                 control_text(c, "stateMachineAliasArn"));
    else
        pav_store_name_delete(c->e->store, PAV_NAME_ALIAS, m->id, name);
}

static void
list_aliases(struct control *c)
{
    const char *qualifier;
    struct machine *m = control_machine(c, "stateMachineArn", &qualifier);
    struct pav_name_row rows[ALIASES_MAX + 1];
    uint32_t limit = control_page_size(c), n, i, sent = 0;
    struct pav_items list;

    if (m == NULL)
        return;
    n = pav_store_names(c->e->store, PAV_NAME_ALIAS, m->id,
                        control_page_start(c), ALIASES_MAX + 1, c->a, rows);
    pav_items_init(&list, c->a);
    for (i = 0; i < n && sent < limit; i++) {
        struct pav_members v;
        int64_t number = 0;

        if (qualifier != NULL &&
            (!pav_parse_int(qualifier, strlen(qualifier), &number) ||
             !alias_uses(c, &rows[i], number)))
            continue;
        pav_members_init(&v, c->a);
        pav_members_str(&v, "stateMachineAliasArn",
                        qualified_arn(c, m, rows[i].name));
        pav_members_date(
            &v, "creationDate",
            pav_doc_member_int(control_body(c, &rows[i]), "createdAt"));
        pav_items_add(&list, pav_members_object(&v));
        sent++;
    }
    pav_members_puts(&c->out, "stateMachineAliases", pav_items_array(&list));
    if (i < n)
        control_page_next(c, rows[i - 1].name);
}

/* clang-format off */
#define ROUTING(required) \
    {"routingConfiguration", FIELD_LIST, required, 1, 2, NULL}, \
    {"routingConfiguration[].stateMachineVersionArn", FIELD_TEXT, true, 1, \
     256, NULL}, \
    {"routingConfiguration[].weight", FIELD_WHOLE, true, 0, 100, NULL}
/* clang-format on */

FIELDS(create_alias, {"name", FIELD_TEXT, true, 1, 80, NULL}, ROUTING(true),
       {"description", FIELD_TEXT, false, 0, 256, NULL});
FIELDS(update_alias, ARN("stateMachineAliasArn"), ROUTING(false),
       {"description", FIELD_TEXT, false, 0, 256, NULL});
FIELDS(alias, ARN("stateMachineAliasArn"));

FIELDS(list, ARN("stateMachineArn"), PAGING);

/* ---- the table ---- */

const struct aws_action states_aliases_actions[] = {
    ON_ENGINE("CreateStateMachineAlias", "states:CreateStateMachineAlias",
              create_alias, create_alias),
    ON_ENGINE("UpdateStateMachineAlias", "states:UpdateStateMachineAlias",
              update_alias, update_alias),
    ON_ENGINE("DescribeStateMachineAlias", "states:DescribeStateMachineAlias",
              alias, describe_alias),
    ON_ENGINE("DeleteStateMachineAlias", "states:DeleteStateMachineAlias",
              alias, delete_alias),
    ON_ENGINE("ListStateMachineAliases", "states:ListStateMachineAliases", list,
              list_aliases),
    END_OF_ACTIONS};
