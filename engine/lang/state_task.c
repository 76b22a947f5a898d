/*
 * Task, by callback: any `.waitForTaskToken` resource opens a wait.
 *
 * What names the event that a wait takes:
 *   - the published sample's form, an aws-sdk:dynamodb:updateItem or putItem
 *     whose Parameters.Key.eventName.S is other than "Default";
 *   - Pavane's own form, arn:pavane:states:::event.waitForTaskToken with an
 *     EventPattern in its Parameters.
 * Other waits name nothing and take any event of their key.
 *
 * A token is base64url of 32 bytes: the execution's number (8, big-endian), the
 * wait's number (4), and 20 bytes out of SHA-256(seed, wait), which make it
 * unguessable.
 */
#include <string.h>

#include "pavane/digest.h"
#include "step_int.h"

#define EVENT_ARN   "arn:pavane:states:::event" CALLBACK
#define TIMEOUT_MAX 99999999
#define CALLBACK    ".waitForTaskToken"
#define SECRET_LEN  20

/* ---- compiling ---- */

/* arn:PARTITION:states:REGION:ACCOUNT:SERVICE:ACTION, in two parts. */
static void
resource_compile(struct compiler *c, struct state *s, const struct pav_doc *d,
                 const char *pointer)
{
    const struct pav_doc *v = pav_doc_get(d, "Resource");
    const char *text = member_str(c, d, pointer, "Resource", true);
    const char *p = text, *action;
    size_t len = text == NULL ? 0 : strlen(text), tail = strlen(CALLBACK);
    int colons = 0;

    if (text == NULL)
        return;
    pointer = pointer_to(c, pointer, "Resource");
    while (colons < 5 && (p = strchr(p, ':')) != NULL) {
        colons++;
        p++;
    }
    action = p == NULL ? NULL : strrchr(p, ':');
    if (strncmp(text, "arn:", 4) != 0 || p == NULL || *p == '\0') {
        compile_fault(c, PAV_ERROR, SCHEMA, pointer, v->at,
                      "The resource provided ARN is not recognized. The value "
                      "is not a valid resource ARN, or the resource is not "
                      "available in this region.");
        return;
    }
    if (len <= tail || strcmp(text + len - tail, CALLBACK) != 0) {
        compile_fault(c, PAV_ERROR, "UNSUPPORTED", pointer, v->at,
                      "'%s' is not built yet: only resources that end in "
                      "%s are, which wait for an event or a token",
                      text, CALLBACK);
        return;
    }
    if (strncmp(text, "arn:pavane:", 11) == 0 && strcmp(text, EVENT_ARN) != 0)
        compile_fault(c, PAV_ERROR, SCHEMA, pointer, v->at,
                      "Pavane's own resource is " EVENT_ARN);
    if (action == NULL) { /* EVENT_ARN */
        s->task.resource_type = pav_doc_new_str(c->arena, p, strcspn(p, "."));
        s->task.resource = pav_doc_new_cstr(c->arena, p);
    } else {
        s->task.resource_type =
            pav_doc_new_str(c->arena, p, (size_t)(action - p));
        s->task.resource = pav_doc_new_cstr(c->arena, action + 1);
    }
}

static void
dynamodb_compile(struct compiler *c, struct state *s,
                 const struct pav_doc *parameters)
{
    const struct pav_doc *table = pav_doc_get(parameters, "TableName");
    const struct pav_doc *key =
        pav_doc_get(pav_doc_get(parameters, pav_doc_is_str(s->task.resource,
                                                           "putItem" CALLBACK)
                                                ? "Item"
                                                : "Key"),
                    "eventName");
    const struct pav_doc *name = pav_doc_get(key, "S");

    if (table != NULL && table->kind == PAV_STRING)
        c->machine->token_table = pav_doc_str(c->arena, table);
    if (name != NULL && name->kind == PAV_STRING &&
        !pav_doc_is_str(name, "Default"))
        s->task.event_name = pav_doc_str(c->arena, name);
    s->task.event_name_dynamic = pav_doc_get(key, "S.$") != NULL;
}

static void
pattern_compile(struct compiler *c, struct state *s,
                const struct pav_doc *parameters, const char *pointer)
{
    const struct pav_doc *v = pav_doc_get(parameters, "EventPattern");
    struct pav_pattern *pattern;
    struct pav_buf text;
    struct pav_err err;
    const struct tmpl *t;

    if (pav_doc_get(parameters, "EventPattern.$") != NULL)
        s->task.pattern_dynamic = true;
    else if (v == NULL)
        compile_fault(c, PAV_WARNING, "NO_EVENT_PATTERN", pointer,
                      parameters == NULL ? s->source->at : parameters->at,
                      "without an EventPattern in its Parameters this state "
                      "takes any event of its key");
    if (v == NULL)
        return;
    pointer = pointer_to(c, pointer, "EventPattern");
    t = template_compile(c, v, pointer);
    if (t->kind != TMPL_LITERAL) {
        s->task.pattern_dynamic = true;
        return;
    }
    if (pav_pattern_compile(c->arena, v, &pattern, &err) != PAV_OK) {
        compile_fault(c, PAV_ERROR, SCHEMA, pointer, v->at,
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
compile(struct compiler *c, struct state *s, const struct pav_doc *d,
        const char *pointer)
{
    const struct pav_doc *parameters = pav_doc_get(d, "Parameters"), *v;

    resource_compile(c, s, d, pointer);
    member_int(c, d, pointer, "TimeoutSeconds", 1, TIMEOUT_MAX,
               &s->task.timeout_s);
    s->task.timeout_path =
        member_path(c, d, pointer, "TimeoutSecondsPath", true);
    if (s->task.timeout_s > 0 && s->task.timeout_path != NULL)
        compile_fault(c, PAV_ERROR, SCHEMA, pointer, d->at,
                      "Only one of 'TimeoutSeconds' and 'TimeoutSecondsPath' "
                      "can be given");
    if ((v = pav_doc_get(d, "HeartbeatSeconds")) != NULL ||
        (v = pav_doc_get(d, "HeartbeatSecondsPath")) != NULL)
        compile_fault(c, PAV_ERROR, "UNSUPPORTED", pointer, v->at,
                      "Heartbeats are not built yet");
    if (s->task.resource_type == NULL)
        return;
    if (pav_doc_is_str(s->task.resource_type, "aws-sdk:dynamodb") ||
        pav_doc_is_str(s->task.resource_type, "dynamodb"))
        dynamodb_compile(c, s, parameters);
    if (pav_doc_is_str(s->task.resource_type, "event"))
        pattern_compile(c, s, parameters, pointer_to(c, pointer, "Parameters"));
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
        s->task.awaits = s->task.event_name;
    else
        s->task.awaits = pattern_names(c, pav_doc_get(s->source, "Parameters"));
    if (s->task.awaits == NULL && s->next != NULL &&
        s->next->kind == &choice_kind)
        s->task.awaits = choice_event_names(c, s->next);
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
timeout_of(struct stepper *st, struct frame *f, int64_t *seconds)
{
    const struct state *s = f->state;
    const struct pav_doc *v;
    struct pav_err why;

    *seconds = s->task.timeout_s;
    if (s->task.timeout_path == NULL)
        return true;
    if (io_path(st, f, s->task.timeout_path, f->input, &v, &why) !=
        PAV_PATH_FOUND)
        return fail_runtime(st, f, "Invalid path '%s' : %s",
                            pav_path_text(s->task.timeout_path), why.message);
    if (!pav_doc_int(v, seconds) || *seconds < 1 || *seconds > TIMEOUT_MAX)
        return fail_runtime(st, f,
                            "The TimeoutSecondsPath parameter cannot be "
                            "parsed as a long value: %s",
                            pav_path_text(s->task.timeout_path));
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

static enum outcome
enter(struct stepper *st, struct frame *f)
{
    const struct state *s = f->state;
    struct event_data data = {.resource_type = s->task.resource_type,
                              .resource = s->task.resource};
    const struct pav_doc *parameters;
    int64_t timeout_s;

    f->no = st->next_no++;
    f->token = token_make(st, f->no);
    f->context = NULL;
    if (!io_input(st, f, &parameters) || !timeout_of(st, f, &timeout_s) ||
        !named_of(st, f, parameters)) {
        f->token = NULL;
        return GO_FAILED;
    }
    data.payload = parameters;
    data.timeout_s = timeout_s;
    emit_next(st, f, EV_TASK_SCHEDULED, &data);
    data.payload = NULL;
    data.timeout_s = 0;
    emit_next(st, f, EV_TASK_STARTED, &data);
    /* The bare reply that an aws-sdk call gives. */
    data.payload = &pav_doc_empty_object;
    emit_next(st, f, EV_TASK_SUBMITTED, &data);
    f->due_at = timeout_s == 0 ? 0 : st->in->now_ms + timeout_s * 1000;
    f->phase = PHASE_TASK;
    return GO_WAIT;
}

void
wait_view(const struct frame *f, struct pav_arena *a, struct pav_wait_view *out)
{
    const struct state *s = f->state;

    memset(out, 0, sizeof(*out));
    out->no = f->no;
    out->state = s->name;
    out->token = f->token;
    out->event_name = s->task.event_name;
    out->pattern = s->task.pattern;
    out->pattern_text = s->task.pattern_text;
    out->awaits = s->task.awaits;
    out->since_at = f->entered_at;
    out->due_at = f->due_at;
    out->in_parallel = f->parent != NULL;
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

static const char *const own_fields[] = {
    "Resource",         "TimeoutSeconds",       "TimeoutSecondsPath",
    "HeartbeatSeconds", "HeartbeatSecondsPath", NULL};

const struct state_kind task_kind = {
    .name = "Task",
    .entered = EV_TASK_ENTERED,
    .exited = EV_TASK_EXITED,
    .fields = FIELD_NEXT | FIELD_IO | FIELD_PARAMETERS | FIELD_RESULT_PATH |
              FIELD_RESULT_SELECTOR | FIELD_ERRORS,
    .own_fields = own_fields,
    .compile = compile,
    .link = link,
    .enter = enter,
};
