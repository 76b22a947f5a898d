/*
 * State machines: described, listed, deleted.  states_define.c makes them.
 */
#include <string.h>

#include "pavane/arn.h"
#include "pavane/digest.h"
#include "run/registry.h"
#include "reads.h"
#include "states_fields.h"

#define MACHINES_TOKEN "machine "

/* Behind which name a page begins: a number of rows would show one twice when
 * another came before it.  False after the answer. */
static bool
machines_start(struct aws_read *r, const char **out)
{
    struct pav_arena *a = r->q->arena;
    const char *token = request_text(a, r->request, "nextToken");
    size_t len, head = strlen(MACHINES_TOKEN);
    char *text;

    *out = "";
    if (token == NULL)
        return true;
    text = pav_arena_zalloc(a, strlen(token) + 4);
    if (pav_base64_decode(token, strlen(token), text, &len) && len > head &&
        memcmp(text, MACHINES_TOKEN, head) == 0 &&
        memchr(text, 0, len) == NULL) {
        text[len] = '\0';
        *out = text + head;
        return true;
    }
    read_fail(r, "InvalidToken", "Invalid Token: 'Invalid token'");
    return false;
}

static void
put_machines_token(struct aws_read *r, struct pav_members *m, const char *name)
{
    char *text = pav_arena_printf(r->q->arena, MACHINES_TOKEN "%s", name);
    char *token = pav_arena_alloc(r->q->arena, (strlen(text) + 2) / 3 * 4 + 1);

    pav_base64(text, strlen(text), token);
    pav_members_str(m, "nextToken", token);
}

static void
list_machines(struct aws_read *r)
{
    struct pav_machine_view *v;
    uint32_t count, i, limit = read_page_size(r);
    const char *after, *last = NULL;
    struct pav_members m;
    struct pav_items list;

    if (!machines_start(r, &after))
        return;
    count = pav_reader_machines(r->q->reader, false, r->q->arena, &v);
    pav_items_init(&list, r->q->arena);
    for (i = 0; i < count && list.count < limit; i++) {
        struct pav_members o;

        if (v[i].row.id == 0 || strcmp(v[i].row.name, after) <= 0)
            continue;
        last = v[i].row.name;
        pav_members_init(&o, r->q->arena);
        pav_members_str(&o, "stateMachineArn", read_machine_arn(r, last));
        pav_members_str(&o, "name", last);
        pav_members_str(
            &o, "type",
            pav_machine_type_name((enum pav_machine_type)v[i].row.type));
        pav_members_date(&o, "creationDate", v[i].row.first_at);
        pav_items_add(&list, pav_members_object(&o));
    }
    pav_members_init(&m, r->q->arena);
    pav_members_puts(&m, "stateMachines", pav_items_array(&list));
    while (i < count && v[i].row.id == 0)
        i++;
    if (i < count)
        put_machines_token(r, &m, last);
    read_answer(r, &m);
}

/* What is reported of a definition: it is left out when only metadata is asked.
 */
static void
put_definition(struct aws_read *r, struct pav_members *m,
               const struct pav_machine_row *row)
{
    struct pav_arena *a = r->q->arena;
    const char *included = request_text(a, r->request, "includedData");
    struct pav_machine *compiled;
    struct pav_faults faults;
    struct pav_buf b;

    if (included != NULL && strcmp(included, "METADATA_ONLY") == 0) {
        pav_members_str(m, "definition", "{}");
        return;
    }
    pav_members_str(
        m, "definition",
        pav_arena_strndup(a, row->definition.p, row->definition.len));
    pav_faults_init(&faults, a);
    compiled = pav_machine_compile(row->definition.p, row->definition.len,
                                   (enum pav_machine_type)row->type, &faults);
    if (compiled == NULL)
        return;
    pav_buf_init(&b, SIZE_MAX / 2);
    pav_machine_variables(compiled, &b);
    if (b.len > 2)
        pav_members_puts(
            m, "variableReferences",
            pav_doc_own(a, pav_arena_strndup(a, b.p, b.len), b.len));
    pav_buf_fini(&b);
    pav_machine_free(compiled);
}

static void
put_attributes(struct aws_read *r, struct pav_members *m,
               const struct pav_machine_row *row)
{
    /* What the service shows when nothing was set. */
    static const char unset[] =
        "{\"loggingConfiguration\":{\"level\":\"OFF\","
        "\"includeExecutionData\":false},"
        "\"tracingConfiguration\":{\"enabled\":false},"
        "\"encryptionConfiguration\":{\"type\":\"AWS_OWNED_KEY\"}}";
    struct pav_arena *a = r->q->arena;
    const struct pav_doc *d = pav_doc_own(a, unset, sizeof(unset) - 1);
    uint32_t i;

    if (row->attributes != NULL)
        d = pav_doc_merge(
            a, d, pav_doc_own(a, row->attributes, strlen(row->attributes)));
    for (i = 0; i < d->len; i++)
        pav_members_put(m, d->members[i].key, d->members[i].len,
                        &d->members[i].value);
}

static void
put_revision(struct aws_read *r, struct pav_members *m,
             const struct pav_machine_row *row)
{
    pav_members_str(
        m, "revisionId",
        pav_arena_printf(r->q->arena, "%lld", (long long)row->version));
}

static void
describe_machine(struct aws_read *r)
{
    struct pav_machine_view v;
    struct pav_name_view named;
    struct pav_states_arn arn;
    struct pav_members m;

    if (!read_find_machine(r, &arn, &v))
        return;
    memset(&named, 0, sizeof(named));
    if (arn.qualifier != NULL &&
        (!pav_reader_published(r->q->reader, v.row.id, arn.qualifier,
                               r->q->arena, &named) ||
         !pav_reader_version(r->q->reader, named.version_id, r->q->arena,
                             &v.row))) {
        read_fail(r, "StateMachineDoesNotExist",
                  "State Machine Does Not Exist: '%s:%s'",
                  read_machine_arn(r, arn.machine), arn.qualifier);
        return;
    }
    pav_members_init(&m, r->q->arena);
    pav_members_str(&m, "stateMachineArn",
                    arn.qualifier == NULL
                        ? read_machine_arn(r, arn.machine)
                        : pav_arena_printf(r->q->arena, "%s:%lld",
                                           read_machine_arn(r, arn.machine),
                                           (long long)named.number));
    pav_members_str(&m, "name", arn.machine);
    pav_members_str(&m, "status", v.row.active ? "ACTIVE" : "DELETING");
    put_definition(r, &m, &v.row);
    pav_members_str(&m, "roleArn", v.row.role_arn);
    pav_members_str(&m, "type",
                    pav_machine_type_name((enum pav_machine_type)v.row.type));
    pav_members_date(&m, "creationDate",
                     arn.qualifier == NULL ? v.row.first_at : named.created_at);
    put_attributes(r, &m, &v.row);
    pav_members_str(&m, "description", named.description);
    put_revision(r, &m, &v.row);
    read_answer(r, &m);
}

static void
describe_machine_for(struct aws_read *r)
{
    struct pav_execution_view x;
    struct pav_machine_row row;
    struct pav_meta_row meta;
    struct pav_members m;

    if (!read_find_execution(r, &x, &meta))
        return;
    if (!pav_reader_version(r->q->reader, x.row.version_id, r->q->arena,
                            &row)) {
        read_fail(r, "ExecutionDoesNotExist", "its definition is gone");
        return;
    }
    pav_members_init(&m, r->q->arena);
    pav_members_str(&m, "stateMachineArn", read_machine_arn(r, x.machine));
    pav_members_str(&m, "name", x.machine);
    put_definition(r, &m, &row);
    pav_members_str(&m, "roleArn", row.role_arn);
    pav_members_date(&m, "updateDate", row.created_at);
    put_attributes(r, &m, &row);
    pav_members_str(&m, "label", meta.label);
    if (meta.run_id != 0)
        pav_members_str(
            &m, "mapRunArn",
            pav_reader_run_arn(r->q->reader, meta.run_id, r->q->arena));
    put_revision(r, &m, &row);
    read_answer(r, &m);
}

static void
delete_machine(struct control *c)
{
    const char *arn = control_text(c, "stateMachineArn");
    const char *name = pav_arn_name(arn, "states", "stateMachine");
    struct pav_name_row rows[100];
    struct machine *m;
    uint32_t n;

    if (name == NULL) {
        job_fail(&c->j->job, PAV_INVALID, "InvalidArn", "stateMachineArn",
                 "Invalid Arn: '%s'", arn == NULL ? "" : arn);
        return;
    }
    m = machine_by_name(c->e, name);
    if (m == NULL) /* gone already: fine */
        return;
    if (m->by_folder && m->active) {
        job_fail(&c->j->job, PAV_CONFLICT, "ValidationException",
                 "stateMachineArn",
                 "State machine '%s' belongs to a folder: remove the folder "
                 "instead",
                 m->name);
        return;
    }
    pav_store_name_delete(c->e->store, PAV_NAME_TAGS, 0, m->arn);
    do {
        n = pav_store_names(c->e->store, PAV_NAME_ALIAS, m->id, "", 100, c->a,
                            rows);
        while (n > 0)
            pav_store_name_delete(c->e->store, PAV_NAME_ALIAS, m->id,
                                  rows[--n].name);
        n = pav_store_names(c->e->store, PAV_NAME_VERSION, m->id, "", 100, c->a,
                            rows);
        while (n > 0)
            pav_store_name_delete(c->e->store, PAV_NAME_VERSION, m->id,
                                  rows[--n].name);
    } while (pav_store_names(c->e->store, PAV_NAME_VERSION, m->id, "", 1, c->a,
                             rows) > 0);
    pav_store_name_delete(c->e->store, PAV_NAME_TAGS, 0, m->arn);
    c->j->touched = PAV_TOUCHED_MACHINE;
    c->j->touched_machine = m->id;
    pav_store_machine_rename(
        c->e->store, m->id,
        pav_arena_printf(c->a, "%s~%lld", m->name, (long long)m->id));
}

FIELDS(describe_machine, ARN("stateMachineArn"), INCLUDED);
FIELDS(machine, ARN("stateMachineArn"));
FIELDS(paging, PAGING);
FIELDS(describe_execution, ARN("executionArn"), INCLUDED);

/* ---- the table ---- */

const struct aws_action states_machines_actions[] = {
    ON_READER("DescribeStateMachine", "states:DescribeStateMachine",
              describe_machine, describe_machine),
    ON_READER("DescribeStateMachineForExecution",
              "states:DescribeStateMachineForExecution", describe_execution,
              describe_machine_for),
    ALONE_ON_ENGINE("DeleteStateMachine", "states:DeleteStateMachine", machine,
                    delete_machine),
    ON_READER("ListStateMachines", "states:ListStateMachines", paging,
              list_machines),
    END_OF_ACTIONS};
