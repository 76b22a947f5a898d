/*
 * POST /: the Step Functions API, AWS JSON 1.0 (X-Amz-Target:
 * AWSStepFunctions.ACTION), so that AWS's own clients are the remote control.
 *
 * Errors are HTTP 400 with {"__type","message"}; names, fields and texts as
 * the service has them.  Changes go to the engine, reads and compiling to a
 * query thread.  Dates are epoch seconds with a fraction.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pavane/digest.h"
#include "pavane/history.h"
#include "pavane/paper.h"
#include "pavane/step.h"
#include "pavane/text.h"
#include "api_int.h"

#define AWS_TYPE "application/x-amz-json-1.0"
#define TARGET   "AWSStepFunctions."

/* ---- answers ---- */

static char *
error_text(const char *type, const char *message, size_t *len)
{
    cJSON *o = cJSON_CreateObject();

    cJSON_AddStringToObject(o, "__type", type);
    cJSON_AddStringToObject(o, "message", message);
    return pav_paper_print(o, len);
}

static void
aws_fail(struct pav_api *api, struct pav_ref ref, int status, const char *type,
         const char *message)
{
    size_t len;
    char *text = error_text(type, message, &len);

    api_reply(api, ref, status, AWS_TYPE, text, len);
    free(text);
}

static void
query_fail(struct pav_query *q, const char *type, const char *message)
{
    size_t len;
    char *text = error_text(type, message, &len);

    q->status = 400;
    q->type = AWS_TYPE;
    q->out.len = 0;
    pav_buf_put(&q->out, text, len);
    free(text);
}

static void
answer_paper(struct pav_api *api, struct pav_ref ref, cJSON *paper)
{
    size_t len;
    char *text = pav_paper_print(paper, &len);

    api_reply(api, ref, 200, AWS_TYPE, text, len);
    free(text);
}

static void
add_date(cJSON *o, const char *key, int64_t ms)
{
    cJSON_AddNumberToObject(o, key, (double)ms / 1000.0);
}

/* False after the error was answered. */
static bool
job_fine(struct pav_api *api, struct pav_ref ref, const struct pav_job *job)
{
    if (job->rc == PAV_OK)
        return true;
    aws_fail(api, ref, job->rc == PAV_FULL ? 507 : 400,
             job->aws_error == NULL ? "InternalFailure" : job->aws_error,
             job->err.message);
    return false;
}

/* ---- what is asked ---- */

/* The request, or NULL and the reason: an object whose texts are texts. */
static cJSON *
request_paper(const char *body, size_t len, struct pav_err *err)
{
    static const char *const texts[] = {
        "stateMachineArn", "executionArn", "name",        "input", "definition",
        "roleArn",         "type",         "error",       "cause", "taskToken",
        "output",          "nextToken",    "statusFilter"};
    cJSON *paper;
    size_t i;

    if (pav_paper_parse(body == NULL ? "" : body, len, &paper, err) != PAV_OK)
        return NULL;
    if (!cJSON_IsObject(paper)) {
        (void)pav_fail(err, PAV_INVALID, "", "a JSON object is wanted");
        cJSON_Delete(paper);
        return NULL;
    }
    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        const cJSON *v = cJSON_GetObjectItemCaseSensitive(paper, texts[i]);

        if (v == NULL || cJSON_IsNull(v) || cJSON_IsString(v))
            continue;
        (void)pav_fail(err, PAV_INVALID, texts[i], "'%s' must be a text",
                       texts[i]);
        cJSON_Delete(paper);
        return NULL;
    }
    return paper;
}

/* ---- ARNs ---- */

/* "arn:aws:states:REGION:ACCOUNT:KIND:A[:B]": A and B, in the arena. */
static bool
arn_parts(struct pav_arena *a, const char *arn, const char *kind,
          const char **first, const char **second)
{
    char *rest = pav_arena_strdup(a, arn), *parts[8];
    int count = 0;

    while (count < 8 && rest != NULL)
        parts[count++] = strsep(&rest, ":");
    if (rest != NULL || count != (second == NULL ? 7 : 8) ||
        strcmp(parts[0], "arn") != 0 || strcmp(parts[2], "states") != 0 ||
        strcmp(parts[5], kind) != 0)
        return false;
    *first = parts[6];
    if (second != NULL)
        *second = parts[7];
    return true;
}

static const char *
machine_arn(struct pav_query *q, const char *name)
{
    return pav_arena_printf(q->arena, "arn:aws:states:%s:%s:stateMachine:%s",
                            q->region, q->account, name);
}

static const char *
execution_arn(struct pav_query *q, const char *machine, const char *name)
{
    return pav_arena_printf(q->arena, "arn:aws:states:%s:%s:execution:%s:%s",
                            q->region, q->account, machine, name);
}

/* ---- changes ---- */

struct change {
    struct pav_api *api;
    struct pav_ref ref;
    const cJSON *paper;
    struct pav_job *job;
};

/* The member, or NULL after ValidationException. */
static const char *
needed(struct change *c, const char *key)
{
    const char *v = pav_paper_str(c->paper, key);
    char text[256];

    if (v != NULL)
        return v;
    snprintf(text, sizeof(text),
             "1 validation error detected: Value null at '%s' failed to "
             "satisfy constraint: Member must not be null",
             key);
    aws_fail(c->api, c->ref, 400, "ValidationException", text);
    return NULL;
}

static bool
json_member(struct change *c, const char *text, const char *error_type,
            const char *message, const struct pav_doc **out)
{
    struct pav_err err;
    char why[1536];

    if (strlen(text) > PAV_PAYLOAD_MAX) {
        aws_fail(c->api, c->ref, 400, error_type,
                 "the text is longer than 262144 bytes");
        return false;
    }
    if (pav_doc_parse_copy(&c->job->arena, text, strlen(text), NULL, out,
                           &err) == PAV_OK)
        return true;
    snprintf(why, sizeof(why), "%s (%s: %s)", message, err.at, err.message);
    aws_fail(c->api, c->ref, 400, error_type, why);
    return false;
}

static void
start_answer(struct pav_api *api, struct pav_ref ref, struct pav_job *job)
{
    char arn[1024];
    cJSON *o;

    if (!job_fine(api, ref, job))
        return;
    snprintf(arn, sizeof(arn), "arn:aws:states:%s:%s:execution:%s:%s",
             api->config.region, api->config.account, job->machine,
             job->execution);
    o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "executionArn", arn);
    add_date(o, "startDate", job->at);
    answer_paper(api, ref, o);
}

static bool
start_execution(struct change *c)
{
    const char *arn = needed(c, "stateMachineArn");
    const char *name = pav_paper_str(c->paper, "name");
    const char *input = pav_paper_str(c->paper, "input");

    if (arn == NULL)
        return false;
    if (!arn_parts(&c->job->arena, arn, "stateMachine", &c->job->machine,
                   NULL)) {
        aws_fail(c->api, c->ref, 400, "InvalidArn", "Invalid Arn");
        return false;
    }
    if (name != NULL && !pav_name_valid(name)) {
        aws_fail(c->api, c->ref, 400, "InvalidName", "Invalid Name");
        return false;
    }
    c->job->name = name == NULL ? NULL : pav_arena_strdup(&c->job->arena, name);
    return json_member(c, input == NULL ? "{}" : input, "InvalidExecutionInput",
                       "Invalid State Machine Execution Input: 'Invalid "
                       "execution input.'",
                       &c->job->input);
}

static void
stop_answer(struct pav_api *api, struct pav_ref ref, struct pav_job *job)
{
    cJSON *o;

    if (!job_fine(api, ref, job))
        return;
    o = cJSON_CreateObject();
    add_date(o, "stopDate", job->at);
    answer_paper(api, ref, o);
}

static bool
error_and_cause(struct change *c)
{
    const char *error = pav_paper_str(c->paper, "error");
    const char *cause = pav_paper_str(c->paper, "cause");

    if ((error != NULL && pav_utf8_count(error, strlen(error)) > 256) ||
        (cause != NULL && pav_utf8_count(cause, strlen(cause)) > 32768)) {
        aws_fail(c->api, c->ref, 400, "ValidationException",
                 "error has at most 256 characters, cause 32768");
        return false;
    }
    if (error != NULL)
        c->job->error = pav_arena_strdup(&c->job->arena, error);
    if (cause != NULL)
        c->job->cause = pav_arena_strdup(&c->job->arena, cause);
    return true;
}

static bool
stop_execution(struct change *c)
{
    const char *arn = needed(c, "executionArn");

    if (arn == NULL)
        return false;
    if (!arn_parts(&c->job->arena, arn, "execution", &c->job->machine,
                   &c->job->name)) {
        aws_fail(c->api, c->ref, 400, "InvalidArn", "Invalid Arn");
        return false;
    }
    return error_and_cause(c);
}

static void
send_answer(struct pav_api *api, struct pav_ref ref, struct pav_job *job)
{
    if (job_fine(api, ref, job))
        api_reply(api, ref, 200, AWS_TYPE, "{}", 2);
}

static bool
send_task_success(struct change *c)
{
    const char *token = needed(c, "taskToken"), *output;

    if (token == NULL || (output = needed(c, "output")) == NULL)
        return false;
    c->job->token = pav_arena_strdup(&c->job->arena, token);
    return json_member(c, output, "InvalidOutput", "Invalid Output",
                       &c->job->output);
}

static bool
send_task_failure(struct change *c)
{
    const char *token = needed(c, "taskToken");

    if (token == NULL)
        return false;
    c->job->failure = true;
    c->job->token = pav_arena_strdup(&c->job->arena, token);
    return error_and_cause(c);
}

static const struct change_row {
    const char *action;
    enum pav_job_kind kind;
    bool (*fill)(struct change *c); /* false: answered already */
    void (*answer)(struct pav_api *api, struct pav_ref ref,
                   struct pav_job *job);
} changes[] = {
    {"StartExecution", PAV_JOB_START, start_execution, start_answer},
    {"StopExecution", PAV_JOB_STOP, stop_execution, stop_answer},
    {"SendTaskSuccess", PAV_JOB_TASK, send_task_success, send_answer},
    {"SendTaskFailure", PAV_JOB_TASK, send_task_failure, send_answer},
};

static void
change(struct pav_api *api, const struct pav_request *req, struct pav_ref ref,
       const struct change_row *row)
{
    struct change c = {.api = api, .ref = ref};
    struct pav_err err;
    cJSON *paper = request_paper(req->body, req->body_len, &err);

    if (paper == NULL) {
        aws_fail(api, ref, 400, "SerializationException", err.message);
        return;
    }
    c.paper = paper;
    c.job = pav_job_new(row->kind);
    if (row->fill(&c))
        api_submit(api, ref, c.job, row->answer);
    else
        pav_job_free(c.job);
    cJSON_Delete(paper);
}

/* ---- CreateStateMachine ---- */

static void
define_answer(struct pav_api *api, struct pav_ref ref, struct pav_job *job)
{
    char arn[512];
    cJSON *o;

    if (!job_fine(api, ref, job))
        return;
    snprintf(arn, sizeof(arn), "arn:aws:states:%s:%s:stateMachine:%s",
             api->config.region, api->config.account, job->row.name);
    o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "stateMachineArn", arn);
    add_date(o, "creationDate", job->at);
    answer_paper(api, ref, o);
}

static void
define_with(struct pav_query *q, struct question *qu, const cJSON *paper)
{
    const char *name = pav_paper_str(paper, "name");
    const char *definition = pav_paper_str(paper, "definition");
    const char *role = pav_paper_str(paper, "roleArn");
    const char *type = pav_paper_str(paper, "type");
    struct pav_faults faults;
    struct pav_job *job;
    struct ticket *t;
    uint32_t i;

    if (name == NULL || definition == NULL) {
        query_fail(q, "ValidationException",
                   "name and definition must not be null");
        return;
    }
    if (!pav_name_valid(name)) {
        query_fail(q, "InvalidName", "Invalid Name");
        return;
    }
    if (type != NULL && strcmp(type, "STANDARD") != 0) {
        query_fail(q, "StateMachineTypeNotSupported",
                   "only STANDARD state machines are built yet");
        return;
    }
    job = pav_job_new(PAV_JOB_DEFINE);
    pav_faults_init(&faults, q->arena);
    job->compiled = pav_machine_compile(definition, strlen(definition),
                                        PAV_STANDARD, &faults);
    if (job->compiled == NULL) {
        for (i = 0; faults.v[i].severity != PAV_ERROR; i++)
            ;
        query_fail(
            q, "InvalidDefinition",
            pav_arena_printf(
                q->arena, "Invalid State Machine Definition: '%s: %s at %s'",
                faults.v[i].code, faults.v[i].message,
                faults.v[i].pointer[0] == '\0' ? "/" : faults.v[i].pointer));
        pav_job_free(job);
        return;
    }
    job->rules = pav_rules_compile("", 0, NULL, &faults);
    job->row.name = pav_arena_strdup(&job->arena, name);
    job->row.role_arn = pav_arena_strdup(&job->arena, role == NULL ? "" : role);
    job->row.definition.len = strlen(definition);
    job->row.definition.p = pav_arena_strdup(&job->arena, definition);
    job->row.rules.p = job->row.readme.p = "";
    t = pav_arena_zalloc(&job->arena, sizeof(*t));
    t->answer = define_answer;
    job->owner = t;
    qu->define = job;
}

void
define_compile(struct pav_query *q)
{
    struct question *qu =
        (struct question *)(void *)((char *)q - offsetof(struct question, q));
    struct pav_err err;
    cJSON *paper = request_paper(q->body, q->body_len, &err);

    if (paper == NULL)
        query_fail(q, "SerializationException", err.message);
    else
        define_with(q, qu, paper);
    cJSON_Delete(paper);
}

/* ---- reads ---- */

struct read {
    struct pav_query *q;
    const cJSON *paper;
};

static bool
max_results(struct read *r, uint32_t otherwise, uint32_t *out)
{
    int ok;
    int64_t n = pav_paper_int(r->paper, "maxResults", 0, &ok);

    if (!ok || n < 0 || n > 1000) {
        query_fail(r->q, "ValidationException",
                   "maxResults must be between 0 and 1000");
        return false;
    }
    *out = n == 0 ? otherwise : (uint32_t)n;
    return true;
}

static bool
next_token(struct read *r, int64_t *out)
{
    const char *text = pav_paper_str(r->paper, "nextToken");

    *out = 0;
    if (text == NULL || pav_parse_int(text, strlen(text), out))
        return true;
    query_fail(r->q, "InvalidToken", "Invalid Token: 'Invalid token'");
    return false;
}

static void
add_token(struct read *r, cJSON *o, int64_t next)
{
    if (next != 0)
        cJSON_AddStringToObject(
            o, "nextToken",
            pav_arena_printf(r->q->arena, "%lld", (long long)next));
}

static void
list_machines(struct read *r)
{
    struct pav_machine_view *v;
    uint32_t count, i, limit, sent = 0;
    int64_t after;
    cJSON *paper, *list;

    if (!max_results(r, 100, &limit) || !next_token(r, &after))
        return;
    count = pav_reader_machines(r->q->reader, false, r->q->arena, &v);
    paper = cJSON_CreateObject();
    list = cJSON_AddArrayToObject(paper, "stateMachines");
    for (i = (uint32_t)after; i < count && sent < limit; i++) {
        cJSON *o;

        if (v[i].row.id == 0)
            continue;
        o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "stateMachineArn",
                                machine_arn(r->q, v[i].row.name));
        cJSON_AddStringToObject(o, "name", v[i].row.name);
        cJSON_AddStringToObject(o, "type", "STANDARD");
        add_date(o, "creationDate", v[i].row.created_at);
        cJSON_AddItemToArray(list, o);
        sent++;
    }
    add_token(r, paper, i < count ? i : 0);
    query_paper(r->q, paper);
}

static void
describe_machine(struct read *r)
{
    const char *arn = pav_paper_str(r->paper, "stateMachineArn"), *name;
    struct pav_machine_view v;
    cJSON *o;

    if (arn == NULL ||
        !arn_parts(r->q->arena, arn, "stateMachine", &name, NULL)) {
        query_fail(r->q, "InvalidArn", "Invalid Arn");
        return;
    }
    if (!pav_reader_machine(r->q->reader, name, r->q->arena, &v)) {
        query_fail(r->q, "StateMachineDoesNotExist",
                   pav_arena_printf(r->q->arena,
                                    "State Machine Does Not Exist: '%s'", arn));
        return;
    }
    o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "stateMachineArn", machine_arn(r->q, name));
    cJSON_AddStringToObject(o, "name", name);
    cJSON_AddStringToObject(o, "status", v.row.active ? "ACTIVE" : "DELETING");
    cJSON_AddStringToObject(o, "definition",
                            pav_arena_strndup(r->q->arena, v.row.definition.p,
                                              v.row.definition.len));
    cJSON_AddStringToObject(o, "roleArn", v.row.role_arn);
    cJSON_AddStringToObject(o, "type", "STANDARD");
    add_date(o, "creationDate", v.row.created_at);
    cJSON_AddStringToObject(
        o, "revisionId",
        pav_arena_printf(r->q->arena, "%lld", (long long)v.row.version));
    query_paper(r->q, o);
}

static void
list_executions(struct read *r)
{
    const char *arn = pav_paper_str(r->paper, "stateMachineArn");
    const char *status = pav_paper_str(r->paper, "statusFilter");
    struct pav_execution_filter f = {.status = -1};
    struct pav_execution_view *v;
    struct pav_machine_view m;
    enum pav_status wanted;
    uint32_t count, i;
    int64_t next;
    cJSON *paper, *list;

    if (arn == NULL ||
        !arn_parts(r->q->arena, arn, "stateMachine", &f.machine, NULL)) {
        query_fail(r->q, "InvalidArn", "Invalid Arn");
        return;
    }
    if (!max_results(r, 100, &f.limit) || !next_token(r, &f.before))
        return;
    if (status != NULL && !pav_status_find(status, &wanted)) {
        query_fail(r->q, "ValidationException",
                   "statusFilter is one of RUNNING, SUCCEEDED, FAILED, "
                   "TIMED_OUT, ABORTED");
        return;
    }
    if (status != NULL)
        f.status = wanted;
    if (!pav_reader_machine(r->q->reader, f.machine, r->q->arena, &m)) {
        query_fail(r->q, "StateMachineDoesNotExist",
                   pav_arena_printf(r->q->arena,
                                    "State Machine Does Not Exist: '%s'", arn));
        return;
    }
    count = pav_reader_executions(r->q->reader, &f, r->q->arena, &v, &next);
    paper = cJSON_CreateObject();
    list = cJSON_AddArrayToObject(paper, "executions");
    for (i = 0; i < count; i++) {
        cJSON *o = cJSON_CreateObject();

        cJSON_AddStringToObject(
            o, "executionArn",
            execution_arn(r->q, v[i].machine, v[i].row.name));
        cJSON_AddStringToObject(o, "stateMachineArn",
                                machine_arn(r->q, v[i].machine));
        cJSON_AddStringToObject(o, "name", v[i].row.name);
        cJSON_AddStringToObject(
            o, "status", pav_status_name((enum pav_status)v[i].row.status));
        add_date(o, "startDate", v[i].row.started_at);
        if (v[i].row.stopped_at != 0)
            add_date(o, "stopDate", v[i].row.stopped_at);
        cJSON_AddItemToArray(list, o);
    }
    add_token(r, paper, next);
    query_paper(r->q, paper);
}

static bool
find_execution(struct read *r, struct pav_execution_view *x)
{
    const char *arn = pav_paper_str(r->paper, "executionArn"), *machine, *name;

    if (arn == NULL ||
        !arn_parts(r->q->arena, arn, "execution", &machine, &name)) {
        query_fail(r->q, "InvalidArn", "Invalid Arn");
        return false;
    }
    if (pav_reader_execution(r->q->reader, machine, name, r->q->arena, x))
        return true;
    query_fail(
        r->q, "ExecutionDoesNotExist",
        pav_arena_printf(r->q->arena, "Execution Does Not Exist: '%s'", arn));
    return false;
}

static const char *
printed(struct pav_arena *a, const struct pav_doc *d)
{
    struct pav_buf b;
    const char *text;

    pav_buf_init(&b, SIZE_MAX / 2);
    pav_doc_print(d, &b);
    text = pav_arena_strndup(a, b.p, b.len);
    pav_buf_fini(&b);
    return text;
}

/* The execution's last event says how it ended. */
static void
add_end(struct read *r, cJSON *o, const struct pav_execution_view *x)
{
    struct pav_arena *a = r->q->arena;
    struct pav_history_event e;

    if (!query_end(r->q, x, &e))
        return;
    add_date(o, "stopDate", x->row.stopped_at);
    if (x->row.status == PAV_SUCCEEDED) {
        cJSON_AddStringToObject(o, "output", printed(a, e.payload));
        cJSON_AddBoolToObject(cJSON_AddObjectToObject(o, "outputDetails"),
                              "included", 1);
    }
    if (x->row.status == PAV_TIMED_OUT)
        return; /* the service names neither */
    if (e.error != NULL)
        cJSON_AddStringToObject(o, "error", pav_doc_str(a, e.error));
    if (e.cause != NULL)
        cJSON_AddStringToObject(o, "cause", pav_doc_str(a, e.cause));
}

static void
describe_execution(struct read *r)
{
    struct pav_arena *a = r->q->arena;
    struct pav_execution_view x;
    struct pav_step_row first;
    cJSON *o;

    if (!find_execution(r, &x) ||
        !pav_reader_step(r->q->reader, x.row.first_step, a, &first))
        return;
    o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "executionArn",
                            execution_arn(r->q, x.machine, x.row.name));
    cJSON_AddStringToObject(o, "stateMachineArn", machine_arn(r->q, x.machine));
    cJSON_AddStringToObject(o, "name", x.row.name);
    cJSON_AddStringToObject(o, "status",
                            pav_status_name((enum pav_status)x.row.status));
    add_date(o, "startDate", x.row.started_at);
    cJSON_AddStringToObject(
        o, "input",
        printed(a, pav_history_input(
                       pav_doc_own(a, first.record.p, first.record.len))));
    cJSON_AddBoolToObject(cJSON_AddObjectToObject(o, "inputDetails"),
                          "included", 1);
    add_end(r, o, &x);
    cJSON_AddNumberToObject(o, "redriveCount", 0);
    cJSON_AddStringToObject(o, "redriveStatus", "NOT_REDRIVABLE");
    query_paper(r->q, o);
}

/* Events [first, first + count) of an execution, printed by AWS's clock. */
static int64_t
put_events(struct read *r, const struct pav_execution_view *x, int64_t first,
           uint32_t count, bool reverse, bool with_data)
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

static void
execution_history(struct read *r)
{
    const cJSON *reverse_item =
        cJSON_GetObjectItemCaseSensitive(r->paper, "reverseOrder");
    const cJSON *data_item =
        cJSON_GetObjectItemCaseSensitive(r->paper, "includeExecutionData");
    bool reverse = cJSON_IsTrue(reverse_item);
    struct pav_execution_view x;
    uint32_t limit;
    int64_t at, last;

    if (!max_results(r, 100, &limit) || !next_token(r, &at) ||
        !find_execution(r, &x))
        return;
    if (at < 0 || at >= x.row.next_event) {
        query_fail(r->q, "InvalidToken", "Invalid Token: 'Invalid token'");
        return;
    }
    if (at == 0)
        at = reverse ? x.row.next_event - 1 : 1;
    pav_buf_puts(&r->q->out, "{\"events\":[");
    last = put_events(r, &x, at, limit, reverse, !cJSON_IsFalse(data_item));
    pav_buf_putc(&r->q->out, ']');
    last += reverse ? -1 : 1;
    if (reverse ? last >= 1 : last < x.row.next_event)
        pav_buf_printf(&r->q->out, ",\"nextToken\":\"%lld\"", (long long)last);
    pav_buf_putc(&r->q->out, '}');
}

static const struct {
    const char *action;
    void (*run)(struct read *r);
} reads[] = {
    {"ListStateMachines", list_machines},
    {"DescribeStateMachine", describe_machine},
    {"ListExecutions", list_executions},
    {"DescribeExecution", describe_execution},
    {"GetExecutionHistory", execution_history},
};
#define READS (sizeof(reads) / sizeof(reads[0]))

void
aws_read(struct pav_query *q)
{
    const char *action = q->target + strlen(TARGET);
    struct read r = {.q = q};
    struct pav_err err;
    cJSON *paper = request_paper(q->body, q->body_len, &err);
    size_t i;

    q->type = AWS_TYPE;
    if (paper == NULL) {
        query_fail(q, "SerializationException", err.message);
        return;
    }
    r.paper = paper;
    for (i = 0; i < READS; i++)
        if (strcmp(action, reads[i].action) == 0)
            reads[i].run(&r);
    cJSON_Delete(paper);
}

/* ---- the action ---- */

void
aws_post(struct pav_api *api, const struct pav_request *req, struct pav_ref ref)
{
    const char *action = req->target + strlen(TARGET);
    size_t i;

    if (strncmp(req->target, TARGET, strlen(TARGET)) != 0) {
        aws_fail(api, ref, 400, "UnknownOperationException",
                 "the header X-Amz-Target: AWSStepFunctions.ACTION is wanted");
        return;
    }
    for (i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        if (strcmp(action, changes[i].action) == 0) {
            change(api, req, ref, &changes[i]);
            return;
        }
    }
    if (strcmp(action, "CreateStateMachine") == 0) {
        api_ask(api, req, ref, define_compile);
        return;
    }
    for (i = 0; i < READS; i++) {
        if (strcmp(action, reads[i].action) == 0) {
            api_ask(api, req, ref, aws_read);
            return;
        }
    }
    aws_fail(api, ref, 400, "UnknownOperationException",
             "this action is not built yet");
}
