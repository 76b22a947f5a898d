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
#include <string.h>

#include "frame.h"
#include "model.h"
#include "record.h"
#include "stepper.h"

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
recorder_event(struct recorder *r, enum pav_event_type type,
               int64_t previous_id, const struct event_data *data)
{
    struct pav_buf *b = &r->events;

    pav_buf_puts(b, r->event_count++ == 0 ? "[" : ",[");
    pav_buf_int(b, type);
    pav_buf_putc(b, ',');
    pav_buf_int(b, previous_id);
    switch (event_rows[type].shape) {
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
