/*
 * The record of a step, one journal row, as JSON text:
 *
 *   {"w":N,                      the next wait number
 *    "f":FRAME,                  where the execution stands, or stood when it
 *                                ended; absent when it succeeded
 *    "p":[PAYLOAD,...],          payloads, each once
 *    "e":[[TYPE,PREVIOUS,...]]}  history events, in order of their ids
 *
 * The events come last, so that a step need not read those of the one before.
 * (Semantics 1 wrote "p", "e", "w", "f".)
 *
 * An event's further items, by the shape of its type (table below):
 *   SHAPE_NONE
 *   SHAPE_PAYLOAD   payload            (execution's input and output)
 *   SHAPE_STATE     name, payload [, assigned variables]
 *   SHAPE_TASK      resource type, resource [, payload [, timeout
 *                   [, heartbeat [, credentials]]]]
 *   SHAPE_CALL      resource, payload, timeout, heartbeat [, credentials]
 *   SHAPE_FAILURE   resource type, resource, error, cause
 *   SHAPE_ERROR     error, cause       (of the execution)
 *   SHAPE_ITERATION name, index
 *   SHAPE_NUMBER    a number
 *   SHAPE_TEXT      a text or null     (a map run's ARN, a worker's name)
 * where payload, variables, credentials, resource type and resource are
 * indexes into "p", and error and cause are texts or null.
 *
 * A frame: "s" state, "p" phase, "v" previous event, "h" entered event, "a"
 * entered at, "i" input, "x" variables, "n" wait number, "d" due, "t"
 * heartbeat seconds, "u" next heartbeat, "y" stage, "k" token, "q" dynamic
 * name, "c" retries, "r" attempts by retrier, "o" output of a finished branch,
 * "j" index of an iteration, "b" the frames of branches or iterations, "m" the
 * Map: "i" items, "e" effective input, "s" started event, "l" next, "c"
 * concurrency, "z" results of those before "l" that are not among the frames.
 * Absent: zero.
 */
#include <stdlib.h>
#include <string.h>

#include "pavane/history.h"
#include "step_int.h"

enum shape {
    SHAPE_NONE,
    SHAPE_PAYLOAD,
    SHAPE_STATE,
    SHAPE_TASK,
    SHAPE_CALL,
    SHAPE_FAILURE,
    SHAPE_ERROR,
    SHAPE_ITERATION,
    SHAPE_NUMBER,
    SHAPE_TEXT,
};

#define EVENTS_FROM ",\"e\":["
#define STATE_IN    "stateEnteredEventDetails"
#define STATE_OUT   "stateExitedEventDetails"

static const struct event_row {
    const char *name;
    enum shape shape;
    const char *details;       /* NULL: the API has none */
    const char *payload_field; /* NULL: no payload; the number's or text's */
} rows[EV_COUNT] = {
    [EV_EXECUTION_STARTED] = {"ExecutionStarted", SHAPE_PAYLOAD,
                              "executionStartedEventDetails", "input"},
    [EV_EXECUTION_SUCCEEDED] = {"ExecutionSucceeded", SHAPE_PAYLOAD,
                                "executionSucceededEventDetails", "output"},
    [EV_EXECUTION_FAILED] = {"ExecutionFailed", SHAPE_ERROR,
                             "executionFailedEventDetails", NULL},
    [EV_EXECUTION_TIMED_OUT] = {"ExecutionTimedOut", SHAPE_ERROR,
                                "executionTimedOutEventDetails", NULL},
    [EV_EXECUTION_ABORTED] = {"ExecutionAborted", SHAPE_ERROR,
                              "executionAbortedEventDetails", NULL},
    [EV_PASS_ENTERED] = {"PassStateEntered", SHAPE_STATE, STATE_IN, "input"},
    [EV_PASS_EXITED] = {"PassStateExited", SHAPE_STATE, STATE_OUT, "output"},
    [EV_TASK_ENTERED] = {"TaskStateEntered", SHAPE_STATE, STATE_IN, "input"},
    [EV_TASK_EXITED] = {"TaskStateExited", SHAPE_STATE, STATE_OUT, "output"},
    [EV_CHOICE_ENTERED] = {"ChoiceStateEntered", SHAPE_STATE, STATE_IN,
                           "input"},
    [EV_CHOICE_EXITED] = {"ChoiceStateExited", SHAPE_STATE, STATE_OUT,
                          "output"},
    [EV_WAIT_ENTERED] = {"WaitStateEntered", SHAPE_STATE, STATE_IN, "input"},
    [EV_WAIT_EXITED] = {"WaitStateExited", SHAPE_STATE, STATE_OUT, "output"},
    [EV_SUCCEED_ENTERED] = {"SucceedStateEntered", SHAPE_STATE, STATE_IN,
                            "input"},
    [EV_SUCCEED_EXITED] = {"SucceedStateExited", SHAPE_STATE, STATE_OUT,
                           "output"},
    [EV_FAIL_ENTERED] = {"FailStateEntered", SHAPE_STATE, STATE_IN, "input"},
    [EV_PARALLEL_ENTERED] = {"ParallelStateEntered", SHAPE_STATE, STATE_IN,
                             "input"},
    [EV_PARALLEL_EXITED] = {"ParallelStateExited", SHAPE_STATE, STATE_OUT,
                            "output"},
    [EV_PARALLEL_STARTED] = {"ParallelStateStarted", SHAPE_NONE, NULL, NULL},
    [EV_PARALLEL_SUCCEEDED] = {"ParallelStateSucceeded", SHAPE_NONE, NULL,
                               NULL},
    [EV_PARALLEL_FAILED] = {"ParallelStateFailed", SHAPE_NONE, NULL, NULL},
    [EV_PARALLEL_ABORTED] = {"ParallelStateAborted", SHAPE_NONE, NULL, NULL},
    [EV_TASK_SCHEDULED] = {"TaskScheduled", SHAPE_TASK,
                           "taskScheduledEventDetails", "parameters"},
    [EV_TASK_STARTED] = {"TaskStarted", SHAPE_TASK, "taskStartedEventDetails",
                         NULL},
    [EV_TASK_SUBMITTED] = {"TaskSubmitted", SHAPE_TASK,
                           "taskSubmittedEventDetails", "output"},
    [EV_TASK_SUCCEEDED] = {"TaskSucceeded", SHAPE_TASK,
                           "taskSucceededEventDetails", "output"},
    [EV_TASK_FAILED] = {"TaskFailed", SHAPE_FAILURE, "taskFailedEventDetails",
                        NULL},
    [EV_TASK_TIMED_OUT] = {"TaskTimedOut", SHAPE_FAILURE,
                           "taskTimedOutEventDetails", NULL},
    [EV_TASK_ABORTED] = {"TaskStateAborted", SHAPE_NONE, NULL, NULL},
    [EV_WAIT_ABORTED] = {"WaitStateAborted", SHAPE_NONE, NULL, NULL},
    [EV_MAP_ENTERED] = {"MapStateEntered", SHAPE_STATE, STATE_IN, "input"},
    [EV_MAP_EXITED] = {"MapStateExited", SHAPE_STATE, STATE_OUT, "output"},
    [EV_MAP_STARTED] = {"MapStateStarted", SHAPE_NUMBER,
                        "mapStateStartedEventDetails", "length"},
    [EV_MAP_SUCCEEDED] = {"MapStateSucceeded", SHAPE_NONE, NULL, NULL},
    [EV_MAP_FAILED] = {"MapStateFailed", SHAPE_NONE, NULL, NULL},
    [EV_MAP_ABORTED] = {"MapStateAborted", SHAPE_NONE, NULL, NULL},
    [EV_ITERATION_STARTED] = {"MapIterationStarted", SHAPE_ITERATION,
                              "mapIterationStartedEventDetails", NULL},
    [EV_ITERATION_SUCCEEDED] = {"MapIterationSucceeded", SHAPE_ITERATION,
                                "mapIterationSucceededEventDetails", NULL},
    [EV_ITERATION_FAILED] = {"MapIterationFailed", SHAPE_ITERATION,
                             "mapIterationFailedEventDetails", NULL},
    [EV_ITERATION_ABORTED] = {"MapIterationAborted", SHAPE_ITERATION,
                              "mapIterationAbortedEventDetails", NULL},
    [EV_RUN_STARTED] = {"MapRunStarted", SHAPE_TEXT,
                        "mapRunStartedEventDetails", "mapRunArn"},
    [EV_RUN_SUCCEEDED] = {"MapRunSucceeded", SHAPE_NONE, NULL, NULL},
    [EV_RUN_FAILED] = {"MapRunFailed", SHAPE_ERROR, "mapRunFailedEventDetails",
                       NULL},
    [EV_RUN_ABORTED] = {"MapRunAborted", SHAPE_NONE, NULL, NULL},
    [EV_RUN_REDRIVEN] = {"MapRunRedriven", SHAPE_TEXT,
                         "mapRunRedrivenEventDetails", "mapRunArn"},
    [EV_LAMBDA_SCHEDULED] = {"LambdaFunctionScheduled", SHAPE_CALL,
                             "lambdaFunctionScheduledEventDetails", "input"},
    [EV_LAMBDA_STARTED] = {"LambdaFunctionStarted", SHAPE_NONE, NULL, NULL},
    [EV_LAMBDA_SUCCEEDED] = {"LambdaFunctionSucceeded", SHAPE_PAYLOAD,
                             "lambdaFunctionSucceededEventDetails", "output"},
    [EV_LAMBDA_FAILED] = {"LambdaFunctionFailed", SHAPE_ERROR,
                          "lambdaFunctionFailedEventDetails", NULL},
    [EV_LAMBDA_TIMED_OUT] = {"LambdaFunctionTimedOut", SHAPE_ERROR,
                             "lambdaFunctionTimedOutEventDetails", NULL},
    [EV_ACTIVITY_SCHEDULED] = {"ActivityScheduled", SHAPE_CALL,
                               "activityScheduledEventDetails", "input"},
    [EV_ACTIVITY_STARTED] = {"ActivityStarted", SHAPE_TEXT,
                             "activityStartedEventDetails", "workerName"},
    [EV_ACTIVITY_SUCCEEDED] = {"ActivitySucceeded", SHAPE_PAYLOAD,
                               "activitySucceededEventDetails", "output"},
    [EV_ACTIVITY_FAILED] = {"ActivityFailed", SHAPE_ERROR,
                            "activityFailedEventDetails", NULL},
    [EV_ACTIVITY_TIMED_OUT] = {"ActivityTimedOut", SHAPE_ERROR,
                               "activityTimedOutEventDetails", NULL},
    [EV_EXECUTION_REDRIVEN] = {"ExecutionRedriven", SHAPE_NUMBER,
                               "executionRedrivenEventDetails", "redriveCount"},
};

/* ---- writing ---- */

void
recorder_init(struct recorder *r)
{
    memset(r, 0, sizeof(*r));
    pav_buf_init(&r->payloads, RECORD_MAX);
    pav_buf_init(&r->events, SIZE_MAX / 2);
}

void
recorder_fini(struct recorder *r)
{
    pav_buf_fini(&r->payloads);
    pav_buf_fini(&r->events);
}

static uint32_t
ref_within(struct recorder *r, const struct pav_doc *d, size_t max, bool own)
{
    uint32_t i, n = r->payload_count, slot;
    size_t before = r->payloads.len, start;

    for (i = 0; i < RECENT_PAYLOADS && i < n; i++)
        if (d != NULL && r->recent[(n - 1 - i) % RECENT_PAYLOADS].doc == d)
            return r->recent[(n - 1 - i) % RECENT_PAYLOADS].ref;
    if (n > 0)
        pav_buf_putc(&r->payloads, ',');
    start = r->payloads.len;
    if (own)
        pav_doc_print_own(d, &r->payloads);
    else
        pav_doc_print(d, &r->payloads);
    if (r->payloads.over || r->payloads.len - start > max) {
        r->payloads.len = before; /* too long, or nested too deeply */
        r->payloads.over = false;
        return PAYLOAD_TOO_BIG;
    }
    slot = n % RECENT_PAYLOADS;
    r->recent[slot].doc = d;
    r->recent[slot].ref = n;
    return r->payload_count++;
}

uint32_t
recorder_ref(struct recorder *r, const struct pav_doc *d)
{
    return ref_within(r, d, PAV_PAYLOAD_MAX, false);
}

/* For what no event shows; what makes the record too large ends the execution:
 * recorder_finish(). */
static uint32_t
ref_any(struct recorder *r, const struct pav_doc *d)
{
    uint32_t ref = ref_within(r, d, RECORD_MAX, true);

    r->too_large |= ref == PAYLOAD_TOO_BIG;
    return ref;
}

/* Documents of a passing arena are not looked for again. */
static void
forget_recent(struct recorder *r)
{
    memset(r->recent, 0, sizeof(r->recent));
}

static void
put_ref(struct recorder *r, const struct pav_doc *d)
{
    uint32_t ref = recorder_ref(r, d);

    PAV_ASSERT(ref != PAYLOAD_TOO_BIG);
    pav_buf_putc(&r->events, ',');
    pav_buf_int(&r->events, ref);
}

static void
put_text(struct recorder *r, const char *text)
{
    pav_buf_putc(&r->events, ',');
    if (text == NULL)
        pav_buf_puts(&r->events, "null");
    else
        pav_buf_jsons(&r->events, text);
}

/* Timeout, heartbeat and, when there are some, credentials. */
static void
put_limits(struct recorder *r, const struct event_data *data)
{
    pav_buf_putc(&r->events, ',');
    pav_buf_int(&r->events, data->timeout_s);
    pav_buf_putc(&r->events, ',');
    pav_buf_int(&r->events, data->heartbeat_s);
    if (data->credentials != NULL)
        put_ref(r, data->credentials);
}

void
recorder_event(struct recorder *r, enum event_type type, int64_t previous_id,
               const struct event_data *data)
{
    struct pav_buf *b = &r->events;

    pav_buf_puts(b, r->event_count++ == 0 ? "[" : ",[");
    pav_buf_int(b, type);
    pav_buf_putc(b, ',');
    pav_buf_int(b, previous_id);
    switch (rows[type].shape) {
    case SHAPE_NONE:
        break;
    case SHAPE_PAYLOAD:
        put_ref(r, data->payload);
        break;
    case SHAPE_STATE:
        pav_buf_putc(b, ',');
        pav_buf_json(b, data->name->text, data->name->len);
        put_ref(r, data->payload);
        if (data->assigned != NULL)
            put_ref(r, data->assigned);
        break;
    case SHAPE_TASK:
        put_ref(r, data->resource_type);
        put_ref(r, data->resource);
        if (data->payload != NULL)
            put_ref(r, data->payload);
        if (data->timeout_s > 0 || data->heartbeat_s > 0 ||
            data->credentials != NULL)
            put_limits(r, data);
        break;
    case SHAPE_CALL:
        put_ref(r, data->resource);
        put_ref(r, data->payload);
        put_limits(r, data);
        break;
    case SHAPE_ITERATION:
        pav_buf_putc(b, ',');
        pav_buf_json(b, data->name->text, data->name->len);
        pav_buf_putc(b, ',');
        pav_buf_int(b, data->number);
        break;
    case SHAPE_NUMBER:
        pav_buf_putc(b, ',');
        pav_buf_int(b, data->number);
        break;
    case SHAPE_TEXT:
        put_text(r, data->text);
        break;
    case SHAPE_FAILURE:
        put_ref(r, data->resource_type);
        put_ref(r, data->resource);
        put_text(r, data->error);
        put_text(r, data->cause);
        break;
    case SHAPE_ERROR:
        put_text(r, data->error);
        put_text(r, data->cause);
        break;
    }
    pav_buf_putc(b, ']');
}

static void
put_field(struct pav_buf *b, const char *key, int64_t n)
{
    pav_buf_put(b, ",\"", 2);
    pav_buf_puts(b, key);
    pav_buf_put(b, "\":", 2);
    pav_buf_int(b, n);
}

static void
put_number(struct pav_buf *b, const char *key, int64_t n)
{
    if (n != 0)
        put_field(b, key, n);
}

static void
put_map(struct recorder *r, const struct frame *f, struct pav_buf *b)
{
    const struct map_state *map = f->map;
    struct pav_arena a;
    struct pav_items results;
    uint32_t i;

    pav_arena_init(&a, 4096);
    pav_items_init(&results, &a);
    for (i = 0; i < map->next; i++)
        pav_items_add(&results, map->results[i] == NULL ? &pav_doc_null
                                                        : map->results[i]);
    pav_buf_printf(b, ",\"m\":{\"i\":%u", ref_any(r, map->items));
    put_field(b, "e", ref_any(r, map->effective));
    put_number(b, "s", map->started_id);
    put_number(b, "l", map->next);
    put_number(b, "c", map->concurrency);
    put_field(b, "z", ref_any(r, pav_items_array(&results)));
    pav_buf_putc(b, '}');
    forget_recent(r);
    pav_arena_fini(&a);
}

static void
put_frame(struct recorder *r, const struct frame *f, struct pav_buf *b)
{
    uint32_t i;

    pav_buf_puts(b, "{\"s\":");
    pav_buf_json(b, f->state->name_doc->text, f->state->name_doc->len);
    put_number(b, "p", f->phase);
    put_number(b, "v", f->previous_id);
    put_number(b, "h", f->entered_id);
    put_number(b, "a", f->entered_at);
    if (f->phase == PHASE_DONE)
        put_field(b, "o", ref_any(r, f->output));
    else
        put_field(b, "i", ref_any(r, f->input));
    if (f->variables != NULL)
        put_field(b, "x", ref_any(r, f->variables));
    put_number(b, "n", f->no);
    put_number(b, "d", f->due_at);
    put_number(b, "t", f->beat_s);
    put_number(b, "u", f->beat_at);
    if (f->phase == PHASE_TASK)
        put_number(b, "y", f->stage);
    put_number(b, "j", f->index);
    if (f->phase == PHASE_MAP)
        put_map(r, f, b);
    if (f->token != NULL) {
        pav_buf_puts(b, ",\"k\":\"");
        pav_buf_puts(b, f->token);
        pav_buf_putc(b, '"');
    }
    if (f->named != NULL)
        put_field(b, "q", ref_any(r, f->named));
    put_number(b, "c", f->retry_count);
    if (f->attempts != NULL) {
        for (i = 0; i < f->state->retrier_count; i++)
            pav_buf_printf(b, "%s%lld", i == 0 ? ",\"r\":[" : ",",
                           (long long)f->attempts[i]);
        pav_buf_putc(b, ']');
    }
    if (f->phase == PHASE_PARALLEL || f->phase == PHASE_MAP) {
        pav_buf_puts(b, ",\"b\":[");
        for (i = 0; i < f->kid_count; i++) {
            if (i > 0)
                pav_buf_putc(b, ',');
            put_frame(r, f->kids[i], b);
        }
        pav_buf_putc(b, ']');
    }
    pav_buf_putc(b, '}');
}

bool
recorder_finish(struct stepper *st, struct pav_buf *out)
{
    struct recorder *r = &st->rec;
    uint32_t count = r->payload_count;
    size_t len = r->payloads.len;
    struct pav_buf frames;

    pav_buf_init(&frames, SIZE_MAX / 2);
    if (st->out->status != PAV_SUCCEEDED && st->root != NULL)
        put_frame(r, st->root, &frames);
    if (r->too_large) { /* back to the events alone */
        r->too_large = false;
        r->payload_count = count;
        r->payloads.len = len;
        forget_recent(r);
        pav_buf_fini(&frames);
        return false;
    }
    pav_buf_init(out, SIZE_MAX / 2);
    pav_buf_reserve(out, r->payloads.len + r->events.len + frames.len + 64);
    pav_buf_puts(out, "{\"w\":");
    pav_buf_int(out, st->next_no);
    if (frames.len > 0) {
        pav_buf_puts(out, ",\"f\":");
        pav_buf_put(out, frames.p, frames.len);
    }
    pav_buf_puts(out, ",\"p\":[");
    pav_buf_put(out, r->payloads.p == NULL ? "" : r->payloads.p,
                r->payloads.len);
    pav_buf_puts(out, "]" EVENTS_FROM);
    pav_buf_put(out, r->events.p == NULL ? "" : r->events.p, r->events.len);
    pav_buf_puts(out, "]}");
    pav_buf_fini(&frames);
    return true;
}

/*
 * Inside the events there are numbers and texts, whose quotes are escaped: the
 * last place that looks like their beginning is it.
 */
const struct pav_doc *
pav_step_record(struct pav_arena *a, const char *text, size_t len)
{
    size_t mark = strlen(EVENTS_FROM), at = len;
    char *part;

    if (len < 5 || memcmp(text, "{\"w\":", 5) != 0)
        return pav_doc_own(a, text, len); /* of semantics 1 */
    do
        at = at < mark + 1 ? 0 : at - 1;
    while (at > 0 && memcmp(text + at, EVENTS_FROM,
                            mark < len - at ? mark : len - at) != 0);
    PAV_ASSERT(at > 0);
    part = pav_arena_alloc(a, at + 1);
    memcpy(part, text, at);
    part[at] = '}';
    return pav_doc_own(a, part, at + 1);
}

/* ---- reading frames ---- */

static int64_t
number_of(const struct pav_doc *o, const char *key)
{
    int64_t n = 0;
    const struct pav_doc *v = pav_doc_get(o, key);

    if (v != NULL && !pav_doc_int(v, &n))
        PAV_BUG("a record with a number that is none");
    return n;
}

static const struct pav_doc *
payload_of(const struct pav_doc *record, const struct pav_doc *o,
           const char *key)
{
    if (pav_doc_get(o, key) == NULL)
        return NULL;
    return pav_doc_at(pav_doc_get(record, "p"), (uint32_t)number_of(o, key));
}

static void
read_attempts(struct frame *f, const struct pav_doc *list, struct pav_arena *a)
{
    uint32_t i;

    if (list == NULL)
        return;
    PAV_ASSERT(list->len == f->state->retrier_count);
    f->attempts = pav_arena_alloc(a, list->len * sizeof(*f->attempts));
    for (i = 0; i < list->len; i++)
        if (!pav_doc_int(&list->items[i], &f->attempts[i]))
            PAV_BUG("a record with a number that is none");
}

static void
read_map(struct frame *f, const struct pav_doc *record, const struct pav_doc *d,
         struct pav_arena *a)
{
    struct map_state *map = pav_arena_zalloc(a, sizeof(*map));
    const struct pav_doc *results = payload_of(record, d, "z");
    uint32_t i;

    map->items = payload_of(record, d, "i");
    map->effective = payload_of(record, d, "e");
    map->started_id = number_of(d, "s");
    map->next = (uint32_t)number_of(d, "l");
    map->concurrency = (uint32_t)number_of(d, "c");
    map->results = pav_arena_zalloc(a, (map->items->len + 1) * sizeof(void *));
    for (i = 0; i < map->next; i++)
        map->results[i] = &results->items[i];
    for (i = 0; i < f->kid_count; i++)
        map->results[f->kids[i]->index] = NULL;
    map->done = map->next - f->kid_count;
    f->map = map;
}

static struct frame *
read_frame(const struct pav_machine *m, const struct pav_doc *record,
           const struct pav_doc *d, struct frame *parent, struct pav_arena *a)
{
    struct frame *f = pav_arena_zalloc(a, sizeof(*f));
    const struct pav_doc *name = pav_doc_get(d, "s");
    const struct pav_doc *kids = pav_doc_get(d, "b");
    uint32_t i;

    f->parent = parent;
    f->state = machine_find(m, name->text, name->len);
    PAV_ASSERT(f->state != NULL);
    f->scope = f->state->scope;
    f->phase = (enum phase)number_of(d, "p");
    f->previous_id = number_of(d, "v");
    f->entered_id = number_of(d, "h");
    f->entered_at = number_of(d, "a");
    f->input = payload_of(record, d, "i");
    f->output = payload_of(record, d, "o");
    f->variables = payload_of(record, d, "x");
    f->named = payload_of(record, d, "q");
    f->beat_s = number_of(d, "t");
    f->beat_at = number_of(d, "u");
    f->stage = (enum stage)number_of(d, "y");
    f->index = (uint32_t)number_of(d, "j");
    f->no = (uint32_t)number_of(d, "n");
    f->due_at = number_of(d, "d");
    f->token = pav_doc_str(a, pav_doc_get(d, "k"));
    f->retry_count = number_of(d, "c");
    read_attempts(f, pav_doc_get(d, "r"), a);
    if (kids == NULL)
        return f;
    f->kid_count = kids->len;
    f->kids = pav_arena_alloc(a, (kids->len + MAP_CONCURRENCY) *
                                     sizeof(struct frame *));
    for (i = 0; i < kids->len; i++)
        f->kids[i] = read_frame(m, record, &kids->items[i], f, a);
    if (f->phase == PHASE_MAP)
        read_map(f, record, pav_doc_get(d, "m"), a);
    return f;
}

struct frame *
record_frames(const struct pav_machine *m, const struct pav_doc *record,
              struct pav_arena *a, uint32_t *next_no)
{
    const struct pav_doc *d = pav_doc_get(record, "f");

    *next_no = (uint32_t)number_of(record, "w");
    return d == NULL ? NULL : read_frame(m, record, d, NULL, a);
}

/* ---- reading history ---- */

uint32_t
pav_history_count(const struct pav_doc *record)
{
    return pav_doc_get(record, "e")->len;
}

static const struct pav_doc *
item_payload(const struct pav_doc *record, const struct pav_doc *event,
             uint32_t i)
{
    int64_t ref;

    if (i >= event->len || !pav_doc_int(&event->items[i], &ref))
        return NULL;
    return pav_doc_at(pav_doc_get(record, "p"), (uint32_t)ref);
}

static const struct pav_doc *
item_text(const struct pav_doc *event, uint32_t i)
{
    const struct pav_doc *d = pav_doc_at(event, i);

    return d == NULL || d->kind == PAV_NULL ? NULL : d;
}

static int64_t
item_number(const struct pav_doc *event, uint32_t i)
{
    int64_t n = 0;

    if (i < event->len)
        (void)pav_doc_int(&event->items[i], &n);
    return n;
}

void
pav_history_event(const struct pav_doc *record, uint32_t i, int64_t first_id,
                  struct pav_arena *a, struct pav_history_event *out)
{
    const struct pav_doc *e = pav_doc_at(pav_doc_get(record, "e"), i);
    const struct event_row *row;
    int64_t type = 0;

    memset(out, 0, sizeof(*out));
    if (e == NULL || !pav_doc_int(pav_doc_at(e, 0), &type) || type <= 0 ||
        type >= EV_COUNT || !pav_doc_int(pav_doc_at(e, 1), &out->previous_id))
        PAV_BUG("a record with an event that is none");
    row = &rows[type];
    out->id = first_id + i;
    out->type = row->name;
    out->details_field = row->details;
    out->payload_field = row->payload_field;
    switch (row->shape) {
    case SHAPE_NONE:
        break;
    case SHAPE_PAYLOAD:
        out->payload = item_payload(record, e, 2);
        break;
    case SHAPE_STATE:
        out->state = pav_doc_str(a, pav_doc_at(e, 2));
        out->payload = item_payload(record, e, 3);
        out->assigned = item_payload(record, e, 4);
        break;
    case SHAPE_ITERATION:
        out->state = pav_doc_str(a, pav_doc_at(e, 2));
        out->number = item_number(e, 3);
        break;
    case SHAPE_NUMBER:
        out->number = item_number(e, 2);
        break;
    case SHAPE_TEXT:
        out->text = item_text(e, 2);
        break;
    case SHAPE_CALL:
        out->resource = item_payload(record, e, 2);
        out->payload = item_payload(record, e, 3);
        out->timeout_s = item_number(e, 4);
        out->heartbeat_s = item_number(e, 5);
        out->credentials = item_payload(record, e, 6);
        break;
    case SHAPE_TASK:
    case SHAPE_FAILURE:
        out->resource_type = item_payload(record, e, 2);
        out->resource = item_payload(record, e, 3);
        if (row->shape == SHAPE_FAILURE) {
            out->error = item_text(e, 4);
            out->cause = item_text(e, 5);
        } else {
            out->payload = item_payload(record, e, 4);
            out->timeout_s = item_number(e, 5);
            out->heartbeat_s = item_number(e, 6);
            out->credentials = item_payload(record, e, 7);
        }
        break;
    case SHAPE_ERROR:
        out->error = item_text(e, 2);
        out->cause = item_text(e, 3);
        break;
    }
}

static void
print_member(struct pav_buf *b, bool *first, const char *key)
{
    if (!*first)
        pav_buf_putc(b, ',');
    *first = false;
    pav_buf_printf(b, "\"%s\":", key);
}

static void
print_text(struct pav_buf *b, bool *first, const char *key,
           const struct pav_doc *text)
{
    if (text == NULL)
        return;
    print_member(b, first, key);
    pav_buf_json(b, text->text, text->len);
}

/* A payload is JSON text inside a JSON string, as the API has it. */
static void
print_payload(struct pav_buf *b, bool *first, const struct pav_history_event *e)
{
    struct pav_buf text;

    pav_buf_init(&text, SIZE_MAX / 2);
    pav_doc_print(e->payload, &text);
    print_member(b, first, e->payload_field);
    pav_buf_json(b, text.p, text.len);
    if (strcmp(e->payload_field, "parameters") != 0)
        pav_buf_printf(b, ",\"%sDetails\":{\"truncated\":false}",
                       e->payload_field);
    pav_buf_fini(&text);
}

static void
print_number(struct pav_buf *b, bool *first, const char *key, int64_t n)
{
    if (n <= 0)
        return;
    print_member(b, first, key);
    pav_buf_int(b, n);
}

/* {"NAME":"JSON text",...} */
static void
print_assigned(struct pav_buf *b, bool *first, const struct pav_doc *assigned)
{
    uint32_t i;

    print_member(b, first, "assignedVariables");
    pav_buf_putc(b, '{');
    for (i = 0; i < assigned->len; i++) {
        struct pav_buf text;

        if (i > 0)
            pav_buf_putc(b, ',');
        pav_buf_init(&text, SIZE_MAX / 2);
        pav_doc_print(&assigned->members[i].value, &text);
        pav_buf_json(b, assigned->members[i].key, assigned->members[i].len);
        pav_buf_putc(b, ':');
        pav_buf_json(b, text.p, text.len);
        pav_buf_fini(&text);
    }
    pav_buf_puts(b, "},\"assignedVariablesDetails\":{\"truncated\":false}");
}

static void
print_credentials(struct pav_buf *b, bool *first,
                  const struct pav_doc *credentials)
{
    const struct pav_doc *role = pav_doc_get(credentials, "RoleArn");

    print_member(b, first, "taskCredentials");
    pav_buf_puts(b, "{\"roleArn\":");
    if (role != NULL && role->kind == PAV_STRING)
        pav_buf_json(b, role->text, role->len);
    else
        pav_buf_puts(b, "\"\"");
    pav_buf_putc(b, '}');
}

/* What only one kind of event has. */
static void
print_special(struct pav_buf *b, bool *first, const struct pav_history_event *e)
{
    if (strncmp(e->type, "MapIteration", 12) == 0) {
        print_member(b, first, "index");
        pav_buf_int(b, e->number);
    } else if (e->payload_field != NULL && e->payload == NULL &&
               (strcmp(e->payload_field, "length") == 0 ||
                strcmp(e->payload_field, "redriveCount") == 0)) {
        print_member(b, first, e->payload_field);
        pav_buf_int(b, e->number);
    } else if (e->payload_field != NULL) {
        print_text(b, first, e->payload_field, e->text);
    }
}

void
pav_history_print(const struct pav_history_event *e, const char *at,
                  const char *role_arn, const char *region, bool with_data,
                  struct pav_buf *out)
{
    bool first = true;

    pav_buf_printf(out,
                   "{\"timestamp\":%s,\"type\":\"%s\",\"id\":%lld,"
                   "\"previousEventId\":%lld",
                   at, e->type, (long long)e->id, (long long)e->previous_id);
    if (e->details_field == NULL || (strcmp(e->type, "ExecutionAborted") == 0 &&
                                     e->error == NULL && e->cause == NULL)) {
        pav_buf_putc(out, '}');
        return;
    }
    pav_buf_printf(out, ",\"%s\":{", e->details_field);
    if (e->state != NULL) {
        print_member(out, &first, "name");
        pav_buf_jsons(out, e->state);
    }
    print_text(out, &first, "resourceType", e->resource_type);
    print_text(out, &first, "resource", e->resource);
    print_text(out, &first, "error", e->error);
    print_text(out, &first, "cause", e->cause);
    if (e->payload != NULL && e->payload_field != NULL && with_data)
        print_payload(out, &first, e);
    if (e->payload_field != NULL &&
        strcmp(e->payload_field, "parameters") == 0) {
        print_member(out, &first, "region");
        pav_buf_jsons(out, region);
    }
    print_number(out, &first, "timeoutInSeconds", e->timeout_s);
    print_number(out, &first, "heartbeatInSeconds", e->heartbeat_s);
    if (e->credentials != NULL)
        print_credentials(out, &first, e->credentials);
    if (e->assigned != NULL && with_data)
        print_assigned(out, &first, e->assigned);
    print_special(out, &first, e);
    if (strcmp(e->type, "ExecutionStarted") == 0) {
        print_member(out, &first, "roleArn");
        pav_buf_jsons(out, role_arn);
    }
    pav_buf_puts(out, "}}");
}

const struct pav_doc *
pav_history_input(const struct pav_doc *first_record)
{
    return item_payload(first_record,
                        pav_doc_at(pav_doc_get(first_record, "e"), 0), 2);
}
