/*
 * Versions of machines: rows that name one stored definition (run/published.c).
 */
#include <string.h>

#include "pavane/text.h"
#include "run/published.h"
#include "run/registry.h"
#include "pages.h"
#include "states.h"
#include "states_fields.h"

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

static void
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

static void
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

static void
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

FIELDS(publish, ARN("stateMachineArn"),
       {"revisionId", FIELD_TEXT, false, 0, 0, NULL},
       {"description", FIELD_TEXT, false, 0, 256, NULL});
FIELDS(delete_version, ARN("stateMachineVersionArn"));

FIELDS(list, ARN("stateMachineArn"), PAGING);

/* ---- the table ---- */

const struct aws_action states_versions_actions[] = {
    ON_ENGINE("PublishStateMachineVersion", "states:PublishStateMachineVersion",
              publish, publish_version),
    ON_ENGINE("DeleteStateMachineVersion", "states:DeleteStateMachineVersion",
              delete_version, delete_version),
    ON_ENGINE("ListStateMachineVersions", "states:ListStateMachineVersions",
              list, list_versions),
    END_OF_ACTIONS};
