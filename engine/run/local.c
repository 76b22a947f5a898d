/*
 * Services inside: what a task asks of Pavane itself is done in the turn's own
 * transaction, so that it happens exactly once.
 *
 *   states:startExecution   plain, .sync, .sync:2, .waitForTaskToken
 *   events:putEvents        onto the one bus
 *   dynamodb                getItem, putItem, updateItem, deleteItem, scan,
 *                           query: tables.c
 *   aws-sdk:sfn             startExecution, sendTaskSuccess, -Failure,
 *                           -Heartbeat, stopExecution
 *   aws-sdk:eventbridge     putEvents
 *
 * Results have the services' shapes; errors their names and texts.
 */
#include <string.h>

#include "pavane/errors.h"
#include "pavane/arn.h"
#include "pavane/digest.h"
#include "pavane/envelope.h"
#include "pavane/text.h"
#include "match_wait.h"
#include "intake.h"
#include "local.h"
#include "batch.h"
#include "registry.h"
#include "runner.h"
#include "tables.h"
#include "tasks.h"
#include "wake.h"

const char *const local_services[] = {"states:startExecution",
                                      "events:putEvents",
                                      "dynamodb:getItem",
                                      "dynamodb:putItem",
                                      "dynamodb:updateItem",
                                      "dynamodb:deleteItem",
                                      "dynamodb:scan",
                                      "dynamodb:query",
                                      "dynamodb:batchGetItem",
                                      "dynamodb:batchWriteItem",
                                      "dynamodb:transactGetItems",
                                      "dynamodb:transactWriteItems",
                                      "sfn:startExecution",
                                      "sfn:sendTaskSuccess",
                                      "sfn:sendTaskFailure",
                                      "sfn:sendTaskHeartbeat",
                                      "sfn:stopExecution",
                                      "sfn:describeExecution",
                                      "sfn:listExecutions",
                                      "eventbridge:putEvents",
                                      NULL};

/* A task on its way through a service. */
struct call {
    struct pav_engine *e;
    const struct pav_task_row *task;
    const struct pav_doc *with;
    char service[64], method[64];
    bool sdk, sync, parsed, token; /* by its suffix */
};

static bool
read_resource(struct call *c, const char *arn)
{
    const char *p = pav_arn_resource(arn, NULL), *dot;
    size_t len;

    if (p == NULL)
        return false;
    c->sdk = strncmp(p, "aws-sdk:", 8) == 0;
    if (c->sdk)
        p += 8;
    len = strcspn(p, ":");
    if (p[len] != ':' || len >= sizeof(c->service))
        return false;
    memcpy(c->service, p, len);
    c->service[len] = '\0';
    p += len + 1;
    len = strcspn(p, ".");
    if (len >= sizeof(c->method))
        return false;
    memcpy(c->method, p, len);
    c->method[len] = '\0';
    dot = p + len;
    c->parsed = strcmp(dot, ".sync:2") == 0;
    c->sync = c->parsed || strcmp(dot, ".sync") == 0;
    c->token = strcmp(dot, ".waitForTaskToken") == 0;
    return true;
}

/* ---- ends ---- */

static void
wake(struct call *c, enum pav_wake_kind kind, const struct pav_doc *output,
     const char *error, const char *cause)
{
    struct pav_wake w = {.kind = kind,
                         .no = c->task->no,
                         .output = output,
                         .error = error,
                         .cause = cause};

    (void)task_wake(c->e, c->task->execution_id, &w);
}

static void
reply(struct call *c, const struct pav_doc *output)
{
    if (c->token || c->sync) {
        pav_store_task_taken(c->e->store, c->task->execution_id, c->task->no,
                             1);
        wake(c, PAV_WAKE_SUBMITTED, output, NULL, NULL);
    } else {
        wake(c, PAV_WAKE_SUCCESS, output, NULL, NULL);
    }
}

/* `code` without "Exception". */
static void
refuse(struct call *c, const char *code, const char *text)
{
    struct pav_arena *a = &c->e->arena;
    char id[37];

    pav_uuid4(id);
    if (c->sdk)
        wake(c, PAV_WAKE_FAILURE, NULL,
             pav_arena_printf(a, "Sfn.%sException", code),
             pav_arena_printf(a,
                              "%s (Service: Sfn, Status Code: 400, Request "
                              "ID: %s)",
                              text, id));
    else
        wake(c, PAV_WAKE_FAILURE, NULL,
             pav_arena_printf(a, "StepFunctions.%sException", code),
             pav_arena_printf(a,
                              "%s (Service: AWSStepFunctions; Status Code: "
                              "400; Error Code: %s; Request ID: %s; Proxy: "
                              "null)",
                              text, code, id));
}

static const struct pav_doc *
time_doc(struct pav_arena *a, int64_t ms)
{
    char text[PAV_TIME_LEN];

    return pav_doc_new_cstr(a, pav_arena_strdup(a, pav_time_format(ms, text)));
}

/* A text parameter; a value of another kind is serialised, as the service does
 * with those of its SDK integrations. */
static const char *
text_of(struct call *c, const char *key)
{
    const struct pav_doc *d = pav_doc_get(c->with, key);

    if (d == NULL || d->kind == PAV_NULL)
        return NULL;
    return d->kind == PAV_STRING ? pav_doc_str(&c->e->arena, d)
                                 : pav_doc_text(&c->e->arena, d);
}

/* ---- startExecution ---- */

static void
put_payload(struct pav_members *m, const char *key, const struct pav_doc *d,
            bool parsed)
{
    struct pav_members details;

    if (d == NULL)
        return;
    pav_members_puts(
        m, key,
        parsed ? d : pav_doc_new_cstr(m->arena, pav_doc_text(m->arena, d)));
    pav_members_init(&details, m->arena);
    pav_members_puts(&details, "Included", &pav_doc_true);
    pav_members_puts(m, pav_arena_printf(m->arena, "%sDetails", key),
                     pav_members_object(&details));
}

const struct pav_doc *
local_description(struct pav_engine *e, const struct pav_execution_row *row,
                  bool parsed)
{
    struct pav_arena *a = &e->arena;
    struct execution x = {.row = *row,
                          .version = version_get(e, row->version_id)};
    struct pav_history_event end = {0};
    const struct pav_doc *input;
    struct pav_members m;

    PAV_ASSERT(x.version != NULL);
    (void)pav_store_meta(e->store, row->id, a, &x.meta);
    if (row->status != PAV_RUNNING)
        execution_end(e, row, &end);
    pav_members_init(&m, a);
    if (end.cause != NULL)
        pav_members_puts(&m, "Cause", end.cause);
    if (end.error != NULL)
        pav_members_puts(&m, "Error", end.error);
    pav_members_str(&m, "ExecutionArn", execution_arn(e, &x));
    input = execution_input(e, row);
    if (input != NULL)
        put_payload(&m, "Input", input, parsed);
    pav_members_str(&m, "Name", row->name);
    if (row->status == PAV_SUCCEEDED)
        put_payload(&m, "Output", end.payload, parsed);
    pav_members_puts(&m, "StartDate", time_doc(a, row->started_at));
    pav_members_str(&m, "StateMachineArn", x.version->machine->arn);
    pav_members_str(&m, "Status",
                    pav_status_name((enum pav_status)row->status));
    if (row->stopped_at != 0)
        pav_members_puts(&m, "StopDate", time_doc(a, row->stopped_at));
    return pav_members_object(&m);
}

/* A .sync task whose child has ended, perhaps long ago. */
static void
child_ended(struct call *c, const struct pav_execution_row *row)
{
    const struct pav_doc *d = local_description(c->e, row, c->parsed);

    if (row->status == PAV_SUCCEEDED) {
        wake(c, PAV_WAKE_SUCCESS, d, NULL, NULL);
        return;
    }

    wake(c, PAV_WAKE_FAILURE, NULL, pav_states_error(PAV_STATES_TASK_FAILED),
         pav_doc_text(&c->e->arena, d));
}

/* One that may be started; NULL: there is none. */
static struct machine *
machine_of(struct call *c, const char *text, const char **qualifier)
{
    struct pav_states_arn arn;
    struct machine *m;

    *qualifier = NULL;
    if (!pav_arn_machine(&c->e->arena, text, &arn))
        return NULL;
    *qualifier = arn.qualifier;
    m = machine_by_name(c->e, arn.machine);
    return m == NULL || m->current == NULL || !m->active ? NULL : m;
}

static const struct pav_doc *
input_of(struct call *c)
{
    const struct pav_doc *d = pav_doc_get(c->with, "Input"), *parsed;

    if (d == NULL || d->kind == PAV_NULL)
        return &pav_doc_empty_object;
    if (d->kind != PAV_STRING)
        return d;
    if (pav_doc_parse(&c->e->arena, d->text, d->len, NULL, &parsed, NULL) ==
        PAV_OK)
        return parsed;
    return NULL;
}

static void
start_execution(struct call *c)
{
    struct pav_engine *e = c->e;
    const char *arn = text_of(c, "StateMachineArn"), *qualifier;
    const char *name = text_of(c, "Name"), *key, *why;
    struct machine *m = machine_of(c, arn, &qualifier);
    const struct pav_doc *input = input_of(c);
    struct pav_meta_row meta = {.parent_id = c->task->execution_id,
                                .parent_no = c->task->no};
    struct pav_execution_row row;
    struct version *v;
    struct execution x;
    struct pav_members out;
    char made_up[37];

    v = m == NULL ? NULL : version_of(e, m, qualifier, &meta);
    if (v == NULL) {
        refuse(c, "StateMachineDoesNotExist",
               pav_arena_printf(&e->arena, "State Machine Does Not Exist: '%s'",
                                arn == NULL ? "" : arn));
        return;
    }
    if (input == NULL) {
        refuse(c, "InvalidExecutionInput",
               "Invalid State Machine Execution Input: 'Invalid execution "
               "input.'");
        return;
    }
    if (name != NULL && !pav_name_valid(name)) {
        refuse(c, "InvalidName",
               pav_arena_printf(&e->arena, "Invalid Name: '%s'", name));
        return;
    }
    if (name == NULL) {
        pav_uuid4(made_up);
        name = made_up;
    }
    if (pav_store_execution_named(e->store, m->id, name, &e->arena, &row)) {
        refuse(c, "ExecutionAlreadyExists",
               pav_arena_printf(&e->arena, "Execution Already Exists: '%s%s'",
                                m->execution_arn, name));
        return;
    }
    key = name;
    if (!input_key(e, m, input, &key, &why)) {
        refuse(c, "InvalidExecutionInput",
               pav_arena_printf(&e->arena,
                                "Invalid State Machine Execution Input: '%s'",
                                why));
        return;
    }
    if (machine_is_full(e, m)) {
        refuse(c, "ExecutionLimitExceeded", full_text(e, m));
        return;
    }
    if (pav_store_execution(e->store, c->task->execution_id, &e->arena, &row))
        e->depth = row.depth;
    if (!c->sync) /* it goes on by itself: nobody asks for it */
        meta.parent_id = meta.parent_no = 0;
    execution_start_as(
        e, v, name, key, input, 0,
        c->sync || meta.version_no != 0 || meta.alias != NULL ? &meta : NULL,
        &x);
    e->depth = 0;
    pav_members_init(&out, &e->arena);
    pav_members_str(&out, "ExecutionArn", execution_arn(e, &x));
    pav_members_puts(&out, "StartDate", time_doc(&e->arena, x.row.started_at));
    reply(c, pav_members_object(&out));
    match_parked(e, &x);
}

static void
start_or_look(struct call *c)
{
    int64_t child = c->sync
                        ? pav_store_child_of(c->e->store, c->task->execution_id,
                                             c->task->no)
                        : 0;
    struct pav_execution_row row;

    if (child == 0) {
        if (c->task->lease == 0)
            start_execution(c);
        return;
    }
    if (pav_store_execution(c->e->store, child, &c->e->arena, &row) &&
        row.status != PAV_RUNNING)
        child_ended(c, &row);
}

/* ---- putEvents ---- */

static const struct pav_doc *
entry_error(struct pav_arena *a, const char *code, const char *message)
{
    struct pav_members m;

    pav_members_init(&m, a);
    pav_members_str(&m, "ErrorCode", code);
    pav_members_str(&m, "ErrorMessage", message);
    return pav_members_object(&m);
}

/* The entry with its Detail as text, and with the ARNs of the machine and the
 * execution behind its resources, as the integration adds them. */
static const struct pav_doc *
completed(struct call *c, const struct pav_doc *entry,
          const struct pav_execution_row *row)
{
    struct pav_arena *a = &c->e->arena;
    const struct pav_doc *own = pav_doc_get(entry, "Resources");
    const struct pav_doc *detail = pav_doc_get(entry, "Detail");
    struct execution x = {.row = *row,
                          .version = version_get(c->e, row->version_id)};
    struct pav_items resources;
    struct pav_members m;
    uint32_t i;

    pav_items_init(&resources, a);
    for (i = 0; own != NULL && own->kind == PAV_ARRAY && i < own->len; i++)
        pav_items_add(&resources, &own->items[i]);
    (void)pav_store_meta(c->e->store, row->id, a, &x.meta);
    if (x.version != NULL) {
        pav_items_add(&resources, pav_doc_new_cstr(a, x.version->machine->arn));
        pav_items_add(&resources, pav_doc_new_cstr(a, execution_arn(c->e, &x)));
    }
    pav_members_init(&m, a);
    pav_members_puts(&m, "Resources", pav_items_array(&resources));
    if (detail != NULL && detail->kind != PAV_STRING)
        pav_members_puts(&m, "Detail",
                         pav_doc_new_cstr(a, pav_doc_text(a, detail)));
    return pav_doc_merge(a, entry, pav_members_object(&m));
}

static const struct pav_doc *
put_entry(struct call *c, const struct pav_doc *entry,
          const struct pav_execution_row *row)
{
    struct pav_engine *e = c->e;
    struct pav_envelope_defaults defaults = {.region = e->config.region,
                                             .account = e->config.account,
                                             .now_ms = pav_clock_ms(e->clock)};
    struct pav_event_item item = {.depth = row->depth + 1};
    struct pav_bytes text;
    struct pav_members m;
    const char *code, *message;

    if (entry->kind != PAV_OBJECT)
        return entry_error(&e->arena, "InvalidArgument",
                           "Parameter Entries is not valid.");
    entry = completed(c, entry, row);
    message = pav_entry_fault(&e->arena, entry, &defaults, &item.event, &code);
    if (message != NULL)
        return entry_error(&e->arena, code, message);
    if (item.event.bus.p != NULL)
        item.bus =
            pav_arena_strndup(&e->arena, item.event.bus.p, item.event.bus.len);
    text = item.event.text;
    intake_text(e, text, false, &item);
    if (item.code != NULL)
        return entry_error(&e->arena, item.code, item.message);
    pav_members_init(&m, &e->arena);
    pav_members_puts(
        &m, "EventId",
        pav_doc_new_str(&e->arena, item.event.id.p, item.event.id.len));
    return pav_members_object(&m);
}

static void
put_events(struct call *c)
{
    struct pav_arena *a = &c->e->arena;
    const struct pav_doc *entries = pav_doc_get(c->with, "Entries"), *result;
    struct pav_members m;
    struct pav_items items;
    struct pav_execution_row row;
    int64_t failed = 0;
    uint32_t i;

    if (!pav_store_execution(c->e->store, c->task->execution_id, a, &row))
        return;
    if (entries == NULL || entries->kind != PAV_ARRAY || entries->len == 0 ||
        entries->len > 10) {
        wake(c, PAV_WAKE_FAILURE, NULL, "EventBridge.ValidationException",
             "1 validation error detected: Value at 'entries' failed to "
             "satisfy constraint: Member must have length from 1 to 10");
        return;
    }
    pav_items_init(&items, a);
    for (i = 0; i < entries->len; i++) {
        const struct pav_doc *d = put_entry(c, &entries->items[i], &row);

        failed += pav_doc_get(d, "ErrorCode") != NULL;
        pav_items_add(&items, d);
    }
    pav_members_init(&m, a);
    pav_members_puts(&m, "Entries", pav_items_array(&items));
    pav_members_puts(&m, "FailedEntryCount", pav_doc_new_int(a, failed));
    result = pav_members_object(&m);
    if (failed > 0 && !c->sdk)
        wake(c, PAV_WAKE_FAILURE, NULL, "EventBridge.FailedEntry",
             pav_doc_text(a, result));
    else
        reply(c, result);
}

/* ---- aws-sdk:sfn ---- */

static void
send_task(struct call *c)
{
    struct pav_engine *e = c->e;
    struct pav_task_job *j = pav_job_new(&pav_task_kind);
    const char *output = text_of(c, "Output");

    j->token = text_of(c, "TaskToken");
    j->failure = strcmp(c->method, "sendTaskFailure") == 0;
    j->heartbeat = strcmp(c->method, "sendTaskHeartbeat") == 0;
    j->error = text_of(c, "Error");
    j->cause = text_of(c, "Cause");
    if (j->token == NULL)
        j->token = "";
    if (!j->failure && !j->heartbeat &&
        (output == NULL || pav_doc_parse(&e->arena, output, strlen(output),
                                         NULL, &j->output, NULL) != PAV_OK))
        refuse(c, "InvalidOutput", "Invalid Output: 'Invalid output'");
    else {
        tasks_send(e, &j->job);
        if (j->job.rc == PAV_OK)
            reply(c, &pav_doc_empty_object);
        else
            refuse(c, j->job.aws_error, j->job.err.message);
    }
    pav_job_free(&j->job);
}

/* False after the refusal. */
static bool
execution_named(struct call *c, const char *text, struct pav_execution_row *row)
{
    struct pav_states_arn arn;
    struct machine *m;

    if (pav_arn_execution(&c->e->arena, text, &arn) && !arn.express) {
        m = machine_by_name(c->e, arn.machine);
        if (m != NULL && pav_store_execution_named(c->e->store, m->id, arn.name,
                                                   &c->e->arena, row))
            return true;
    }
    refuse(c, "ExecutionDoesNotExist",
           pav_arena_printf(&c->e->arena, "Execution Does Not Exist: '%s'",
                            text == NULL ? "" : text));
    return false;
}

static void
stop_execution(struct call *c)
{
    struct pav_wake w = {.kind = PAV_WAKE_STOP,
                         .error = text_of(c, "Error"),
                         .cause = text_of(c, "Cause")};
    struct pav_engine *e = c->e;
    struct pav_execution_row row;
    struct pav_members m;
    struct execution x;

    if (!execution_named(c, text_of(c, "ExecutionArn"), &row))
        return;
    if (row.id == c->task->execution_id) { /* this task goes with it */
        execution_stop(e, row.id, w.cause);
        return;
    }
    if (row.status == PAV_RUNNING && execution_load(e, &row, &x)) {
        execution_wake(e, &x, &w, 0);
        row = x.row;
    }
    pav_members_init(&m, &e->arena);
    pav_members_puts(&m, "StopDate",
                     time_doc(&e->arena, row.stopped_at == 0
                                             ? pav_clock_ms(e->clock)
                                             : row.stopped_at));
    reply(c, pav_members_object(&m));
}

static void
describe_execution(struct call *c)
{
    struct pav_execution_row row;

    if (execution_named(c, text_of(c, "ExecutionArn"), &row))
        reply(c, local_description(c->e, &row, false));
}

/* The newest ones; there is no NextToken, MaxResults is 1,000 at most. */
static void
list_executions(struct call *c)
{
    struct pav_engine *e = c->e;
    const char *arn = text_of(c, "StateMachineArn"), *qualifier;
    const char *filter = text_of(c, "StatusFilter");
    const struct pav_doc *max = pav_doc_get(c->with, "MaxResults");
    struct machine *m = machine_of(c, arn, &qualifier);
    struct pav_execution_row row;
    struct pav_members out;
    struct pav_items list;
    int64_t before = INT64_MAX, limit = 100;

    if (m == NULL) {
        refuse(c, "StateMachineDoesNotExist",
               pav_arena_printf(&e->arena, "State Machine Does Not Exist: '%s'",
                                arn == NULL ? "" : arn));
        return;
    }
    if (max != NULL)
        (void)pav_doc_int(max, &limit);
    if (limit < 1 || limit > 1000)
        limit = limit < 1 ? 100 : 1000;
    pav_items_init(&list, &e->arena);
    while (
        list.count < limit &&
        pav_store_execution_before(e->store, m->id, before, &e->arena, &row)) {
        struct execution x = {.row = row,
                              .version = version_get(e, row.version_id)};
        const char *status = pav_status_name((enum pav_status)row.status);

        before = row.id;
        if (x.version == NULL ||
            (filter != NULL && strcmp(filter, status) != 0))
            continue;
        (void)pav_store_meta(e->store, row.id, &e->arena, &x.meta);
        if (x.meta.run_id != 0)
            continue;
        pav_members_init(&out, &e->arena);
        pav_members_str(&out, "ExecutionArn", execution_arn(e, &x));
        pav_members_str(&out, "Name", row.name);
        pav_members_puts(&out, "StartDate",
                         time_doc(&e->arena, row.started_at));
        pav_members_str(&out, "StateMachineArn", m->arn);
        pav_members_str(&out, "Status", status);
        if (row.stopped_at != 0)
            pav_members_puts(&out, "StopDate",
                             time_doc(&e->arena, row.stopped_at));
        pav_items_add(&list, pav_members_object(&out));
    }
    pav_members_init(&out, &e->arena);
    pav_members_puts(&out, "Executions", pav_items_array(&list));
    reply(c, pav_members_object(&out));
}

/* ---- tables ---- */

static void
table(struct call *c)
{
    const char *error = NULL, *cause = NULL;
    const struct pav_doc *d =
        table_call(c->e, c->method, c->with,
                   c->sdk ? TABLE_SDK : TABLE_OPTIMISED, &error, &cause);

    if (d == NULL)
        wake(c, PAV_WAKE_FAILURE, NULL, error, cause);
    else
        reply(c, d);
}

bool
local_starts(const struct pav_task_row *task)
{
    return task->lease == 0 && (strstr(task->resource, "tartExecution") ||
                                strstr(task->resource, "putEvents"));
}

/* Machines behind each other are a choreography; many are a loop. */
#define PACED_DEPTH 3

uint32_t
local_start_count(struct pav_engine *e, const struct pav_task_row *task,
                  int64_t depth)
{
    struct call c = {.e = e, .task = task};
    const struct pav_doc *entries;

    if (!read_resource(&c, task->resource))
        return 0;
    if (strcmp(c.method, "startExecution") == 0)
        return !c.sync ||
               pav_store_child_of(e->store, task->execution_id, task->no) == 0;
    if (depth + 1 < PACED_DEPTH)
        return 0;
    entries = pav_doc_get(pav_doc_own(&e->arena, task->with.p, task->with.len),
                          "Entries");
    return entries == NULL || entries->kind != PAV_ARRAY ? 0 : entries->len;
}

bool
local_call(struct pav_engine *e, const struct pav_task_row *task)
{
    static const struct {
        const char *service, *method;
        void (*run)(struct call *c);
    } rows[] = {
        {"states", "startExecution", start_or_look},
        {"sfn", "startExecution", start_or_look},
        {"sfn", "sendTaskSuccess", send_task},
        {"sfn", "sendTaskFailure", send_task},
        {"sfn", "sendTaskHeartbeat", send_task},
        {"sfn", "stopExecution", stop_execution},
        {"sfn", "describeExecution", describe_execution},
        {"sfn", "listExecutions", list_executions},
        {"events", "putEvents", put_events},
        {"eventbridge", "putEvents", put_events},
        {"dynamodb", "getItem", table},
        {"dynamodb", "putItem", table},
        {"dynamodb", "updateItem", table},
        {"dynamodb", "deleteItem", table},
        {"dynamodb", "scan", table},
        {"dynamodb", "query", table},
        {"dynamodb", "batchGetItem", table},
        {"dynamodb", "batchWriteItem", table},
        {"dynamodb", "transactGetItems", table},
        {"dynamodb", "transactWriteItems", table},
    };
    struct call c = {.e = e, .task = task};
    size_t i;

    if (!read_resource(&c, task->resource))
        return false;
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strcmp(rows[i].service, c.service) != 0 ||
            strcmp(rows[i].method, c.method) != 0)
            continue;
        if (task->lease && !c.sync)
            return true; /* done: it waits for its token */
        c.with = pav_doc_own(&e->arena, task->with.p, task->with.len);
        rows[i].run(&c);
        return true;
    }
    return false;
}
