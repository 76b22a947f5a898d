/*
 * Task: work that somebody else does.
 *
 * Three ways that it may end: a reply (request and response), the end of a job
 * (.sync), or a token that comes back (.waitForTaskToken, activities).  Who is
 * called is in the resource; whether anybody is there is in the step's
 * services.  What nobody serves waits for its token when it is a callback, and
 * else fails, unless the machine's policy says otherwise.
 *
 * What names the event that a wait takes:
 *   - the published sample's form, an aws-sdk:dynamodb:updateItem or putItem
 *     whose Parameters.Key.eventName.S is other than "Default".  Its token is
 *     kept with the wait itself: no table is written;
 *   - Pavane's own form, arn:pavane:states:::event.waitForTaskToken with an
 *     EventPattern in its Parameters.
 * Other waits name nothing and take any event of their key.
 *
 * A token is base64url of 32 bytes: the execution's number (8, big-endian), the
 * wait's number (4), and 20 bytes out of SHA-256(seed, wait), which make it
 * unguessable.
 */
#include <stdio.h>
#include <string.h>

#include "pavane/digest.h"
#include "pavane/pattern.h"
#include "pavane/test_state.h"
#include "pavane/text.h"
#include "compile.h"
#include "frame.h"
#include "kind.h"
#include "leave.h"
#include "query.h"
#include "stepper.h"
#include "task.h"
#include "model.h"

#define TIMEOUT_MAX 99999999
#define SECRET_LEN  20
#define UNSERVED    "Pavane.ResourceNotMapped"

/* ---- compiling ---- */

/* The published sample's way to wait: a row that keeps a token. */
static bool
is_token_row(const struct resource *r)
{
    return r->integration == CALLBACK && strcmp(r->service, "dynamodb") == 0 &&
           (strcmp(r->method, "updateItem") == 0 ||
            strcmp(r->method, "putItem") == 0);
}

static void
dynamodb_compile(struct compiler *c, struct state *s,
                 const struct pav_doc *parameters)
{
    const struct pav_doc *table = pav_doc_get(parameters, "TableName");
    const struct pav_doc *key = pav_doc_get(
        pav_doc_get(parameters, strcmp(s->task.resource.method, "putItem") == 0
                                    ? "Item"
                                    : "Key"),
        "eventName");
    const struct pav_doc *name = pav_doc_get(key, "S");

    if (table != NULL && table->kind == PAV_STRING)
        c->machine->token_table = pav_doc_str(c->arena, table);
    if (name != NULL && name->kind == PAV_STRING &&
        !pav_doc_is_str(name, "Default") && !c->language->is_computed(key, "S"))
        s->task.event_name = pav_doc_str(c->arena, name);
    s->task.event_name_dynamic =
        c->language->is_computed(key, "S") ||
        c->language->is_computed(s->source, c->language->parameters);
}

static void
pattern_compile(struct compiler *c, struct state *s,
                const struct pav_doc *parameters, const struct place *place)
{
    const struct pav_doc *v = pav_doc_get(parameters, "EventPattern");
    const struct value *value;
    struct pav_pattern *pattern;
    struct pav_buf text;
    struct pav_err err;

    if (c->language->is_computed(parameters, "EventPattern") ||
        c->language->is_computed(s->source, c->language->parameters)) {
        s->task.pattern_dynamic = true;
        return;
    }
    if (v == NULL)
        compile_fault(c, PAV_WARNING, "NO_EVENT_PATTERN", place,
                      parameters == NULL ? s->source->at : parameters->at,
                      "without an EventPattern in its %s this state takes any "
                      "event of its key",
                      c->language->parameters);
    if (v == NULL)
        return;
    value = c->language->member(c, parameters, place, "EventPattern",
                                VALUE_TEMPLATE);
    place = place_of(c, place, "EventPattern");
    if (value->literal == NULL) {
        s->task.pattern_dynamic = true;
        return;
    }
    if (pav_pattern_compile(c->arena, v, &pattern, &err) != PAV_OK) {
        compile_fault(c, PAV_ERROR, SCHEMA, place, v->at,
                      "Event pattern is not valid. Reason: %s", err.message);
        return;
    }
    s->task.pattern = pattern;
    pav_buf_init(&text, PAV_PAYLOAD_MAX);
    pav_doc_print(v, &text);
    s->task.pattern_text = pav_arena_strndup(c->arena, text.p, text.len);
    pav_buf_fini(&text);
}

static void
check_credentials(struct compiler *c, const struct pav_doc *state,
                  const struct place *place)
{
    const struct pav_doc *d = pav_doc_get(state, "Credentials");

    if (d != NULL && pav_doc_get(d, "RoleArn") == NULL &&
        !c->language->is_computed(d, "RoleArn") &&
        !c->language->is_computed(state, "Credentials"))
        compile_fault(c, PAV_ERROR, SCHEMA, place_of(c, place, "Credentials"),
                      d->at, "The field 'RoleArn' is required but was missing");
}

static void
compile(struct compiler *c, struct state *s, const struct pav_doc *d,
        const struct place *place)
{
    const char *key = c->language->parameters;
    const struct pav_doc *parameters = pav_doc_get(d, key);
    const struct resource *r = &s->task.resource;
    bool known = resource_compile(c, d, place, &s->task.resource);

    member_number(c, d, place, "TimeoutSeconds", NUMBER_TIMEOUT, 1, TIMEOUT_MAX,
                  &s->task.timeout_s);
    member_number(c, d, place, "HeartbeatSeconds", NUMBER_TIMEOUT, 1,
                  TIMEOUT_MAX, &s->task.heartbeat_s);
    if (s->task.timeout_s.literal > 0 && s->task.heartbeat_s.literal > 0 &&
        s->task.heartbeat_s.literal >= s->task.timeout_s.literal)
        compile_fault(c, PAV_ERROR, SCHEMA, place, d->at,
                      "'HeartbeatSeconds' must be smaller than "
                      "'TimeoutSeconds'");
    s->task.credentials =
        c->language->member(c, d, place, "Credentials", VALUE_TEMPLATE);
    check_credentials(c, d, place);
    if (!known)
        return;
    parameters_check(c, r, parameters, place_of(c, place, key));
    if (is_token_row(r))
        dynamodb_compile(c, s, parameters);
    if (r->kind == RESOURCE_EVENT)
        pattern_compile(c, s, parameters, place_of(c, place, key));
}

/* "Order Placed or Order Changed": the detail-types of a literal pattern. */
static const char *
pattern_names(struct compiler *c, const struct pav_doc *parameters)
{
    const struct pav_doc *types =
        pav_doc_get(pav_doc_get(parameters, "EventPattern"), "detail-type");
    const char *names = NULL;
    uint32_t i;

    for (i = 0; types != NULL && types->kind == PAV_ARRAY && i < types->len;
         i++) {
        const char *name = pav_doc_str(c->arena, &types->items[i]);

        if (name != NULL)
            names = awaits_add(c, names, name);
    }
    return names;
}

static void
link(struct compiler *c, struct state *s)
{
    if (s->task.event_name != NULL)
        s->awaits = s->task.event_name;
    else
        s->awaits =
            pattern_names(c, pav_doc_get(s->source, s->language->parameters));
    if (s->awaits == NULL && s->next != NULL &&
        s->next->kind->event_names != NULL)
        s->awaits = s->next->kind->event_names(c, s->next);
}

/* ---- running ---- */

static const char *
token_make(struct stepper *st, uint32_t no)
{
    uint8_t seeded[PAV_SEED_LEN + 4], digest[PAV_SHA256_LEN], raw[32];
    char *text = pav_arena_alloc(st->arena, PAV_TOKEN_LEN + 1);
    uint64_t execution = (uint64_t)st->in->identity->execution_no;
    int i;

    for (i = 0; i < 8; i++)
        raw[i] = (uint8_t)(execution >> (56 - 8 * i));
    for (i = 0; i < 4; i++)
        raw[8 + i] = (uint8_t)(no >> (24 - 8 * i));
    memcpy(seeded, st->in->seed, PAV_SEED_LEN);
    memcpy(seeded + PAV_SEED_LEN, raw + 8, 4);
    pav_sha256(seeded, sizeof(seeded), digest);
    memcpy(raw + 12, digest, SECRET_LEN);
    pav_base64url(raw, sizeof(raw), text);
    return text;
}

bool
pav_token_read(const char *token, size_t len, int64_t *execution_no,
               uint32_t *no)
{
    uint8_t raw[32];
    uint64_t execution = 0;
    int i;

    if (len != PAV_TOKEN_LEN ||
        pav_base64url_decode(token, len, raw, sizeof(raw)) != sizeof(raw))
        return false;
    for (i = 0; i < 8; i++)
        execution = execution << 8 | raw[i];
    *no = 0;
    for (i = 8; i < 12; i++)
        *no = *no << 8 | raw[i];
    *execution_no = (int64_t)execution;
    return true;
}

static bool
seconds_of(struct stepper *st, struct frame *f, const struct number *n,
           int64_t *seconds)
{
    double value;

    if (!number_of(st, f, n, payload_doc(&f->input), &value))
        return false;
    *seconds = (int64_t)value;
    return true;
}

/* What a dynamic name or pattern came out as. */
static bool
named_of(struct stepper *st, struct frame *f, const struct pav_doc *parameters)
{
    const struct state *s = f->state;
    struct pav_pattern *pattern;
    struct pav_err err;

    f->named = NULL;
    if (s->task.event_name_dynamic) {
        const struct pav_doc *key = pav_doc_get(parameters, "Key");

        if (key == NULL)
            key = pav_doc_get(parameters, "Item");
        f->named = pav_doc_get(pav_doc_get(key, "eventName"), "S");
        if (f->named == NULL || f->named->kind != PAV_STRING ||
            pav_doc_is_str(f->named, "Default"))
            f->named = NULL;
    } else if (s->task.pattern_dynamic) {
        f->named = pav_doc_get(parameters, "EventPattern");
        if (pav_pattern_compile(st->arena, f->named, &pattern, &err) != PAV_OK)
            return fail_runtime(st, f, "Event pattern is not valid. Reason: %s",
                                err.message);
    }
    return true;
}

/* ---- events of the three kinds of resources ---- */

static enum pav_event_type
task_event(const struct frame *f, enum pav_event_type of_service)
{
    static const enum pav_event_type others[][2] = {
        [EV_TASK_SCHEDULED] = {EV_LAMBDA_SCHEDULED, EV_ACTIVITY_SCHEDULED},
        [EV_TASK_STARTED] = {EV_LAMBDA_STARTED, EV_ACTIVITY_STARTED},
        [EV_TASK_SUCCEEDED] = {EV_LAMBDA_SUCCEEDED, EV_ACTIVITY_SUCCEEDED},
        [EV_TASK_FAILED] = {EV_LAMBDA_FAILED, EV_ACTIVITY_FAILED},
        [EV_TASK_TIMED_OUT] = {EV_LAMBDA_TIMED_OUT, EV_ACTIVITY_TIMED_OUT},
    };

    switch (f->state->task.resource.kind) {
    case RESOURCE_LAMBDA:
        return others[of_service][0];
    case RESOURCE_ACTIVITY:
        return others[of_service][1];
    case RESOURCE_SERVICE:
    case RESOURCE_EVENT:
        break;
    }
    return of_service;
}

void
task_emit(struct stepper *st, struct frame *f, enum pav_event_type type,
          struct event_data *data)
{
    const struct resource *r = &f->state->task.resource;

    data->resource_type = r->type;
    data->resource = r->type == NULL ? r->arn : r->action;
    emit_next(st, f, task_event(f, type), data);
}

void
task_started(struct stepper *st, struct frame *f, const char *worker)
{
    struct event_data data = {.text = worker};

    if (f->stage >= STAGE_STARTED)
        return;
    task_emit(st, f, EV_TASK_STARTED, &data);
    f->stage = STAGE_STARTED;
    if (f->beat_s > 0)
        f->beat_at = st->in->now_ms + f->beat_s * 1000;
}

void
task_submitted(struct stepper *st, struct frame *f,
               const struct pav_doc *output)
{
    struct event_data data = {.payload = output};

    PAV_ASSERT(f->phase == PHASE_TASK && output != NULL);
    /* Neither an activity nor a plain function replies before its end. */
    if (f->stage >= STAGE_SUBMITTED || f->state->task.resource.type == NULL)
        return;
    task_emit(st, f, EV_TASK_SUBMITTED, &data);
    f->stage = STAGE_SUBMITTED;
}

void
task_ended(struct stepper *st, struct frame *f, enum pav_event_type type,
           const char *error, const char *cause)
{
    struct event_data data = {.error = error, .cause = cause};

    if (!f->timed_out) { /* else it was reported already */
        task_emit(st, f, type, &data);
    }
    f->timed_out = false;
    fail_as(st, error, cause);
    st->failure.of_task = true;
    fail_frame(st, f);
}

void
task_succeeded(struct stepper *st, struct frame *f,
               const struct pav_doc *result)
{
    const struct resource *r = &f->state->task.resource;
    struct event_data data = {.payload = result};

    PAV_ASSERT(f->phase == PHASE_TASK && result != NULL);
    task_started(st, f, NULL);
    if (too_big(st, result)) {
        task_ended(st, f, EV_TASK_FAILED,
                   pav_states_error(PAV_STATES_DATA_LIMIT_EXCEEDED),
                   pav_arena_printf(
                       st->arena,
                       "The state/task '%.*s' returned a result with a size "
                       "exceeding the maximum number of bytes service limit.",
                       (int)(r->type == NULL ? r->arn->len : r->type->len),
                       r->type == NULL ? r->arn->text : r->type->text));
        return;
    }
    task_emit(st, f, EV_TASK_SUCCEEDED, &data);
    leave_with(st, f, result);
}

/* ---- entering ---- */

/* "ssm:*" */
static bool
is_whole_service(const char *name, const char *service)
{
    size_t len = strlen(service);

    return strncmp(name, service, len) == 0 && strcmp(name + len, ":*") == 0;
}

static bool
is_served(const struct stepper *st, const struct resource *r)
{
    const struct pav_services *services = st->in->services;
    char name[256];
    uint32_t i;

    if (services == NULL)
        return false;
    snprintf(name, sizeof(name), "%s:%s", r->service,
             r->kind == RESOURCE_LAMBDA ? "invoke" : r->method);
    for (i = 0; i < services->count; i++)
        if (strcmp(services->names[i], name) == 0 ||
            strcmp(services->names[i], "*") == 0 ||
            is_whole_service(services->names[i], r->service))
            return true;
    return false;
}

/* Who does the work. */
static enum pav_call
call_of(const struct stepper *st, const struct resource *r, bool *fails)
{
    enum pav_unmapped policy = st->in->services == NULL
                                   ? PAV_UNMAPPED_DEFAULT
                                   : st->in->services->unmapped;

    *fails = false;
    if (r->kind == RESOURCE_EVENT || is_token_row(r))
        return PAV_CALL_NONE;
    if (r->kind == RESOURCE_ACTIVITY)
        return PAV_CALL_ACTIVITY;
    if (is_served(st, r))
        return PAV_CALL_SERVICE;
    *fails = policy == PAV_UNMAPPED_FAIL ||
             (policy == PAV_UNMAPPED_DEFAULT && r->integration != CALLBACK);
    return PAV_CALL_NONE;
}

static void
schedule(struct stepper *st, struct frame *f, struct event_data *data)
{
    task_emit(st, f, EV_TASK_SCHEDULED, data);
    f->stage = STAGE_SCHEDULED;
    f->due_at =
        data->timeout_s == 0 ? 0 : st->in->now_ms + data->timeout_s * 1000;
    f->beat_s = data->heartbeat_s;
    f->beat_at = 0;
}

static enum outcome
unserved(struct stepper *st, struct frame *f)
{
    const struct resource *r = &f->state->task.resource;
    struct event_data data = {
        .error = UNSERVED,
        .cause = pav_arena_printf(
            st->arena,
            "Nothing is mapped to '%.*s': map it in \"sdk\" of a services "
            "file, or let the machine's policy \"unmapped\" be \"wait\"",
            (int)r->arn->len, r->arn->text)};

    task_emit(st, f, EV_TASK_FAILED, &data);
    fail_as(st, data.error, data.cause);
    st->failure.of_task = true;
    return GO_FAILED;
}

static enum outcome
enter_state(struct stepper *st, struct frame *f)
{
    const struct state *s = f->state;
    const struct resource *r = &s->task.resource;
    struct event_data data = {0};
    bool fails;
    enum pav_call call = call_of(st, r, &fails);

    f->no = st->next_no++;
    /* Who is asked and answers at once needs none. */
    f->token = call == PAV_CALL_SERVICE && r->integration == REQUEST_RESPONSE
                   ? NULL
                   : token_make(st, f->no);
    f->context = NULL;
    if (!s->language->arguments(st, f, &data.payload) ||
        !seconds_of(st, f, &s->task.timeout_s, &data.timeout_s) ||
        !seconds_of(st, f, &s->task.heartbeat_s, &data.heartbeat_s) ||
        !value_of(st, f, s->task.credentials, payload_doc(&f->input),
                  &data.credentials) ||
        !named_of(st, f, data.payload)) {
        f->token = NULL;
        return GO_FAILED;
    }
    schedule(st, f, &data);
    f->call = call;
    f->called_with = data.payload;
    f->phase = PHASE_TASK;
    if (call == PAV_CALL_ACTIVITY)
        return GO_WAIT;
    task_started(st, f, NULL);
    if (fails)
        return unserved(st, f);
    /* The bare reply that an aws-sdk call gives. */
    if (call == PAV_CALL_NONE && r->integration != REQUEST_RESPONSE)
        task_submitted(st, f, &pav_doc_empty_object);
    return GO_WAIT;
}

void
wait_view(const struct frame *f, struct pav_arena *a, struct pav_wait_view *out)
{
    const struct state *s = f->state;

    memset(out, 0, sizeof(*out));
    out->no = f->no;
    out->call = f->call;
    out->called_with = f->called_with;
    out->state = s->name;
    if (f->phase == PHASE_RUN)
        out->map_run = f->token;
    else
        out->token = f->token;
    out->since_at = f->entered_at;
    out->due_at = f->due_at;
    out->beat_at = f->beat_at;
    out->started = f->stage >= STAGE_STARTED;
    if (f->phase == PHASE_RUN)
        return;
    out->arn = s->task.resource.arn;
    out->event_name = s->task.event_name;
    out->pattern = s->task.pattern;
    out->pattern_text = s->task.pattern_text;
    out->awaits = s->awaits;
    out->in_parallel = f->parent != NULL;
    out->takes_events = f->token != NULL &&
                        s->task.resource.kind != RESOURCE_ACTIVITY &&
                        s->task.resource.integration != SYNC &&
                        s->task.resource.integration != SYNC_2;
    if (f->named == NULL)
        return;
    if (s->task.event_name_dynamic) {
        out->event_name = out->awaits = pav_doc_str(a, f->named);
    } else {
        struct pav_pattern *pattern;
        struct pav_buf text;

        if (pav_pattern_compile(a, f->named, &pattern, NULL) != PAV_OK)
            PAV_BUG("a pattern that was valid");
        out->pattern = pattern;
        pav_buf_init(&text, PAV_PAYLOAD_MAX);
        pav_doc_print(f->named, &text);
        out->pattern_text = pav_arena_strndup(a, text.p, text.len);
        pav_buf_fini(&text);
    }
}

/* ---- what the drivers ask ---- */

static bool
names_event(const struct state *s, struct pav_event *event)
{
    if (s->task.pattern != NULL)
        return pav_pattern_matches(s->task.pattern, event);
    return s->task.event_name != NULL &&
           pav_doc_is_str(event->detail_type, s->task.event_name);
}

static const char *
mock_fault(const struct state *s, const struct pav_test_in *in,
           struct pav_arena *a)
{
    const struct resource *r = &s->task.resource;
    const char *why = NULL;

    if (r->kind == RESOURCE_SERVICE && r->integration != CALLBACK)
        why = pav_mock_check(r->service, r->method, in->result, in->check, a);
    return why == NULL ? NULL
                       : pav_arena_printf(
                             a, "Mock result schema validation error: %s", why);
}

static const char *const own_fields[] = {
    "Resource", "TimeoutSeconds", "HeartbeatSeconds", "Credentials", NULL};

const struct state_kind task_kind = {
    .name = "Task",
    .entered = EV_TASK_ENTERED,
    .exited = EV_TASK_EXITED,
    .has = HAS_NEXT | HAS_DATA | HAS_ARGUMENTS | HAS_RESULT | HAS_WORK |
           HAS_ERRORS | HAS_ASSIGN | HAS_TASK,
    .own_fields = own_fields,
    .compile = compile,
    .link = link,
    .enter = enter_state,
    .names_event = names_event,
    .mock_fault = mock_fault,
};
