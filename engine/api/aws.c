/*
 * POST /: the Step Functions API, AWS JSON 1.0 (X-Amz-Target:
 * AWSStepFunctions.ACTION), so that AWS's own clients are the remote control;
 * EventBridge's beside it is in aws_events.c.
 *
 * One table has all actions: their fields, where they run, how they answer.
 * A request is checked against its fields before anything else: what is
 * missing, of another type or out of bounds gets the service's own error; what
 * is unknown is passed over.  Changes go to the engine, reads and compiling to
 * a query thread. Errors are HTTP 400 with {"__type","message"}; names, fields
 * and texts as the service has them.  Dates are epoch seconds with a fraction.
 * Clients put "sync-" before the host for StartSyncExecution and TestState:
 * such a Host is ours as well (net/access.c).
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pavane/log.h"
#include "pavane/names.h"
#include "pavane/step.h"
#include "pavane/text.h"
#include "aws_int.h"

/* ---- answers ---- */

static void
put_error(struct pav_buf *b, const char *type, const char *message)
{
    pav_buf_puts(b, "{\"__type\":");
    pav_buf_jsons(b, type);
    pav_buf_puts(b, ",\"message\":");
    pav_buf_jsons(b, message);
    pav_buf_putc(b, '}');
}

void
aws_fail(struct pav_api *api, struct pav_ref ref, int status, const char *type,
         const char *message)
{
    struct pav_buf b;

    pav_buf_init(&b, 1 << 20);
    put_error(&b, type, message);
    api_reply(api, ref, status, AWS_TYPE, b.p, b.len);
    pav_buf_fini(&b);
}

void
aws_answer(struct pav_api *api, struct pav_ref ref, struct pav_job *job,
           struct pav_members *answer)
{
    const char *text = pav_doc_text(&job->arena, pav_members_object(answer));

    api_reply(api, ref, 200, AWS_TYPE, text, strlen(text));
}

bool
aws_fine(struct pav_api *api, struct pav_ref ref, const struct pav_job *job)
{
    if (job->rc == PAV_OK)
        return true;
    aws_fail(api, ref, job->rc == PAV_FULL ? 507 : 400,
             job->aws_error == NULL ? "InternalFailure" : job->aws_error,
             job->err.message);
    return false;
}

void
read_fail(struct aws_read *r, const char *type, const char *fmt, ...)
{
    char message[4096];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(message, sizeof(message), fmt, ap);
    va_end(ap);
    r->q->status = 400;
    r->q->type = AWS_TYPE;
    r->q->out.len = 0;
    put_error(&r->q->out, type, message);
}

void
aws_query_error(struct pav_query *q, int status, const char *message)
{
    q->status = status;
    q->type = AWS_TYPE;
    q->out.len = 0;
    put_error(&q->out,
              status == 503 ? "ServiceUnavailable" : "InternalServerError",
              message);
}

void
read_answer(struct aws_read *r, struct pav_members *answer)
{
    pav_doc_print(pav_members_object(answer), &r->q->out);
}

bool
change_fail(struct aws_change *c, const char *type, const char *fmt, ...)
{
    char message[2048];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(message, sizeof(message), fmt, ap);
    va_end(ap);
    aws_fail(c->api, c->ref, 400, type, message);
    return false;
}

/* ---- requests ---- */

const char *
request_text(struct pav_arena *a, const struct pav_doc *request,
             const char *key)
{
    const struct pav_doc *d = pav_doc_get(request, key);

    return d == NULL || d->kind != PAV_STRING ? NULL : pav_doc_str(a, d);
}

int64_t
request_int(const struct pav_doc *request, const char *key, int64_t otherwise)
{
    const struct pav_doc *d = pav_doc_get(request, key);
    int64_t n = otherwise;

    if (d != NULL)
        (void)pav_doc_int(d, &n);
    return n;
}

bool
request_flag(const struct pav_doc *request, const char *key, bool otherwise)
{
    const struct pav_doc *d = pav_doc_get(request, key);

    return d == NULL || d->kind == PAV_NULL ? otherwise : d->kind == PAV_TRUE;
}

/* "arn:aws:states:REGION:ACCOUNT:KIND:REST": REST, of one of the kinds. */
static const char *
arn_rest(struct pav_arena *a, const char *arn, const char *kind)
{
    char *rest = pav_arena_strdup(a, arn), *part;
    int i;

    for (i = 0; i < 6; i++) {
        part = strsep(&rest, ":");
        if (part == NULL || rest == NULL ||
            (i == 0 && strcmp(part, "arn") != 0) ||
            (i == 2 && strcmp(part, "states") != 0) ||
            (i == 5 && strcmp(part, kind) != 0))
            return NULL;
    }
    return *rest == '\0' ? NULL : rest;
}

bool
aws_machine_arn(struct pav_arena *a, const char *arn, struct aws_arn *out)
{
    const char *rest = arn == NULL ? NULL : arn_rest(a, arn, "stateMachine");
    size_t len;

    memset(out, 0, sizeof(*out));
    if (rest == NULL)
        return false;
    len = strcspn(rest, ":");
    out->machine = pav_arena_strndup(a, rest, len);
    if (rest[len] == ':')
        out->qualifier = rest + len + 1;
    return len > 0 &&
           (out->qualifier == NULL ||
            (*out->qualifier != '\0' && strchr(out->qualifier, ':') == NULL));
}

bool
aws_execution_arn(struct pav_arena *a, const char *arn, struct aws_arn *out)
{
    const char *rest = arn == NULL ? NULL : arn_rest(a, arn, "execution");
    size_t len, slash;

    memset(out, 0, sizeof(*out));
    if (rest == NULL && arn != NULL) {
        rest = arn_rest(a, arn, "express");
        out->express = rest != NULL;
    }
    if (rest == NULL)
        return false;
    len = strcspn(rest, ":");
    slash = strcspn(rest, ":/");
    out->machine = pav_arena_strndup(a, rest, slash);
    if (slash < len)
        out->label = pav_arena_strndup(a, rest + slash + 1, len - slash - 1);
    if (rest[len] != ':' || rest[len + 1] == '\0' || slash == 0)
        return false;
    out->name = rest + len + 1;
    return out->express || strchr(out->name, ':') == NULL;
}

/* ---- checking a request against its fields ---- */

struct check {
    struct pav_arena *arena;
    const struct pav_doc *request;
    struct pav_buf faults; /* of constraints */
    unsigned count;
    const char *serialization; /* of types; it wins */
};

/* `at`: as the service names it, "tags.1.member.key". */
static void
violate(struct check *c, const char *at, const struct pav_doc *v,
        const char *constraint)
{
    struct pav_buf *b = &c->faults;

    if (c->count++ > 0)
        pav_buf_puts(b, "; ");
    pav_buf_puts(b, "Value ");
    if (v == NULL || v->kind == PAV_NULL) {
        pav_buf_puts(b, "null");
    } else {
        pav_buf_putc(b, '\'');
        if (v->kind == PAV_STRING)
            pav_buf_put(b, v->text, v->len > 200 ? 200 : v->len);
        else
            pav_doc_print(v, b);
        pav_buf_putc(b, '\'');
    }
    pav_buf_printf(b, " at '%s' failed to satisfy constraint: Member must %s",
                   at, constraint);
}

static bool
has_type(const struct pav_doc *v, enum field_type type)
{
    int64_t n;

    switch (type) {
    case FIELD_TEXT:
    case FIELD_NAME:
    case FIELD_PATH:
        return v->kind == PAV_STRING;
    case FIELD_WHOLE:
        return v->kind == PAV_NUMBER && pav_doc_int(v, &n);
    case FIELD_NUMBER:
        return v->kind == PAV_NUMBER;
    case FIELD_FLAG:
        return pav_doc_is_bool(v);
    case FIELD_LIST:
        return v->kind == PAV_ARRAY;
    case FIELD_OBJECT:
        return v->kind == PAV_OBJECT;
    }
    return false;
}

static const char *
type_word(enum field_type type)
{
    static const char *const words[] = {
        [FIELD_TEXT] = "a string",   [FIELD_NAME] = "a string",
        [FIELD_PATH] = "a string",   [FIELD_WHOLE] = "an integer",
        [FIELD_NUMBER] = "a number", [FIELD_FLAG] = "a boolean",
        [FIELD_LIST] = "a list",     [FIELD_OBJECT] = "an object"};

    return words[type];
}

static bool
among(const char *words, const struct pav_doc *v)
{
    const char *p = words;

    while (p != NULL) {
        size_t len = strcspn(p, ",");

        if (len == v->len && memcmp(p, v->text, len) == 0)
            return true;
        p = p[len] == ',' ? p + len + 2 : NULL;
    }
    return false;
}

static bool
is_text(enum field_type type)
{
    return type == FIELD_TEXT || type == FIELD_NAME || type == FIELD_PATH;
}

static bool
is_plain(enum field_type type, const struct pav_doc *v)
{
    uint32_t i;

    for (i = 0; type != FIELD_TEXT && i < v->len; i++)
        if (!isalnum((unsigned char)v->text[i]) &&
            (v->text[i] == '\0' || strchr(".-_", v->text[i]) == NULL) &&
            (type != FIELD_PATH || v->text[i] != '/'))
            return false;
    return true;
}

static void
check_bounds(struct check *c, const struct aws_field *f,
             const struct pav_doc *v, const char *at)
{
    bool text = is_text(f->type);
    double n = text                    ? (double)pav_utf8_count(v->text, v->len)
               : f->type == FIELD_LIST ? (double)v->len
                                       : pav_doc_double(v);
    const char *what = text || f->type == FIELD_LIST ? "length" : "value";

    if (n < (double)f->least)
        violate(c, at, v,
                pav_arena_printf(c->arena,
                                 "have %s greater than or equal to %lld", what,
                                 (long long)f->least));
    if (f->most > 0 && n > (double)f->most)
        violate(c, at, v,
                pav_arena_printf(c->arena, "have %s less than or equal to %lld",
                                 what, (long long)f->most));
    if (text && !is_plain(f->type, v))
        violate(
            c, at, v,
            pav_arena_printf(c->arena, "satisfy regular expression pattern: %s",
                             f->type == FIELD_PATH ? "[/\\.\\-_A-Za-z0-9]+"
                                                   : "[\\.\\-_A-Za-z0-9]+"));
    if (f->words != NULL && !among(f->words, v))
        violate(c, at, v,
                pav_arena_printf(c->arena, "satisfy enum value set: [%s]",
                                 f->words));
}

static void
check_value(struct check *c, const struct aws_field *f, const struct pav_doc *v,
            const char *at)
{
    if (v == NULL || v->kind == PAV_NULL) {
        if (f->required)
            violate(c, at, v, "not be null");
        return;
    }
    if (!has_type(v, f->type)) {
        c->serialization = pav_arena_printf(
            c->arena, "The field '%s' must be %s", at, type_word(f->type));
        return;
    }
    if (is_text(f->type) || f->type == FIELD_WHOLE || f->type == FIELD_NUMBER ||
        f->type == FIELD_LIST)
        check_bounds(c, f, v, at);
}

/* The service names members as its clients' code does. */
static const char *
member_name(struct check *c, const char *at, const char *name, size_t len)
{
    char *out = pav_arena_printf(c->arena, "%s%s%.*s", at,
                                 *at == '\0' ? "" : ".", (int)len, name);
    char *first = out + strlen(out) - len;

    if (*first >= 'A' && *first <= 'Z')
        *first = (char)(*first + 32);
    return out;
}

/* "Tags[].Key" below `v`: in what is there of it; its elements' kinds are the
 * same field's business. */
static void
check_path(struct check *c, const struct aws_field *f, const char *path,
           const struct pav_doc *v, const char *at)
{
    size_t len = strcspn(path, ".[");
    const struct pav_doc *m = pav_doc_getn(v, path, len);
    uint32_t i;

    at = member_name(c, at, path, len);
    path += len;
    if (*path == '\0') {
        check_value(c, f, m, at);
        return;
    }
    if (m == NULL || m->kind == PAV_NULL)
        return;
    if (*path == '.') {
        if (m->kind == PAV_OBJECT)
            check_path(c, f, path + 1, m, at);
        else
            c->serialization = pav_arena_printf(
                c->arena, "The field '%s' must be an object", at);
        return;
    }
    path += 2; /* "[]" */
    for (i = 0; m->kind == PAV_ARRAY && i < m->len; i++) {
        const char *element =
            pav_arena_printf(c->arena, "%s.%u.member", at, i + 1);

        if (*path == '\0')
            check_value(c, f, &m->items[i], element);
        else if (m->items[i].kind == PAV_OBJECT)
            check_path(c, f, path + 1, &m->items[i], element);
        else
            c->serialization = pav_arena_printf(
                c->arena, "The field '%s' must be an object", element);
    }
}

/* Newer clients send what is new: the service passes it over as well. */
static void
tell_unknown(const struct check *c, const struct aws_action *action)
{
    const struct aws_field *fields = action->fields;
    uint32_t i;

    for (i = 0; i < c->request->len; i++) {
        const struct pav_member *m = &c->request->members[i];
        const struct aws_field *f;

        for (f = fields; f->name != NULL; f++)
            if (strlen(f->name) == m->len &&
                memcmp(f->name, m->key, m->len) == 0)
                break;
        if (f->name == NULL)
            pav_log(PAV_LOG_DEBUG, NULL,
                    "%s: the field '%.*s' is passed over: it is not known here",
                    action->name, (int)m->len, m->key);
    }
}

bool
aws_check(const struct aws_action *action, const char *body, size_t len,
          struct pav_arena *a, const struct pav_doc **request,
          const char **type, const char **why)
{
    static const struct pav_doc_opts opts = {PAV_DUP_REFUSE, 100, 0};
    struct check c = {.arena = a};
    const struct aws_field *f;
    struct pav_err err;

    *type = "SerializationException";
    if (len == 0) {
        body = "{}";
        len = 2;
    }
    if (pav_doc_parse_copy(a, body, len, &opts, request, &err) != PAV_OK) {
        *why = pav_arena_printf(a, "The request is not JSON: %s (%s)",
                                err.message, err.at);
        return false;
    }
    if ((*request)->kind != PAV_OBJECT) {
        *why = "The request must be a JSON object";
        return false;
    }
    if (pav_doc_holds_nul(*request)) {
        *why = "The request holds U+0000 in a string";
        return false;
    }
    c.request = *request;
    pav_buf_init(&c.faults, 64 * 1024);
    for (f = action->fields; f->name != NULL; f++)
        check_path(&c, f, f->name, c.request, "");
    tell_unknown(&c, action);
    if (c.serialization == NULL && c.count > 0) {
        *type = "ValidationException";
        c.serialization =
            pav_arena_printf(a, "%u validation error%s detected: %s", c.count,
                             c.count == 1 ? "" : "s", c.faults.p);
    }
    pav_buf_fini(&c.faults);
    *why = c.serialization;
    return c.serialization == NULL;
}

/* ---- changes ---- */

static bool
payload(struct aws_change *c, const char *key, const char *otherwise,
        const char *error, const char *message, const struct pav_doc **out)
{
    const char *text = request_text(&c->job->arena, c->request, key);
    struct pav_err err;

    if (text == NULL)
        text = otherwise;
    if (strlen(text) > PAV_PAYLOAD_MAX)
        return change_fail(c, error, "%s (it is longer than 262144 bytes)",
                           message);
    if (pav_doc_parse_copy(&c->job->arena, text, strlen(text), NULL, out,
                           &err) == PAV_OK)
        return true;
    if (*text == '\0')
        return change_fail(c, error, "%s", message);
    return change_fail(c, error, "%s (%s: %s)", message, err.at, err.message);
}

static bool
start_fill(struct aws_change *c)
{
    struct pav_start_job *j = (struct pav_start_job *)c->job;
    struct pav_arena *a = &j->job.arena;
    const char *text = request_text(a, c->request, "stateMachineArn");
    struct aws_arn arn;

    if (!aws_machine_arn(a, text, &arn))
        return change_fail(c, "InvalidArn", "Invalid Arn: '%s'", text);
    j->machine = arn.machine;
    j->qualifier = arn.qualifier;
    j->name = request_text(a, c->request, "name");
    j->trace = request_text(a, c->request, "traceHeader");
    j->sync = strcmp(c->action->name, "StartSyncExecution") == 0;
    if (j->name != NULL && !pav_name_valid(j->name))
        return change_fail(c, "InvalidName", "Invalid Name: '%s'", j->name);
    return payload(c, "input", "{}", "InvalidExecutionInput",
                   "Invalid State Machine Execution Input: 'Invalid execution "
                   "input.'",
                   &j->input);
}

static const char *
execution_arn_of(struct pav_api *api, struct pav_start_job *j)
{
    return pav_arena_printf(&j->job.arena, "arn:aws:states:%s:%s:%s:%s:%s",
                            api->config.region, api->config.account,
                            j->express ? "express" : "execution", j->machine,
                            j->execution);
}

static void
start_answer(struct pav_api *api, struct pav_ref ref, struct pav_job *job)
{
    struct pav_start_job *j = (struct pav_start_job *)job;
    struct pav_members m;

    if (!aws_fine(api, ref, job))
        return;
    pav_members_init(&m, &job->arena);
    pav_members_str(&m, "executionArn", execution_arn_of(api, j));
    pav_members_date(&m, "startDate", j->started_at);
    aws_answer(api, ref, job, &m);
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
sync_answered(struct pav_api *api, struct pav_ref ref, struct pav_job *job)
{
    struct pav_start_job *j = (struct pav_start_job *)job;
    struct pav_arena *a = &job->arena;
    struct pav_members m, billing;
    int64_t ms;

    if (!aws_fine(api, ref, job))
        return;
    pav_members_init(&m, a);
    pav_members_str(&m, "executionArn", execution_arn_of(api, j));
    pav_members_str(&m, "stateMachineArn",
                    pav_arena_printf(a, "arn:aws:states:%s:%s:stateMachine:%s",
                                     api->config.region, api->config.account,
                                     j->machine));
    pav_members_str(
        &m, "name",
        pav_arena_strndup(a, j->execution, strcspn(j->execution, ":")));
    pav_members_date(&m, "startDate", j->started_at);
    pav_members_date(&m, "stopDate", j->stopped_at);
    pav_members_str(&m, "status", j->status);
    pav_members_str(&m, "error", j->error);
    pav_members_str(&m, "cause", j->cause);
    pav_members_str(&m, "input", pav_doc_text(a, j->input));
    pav_members_puts(&m, "inputDetails", included(a));
    if (j->output.p != NULL) {
        pav_members_str(&m, "output", j->output.p);
        pav_members_puts(&m, "outputDetails", included(a));
    }
    ms = j->stopped_at - j->started_at;
    pav_members_init(&billing, a);
    pav_members_int(&billing, "billedMemoryUsedInMB", 64);
    pav_members_int(&billing, "billedDurationInMilliseconds",
                    (ms + 99) / 100 * 100);
    pav_members_puts(&m, "billingDetails", pav_members_object(&billing));
    aws_answer(api, ref, job, &m);
}

/* What an execution's ARN names; false after the answer. */
static bool
execution_of(struct aws_change *c, const char **machine, const char **name)
{
    const char *text = request_text(&c->job->arena, c->request, "executionArn");
    struct aws_arn arn;

    if (!aws_execution_arn(&c->job->arena, text, &arn))
        return change_fail(c, "InvalidArn", "Invalid Arn: '%s'", text);
    if (arn.express)
        return change_fail(c, "InvalidArn",
                           "Invalid Arn: 'Resource type not valid in this "
                           "context: express'");
    *machine = arn.machine;
    *name = arn.name;
    return true;
}

static void
date_answer(struct pav_api *api, struct pav_ref ref, struct pav_job *job,
            const char *key, int64_t at)
{
    struct pav_members m;

    if (!aws_fine(api, ref, job))
        return;
    pav_members_init(&m, &job->arena);
    pav_members_date(&m, key, at);
    aws_answer(api, ref, job, &m);
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
stop_answer(struct pav_api *api, struct pav_ref ref, struct pav_job *job)
{
    date_answer(api, ref, job, "stopDate",
                ((struct pav_stop_job *)job)->stopped_at);
}

static bool
redrive_fill(struct aws_change *c)
{
    struct pav_redrive_job *j = (struct pav_redrive_job *)c->job;

    j->client_token = request_text(&j->job.arena, c->request, "clientToken");
    return execution_of(c, &j->machine, &j->name);
}

static void
redrive_answer(struct pav_api *api, struct pav_ref ref, struct pav_job *job)
{
    date_answer(api, ref, job, "redriveDate",
                ((struct pav_redrive_job *)job)->redriven_at);
}

static bool
task_fill(struct aws_change *c)
{
    struct pav_task_job *j = (struct pav_task_job *)c->job;
    struct pav_arena *a = &j->job.arena;

    j->token = request_text(a, c->request, "taskToken");
    j->failure = strcmp(c->action->name, "SendTaskFailure") == 0;
    j->heartbeat = strcmp(c->action->name, "SendTaskHeartbeat") == 0;
    j->error = request_text(a, c->request, "error");
    j->cause = request_text(a, c->request, "cause");
    if (j->failure || j->heartbeat)
        return true;
    return payload(c, "output", "", "InvalidOutput",
                   "Invalid Output: 'Invalid output'", &j->output);
}

static void
empty_answer(struct pav_api *api, struct pav_ref ref, struct pav_job *job)
{
    if (aws_fine(api, ref, job))
        api_reply(api, ref, 200, AWS_TYPE, "{}", 2);
}

static bool
poll_fill(struct aws_change *c)
{
    struct pav_poll_job *j = (struct pav_poll_job *)c->job;
    struct pav_arena *a = &j->job.arena;

    j->activity = request_text(a, c->request, "activityArn");
    j->worker = request_text(a, c->request, "workerName");
    if (strstr(j->activity, ":activity:") == NULL ||
        strncmp(j->activity, "arn:", 4) != 0)
        return change_fail(c, "InvalidArn", "Invalid Arn: '%s'", j->activity);
    return true;
}

static void
returned(struct pav_api *api, struct pav_ref ref, struct pav_job *job)
{
    (void)api;
    (void)ref;
    (void)job;
}

static void
poll_answer(struct pav_api *api, struct pav_ref ref, struct pav_job *job)
{
    struct pav_poll_job *j = (struct pav_poll_job *)job;
    struct pav_members m;

    if (!aws_fine(api, ref, job))
        return;
    pav_members_init(&m, &job->arena);
    pav_members_str(&m, "taskToken", j->token);
    if (j->token != NULL)
        pav_members_puts(
            &m, "input",
            pav_doc_new_str(&job->arena, j->input.p, j->input.len));
    if (j->token != NULL && !pav_http_waits(api->config.http, ref)) {
        struct pav_return_job *back = pav_job_new(&pav_return_kind);

        /* The worker has gone meanwhile: the next one gets it. */
        back->token = pav_arena_strdup(&back->job.arena, j->token);
        api_submit(api, ref, &back->job, returned);
        return;
    }
    aws_answer(api, ref, job, &m);
}

bool
control_fill(struct aws_change *c)
{
    struct pav_control_job *j = (struct pav_control_job *)c->job;

    j->action = c->action->name;
    j->request = c->request;
    return true;
}

void
control_answer(struct pav_api *api, struct pav_ref ref, struct pav_job *job)
{
    struct pav_control_job *j = (struct pav_control_job *)job;

    if (aws_fine(api, ref, job))
        api_reply(api, ref, 200, AWS_TYPE, j->answer.p, j->answer.len);
}

/* ---- the table ---- */

#define ARN(name)                                                              \
    {                                                                          \
        name, FIELD_TEXT, true, 1, 2000, NULL                                  \
    }
#define ARN_(name)                                                             \
    {                                                                          \
        name, FIELD_TEXT, false, 1, 2000, NULL                                 \
    }
#define PAGING                                                                 \
    {"maxResults", FIELD_WHOLE, false, 0, 1000, NULL},                         \
    {                                                                          \
        "nextToken", FIELD_TEXT, false, 1, 3096, NULL                          \
    }
#define INCLUDED                                                               \
    {                                                                          \
        "includedData", FIELD_TEXT, false, 0, 0, "ALL_DATA, METADATA_ONLY"     \
    }
#define KEY_REUSE "encryptionConfiguration.kmsDataKeyReusePeriodSeconds"
#define KEY_TYPES "AWS_OWNED_KEY, CUSTOMER_MANAGED_KMS_KEY"
#define KEY_ID    "encryptionConfiguration.kmsKeyId"
#define ENCRYPTION                                                             \
    {"encryptionConfiguration", FIELD_OBJECT, false, 0, 0, NULL},              \
        {"encryptionConfiguration.type", FIELD_TEXT, true, 0, 0, KEY_TYPES},   \
        {KEY_ID, FIELD_TEXT, false, 1, 2048, NULL},                            \
    {                                                                          \
        KEY_REUSE, FIELD_WHOLE, false, 60, 900, NULL                           \
    }
#define TAGS(required)                                                         \
    {"tags", FIELD_LIST, required, 0, 0, NULL},                                \
        {"tags[].key", FIELD_TEXT, false, 1, 128, NULL},                       \
    {                                                                          \
        "tags[].value", FIELD_TEXT, false, 0, 256, NULL                        \
    }
#define ROUTING(required)                                                      \
    {"routingConfiguration", FIELD_LIST, required, 1, 2, NULL},                \
        {"routingConfiguration[].stateMachineVersionArn",                      \
         FIELD_TEXT,                                                           \
         true,                                                                 \
         1,                                                                    \
         256,                                                                  \
         NULL},                                                                \
    {                                                                          \
        "routingConfiguration[].weight", FIELD_WHOLE, true, 0, 100, NULL       \
    }
#define LOG_GROUP                                                              \
    "loggingConfiguration.destinations[].cloudWatchLogsLogGroup.logGroupArn"
#define CONFIGURATION                                                          \
    {"loggingConfiguration", FIELD_OBJECT, false, 0, 0, NULL},                 \
        {"loggingConfiguration.destinations", FIELD_LIST, false, 0, 0, NULL},  \
        {LOG_GROUP, FIELD_TEXT, false, 1, 256, NULL},                          \
        {"tracingConfiguration", FIELD_OBJECT, false, 0, 0, NULL}, ENCRYPTION, \
        {"publish", FIELD_FLAG, false, 0, 0, NULL},                            \
    {                                                                          \
        "versionDescription", FIELD_TEXT, false, 0, 256, NULL                  \
    }
#define TYPE                                                                   \
    {                                                                          \
        "type", FIELD_TEXT, false, 0, 0, "STANDARD, EXPRESS"                   \
    }
#define END                                                                    \
    {                                                                          \
        NULL, FIELD_TEXT, false, 0, 0, NULL                                    \
    }
#define FIELDS(name, ...)                                                      \
    static const struct aws_field name##_fields[] = {__VA_ARGS__, END}

FIELDS(create, {"name", FIELD_TEXT, true, 1, 80, NULL},
       {"definition", FIELD_TEXT, true, 1, 1048576, NULL},
       {"roleArn", FIELD_TEXT, true, 1, 256, NULL}, TYPE, TAGS(false),
       CONFIGURATION);
FIELDS(update, ARN("stateMachineArn"),
       {"definition", FIELD_TEXT, false, 1, 1048576, NULL},
       {"roleArn", FIELD_TEXT, false, 1, 256, NULL}, CONFIGURATION);
FIELDS(describe_machine, ARN("stateMachineArn"), INCLUDED);
FIELDS(machine, ARN("stateMachineArn"));
FIELDS(paging, PAGING);
FIELDS(validate, {"definition", FIELD_TEXT, true, 1, 1048576, NULL}, TYPE,
       {"severity", FIELD_TEXT, false, 0, 0, "ERROR, WARNING"},
       {"maxResults", FIELD_WHOLE, false, 0, 100, NULL});
FIELDS(test_state, {"definition", FIELD_TEXT, true, 1, 1048576, NULL},
       ARN_("roleArn"), {"input", FIELD_TEXT, false, 0, 262144, NULL},
       {"inspectionLevel", FIELD_TEXT, false, 0, 0, "INFO, DEBUG, TRACE"},
       {"revealSecrets", FIELD_FLAG, false, 0, 0, NULL},
       {"variables", FIELD_TEXT, false, 0, 262144, NULL},
       {"stateName", FIELD_TEXT, false, 1, 80, NULL},
       {"mock", FIELD_OBJECT, false, 0, 0, NULL},
       {"context", FIELD_TEXT, false, 0, 262144, NULL},
       {"stateConfiguration", FIELD_OBJECT, false, 0, 0, NULL});
FIELDS(publish, ARN("stateMachineArn"),
       {"revisionId", FIELD_TEXT, false, 0, 0, NULL},
       {"description", FIELD_TEXT, false, 0, 256, NULL});
FIELDS(delete_version, ARN("stateMachineVersionArn"));
FIELDS(list_of_machine, ARN("stateMachineArn"), PAGING);
FIELDS(create_alias, {"name", FIELD_TEXT, true, 1, 80, NULL}, ROUTING(true),
       {"description", FIELD_TEXT, false, 0, 256, NULL});
FIELDS(update_alias, ARN("stateMachineAliasArn"), ROUTING(false),
       {"description", FIELD_TEXT, false, 0, 256, NULL});
FIELDS(alias, ARN("stateMachineAliasArn"));
FIELDS(start, ARN("stateMachineArn"), {"name", FIELD_TEXT, false, 1, 80, NULL},
       {"input", FIELD_TEXT, false, 0, 0, NULL},
       {"traceHeader", FIELD_TEXT, false, 0, 256, NULL});
FIELDS(start_sync, ARN("stateMachineArn"),
       {"name", FIELD_TEXT, false, 1, 80, NULL},
       {"input", FIELD_TEXT, false, 0, 0, NULL},
       {"traceHeader", FIELD_TEXT, false, 0, 256, NULL}, INCLUDED);
FIELDS(stop, ARN("executionArn"), {"error", FIELD_TEXT, false, 0, 256, NULL},
       {"cause", FIELD_TEXT, false, 0, 32768, NULL});
FIELDS(describe_execution, ARN("executionArn"), INCLUDED);
FIELDS(list_executions, ARN_("stateMachineArn"), ARN_("mapRunArn"),
       {"statusFilter", FIELD_TEXT, false, 0, 0,
        "RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED, PENDING_REDRIVE"},
       {"redriveFilter", FIELD_TEXT, false, 0, 0, "REDRIVEN, NOT_REDRIVEN"},
       PAGING);
FIELDS(history, ARN("executionArn"),
       {"reverseOrder", FIELD_FLAG, false, 0, 0, NULL},
       {"includeExecutionData", FIELD_FLAG, false, 0, 0, NULL}, PAGING);
FIELDS(redrive, ARN("executionArn"),
       {"clientToken", FIELD_TEXT, false, 1, 64, NULL});
FIELDS(send_success, {"taskToken", FIELD_TEXT, true, 1, 2048, NULL},
       {"output", FIELD_TEXT, true, 0, 262144, NULL});
FIELDS(send_failure, {"taskToken", FIELD_TEXT, true, 1, 2048, NULL},
       {"error", FIELD_TEXT, false, 0, 256, NULL},
       {"cause", FIELD_TEXT, false, 0, 32768, NULL});
FIELDS(heartbeat, {"taskToken", FIELD_TEXT, true, 1, 2048, NULL});
FIELDS(create_activity, {"name", FIELD_TEXT, true, 1, 80, NULL}, TAGS(false),
       ENCRYPTION);
FIELDS(activity, ARN("activityArn"));
FIELDS(poll, ARN("activityArn"),
       {"workerName", FIELD_TEXT, false, 1, 80, NULL});
FIELDS(tag, ARN("resourceArn"), TAGS(true));
FIELDS(untag, ARN("resourceArn"), {"tagKeys", FIELD_LIST, true, 0, 0, NULL},
       {"tagKeys[]", FIELD_TEXT, false, 1, 128, NULL});
FIELDS(tags, ARN("resourceArn"));
FIELDS(map_run, ARN("mapRunArn"));
FIELDS(map_runs, ARN("executionArn"), PAGING);
FIELDS(update_run, ARN("mapRunArn"),
       {"maxConcurrency", FIELD_WHOLE, false, 0, 0, NULL},
       {"toleratedFailurePercentage", FIELD_NUMBER, false, 0, 100, NULL},
       {"toleratedFailureCount", FIELD_WHOLE, false, 0, 0, NULL});

#define READ(name, fields, fn)                                                 \
    {                                                                          \
        name, fields##_fields, NULL, NULL, NULL, fn                            \
    }
#define CHANGE(name, fields, kind, fill, answer)                               \
    {                                                                          \
        name, fields##_fields, kind, fill, answer, NULL                        \
    }
#define CONTROL(name, fields)                                                  \
    {                                                                          \
        name, fields##_fields, &pav_control_kind, control_fill,                \
            control_answer, NULL                                               \
    }

static const struct aws_action actions[] = {
    READ("CreateStateMachine", create, aws_create),
    READ("UpdateStateMachine", update, aws_update),
    READ("DescribeStateMachine", describe_machine, aws_describe_machine),
    READ("DescribeStateMachineForExecution", describe_execution,
         aws_describe_machine_for),
    CONTROL("DeleteStateMachine", machine),
    READ("ListStateMachines", paging, aws_list_machines),
    READ("ValidateStateMachineDefinition", validate, aws_validate),
    READ("TestState", test_state, aws_test_state),
    CONTROL("PublishStateMachineVersion", publish),
    CONTROL("DeleteStateMachineVersion", delete_version),
    CONTROL("ListStateMachineVersions", list_of_machine),
    CONTROL("CreateStateMachineAlias", create_alias),
    CONTROL("UpdateStateMachineAlias", update_alias),
    CONTROL("DescribeStateMachineAlias", alias),
    CONTROL("DeleteStateMachineAlias", alias),
    CONTROL("ListStateMachineAliases", list_of_machine),
    CHANGE("StartExecution", start, &pav_start_kind, start_fill, start_answer),
    CHANGE("StartSyncExecution", start_sync, &pav_start_kind, start_fill,
           sync_answered),
    CHANGE("StopExecution", stop, &pav_stop_kind, stop_fill, stop_answer),
    READ("DescribeExecution", describe_execution, aws_describe_execution),
    READ("ListExecutions", list_executions, aws_list_executions),
    READ("GetExecutionHistory", history, aws_history),
    CHANGE("RedriveExecution", redrive, &pav_redrive_kind, redrive_fill,
           redrive_answer),
    CHANGE("SendTaskSuccess", send_success, &pav_task_kind, task_fill,
           empty_answer),
    CHANGE("SendTaskFailure", send_failure, &pav_task_kind, task_fill,
           empty_answer),
    CHANGE("SendTaskHeartbeat", heartbeat, &pav_task_kind, task_fill,
           empty_answer),
    CONTROL("CreateActivity", create_activity),
    CONTROL("DescribeActivity", activity),
    CONTROL("DeleteActivity", activity),
    CONTROL("ListActivities", paging),
    CHANGE("GetActivityTask", poll, &pav_poll_kind, poll_fill, poll_answer),
    CONTROL("TagResource", tag),
    CONTROL("UntagResource", untag),
    CONTROL("ListTagsForResource", tags),
    CONTROL("DescribeMapRun", map_run),
    CONTROL("ListMapRuns", map_runs),
    CONTROL("UpdateMapRun", update_run),
};

/* By X-Amz-Target: the service's word, and how its actions are named here. */
static const struct {
    const char *target, *prefix;
} services[] = {
    {TARGET, ""}, {"AWSEvents.", "events:"}, {"Pavane.", "pavane:"}};

const struct aws_action *
aws_find(const char *name)
{
    const struct aws_action *a;
    size_t i;

    for (i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
        if (strcmp(name, actions[i].name) == 0)
            return &actions[i];
    for (a = events_actions_table; a->name != NULL; a++)
        if (strcmp(name, a->name) == 0)
            return a;
    return NULL;
}

static const struct aws_action *
find_target(const char *target)
{
    char name[128];
    size_t i;

    for (i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
        size_t len = strlen(services[i].target);

        if (strncmp(target, services[i].target, len) != 0 ||
            strchr(target + len, ':') != NULL)
            continue;
        snprintf(name, sizeof(name), "%s%.100s", services[i].prefix,
                 target + len);
        return aws_find(name);
    }
    return NULL;
}

/* ---- dispatch ---- */

static void
change(struct pav_api *api, const struct pav_request *req, struct pav_ref ref,
       const struct aws_action *action)
{
    struct aws_change c = {.api = api, .ref = ref, .action = action};
    const char *type, *why;

    c.job = pav_job_new(action->kind);
    c.guest = req->guest;
    if (!aws_check(action, req->body, req->body_len, &c.job->arena, &c.request,
                   &type, &why))
        aws_fail(api, ref, 400, type, why);
    else if (action->fill(&c)) {
        api_submit(api, ref, c.job, action->answer);
        return;
    }
    pav_job_free(c.job);
}

static void
read_action(struct pav_query *q)
{
    const struct aws_action *action = find_target(q->target);
    struct aws_read r = {
        .q = q,
        .question = (struct question *)(void *)((char *)q -
                                                offsetof(struct question, q))};
    const char *type, *why;

    q->type = AWS_TYPE;
    if (aws_check(action, q->body, q->body_len, q->arena, &r.request, &type,
                  &why))
        action->read(&r);
    else
        read_fail(&r, type, "%s", why);
}

void
aws_post(struct pav_api *api, const struct pav_request *req, struct pav_ref ref)
{
    const struct aws_action *action = find_target(req->target);

    if (action == NULL)
        aws_fail(api, ref, 400, "UnknownOperationException",
                 strchr(req->target, '.') != NULL
                     ? "there is no such action"
                     : "the header X-Amz-Target: AWSStepFunctions.ACTION, "
                       "AWSEvents.ACTION or Pavane.ACTION is wanted");
    else if (action->read != NULL)
        api_ask(api, req, ref, read_action);
    else
        change(api, req, ref, action);
}
