/*
 * Executions: started, stopped, redriven, described, listed; their histories.
 */
#include <stdio.h>
#include <string.h>

#include "pavane/arn.h"
#include "pavane/journal.h"
#include "change.h"
#include "reads.h"
#include "states_fields.h"

static bool
start_fill(struct aws_change *c)
{
    struct pav_start_job *j = (struct pav_start_job *)c->job;
    struct pav_arena *a = &j->job.arena;
    const char *text = request_text(a, c->request, "stateMachineArn");
    struct pav_states_arn arn;

    if (!pav_arn_machine(a, text, &arn))
        return change_fail(c, "InvalidArn", "Invalid Arn: '%s'", text);
    j->machine = arn.machine;
    j->qualifier = arn.qualifier;
    j->name = request_text(a, c->request, "name");
    j->trace = request_text(a, c->request, "traceHeader");
    j->sync = strcmp(c->action->name, "StartSyncExecution") == 0;
    if (j->name != NULL && !pav_name_valid(j->name))
        return change_fail(c, "InvalidName", "Invalid Name: '%s'", j->name);
    return change_payload(
        c, "input", "{}", "InvalidExecutionInput",
        "Invalid State Machine Execution Input: 'Invalid execution "
        "input.'",
        &j->input);
}

static const char *
execution_arn_of(const struct aws_place *p, struct pav_start_job *j)
{
    return pav_arn_put(&j->job.arena, "states", p->region, p->account,
                       "%s:%s:%s", j->express ? "express" : "execution",
                       j->machine, j->execution);
}

static void
start_answer(const struct aws_place *p, struct pav_job *job,
             struct pav_members *m)
{
    struct pav_start_job *j = (struct pav_start_job *)job;

    pav_members_str(m, "executionArn", execution_arn_of(p, j));
    pav_members_date(m, "startDate", j->started_at);
}

static const struct pav_doc *
included(struct pav_arena *a)
{
    struct pav_members m;

    pav_members_init(&m, a);
    pav_members_puts(&m, "included", &pav_doc_true);
    return pav_members_object(&m);
}

static void
sync_answered(const struct aws_place *p, struct pav_job *job,
              struct pav_members *m)
{
    struct pav_start_job *j = (struct pav_start_job *)job;
    struct pav_arena *a = &job->arena;
    struct pav_members billing;
    int64_t ms;

    pav_members_str(m, "executionArn", execution_arn_of(p, j));
    pav_members_str(m, "stateMachineArn",
                    pav_arn_put(a, "states", p->region, p->account,
                                "stateMachine:%s", j->machine));
    pav_members_str(
        m, "name",
        pav_arena_strndup(a, j->execution, strcspn(j->execution, ":")));
    pav_members_date(m, "startDate", j->started_at);
    pav_members_date(m, "stopDate", j->stopped_at);
    pav_members_str(m, "status", j->status);
    pav_members_str(m, "error", j->error);
    pav_members_str(m, "cause", j->cause);
    pav_members_str(m, "input", pav_doc_text(a, j->input));
    pav_members_puts(m, "inputDetails", included(a));
    if (j->output.p != NULL) {
        pav_members_str(m, "output", j->output.p);
        pav_members_puts(m, "outputDetails", included(a));
    }
    ms = j->stopped_at - j->started_at;
    pav_members_init(&billing, a);
    pav_members_int(&billing, "billedMemoryUsedInMB", 64);
    pav_members_int(&billing, "billedDurationInMilliseconds",
                    (ms + 99) / 100 * 100);
    pav_members_puts(m, "billingDetails", pav_members_object(&billing));
}

/* What an execution's ARN names; false after the answer. */
static bool
execution_of(struct aws_change *c, const char **machine, const char **name)
{
    const char *text = request_text(&c->job->arena, c->request, "executionArn");
    struct pav_states_arn arn;

    if (!pav_arn_execution(&c->job->arena, text, &arn))
        return change_fail(c, "InvalidArn", "Invalid Arn: '%s'", text);
    if (arn.express)
        return change_fail(c, "InvalidArn",
                           "Invalid Arn: 'Resource type not valid in this "
                           "context: express'");
    *machine = arn.machine;
    *name = arn.name;
    return true;
}

static bool
stop_fill(struct aws_change *c)
{
    struct pav_stop_job *j = (struct pav_stop_job *)c->job;

    j->error = request_text(&j->job.arena, c->request, "error");
    j->cause = request_text(&j->job.arena, c->request, "cause");
    return execution_of(c, &j->machine, &j->name);
}

static void
stop_answer(const struct aws_place *p, struct pav_job *job,
            struct pav_members *m)
{
    (void)p;
    pav_members_date(m, "stopDate", ((struct pav_stop_job *)job)->stopped_at);
}

static bool
redrive_fill(struct aws_change *c)
{
    struct pav_redrive_job *j = (struct pav_redrive_job *)c->job;

    j->client_token = request_text(&j->job.arena, c->request, "clientToken");
    return execution_of(c, &j->machine, &j->name);
}

static void
redrive_answer(const struct aws_place *p, struct pav_job *job,
               struct pav_members *m)
{
    (void)p;
    pav_members_date(m, "redriveDate",
                     ((struct pav_redrive_job *)job)->redriven_at);
}

static void
put_how_started(struct aws_read *r, struct pav_members *m, const char *machine,
                const struct pav_meta_row *meta)
{
    const char *arn = read_machine_arn(r, machine);

    if (meta->version_no != 0)
        pav_members_str(m, "stateMachineVersionArn",
                        pav_arena_printf(r->q->arena, "%s:%lld", arn,
                                         (long long)meta->version_no));
    if (meta->alias != NULL)
        pav_members_str(
            m, "stateMachineAliasArn",
            pav_arena_printf(r->q->arena, "%s:%s", arn, meta->alias));
    if (meta->run_id != 0)
        pav_members_str(
            m, "mapRunArn",
            pav_reader_run_arn(r->q->reader, meta->run_id, r->q->arena));
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
    struct pav_states_arn arn;

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
    if (!read_find_machine(r, &arn, &v))
        return false;
    if (v.row.type == PAV_EXPRESS) {
        read_fail(r, "StateMachineTypeNotSupported",
                  "This operation is not supported by this type of state "
                  "machine");
        return false;
    }
    f->machine = arn.machine;
    f->exclude_map_children = true;
    f->qualifier = arn.qualifier;
    return true;
}

static void
list_executions(struct aws_read *r)
{
    struct pav_execution_filter f = {.status = -1, .limit = read_page_size(r)};
    struct pav_execution_view *v;
    struct pav_items list;
    struct pav_members m;
    uint32_t count, i;
    int64_t next;

    if (!read_page_start(r, &f.before) || !list_filter(r, &f))
        return;
    count = pav_reader_executions(r->q->reader, &f, r->q->arena, &v, &next);
    pav_items_init(&list, r->q->arena);
    for (i = 0; i < count; i++) {
        struct pav_meta_row meta;
        struct pav_members o;

        (void)pav_reader_meta(r->q->reader, v[i].row.id, r->q->arena, &meta);
        pav_members_init(&o, r->q->arena);
        pav_members_str(
            &o, "executionArn",
            read_execution_arn(r, v[i].machine, v[i].row.name, &meta));
        pav_members_str(&o, "stateMachineArn",
                        read_machine_arn(r, v[i].machine));
        pav_members_str(&o, "name", v[i].row.name);
        pav_members_str(&o, "status",
                        pav_status_name((enum pav_status)v[i].row.status));
        pav_members_date(&o, "startDate", v[i].row.started_at);
        if (v[i].row.stopped_at != 0)
            pav_members_date(&o, "stopDate", v[i].row.stopped_at);
        put_how_started(r, &o, v[i].machine, &meta);
        pav_members_int(&o, "redriveCount", meta.redrive_count);
        if (meta.redriven_at != 0)
            pav_members_date(&o, "redriveDate", meta.redriven_at);
        pav_items_add(&list, pav_members_object(&o));
    }
    pav_members_init(&m, r->q->arena);
    pav_members_puts(&m, "executions", pav_items_array(&list));
    read_put_token(r, &m, next);
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

    if (!read_end(r->q, x, &e))
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
            const struct pav_execution_view *x, const struct pav_meta_row *meta)
{
    const char *why = pav_redrive_refusal(&x->row, PAV_STANDARD, r->q->now_ms);

    pav_members_int(m, "redriveCount", meta->redrive_count);
    if (meta->redriven_at != 0)
        pav_members_date(m, "redriveDate", meta->redriven_at);
    pav_members_str(m, "redriveStatus",
                    why == NULL ? "REDRIVABLE" : "NOT_REDRIVABLE");
    pav_members_str(m, "redriveStatusReason", why);
}

static void
describe_execution(struct aws_read *r)
{
    struct pav_arena *a = r->q->arena;
    struct pav_execution_view x;
    struct pav_meta_row meta;
    struct pav_step_row first;
    struct pav_members m;

    if (!read_find_execution(r, &x, &meta) ||
        !pav_reader_step(r->q->reader, x.row.first_step, a, &first))
        return;
    pav_members_init(&m, a);
    pav_members_str(&m, "executionArn",
                    read_execution_arn(r, x.machine, x.row.name, &meta));
    pav_members_str(&m, "stateMachineArn", read_machine_arn(r, x.machine));
    pav_members_str(&m, "name", x.row.name);
    pav_members_str(&m, "status",
                    pav_status_name((enum pav_status)x.row.status));
    pav_members_date(&m, "startDate", x.row.started_at);
    put_payload(
        r, &m, "input",
        pav_history_input(pav_reader_record(r->q->reader, &first, a), a));
    put_end(r, &m, &x);
    put_how_started(r, &m, x.machine, &meta);
    pav_members_str(&m, "traceHeader", meta.trace);
    put_redrive(r, &m, &x, &meta);
    read_answer(r, &m);
}

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
        struct pav_record *record =
            pav_reader_record(q->reader, step, q->arena);
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

static void
history(struct aws_read *r)
{
    bool reverse = request_flag(r->request, "reverseOrder", false);
    struct pav_execution_view x;
    struct pav_meta_row meta;
    uint32_t limit = read_page_size(r);
    int64_t at, last;

    if (!read_page_start(r, &at) || !read_find_execution(r, &x, &meta))
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

FIELDS(start, ARN("stateMachineArn"), {"name", FIELD_TEXT, false, 1, 80, NULL},
       {"input", FIELD_TEXT, false, 0, 0, NULL},
       {"traceHeader", FIELD_TEXT, false, 0, 256, NULL});
FIELDS(start_sync, ARN("stateMachineArn"),
       {"name", FIELD_TEXT, false, 1, 80, NULL},
       {"input", FIELD_TEXT, false, 0, 0, NULL},
       {"traceHeader", FIELD_TEXT, false, 0, 256, NULL}, INCLUDED);
FIELDS(stop, ARN("executionArn"), {"error", FIELD_TEXT, false, 0, 256, NULL},
       {"cause", FIELD_TEXT, false, 0, 32768, NULL});
FIELDS(redrive, ARN("executionArn"),
       {"clientToken", FIELD_TEXT, false, 1, 64, NULL});
FIELDS(list_executions, ARN_("stateMachineArn"), ARN_("mapRunArn"),
       {"statusFilter", FIELD_TEXT, false, 0, 0,
        "RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED, PENDING_REDRIVE"},
       {"redriveFilter", FIELD_TEXT, false, 0, 0, "REDRIVEN, NOT_REDRIVEN"},
       PAGING);
FIELDS(history, ARN("executionArn"),
       {"reverseOrder", FIELD_FLAG, false, 0, 0, NULL},
       {"includeExecutionData", FIELD_FLAG, false, 0, 0, NULL}, PAGING);

FIELDS(describe, ARN("executionArn"), INCLUDED);

/* ---- the table ---- */

const struct aws_action states_executions_actions[] = {
    AS_JOB("StartExecution", "states:StartExecution", start, pav_start_kind,
           start_fill, start_answer),
    AS_JOB("StartSyncExecution", "states:StartSyncExecution", start_sync,
           pav_start_kind, start_fill, sync_answered),
    AS_JOB("StopExecution", "states:StopExecution", stop, pav_stop_kind,
           stop_fill, stop_answer),
    AS_JOB("RedriveExecution", "states:RedriveExecution", redrive,
           pav_redrive_kind, redrive_fill, redrive_answer),
    ON_READER("DescribeExecution", "states:DescribeExecution", describe,
              describe_execution),
    ON_READER("ListExecutions", "states:ListExecutions", list_executions,
              list_executions),
    ON_READER("GetExecutionHistory", "states:GetExecutionHistory", history,
              history),
    END_OF_ACTIONS};
