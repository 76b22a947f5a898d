/*
 * Versions and aliases of machines.  A version is a row that names one stored
 * definition; its number is never given again.  An alias is a row that names
 * one version or two with weights.
 */
#include <stdio.h>
#include <string.h>

#include "pavane/digest.h"
#include "pavane/names.h"
#include "pavane/text.h"
#include "run/published.h"
#include "run/registry.h"
#include "turn/turn.h"
#include "request.h"

#define VERSIONS_MAX 1000

static const char *
revision_id(struct pav_arena *a, int64_t n)
{
    return pav_arena_printf(a, "%lld", (long long)n);
}

static const char *
number_name(struct control *c, int64_t n)
{
    return pav_arena_printf(c->a, "%010lld", (long long)n);
}

static const char *
qualified_arn(struct control *c, const struct machine *m, const char *name)
{
    return pav_arena_printf(c->a, "%s:%s", m->arn, name);
}

/* ---- versions ---- */

void
publish_version(struct control *c)
{
    const char *qualifier, *revision = control_text(c, "revisionId");
    struct machine *m = control_machine(c, "stateMachineArn", &qualifier);
    struct pav_name_row row;
    uint32_t count = 0;
    int64_t number, at;

    if (m == NULL)
        return;
    if (revision != NULL &&
        strcmp(revision, revision_id(c->a, m->version_no)) != 0) {
        job_fail(&c->j->job, PAV_CONFLICT, "ConflictException", "revisionId",
                 "The current revision of the state machine is not '%s'",
                 revision);
        return;
    }
    (void)published_last(c->e, m, &row, &count);
    if (count >= VERSIONS_MAX) {
        job_fail(&c->j->job, PAV_LIMIT, "ServiceQuotaExceededException",
                 "stateMachineArn", "At most %d versions of a state machine",
                 VERSIONS_MAX);
        return;
    }
    number = version_publish(c->e, m, m->current->id, m->version_no,
                             control_text(c, "description"), &at, false);
    pav_members_date(&c->out, "creationDate", at);
    pav_members_str(
        &c->out, "stateMachineVersionArn",
        qualified_arn(c, m, pav_arena_printf(c->a, "%lld", (long long)number)));
}

static bool
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

void
delete_version(struct control *c)
{
    struct pav_name_row aliases[ALIASES_MAX];
    const char *qualifier;
    struct machine *m =
        control_machine(c, "stateMachineVersionArn", &qualifier);
    struct pav_name_row row,
        last = {.kind = PAV_NAME_LAST_VERSION, .name = "", .body = {"{}", 2}};
    int64_t number = 0;
    uint32_t i, n, count = 0;

    if (m == NULL)
        return;
    last.owner = m->id;
    if (qualifier == NULL || !qualifier_is_number(qualifier) ||
        !pav_parse_int(qualifier, strlen(qualifier), &number)) {
        job_fail(&c->j->job, PAV_INVALID, "ValidationException",
                 "stateMachineVersionArn", "Version ARN is required");
        return;
    }
    n = pav_store_names(c->e->store, PAV_NAME_ALIAS, m->id, "", ALIASES_MAX,
                        c->a, aliases);
    for (i = 0; i < n; i++) {
        if (!alias_uses(c, &aliases[i], number))
            continue;
        job_fail(&c->j->job, PAV_CONFLICT, "ConflictException",
                 "stateMachineVersionArn",
                 "Version to be deleted must not be referenced by an alias. "
                 "Current list of aliases referencing this version: [%s]",
                 aliases[i].name);
        return;
    }
    last.number = published_last(c->e, m, &row, &count);
    if (last.number == number)
        pav_store_name_put(c->e->store, &last);
    pav_store_name_delete(c->e->store, PAV_NAME_VERSION, m->id,
                          number_name(c, number));
}

void
list_versions(struct control *c)
{
    const char *qualifier;
    struct machine *m = control_machine(c, "stateMachineArn", &qualifier);
    uint32_t limit = control_page_size(c), i = 0, n, total = 0;
    struct pav_name_row *rows;
    const char *after = "", *start = control_page_start(c);
    struct pav_items list;

    if (m == NULL || start == NULL)
        return;
    rows = pav_arena_alloc(c->a, (VERSIONS_MAX + 100) * sizeof(*rows));
    do {
        n = pav_store_names(c->e->store, PAV_NAME_VERSION, m->id, after, 100,
                            c->a, rows + total);
        total += n;
        if (n > 0)
            after = rows[total - 1].name;
    } while (n == 100 && total < VERSIONS_MAX);
    pav_items_init(&list, c->a);
    for (n = total; n-- > 0 && i < limit;) { /* the newest first */
        struct pav_members v;

        if (*start != '\0' && strcmp(rows[n].name, start) >= 0)
            continue;
        pav_members_init(&v, c->a);
        pav_members_str(
            &v, "stateMachineVersionArn",
            qualified_arn(
                c, m,
                pav_arena_printf(c->a, "%lld", (long long)rows[n].number)));
        pav_members_date(
            &v, "creationDate",
            pav_doc_member_int(control_body(c, &rows[n]), "createdAt"));
        pav_items_add(&list, pav_members_object(&v));
        i++;
        after = rows[n].name;
    }
    pav_members_puts(&c->out, "stateMachineVersions", pav_items_array(&list));
    if (i == limit && n < total) /* one was passed on the way out */
        control_page_next(c, after);
}

/* ---- aliases ---- */

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
        const char *p = text == NULL ? NULL : strstr(text, ":stateMachine:");
        const char *colon = p == NULL ? NULL : strrchr(text, ':');
        struct machine *of;
        struct pav_members r;
        int64_t number = 0;

        if (p == NULL || !qualifier_is_number(colon + 1) ||
            !pav_parse_int(colon + 1, strlen(colon + 1), &number)) {
            job_fail(&c->j->job, PAV_INVALID, "ValidationException",
                     "routingConfiguration",
                     "Routing configuration must contain version ARNs");
            return NULL;
        }
        p += strlen(":stateMachine:");
        of = machine_by_name(c->e,
                             pav_arena_strndup(c->a, p, (size_t)(colon - p)));
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

void
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

void
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

void
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

void
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

void
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
