/*
 * The record of a step, one journal row, in bytes.  A number is seven bits a
 * byte, the low ones first; the high bit says that more follow.
 *
 *   byte    1, the format (JSON text begins with '{': record_json.c)
 *   number  the next wait number
 *   number  how many payloads, then those (enum payload_tag):
 *             byte tag, then
 *             INLINE         number length, JSON text
 *             EVENT          number: source offset + 1 in the event's body
 *             DEFINITION, RESOURCE_TYPE, RESOURCE  the same in the definition
 *             EARLIER        number: the previous step's id minus its step's;
 *                            number: which payload of that step's record
 *             SPLICE         number length, bytes; source offset + 1 in the
 *                            event's body, length; number length, bytes
 *             TEMPLATE       number: source offset + 1 in the definition;
 *                            number: how many values, then the place of each
 *   number  bytes of frames: where the execution stands, or stood when it
 *           ended; 0 when it succeeded
 *   number  how many history events, in order of their ids, then those:
 *             byte type, number previous event's id, and by the shape of its
 *             type
 *             SHAPE_NONE
 *             SHAPE_PAYLOAD   payload           (execution's input and output)
 *             SHAPE_STATE     name, payload, assigned variables
 *             SHAPE_TASK      resource type, resource, payload, timeout,
 *                             heartbeat, credentials
 *             SHAPE_CALL      resource, payload, timeout, heartbeat,
 *                             credentials
 *             SHAPE_FAILURE   resource type, resource, error, cause
 *             SHAPE_ERROR     error, cause      (of the execution)
 *             SHAPE_ITERATION name, index
 *             SHAPE_NUMBER    a number
 *             SHAPE_TEXT      a text            (a map run's ARN, a worker)
 *             SHAPE_EVALUATION name, error, cause, a text (the location)
 *           A payload, resource or resource type is its place among the
 *           payloads, plus 1 (0: none); a name is source offset + 1 of the
 *           state's name in the definition; a text is its length plus 1 (0:
 *           none) and its bytes.
 *
 * A frame: name, byte phase, the numbers previous event, entered event, entered
 * at, then a number whose bits say what follows, in this order:
 *   1 input  2 output  4 variables  8 dynamic name   places of payloads, plus 1
 *   16 wait number  32 due  64 heartbeat seconds  128 next heartbeat
 *   256 stage  512 index of an iteration  1024 retries          numbers
 *   2048 token                                                  a text
 *   4096 attempts by retrier   a number each
 *   8192 the Map: places of items and effective input, then the numbers started
 *        event, items, next, concurrency, and for each item before next the
 *        place of its result, plus 1 (0: it is among the frames, or null)
 *   16384 the frames of branches or iterations: how many, then those
 *
 * Laws of the record:
 * R1  The same step makes the same bytes.
 * R2  What refers to an earlier record refers to the one that has the payload,
 *     never to one that refers on.
 * R3  A payload is in the table once, but for those that fell out of `recent`.
 */
#include <string.h>

#include "frame.h"
#include "model.h"
#include "record.h"
#include "stepper.h"

#define FORMAT 1

void
recorder_init(struct recorder *r, struct stepper *st)
{
    memset(r, 0, sizeof(*r));
    r->st = st;
    r->in = st->in;
    if (r->in->record != NULL)
        r->carried = pav_arena_zalloc(st->arena, r->in->record->payload_count *
                                                     sizeof(*r->carried));
    pav_buf_init(&r->payloads, RECORD_MAX);
    pav_buf_init(&r->text, RECORD_MAX);
    pav_buf_init(&r->events, SIZE_MAX / 2);
}

void
recorder_fini(struct recorder *r)
{
    pav_buf_fini(&r->payloads);
    pav_buf_fini(&r->text);
    pav_buf_fini(&r->events);
}

static void
put_number(struct pav_buf *b, uint64_t n)
{
    char bytes[10];
    size_t len = 0;

    if (n < 0x80) { /* most of them */
        pav_buf_putc(b, (char)n);
        return;
    }
    for (; n >= 0x80; n >>= 7)
        bytes[len++] = (char)(n | 0x80);
    bytes[len++] = (char)n;
    pav_buf_put(b, bytes, len);
}

static void
put_text(struct pav_buf *b, const char *text)
{
    size_t len = text == NULL ? 0 : strlen(text);

    put_number(b, text == NULL ? 0 : len + 1);
    if (len > 0)
        pav_buf_put(b, text, len);
}

/* ---- payloads ---- */

static uint32_t
put_place(struct recorder *r, enum payload_tag tag, uint64_t at)
{
    pav_buf_putc(&r->payloads, (char)tag);
    put_number(&r->payloads, at);
    return r->payload_count++;
}

/* What an earlier record has, or refers to: R2. */
static uint32_t
carry(struct recorder *r, uint32_t place)
{
    const struct pav_record *from = r->in->record;
    const struct record_payload *p = &from->payloads[place];
    int64_t step = from->stored.id;

    PAV_ASSERT(place < from->payload_count);
    if (r->carried[place] != 0)
        return r->carried[place] - 1;
    if (p->tag == PAYLOAD_EARLIER) {
        step = p->step;
        place = p->at;
    }
    if (p->tag == PAYLOAD_INLINE || p->tag == PAYLOAD_EVENT ||
        p->tag == PAYLOAD_EARLIER || p->tag == PAYLOAD_SPLICE ||
        p->tag == PAYLOAD_TEMPLATE) {
        (void)put_place(r, PAYLOAD_EARLIER, (uint64_t)(from->stored.id - step));
        put_number(&r->payloads, place);
    } else {
        (void)put_place(r, p->tag, p->at);
    }
    return (r->carried[p - from->payloads] = r->payload_count) - 1;
}

/* The place of a payload of the last record that was asked for; or -1. */
static int64_t
known(const struct recorder *r, const struct pav_doc *d)
{
    const struct pav_record *from = r->in->record;
    uint32_t i;

    if (from == NULL || from->stored.id == 0)
        return -1;
    for (i = 0; i < from->payload_count && i < RECENT_PAYLOADS; i++)
        if (from->payloads[i].doc == d)
            return i;
    return -1;
}

/* Its printed text is at most `max` bytes; `bytes`: what it was read from. */
static bool
fits(const struct pav_doc *d, size_t bytes, size_t max)
{
    return (bytes != 0 && bytes <= max) || pav_doc_fits(d, max);
}

static uint32_t
put_inline(struct recorder *r, const struct pav_doc *d, size_t max, bool own)
{
    size_t before = r->payloads.len;

    r->text.len = 0;
    if (own)
        pav_doc_print_own(d, &r->text);
    else
        pav_doc_print(d, &r->text);
    if (!r->text.over && r->text.len <= max) {
        (void)put_place(r, PAYLOAD_INLINE, r->text.len);
        pav_buf_put(&r->payloads, r->text.p, r->text.len);
        if (!r->payloads.over)
            return r->payload_count - 1;
        r->payload_count--;
    }
    r->payloads.len = before; /* too long, or nested too deeply */
    r->payloads.over = r->text.over = false;
    return PAYLOAD_TOO_BIG;
}

static void
put_bytes(struct pav_buf *b, const char *p, size_t len)
{
    put_number(b, len);
    pav_buf_put(b, p, len);
}

/* The wake's output is the event, or all of it stands in the event's body. */
static bool
is_of_event(const struct pav_step_in *in)
{
    const struct pav_event_text *t = in->event;
    size_t at = in->wake.output->at;

    return t != NULL && at > 0 &&
           (at == 1 ||
            (at - 1 >= t->before.len && at - 1 < t->before.len + t->len));
}

static uint32_t
put_event(struct recorder *r, const struct pav_doc *d)
{
    const struct pav_event_text *t = r->in->event;

    if (d->at > 1 || t->before.len == 0)
        return put_place(r, PAYLOAD_EVENT, d->at - t->before.len + t->body_at);
    (void)put_place(r, PAYLOAD_SPLICE, t->before.len);
    pav_buf_put(&r->payloads, t->before.p, t->before.len);
    put_number(&r->payloads, t->body_at + 1);
    put_number(&r->payloads, t->len);
    put_bytes(&r->payloads, t->behind.p, t->behind.len);
    return r->payload_count - 1;
}

#define LOOK_BACK 8 /* templates: the last one, mostly */

static const struct templated *
templated_as(const struct recorder *r, const struct pav_doc *d)
{
    const struct templated *t = r->st->templated;
    int i;

    for (i = 0; t != NULL && t->doc != d; i++)
        t = i < LOOK_BACK ? t->before : NULL;
    return t;
}

static uint32_t
ref_within(struct recorder *r, const struct pav_doc *d, size_t max, bool own);

static uint32_t
put_template(struct recorder *r, const struct templated *t, size_t max)
{
    uint32_t i, *places = pav_arena_alloc(r->st->arena,
                                          (t->count + 1) * sizeof(*places));

    for (i = 0; i < t->count; i++) {
        places[i] = ref_within(r, t->values[i], max, true);
        if (places[i] == PAYLOAD_TOO_BIG)
            return PAYLOAD_TOO_BIG;
    }
    (void)put_place(r, PAYLOAD_TEMPLATE, t->at);
    put_number(&r->payloads, t->count);
    for (i = 0; i < t->count; i++)
        put_number(&r->payloads, places[i]);
    return r->payload_count - 1;
}

static uint32_t
put_payload(struct recorder *r, const struct pav_doc *d, size_t max, bool own)
{
    const struct templated *filled;
    const struct pav_step_in *in = r->in;
    const struct origin *origin;
    int64_t place;

    if (d == in->wake.output && is_of_event(in))
        return fits(d,
                    in->event->before.len + in->event->len +
                        in->event->behind.len,
                    max)
                   ? put_event(r, d)
                   : PAYLOAD_TOO_BIG;
    origin = machine_origin(in->machine, d);
    if (origin != NULL)
        return fits(d, in->machine->text_len, max)
                   ? put_place(r, origin->tag, origin->at)
                   : PAYLOAD_TOO_BIG;
    place = known(r, d);
    if (place >= 0)
        return fits(d, in->record->payloads[place].len, max)
                   ? carry(r, (uint32_t)place)
                   : PAYLOAD_TOO_BIG;
    filled = templated_as(r, d);
    if (filled != NULL)
        return fits(d, 0, max) ? put_template(r, filled, max) : PAYLOAD_TOO_BIG;
    return put_inline(r, d, max, own);
}

static uint32_t
ref_within(struct recorder *r, const struct pav_doc *d, size_t max, bool own)
{
    uint32_t i, n = r->recent_count, ref;

    PAV_ASSERT(d != NULL);
    for (i = 0; i < RECENT_PAYLOADS && i < n; i++)
        if (r->recent[(n - 1 - i) % RECENT_PAYLOADS].doc == d)
            return r->recent[(n - 1 - i) % RECENT_PAYLOADS].ref;
    ref = put_payload(r, d, max, own);
    if (ref != PAYLOAD_TOO_BIG) {
        r->recent[n % RECENT_PAYLOADS].doc = d;
        r->recent[n % RECENT_PAYLOADS].ref = ref;
        r->recent_count++;
    }
    return ref;
}

uint32_t
recorder_ref(struct recorder *r, const struct pav_doc *d)
{
    return ref_within(r, d, PAV_PAYLOAD_MAX, false);
}

/* ---- events ---- */

static void
put_ref(struct recorder *r, const struct pav_doc *d)
{
    uint32_t ref = d == NULL ? 0 : recorder_ref(r, d);

    PAV_ASSERT(ref != PAYLOAD_TOO_BIG);
    put_number(&r->events, d == NULL ? 0 : ref + 1);
}

/* Timeout, heartbeat and credentials. */
static void
put_limits(struct recorder *r, const struct event_data *data)
{
    put_number(&r->events, (uint64_t)data->timeout_s);
    put_number(&r->events, (uint64_t)data->heartbeat_s);
    put_ref(r, data->credentials);
}

void
recorder_event(struct recorder *r, enum pav_event_type type,
               int64_t previous_id, const struct event_data *data)
{
    struct pav_buf *b = &r->events;

    r->event_count++;
    pav_buf_putc(b, (char)type);
    put_number(b, (uint64_t)previous_id);
    switch (event_rows[type].shape) {
    case SHAPE_NONE:
        break;
    case SHAPE_PAYLOAD:
        put_ref(r, data->payload);
        break;
    case SHAPE_STATE:
        put_number(b, data->state->name_at);
        put_ref(r, data->payload);
        put_ref(r, data->assigned);
        break;
    case SHAPE_TASK:
        put_ref(r, data->resource_type);
        put_ref(r, data->resource);
        put_ref(r, data->payload);
        put_limits(r, data);
        break;
    case SHAPE_CALL:
        put_ref(r, data->resource);
        put_ref(r, data->payload);
        put_limits(r, data);
        break;
    case SHAPE_ITERATION:
        put_number(b, data->state->name_at);
        put_number(b, data->number);
        break;
    case SHAPE_NUMBER:
        put_number(b, data->number);
        break;
    case SHAPE_TEXT:
        put_text(b, data->text);
        break;
    case SHAPE_FAILURE:
        put_ref(r, data->resource_type);
        put_ref(r, data->resource);
        put_text(b, data->error);
        put_text(b, data->cause);
        break;
    case SHAPE_ERROR:
        put_text(b, data->error);
        put_text(b, data->cause);
        break;
    case SHAPE_EVALUATION:
        put_number(b, data->state->name_at);
        put_text(b, data->error);
        put_text(b, data->cause);
        put_text(b, data->text);
        break;
    }
}

/* ---- frames ---- */

/* For what no event shows; what makes the record too large ends the execution:
 * recorder_finish(). */
static uint32_t
ref_any(struct recorder *r, const struct payload *p)
{
    uint32_t ref;

    if (p->doc == NULL && p->from == r->in->record && p->from->stored.id != 0)
        return carry(r, p->place);
    ref = ref_within(r, payload_doc(p), RECORD_MAX, true);
    r->too_large |= ref == PAYLOAD_TOO_BIG;
    return ref;
}

static void
put_map(struct recorder *r, const struct frame *f, struct pav_buf *b)
{
    const struct map_state *map = f->map;
    uint32_t i;

    put_number(b, ref_any(r, &map->items));
    put_number(b, ref_any(r, &map->effective));
    put_number(b, (uint64_t)map->started_id);
    put_number(b, map->item_count);
    put_number(b, map->next);
    put_number(b, map->concurrency);
    for (i = 0; i < map->next; i++)
        put_number(b, is_given(&map->results[i])
                          ? (uint64_t)ref_any(r, &map->results[i]) + 1
                          : 0);
}

/* What a frame has, as the bits say it. */
static unsigned
bits_of(const struct frame *f)
{
    return (is_given(&f->input) && f->phase != PHASE_DONE ? FRAME_INPUT : 0) |
           (f->phase == PHASE_DONE ? FRAME_OUTPUT : 0) |
           (f->variables != NULL ? FRAME_VARIABLES : 0) |
           (f->named != NULL ? FRAME_NAMED : 0) | (f->no != 0 ? FRAME_NO : 0) |
           (f->due_at != 0 ? FRAME_DUE : 0) |
           (f->beat_s != 0 ? FRAME_BEAT : 0) |
           (f->beat_at != 0 ? FRAME_BEAT_AT : 0) |
           (f->phase == PHASE_TASK && f->stage != 0 ? FRAME_STAGE : 0) |
           (f->index != 0 ? FRAME_INDEX : 0) |
           (f->retry_count != 0 ? FRAME_RETRIES : 0) |
           (f->token != NULL ? FRAME_TOKEN : 0) |
           (f->attempts != NULL ? FRAME_ATTEMPTS : 0) |
           (f->phase == PHASE_MAP ? FRAME_MAP : 0) |
           (has_kids(f) ? FRAME_KIDS : 0);
}

static void
put_made(struct recorder *r, const struct pav_doc *d, struct pav_buf *b)
{
    struct payload p = {.doc = d};

    put_number(b, (uint64_t)ref_any(r, &p) + 1);
}

static void
put_frame(struct recorder *r, const struct frame *f, struct pav_buf *b)
{
    unsigned bits = bits_of(f);
    uint32_t i;

    put_number(b, f->state->name_at);
    pav_buf_putc(b, (char)f->phase);
    put_number(b, (uint64_t)f->previous_id);
    put_number(b, (uint64_t)f->entered_id);
    put_number(b, (uint64_t)f->entered_at);
    put_number(b, bits);
    if (bits & FRAME_INPUT)
        put_number(b, (uint64_t)ref_any(r, &f->input) + 1);
    if (bits & FRAME_OUTPUT)
        put_number(b, (uint64_t)ref_any(r, &f->output) + 1);
    if (bits & FRAME_VARIABLES)
        put_made(r, f->variables, b);
    if (bits & FRAME_NAMED)
        put_made(r, f->named, b);
    if (bits & FRAME_NO)
        put_number(b, f->no);
    if (bits & FRAME_DUE)
        put_number(b, (uint64_t)f->due_at);
    if (bits & FRAME_BEAT)
        put_number(b, (uint64_t)f->beat_s);
    if (bits & FRAME_BEAT_AT)
        put_number(b, (uint64_t)f->beat_at);
    if (bits & FRAME_STAGE)
        put_number(b, (uint64_t)f->stage);
    if (bits & FRAME_INDEX)
        put_number(b, f->index);
    if (bits & FRAME_RETRIES)
        put_number(b, (uint64_t)f->retry_count);
    if (bits & FRAME_TOKEN)
        put_text(b, f->token);
    for (i = 0; f->attempts != NULL && i < f->state->retrier_count; i++)
        put_number(b, (uint64_t)f->attempts[i]);
    if (bits & FRAME_MAP)
        put_map(r, f, b);
    if ((bits & FRAME_KIDS) == 0)
        return;
    put_number(b, f->kid_count);
    for (i = 0; i < f->kid_count; i++)
        put_frame(r, f->kids[i], b);
}

/* ---- all of it ---- */

/* Back to the events alone. */
static void
forget_frames(struct recorder *r, uint32_t count, size_t len)
{
    uint32_t i;

    r->too_large = false;
    r->payload_count = count;
    r->payloads.len = len;
    memset(r->recent, 0, sizeof(r->recent));
    for (i = 0; r->in->record != NULL && i < r->in->record->payload_count; i++)
        if (r->carried[i] > count)
            r->carried[i] = 0;
}

struct pav_bytes
pav_record_whole(const struct pav_machine *m, struct pav_record *r,
                 struct pav_arena *a)
{
    struct pav_step_in in = {.machine = m};
    struct pav_step_out ignored = {.status = PAV_RUNNING};
    struct stepper st = {.in = &in,
                         .machine = m,
                         .arena = a,
                         .out = &ignored,
                         .root = record_frames(m, r, a),
                         .next_no = r->next_no};
    struct pav_bytes bytes = {"", 0};
    struct pav_buf out;

    recorder_init(&st.rec, &st);
    if (recorder_finish(&st, &out)) {
        bytes.len = out.len;
        bytes.p = pav_arena_strndup(a, out.p, out.len);
        pav_buf_fini(&out);
    }
    recorder_fini(&st.rec);
    return bytes;
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
    if (r->too_large) {
        forget_frames(r, count, len);
        pav_buf_fini(&frames);
        return false;
    }
    pav_buf_init(out, SIZE_MAX / 2);
    pav_buf_reserve(out, r->payloads.len + r->events.len + frames.len + 64);
    pav_buf_putc(out, FORMAT);
    put_number(out, st->next_no);
    put_number(out, r->payload_count);
    pav_buf_put(out, r->payloads.p == NULL ? "" : r->payloads.p,
                r->payloads.len);
    put_number(out, frames.len);
    pav_buf_put(out, frames.p == NULL ? "" : frames.p, frames.len);
    put_number(out, r->event_count);
    pav_buf_put(out, r->events.p == NULL ? "" : r->events.p, r->events.len);
    pav_buf_fini(&frames);
    return true;
}
