/*
 * Running a case: tasks end as `mocks` says, each attempt with the next entry;
 * a timer that is due moves the clock; the children of a distributed Map run
 * one after the other.
 *
 * Where a case was recorded without the ends of its tasks (`mocks_partial`) or
 * without the object that an ItemReader reads, they are deduced from what was
 * expected: a task gives the expected output, or fails with the expected Error
 * and Cause; the object holds the expected items, and one more when MaxItems
 * cuts it off.
 */
#include "asl_run.h"

#include <stdio.h>
#include <string.h>

#include "pavane/map_run.h"
#include "normal.h"

#define MAX_STEPS 30000
#define FAR_MS    (365LL * 86400 * 1000)

static void
put_text(struct pav_members *m, const char *key, const struct pav_doc *d)
{
    if (d != NULL)
        pav_members_puts(m, key, d);
}

static void
put_number(struct pav_arena *a, struct pav_members *m, const char *key,
           int64_t n)
{
    if (n > 0)
        pav_members_puts(m, key, pav_doc_new_int(a, n));
}

static const struct pav_doc *
assigned_doc(struct pav_arena *a, const struct pav_doc *assigned)
{
    struct pav_members m;
    uint32_t i;

    pav_members_init(&m, a);
    for (i = 0; i < assigned->len; i++) {
        struct pav_buf b;

        pav_buf_init(&b, 1 << 24);
        pav_doc_print(&assigned->members[i].value, &b);
        pav_members_add(&m, assigned->members[i].key, assigned->members[i].len,
                        pav_doc_new_cstr(a, pav_arena_strdup(a, b.p)));
        pav_buf_fini(&b);
    }
    return pav_members_object(&m);
}

static void
put_details(struct pav_arena *a, struct pav_members *m,
            const struct pav_history_event *e)
{
    bool number = e->payload_field != NULL &&
                  (strcmp(e->payload_field, "length") == 0 ||
                   strcmp(e->payload_field, "redriveCount") == 0);

    if (e->state != NULL)
        pav_members_puts(
            m, strcmp(e->type, "EvaluationFailed") == 0 ? "state" : "name",
            pav_doc_new_cstr(a, e->state));
    put_text(m, "error", e->error);
    put_text(m, "cause", e->cause);
    put_text(m, "resource", e->resource);
    put_text(m, "resourceType", e->resource_type);
    if (e->payload != NULL && e->payload_field != NULL)
        pav_members_puts(m, e->payload_field, e->payload);
    if (number)
        pav_members_puts(m, e->payload_field, pav_doc_new_int(a, e->number));
    if (strncmp(e->type, "MapIteration", 12) == 0)
        pav_members_puts(m, "index", pav_doc_new_int(a, e->number));
    if (e->text != NULL)
        pav_members_puts(m, e->payload_field, e->text);
    put_number(a, m, "timeoutInSeconds", e->timeout_s);
    put_number(a, m, "heartbeatInSeconds", e->heartbeat_s);
    if (e->assigned != NULL)
        pav_members_puts(m, "assignedVariables", assigned_doc(a, e->assigned));
    if (e->credentials != NULL)
        pav_members_puts(m, "taskCredentials", &pav_doc_empty_object);
}

static const struct pav_doc *
event_doc(struct pav_arena *a, const struct pav_history_event *e)
{
    struct pav_members m, details;

    pav_members_init(&m, a);
    pav_members_puts(&m, "id", pav_doc_new_int(a, e->id));
    pav_members_puts(&m, "prev", pav_doc_new_int(a, e->previous_id));
    pav_members_puts(&m, "type", pav_doc_new_cstr(a, e->type));
    if (e->details_field != NULL) {
        pav_members_init(&details, a);
        put_details(a, &details, e);
        pav_members_puts(&m, "details", pav_members_object(&details));
    }
    return pav_members_object(&m);
}

static const struct pav_doc *next_end(struct run *r, const char *state);

static void
ask(struct run *r, const struct pav_wait_view *w)
{
    struct asked *a = &r->asked[r->asked_count];

    if (r->asked_count == sizeof(r->asked) / sizeof(r->asked[0]))
        return;
    a->no = w->no;
    a->state = w->state;
    a->call = w->call;
    a->with = w->called_with;
    a->end = w->call == PAV_CALL_MAP_RUN ? NULL : next_end(r, w->state);
    a->begun = false;
    r->asked_count++;
}

static void
step(struct run *r, const struct pav_wake *wake)
{
    static const char *const all[] = {"*"};
    static const struct pav_services services = {all, 1, PAV_UNMAPPED_DEFAULT};
    struct pav_step_in in = {.machine = r->machine,
                             .identity = &r->identity,
                             .record = r->record,
                             .execution_input = r->input,
                             .first_event_id = r->next_id,
                             .wake = *wake,
                             .now_ms = r->now_ms,
                             .services = &services,
                             .map_state = r->map_state};
    uint32_t i;

    memcpy(in.seed, &r->next_id, sizeof(r->next_id));
    pav_step(&in, r->arena, &r->out);
    r->records.machine = r->machine;
    r->record = keep_record(&r->records, &r->out.record, r->arena);
    pav_buf_fini(&r->out.record);
    for (i = 0; i < r->out.event_count; i++) {
        struct pav_history_event e;

        pav_history_event(r->record, i, r->next_id, r->arena, &e);
        pav_items_add(&r->history, event_doc(r->arena, &e));
    }
    r->next_id += r->out.event_count;
    for (i = 0; i < r->out.wait_count; i++)
        if (r->out.waits[i].called_with != NULL)
            ask(r, &r->out.waits[i]);
}

/* ---- ends of tasks ---- */

static const struct pav_doc *
next_end(struct run *r, const char *state)
{
    const struct pav_doc *ends = pav_doc_get(pav_doc_get(r->c, "mocks"), state);
    uint32_t i;

    while (r->parent != NULL)
        r = r->parent;
    for (i = 0; i < r->script_count; i++)
        if (strcmp(r->scripts[i].state, state) == 0)
            break;
    if (i == r->script_count) {
        if (i == MAX_SCRIPTS)
            return NULL;
        r->scripts[i].state = state;
        r->scripts[i].used = 0;
        r->script_count++;
    }
    return pav_doc_at(ends, r->scripts[i].used++);
}

static bool
is_open(const struct run *r, uint32_t no)
{
    uint32_t i;

    for (i = 0; i < r->out.wait_count; i++)
        if (r->out.waits[i].no == no)
            return true;
    return false;
}

/* The worker's name is the recording's. */
static const char *
worker_of(struct run *r)
{
    const struct pav_doc *events =
        pav_doc_get(pav_doc_get(r->c, "expect"), "history");
    uint32_t i;

    for (i = 0; events != NULL && i < events->len; i++) {
        const struct pav_doc *e = &events->items[i];

        if (pav_doc_is_str(pav_doc_get(e, "type"), "ActivityStarted")) {
            const struct pav_doc *name =
                pav_doc_get(pav_doc_get(e, "details"), "workerName");

            return name == NULL ? NULL : pav_doc_str(r->arena, name);
        }
    }
    return NULL;
}

/* `mocks_partial`: see at the top of the file. */
static void
end_deduced(struct run *r, const struct asked *a)
{
    const struct pav_doc *output =
        pav_doc_get(pav_doc_get(r->c, "expect"), "output");
    const struct pav_doc *error = pav_doc_get(output, "Error");
    const struct pav_doc *cause = pav_doc_get(output, "Cause");
    struct pav_wake wake = {.kind = PAV_WAKE_SUCCESS, .no = a->no};

    if (error != NULL && cause != NULL) {
        wake.kind = PAV_WAKE_FAILURE;
        wake.error = pav_doc_str(r->arena, error);
        wake.cause = pav_doc_str(r->arena, cause);
    } else {
        wake.output =
            r->map_state != NULL || output == NULL ? r->input : output;
    }
    step(r, &wake);
}

static void
check_parameters(struct run *r, const struct asked *a)
{
    const struct pav_doc *want = pav_doc_get(a->end, "parameters");
    struct normal n = {r->arena, pav_doc_get(r->c, "masks")};
    struct pav_buf b;

    if (want == NULL || r->why != NULL || normal_equal(&n, want, a->with))
        return;
    pav_buf_init(&b, 2000);
    pav_doc_print(a->with, &b);
    r->why = pav_arena_printf(r->arena, "'%s' is called with %s", a->state,
                              b.p == NULL ? "" : b.p);
    pav_buf_fini(&b);
}

/* False: nothing to be done for it now. */
static bool
begin_task(struct run *r, struct asked *a)
{
    const struct pav_doc *submitted = pav_doc_get(a->end, "submitted");
    struct pav_wake wake = {.no = a->no};

    a->begun = true;
    check_parameters(r, a);
    if (a->call == PAV_CALL_ACTIVITY) {
        wake.kind = PAV_WAKE_STARTED;
        wake.worker = worker_of(r);
    } else if (submitted != NULL) {
        wake.kind = PAV_WAKE_SUBMITTED;
        wake.output = submitted;
    } else {
        return false;
    }
    step(r, &wake);
    return true;
}

static const char *
cause_of(struct run *r, const struct pav_doc *cause)
{
    struct pav_buf b;
    const char *text;

    if (cause == NULL || cause->kind == PAV_STRING)
        return pav_doc_str(r->arena, cause == NULL ? &pav_doc_null : cause);
    pav_buf_init(&b, 1 << 20); /* it was JSON text */
    pav_doc_print(cause, &b);
    text = pav_arena_strdup(r->arena, b.p);
    pav_buf_fini(&b);
    return text;
}

static bool
end_task(struct run *r, struct asked *a)
{
    const struct pav_doc *result = pav_doc_get(a->end, "result");
    struct pav_wake wake = {.no = a->no};

    if (a->end == NULL) {
        if (pav_doc_get(r->c, "mocks_partial") == NULL)
            return false;
        end_deduced(r, a);
        return true;
    }
    if (pav_doc_get(a->end, "no_reply") != NULL)
        return false;
    if (result != NULL) {
        wake.kind = PAV_WAKE_SUCCESS;
        wake.output = result;
    } else {
        wake.kind = PAV_WAKE_FAILURE;
        wake.error = pav_doc_str(r->arena, pav_doc_get(a->end, "error"));
        wake.cause = cause_of(r, pav_doc_get(a->end, "cause"));
    }
    step(r, &wake);
    return true;
}

/* ---- distributed Map ---- */

static void
put_csv(struct pav_buf *b, const struct pav_doc *text)
{
    uint32_t i;

    pav_buf_putc(b, '"');
    for (i = 0; i < text->len; i++) {
        if (text->text[i] == '"')
            pav_buf_putc(b, '"');
        pav_buf_putc(b, text->text[i]);
    }
    pav_buf_putc(b, '"');
}

static void
put_row(struct pav_buf *b, const struct pav_doc *item, bool keys)
{
    uint32_t i;

    for (i = 0; i < item->len; i++) {
        struct pav_doc key = {.kind = PAV_STRING,
                              .len = item->members[i].len,
                              .text = item->members[i].key};

        if (i > 0)
            pav_buf_putc(b, ',');
        put_csv(b, keys ? &key : &item->members[i].value);
    }
    pav_buf_puts(b, "\r\n");
}

/* The items of batches; of anything else, itself. */
static const struct pav_doc *
unbatched(struct run *r, const struct pav_doc *outputs)
{
    const struct pav_doc *batch;
    struct pav_items items;
    uint32_t i, j;

    if (pav_doc_get(pav_doc_at(outputs, 0), "Items") == NULL)
        return outputs;
    pav_items_init(&items, r->arena);
    for (i = 0; i < outputs->len; i++) {
        batch = pav_doc_get(&outputs->items[i], "Items");
        for (j = 0; batch != NULL && j < batch->len; j++)
            pav_items_add(&items, pav_doc_at(batch, j));
    }
    return pav_items_array(&items);
}

/* The object that was read, deduced: see at the top of the file. */
static const char *
object_text(struct run *r, const struct pav_doc *config, int64_t max_items)
{
    const struct pav_doc *items =
        unbatched(r, pav_doc_get(pav_doc_get(r->c, "expect"), "output"));
    const struct pav_doc *headers = pav_doc_get(config, "CSVHeaders");
    bool csv = pav_doc_is_str(pav_doc_get(config, "InputType"), "CSV");
    struct pav_buf b;
    const char *text;
    uint32_t i;

    pav_buf_init(&b, 1 << 20);
    if (items == NULL || items->kind != PAV_ARRAY) {
        pav_buf_puts(&b, csv ? "a,b,c\n1,2,3\n" : "{\"key\":\"value\"}");
    } else if (csv) {
        if (headers == NULL && items->len > 0)
            put_row(&b, &items->items[0], true);
        for (i = 0; i < items->len; i++)
            put_row(&b, &items->items[i], false);
        if (max_items > 0 && max_items < 1000000)
            put_row(&b, &items->items[0], false);
    } else {
        pav_doc_print(items, &b);
    }
    text = pav_arena_strdup(r->arena, b.p == NULL ? "" : b.p);
    pav_buf_fini(&b);
    return text;
}

/* The Map's definition, wherever it stands. */
static const struct pav_doc *
find_state(const struct pav_doc *d, const char *name)
{
    uint32_t i;

    if (d->kind == PAV_OBJECT) {
        const struct pav_doc *states = pav_doc_get(d, "States");
        const struct pav_doc *found =
            states == NULL ? NULL : pav_doc_get(states, name);

        for (i = 0; found == NULL && i < d->len; i++)
            found = find_state(&d->members[i].value, name);
        return found;
    }
    if (d->kind == PAV_ARRAY)
        for (i = 0; i < d->len; i++) {
            const struct pav_doc *found = find_state(&d->items[i], name);

            if (found != NULL)
                return found;
        }
    return NULL;
}

static bool
inputs_of(struct run *r, const struct asked *a, const struct pav_doc **inputs,
          struct pav_wake *wake)
{
    struct pav_step_in in = {.machine = r->machine,
                             .identity = &r->identity,
                             .record = r->record,
                             .execution_input = r->input,
                             .now_ms = r->now_ms};
    struct pav_map_part part = {.source = "S3://bucket/key"};
    struct pav_map_items items = {0};
    const struct pav_doc *config;
    int64_t max_items = 0;

    *inputs = pav_doc_get(a->with, "inputs");
    if (*inputs != NULL)
        return true;
    (void)pav_doc_int(pav_doc_get(a->with, "maxItems"), &max_items);
    config = pav_doc_get(
        pav_doc_get(find_state(pav_doc_get(r->c, "definition"), a->state),
                    "ItemReader"),
        "ReaderConfig");
    part.text.p = object_text(r, config, max_items);
    part.text.len = strlen(part.text.p);
    wake->error = "States.ItemReaderFailed";
    return pav_map_items(r->machine, a->state, &part, 1, max_items, r->arena,
                         &items, &wake->cause) &&
           pav_map_inputs(&in, a->no, &items, r->arena, inputs, &wake->error,
                          &wake->cause);
}

static const struct pav_doc *
writer_output(struct run *r, const struct asked *a)
{
    const struct pav_doc *writer = pav_doc_get(a->with, "writer");
    struct pav_members m, details;
    const char *arn = NULL;
    uint32_t i;

    for (i = 0; i < r->out.wait_count; i++)
        if (r->out.waits[i].no == a->no)
            arn = r->out.waits[i].map_run;
    pav_members_init(&details, r->arena);
    pav_members_puts(&details, "Bucket", pav_doc_get(writer, "Bucket"));
    pav_members_puts(
        &details, "Key",
        pav_doc_new_cstr(
            r->arena, pav_arena_printf(
                          r->arena, "%s/%s/manifest.json",
                          pav_doc_str(r->arena, pav_doc_get(writer, "Prefix")),
                          strrchr(arn, ':') + 1)));
    pav_members_init(&m, r->arena);
    pav_members_puts(&m, "MapRunArn", pav_doc_new_cstr(r->arena, arn));
    pav_members_puts(&m, "ResultWriterDetails", pav_members_object(&details));
    return pav_members_object(&m);
}

/* Below 0: the run's spec has no such bound. */
static double
tolerated(const struct asked *a, const char *key)
{
    const struct pav_doc *n = pav_doc_get(a->with, key);

    return n == NULL ? -1 : pav_doc_double(n);
}

static void
run_map(struct run *r, struct asked *a)
{
    struct pav_wake wake = {.kind = PAV_WAKE_FAILURE, .no = a->no};
    const struct pav_doc *inputs = NULL;
    struct pav_items outputs;
    int64_t failed = 0;
    uint32_t i;

    pav_items_init(&outputs, r->arena);
    if (!inputs_of(r, a, &inputs, &wake)) {
        step(r, &wake);
        return;
    }
    for (i = 0; i < inputs->len; i++) {
        struct run child = {.arena = r->arena,
                            .c = r->c,
                            .machine = r->machine,
                            .identity = r->identity,
                            .input = &inputs->items[i],
                            .map_state = a->state,
                            .parent = r,
                            .now_ms = r->now_ms};

        asl_execute(&child);
        if (child.why != NULL && r->why == NULL)
            r->why = child.why;
        if (child.out.status == PAV_SUCCEEDED)
            pav_items_add(&outputs, child.out.output);
        else
            failed++;
    }
    if (pav_map_exceeded((int64_t)tolerated(a, "toleratedFailureCount"),
                         tolerated(a, "toleratedFailurePercentage"), failed,
                         inputs->len)) {
        wake.error = "States.ExceedToleratedFailureThreshold";
        wake.cause = "The specified tolerated failure threshold was exceeded";
    } else {
        wake.kind = PAV_WAKE_SUCCESS;
        wake.error = NULL;
        wake.output = pav_doc_get(a->with, "writer") != NULL
                          ? writer_output(r, a)
                          : pav_items_array(&outputs);
    }
    step(r, &wake);
}

/* ---- the loop ---- */

static bool
serve(struct run *r)
{
    uint32_t i;

    for (i = 0; i < r->asked_count; i++) {
        struct asked a = r->asked[i];

        if (is_open(r, a.no) && !a.begun && a.call != PAV_CALL_MAP_RUN &&
            begin_task(r, &r->asked[i]))
            return true;
    }
    for (i = 0; i < r->asked_count; i++) {
        struct asked a = r->asked[i];

        if (!is_open(r, a.no) || a.no == 0)
            continue;
        if (a.call == PAV_CALL_MAP_RUN) {
            r->asked[i].no = 0;
            run_map(r, &a);
            return true;
        }
        if (end_task(r, &a))
            return true;
    }
    return false;
}

static bool
fire_a_timer(struct run *r)
{
    const struct pav_timer *first = NULL;
    struct pav_wake wake = {.kind = PAV_WAKE_TIMER};
    uint32_t i;

    for (i = 0; i < r->out.timer_count; i++)
        if (first == NULL || r->out.timers[i].due_at < first->due_at)
            first = &r->out.timers[i];
    if (first == NULL || first->due_at > r->now_ms + FAR_MS)
        return false;
    if (first->due_at > r->now_ms)
        r->now_ms = first->due_at;
    wake.no = first->no;
    step(r, &wake);
    return true;
}

/* Those that are gone make room. */
static void
forget_closed(struct run *r)
{
    uint32_t i, n = 0;

    for (i = 0; i < r->asked_count; i++)
        if (is_open(r, r->asked[i].no))
            r->asked[n++] = r->asked[i];
    r->asked_count = n;
}

void
asl_execute(struct run *r)
{
    struct pav_wake wake = {.kind = PAV_WAKE_START, .output = r->input};
    int steps = 0;

    r->next_id = 1;
    pav_items_init(&r->history, r->arena);
    step(r, &wake);
    while (r->out.status == PAV_RUNNING && steps++ < MAX_STEPS) {
        forget_closed(r);
        if (!serve(r) && !fire_a_timer(r))
            break;
    }
}
