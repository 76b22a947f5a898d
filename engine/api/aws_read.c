/* Actions that only read: machines, executions, histories. */
#include <stdio.h>
#include <string.h>

#include "pavane/digest.h"
#include "pavane/step.h"
#include "pavane/text.h"
#include "aws_int.h"

/* ---- paging ---- */

static uint32_t
page_size(struct aws_read *r)
{
    int64_t n = request_int(r->request, "maxResults", 0);

    return n == 0 ? 100 : (uint32_t)n;
}

/* A token of ours is a number; false after the answer. */
static bool
page_start(struct aws_read *r, int64_t *out)
{
    const char *text = request_text(r->q->arena, r->request, "nextToken");

    *out = 0;
    if (text == NULL || pav_parse_int(text, strlen(text), out))
        return true;
    read_fail(r, "InvalidToken", "Invalid Token: 'Invalid token'");
    return false;
}

static void
put_token(struct aws_read *r, struct pav_members *m, int64_t next)
{
    if (next != 0)
        pav_members_str(m, "nextToken",
                        pav_arena_printf(r->q->arena, "%lld", (long long)next));
}

/* ---- ARNs ---- */

static const char *
machine_arn(struct aws_read *r, const char *name)
{
    return pav_arena_printf(r->q->arena, "arn:aws:states:%s:%s:stateMachine:%s",
                            r->q->region, r->q->account, name);
}

static const char *
execution_arn(struct aws_read *r, const char *machine, const char *name,
              const struct pav_note_row *note)
{
    return pav_arena_printf(r->q->arena, "arn:aws:states:%s:%s:%s:%s%s%s:%s",
                            r->q->region, r->q->account,
                            strchr(name, ':') == NULL ? "execution" : "express",
                            machine, note->label == NULL ? "" : "/",
                            note->label == NULL ? "" : note->label, name);
}

/* The machine of "stateMachineArn"; false after the answer. */
static bool
find_machine(struct aws_read *r, struct aws_arn *arn,
             struct pav_machine_view *out)
{
    const char *text = request_text(r->q->arena, r->request, "stateMachineArn");

    if (!aws_machine_arn(r->q->arena, text, arn)) {
        read_fail(r, "InvalidArn", "Invalid Arn: '%s'", text);
        return false;
    }
    if (pav_reader_machine(r->q->reader, arn->machine, r->q->arena, out))
        return true;
    read_fail(r, "StateMachineDoesNotExist",
              "State Machine Does Not Exist: '%s'", text);
    return false;
}

static bool
find_execution(struct aws_read *r, struct pav_execution_view *x,
               struct pav_note_row *note)
{
    const char *text = request_text(r->q->arena, r->request, "executionArn");
    struct aws_arn arn;

    if (!aws_execution_arn(r->q->arena, text, &arn)) {
        read_fail(r, "InvalidArn", "Invalid Arn: '%s'", text);
        return false;
    }
    if (arn.express) {
        read_fail(r, "InvalidArn",
                  "Invalid Arn: 'Resource type not valid in this context: "
                  "express'");
        return false;
    }
    if (pav_reader_execution(r->q->reader, arn.machine, arn.name, r->q->arena,
                             x)) {
        (void)pav_reader_note(r->q->reader, x->row.id, r->q->arena, note);
        return true;
    }
    read_fail(r, "ExecutionDoesNotExist", "Execution Does Not Exist: '%s'",
              text);
    return false;
}

/* ---- machines ---- */

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

void
aws_list_machines(struct aws_read *r)
{
    struct pav_machine_view *v;
    uint32_t count, i, limit = page_size(r);
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
        pav_members_str(&o, "stateMachineArn", machine_arn(r, last));
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

/* What is said of a definition: it is left out when only metadata is asked. */
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

void
aws_describe_machine(struct aws_read *r)
{
    struct pav_machine_view v;
    struct pav_name_view named;
    struct aws_arn arn;
    struct pav_members m;

    if (!find_machine(r, &arn, &v))
        return;
    memset(&named, 0, sizeof(named));
    if (arn.qualifier != NULL &&
        (!pav_reader_published(r->q->reader, v.row.id, arn.qualifier,
                               r->q->arena, &named) ||
         !pav_reader_version(r->q->reader, named.version_id, r->q->arena,
                             &v.row))) {
        read_fail(r, "StateMachineDoesNotExist",
                  "State Machine Does Not Exist: '%s:%s'",
                  machine_arn(r, arn.machine), arn.qualifier);
        return;
    }
    pav_members_init(&m, r->q->arena);
    pav_members_str(&m, "stateMachineArn",
                    arn.qualifier == NULL
                        ? machine_arn(r, arn.machine)
                        : pav_arena_printf(r->q->arena, "%s:%lld",
                                           machine_arn(r, arn.machine),
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

void
aws_describe_machine_for(struct aws_read *r)
{
    struct pav_execution_view x;
    struct pav_machine_row row;
    struct pav_note_row note;
    struct pav_members m;

    if (!find_execution(r, &x, &note))
        return;
    if (!pav_reader_version(r->q->reader, x.row.version_id, r->q->arena,
                            &row)) {
        read_fail(r, "ExecutionDoesNotExist", "its definition is gone");
        return;
    }
    pav_members_init(&m, r->q->arena);
    pav_members_str(&m, "stateMachineArn", machine_arn(r, x.machine));
    pav_members_str(&m, "name", x.machine);
    put_definition(r, &m, &row);
    pav_members_str(&m, "roleArn", row.role_arn);
    pav_members_date(&m, "updateDate", row.created_at);
    put_attributes(r, &m, &row);
    pav_members_str(&m, "label", note.label);
    if (note.run_id != 0)
        pav_members_str(
            &m, "mapRunArn",
            pav_reader_run_arn(r->q->reader, note.run_id, r->q->arena));
    put_revision(r, &m, &row);
    read_answer(r, &m);
}

/* ---- executions ---- */

static void
put_how_started(struct aws_read *r, struct pav_members *m, const char *machine,
                const struct pav_note_row *note)
{
    const char *arn = machine_arn(r, machine);

    if (note->version_no != 0)
        pav_members_str(m, "stateMachineVersionArn",
                        pav_arena_printf(r->q->arena, "%s:%lld", arn,
                                         (long long)note->version_no));
    if (note->alias != NULL)
        pav_members_str(
            m, "stateMachineAliasArn",
            pav_arena_printf(r->q->arena, "%s:%s", arn, note->alias));
    if (note->run_id != 0)
        pav_members_str(
            m, "mapRunArn",
            pav_reader_run_arn(r->q->reader, note->run_id, r->q->arena));
}

static bool
list_filter(struct aws_read *r, struct pav_execution_filter *f)
{
    const char *machine =
        request_text(r->q->arena, r->request, "stateMachineArn");
    const char *run = request_text(r->q->arena, r->request, "mapRunArn");
    const char *redriven =
        request_text(r->q->arena, r->request, "redriveFilter");
    const char *status = request_text(r->q->arena, r->request, "statusFilter");
    struct pav_machine_view v;
    enum pav_status wanted;
    struct aws_arn arn;

    if ((machine == NULL) == (run == NULL)) {
        read_fail(r, "ValidationException",
                  "Must provide a Map Run ARN or state machine ARN, and not "
                  "both");
        return false;
    }
    if (status != NULL && pav_status_find(status, &wanted))
        f->status = wanted;
    else if (status != NULL)
        f->status = 99; /* PENDING_REDRIVE: none ever is */
    f->redriven = redriven == NULL                    ? 0
                  : strcmp(redriven, "REDRIVEN") == 0 ? 1
                                                      : 2;
    if (run != NULL) {
        f->run_id = pav_reader_run_id(r->q->reader, run);
        if (f->run_id == 0)
            read_fail(r, "ResourceNotFound", "Resource not found: '%s'", run);
        return f->run_id != 0;
    }
    if (!find_machine(r, &arn, &v))
        return false;
    if (v.row.type == PAV_EXPRESS) {
        read_fail(r, "StateMachineTypeNotSupported",
                  "This operation is not supported by this type of state "
                  "machine");
        return false;
    }
    f->machine = arn.machine;
    f->apart = true;
    f->qualifier = arn.qualifier;
    return true;
}

void
aws_list_executions(struct aws_read *r)
{
    struct pav_execution_filter f = {.status = -1, .limit = page_size(r)};
    struct pav_execution_view *v;
    struct pav_items list;
    struct pav_members m;
    uint32_t count, i;
    int64_t next;

    if (!page_start(r, &f.before) || !list_filter(r, &f))
        return;
    count = pav_reader_executions(r->q->reader, &f, r->q->arena, &v, &next);
    pav_items_init(&list, r->q->arena);
    for (i = 0; i < count; i++) {
        struct pav_note_row note;
        struct pav_members o;

        (void)pav_reader_note(r->q->reader, v[i].row.id, r->q->arena, &note);
        pav_members_init(&o, r->q->arena);
        pav_members_str(&o, "executionArn",
                        execution_arn(r, v[i].machine, v[i].row.name, &note));
        pav_members_str(&o, "stateMachineArn", machine_arn(r, v[i].machine));
        pav_members_str(&o, "name", v[i].row.name);
        pav_members_str(&o, "status",
                        pav_status_name((enum pav_status)v[i].row.status));
        pav_members_date(&o, "startDate", v[i].row.started_at);
        if (v[i].row.stopped_at != 0)
            pav_members_date(&o, "stopDate", v[i].row.stopped_at);
        put_how_started(r, &o, v[i].machine, &note);
        pav_members_int(&o, "redriveCount", note.redrive_count);
        if (note.redriven_at != 0)
            pav_members_date(&o, "redriveDate", note.redriven_at);
        pav_items_add(&list, pav_members_object(&o));
    }
    pav_members_init(&m, r->q->arena);
    pav_members_puts(&m, "executions", pav_items_array(&list));
    put_token(r, &m, next);
    read_answer(r, &m);
}

static void
put_payload(struct aws_read *r, struct pav_members *m, const char *key,
            const struct pav_doc *d)
{
    const char *included =
        request_text(r->q->arena, r->request, "includedData");
    bool shown = included == NULL || strcmp(included, "METADATA_ONLY") != 0;
    struct pav_members details;

    if (shown)
        pav_members_str(m, key, pav_doc_text(r->q->arena, d));
    pav_members_init(&details, r->q->arena);
    pav_members_puts(&details, "included", pav_doc_new_bool(shown));
    pav_members_puts(m, pav_arena_printf(r->q->arena, "%sDetails", key),
                     pav_members_object(&details));
}

/* The execution's last event says how it ended. */
static void
put_end(struct aws_read *r, struct pav_members *m,
        const struct pav_execution_view *x)
{
    struct pav_history_event e;

    if (!query_end(r->q, x, &e))
        return;
    pav_members_date(m, "stopDate", x->row.stopped_at);
    if (x->row.status == PAV_SUCCEEDED)
        put_payload(r, m, "output", e.payload);
    if (x->row.status == PAV_TIMED_OUT)
        return; /* the service names neither */
    if (e.error != NULL)
        pav_members_puts(m, "error", e.error);
    if (e.cause != NULL)
        pav_members_puts(m, "cause", e.cause);
}

static void
put_redrive(struct aws_read *r, struct pav_members *m,
            const struct pav_execution_view *x, const struct pav_note_row *note)
{
    const char *why = pav_redrive_refusal(&x->row, PAV_STANDARD, r->q->now_ms);

    pav_members_int(m, "redriveCount", note->redrive_count);
    if (note->redriven_at != 0)
        pav_members_date(m, "redriveDate", note->redriven_at);
    pav_members_str(m, "redriveStatus",
                    why == NULL ? "REDRIVABLE" : "NOT_REDRIVABLE");
    pav_members_str(m, "redriveStatusReason", why);
}

void
aws_describe_execution(struct aws_read *r)
{
    struct pav_arena *a = r->q->arena;
    struct pav_execution_view x;
    struct pav_note_row note;
    struct pav_step_row first;
    struct pav_members m;

    if (!find_execution(r, &x, &note) ||
        !pav_reader_step(r->q->reader, x.row.first_step, a, &first))
        return;
    pav_members_init(&m, a);
    pav_members_str(&m, "executionArn",
                    execution_arn(r, x.machine, x.row.name, &note));
    pav_members_str(&m, "stateMachineArn", machine_arn(r, x.machine));
    pav_members_str(&m, "name", x.row.name);
    pav_members_str(&m, "status",
                    pav_status_name((enum pav_status)x.row.status));
    pav_members_date(&m, "startDate", x.row.started_at);
    put_payload(
        r, &m, "input",
        pav_history_input(pav_doc_own(a, first.record.p, first.record.len)));
    put_end(r, &m, &x);
    put_how_started(r, &m, x.machine, &note);
    pav_members_str(&m, "traceHeader", note.trace);
    put_redrive(r, &m, &x, &note);
    read_answer(r, &m);
}

/* ---- history ---- */

/* Events [first, first + count) of an execution, printed by AWS's clock. */
static int64_t
put_events(struct aws_read *r, const struct pav_execution_view *x,
           int64_t first, uint32_t count, bool reverse, bool with_data)
{
    struct pav_query *q = r->q;
    struct pav_step_row *steps;
    struct pav_machine_row machine = {.role_arn = ""};
    int64_t low = reverse ? first - count + 1 : first, last = first, sent = 0;
    uint32_t n, i, j;

    if (low < 1) {
        count -= (uint32_t)(1 - low);
        low = 1;
    }
    (void)pav_reader_version(q->reader, x->row.version_id, q->arena, &machine);
    n = pav_reader_steps(q->reader, x->row.last_step, low, count, q->arena,
                         &steps);
    for (i = 0; i < n; i++) {
        const struct pav_step_row *step = &steps[reverse ? n - 1 - i : i];
        const struct pav_doc *record =
            pav_doc_own(q->arena, step->record.p, step->record.len);
        char when[32];

        snprintf(when, sizeof(when), "%lld.%03d", (long long)(step->at / 1000),
                 (int)(step->at % 1000));
        for (j = 0; j < step->event_count; j++) {
            uint32_t at = reverse ? (uint32_t)step->event_count - 1 - j : j;
            int64_t id = step->first_event + at;
            struct pav_history_event e;

            if (id < low || id >= low + count)
                continue;
            pav_history_event(record, at, step->first_event, q->arena, &e);
            if (sent++ > 0)
                pav_buf_putc(&q->out, ',');
            pav_history_print(&e, when, machine.role_arn, q->region, with_data,
                              &q->out);
            last = id;
        }
    }
    return last;
}

void
aws_history(struct aws_read *r)
{
    bool reverse = request_flag(r->request, "reverseOrder", false);
    struct pav_execution_view x;
    struct pav_note_row note;
    uint32_t limit = page_size(r);
    int64_t at, last;

    if (!page_start(r, &at) || !find_execution(r, &x, &note))
        return;
    if (at < 0 || at >= x.row.next_event) {
        read_fail(r, "InvalidToken", "Invalid Token: 'Invalid token'");
        return;
    }
    if (at == 0)
        at = reverse ? x.row.next_event - 1 : 1;
    pav_buf_puts(&r->q->out, "{\"events\":[");
    last = put_events(r, &x, at, limit, reverse,
                      request_flag(r->request, "includeExecutionData", true));
    pav_buf_putc(&r->q->out, ']');
    last += reverse ? -1 : 1;
    if (reverse ? last >= 1 : last < x.row.next_event)
        pav_buf_printf(&r->q->out, ",\"nextToken\":\"%lld\"", (long long)last);
    pav_buf_putc(&r->q->out, '}');
}
