/* Records read again: payloads and events.  Format: record_write.c. */
#include <string.h>

#include "jsonpath.h"
#include "model.h"
#include "record.h"
#include "task.h"

#define FORMAT 1

/* ---- opening ---- */

static uint32_t
number(const uint8_t **p, const uint8_t *limit)
{
    return (uint32_t)record_number(p, limit);
}

static void
skip_bytes(const uint8_t **p, const uint8_t *limit)
{
    uint64_t len = record_number(p, limit);

    PAV_ASSERT(len <= (uint64_t)(limit - *p));
    *p += len;
}

static void
open_payload(struct pav_record *r, struct record_payload *out,
             const uint8_t **p, const uint8_t *limit)
{
    uint32_t n;

    PAV_ASSERT(*p < limit);
    out->tag = (enum payload_tag) * (*p)++;
    switch (out->tag) {
    case PAYLOAD_INLINE:
        out->len = number(p, limit);
        PAV_ASSERT(out->len <= (size_t)(limit - *p));
        out->text = (const char *)*p;
        *p += out->len;
        break;
    case PAYLOAD_EVENT:
    case PAYLOAD_DEFINITION:
    case PAYLOAD_RESOURCE_TYPE:
    case PAYLOAD_RESOURCE:
        out->at = number(p, limit);
        break;
    case PAYLOAD_SPLICE: /* taken apart when it is asked for */
        out->text = (const char *)*p;
        skip_bytes(p, limit);
        (void)record_number(p, limit);
        (void)record_number(p, limit);
        skip_bytes(p, limit);
        out->len = (size_t)((const char *)*p - out->text);
        break;
    case PAYLOAD_TEMPLATE: /* the same */
        out->at = number(p, limit);
        out->text = (const char *)*p;
        for (n = number(p, limit); n > 0; n--)
            (void)record_number(p, limit);
        out->len = (size_t)((const char *)*p - out->text);
        break;
    case PAYLOAD_EARLIER:
        out->step = r->stored.previous - (int64_t)record_number(p, limit);
        out->at = number(p, limit);
        break;
    default:
        PAV_BUG("a record with a payload that is none");
    }
}

struct pav_record *
pav_record_open(const struct pav_stored *stored,
                const struct pav_sources *sources, struct pav_arena *a)
{
    struct pav_record *r = pav_arena_zalloc(a, sizeof(*r));
    const uint8_t *p = (const uint8_t *)stored->bytes.p;
    const uint8_t *limit = p + stored->bytes.len;
    uint32_t i;
    size_t len;

    r->stored = *stored;
    r->sources = sources;
    r->arena = a;
    if (p == limit || *p != FORMAT) {
        json_open(r);
        return r;
    }
    p++;
    r->next_no = number(&p, limit);
    r->payload_count = number(&p, limit);
    PAV_ASSERT(r->payload_count <= stored->bytes.len);
    r->payloads = pav_arena_zalloc(a, (r->payload_count + 1) *
                                          sizeof(struct record_payload));
    for (i = 0; i < r->payload_count; i++)
        open_payload(r, &r->payloads[i], &p, limit);
    len = number(&p, limit);
    PAV_ASSERT(len <= (size_t)(limit - p));
    r->frames = p;
    r->frames_end = p += len;
    r->event_count = number(&p, limit);
    r->events = p;
    r->end = limit;
    return r;
}

bool
pav_record_has_frames(const struct pav_record *r)
{
    return r->json != NULL ? pav_doc_get(r->json, "f") != NULL
                           : r->frames != r->frames_end;
}

bool
pav_record_definition(void *machine, int64_t execution_id, struct pav_arena *a,
                      struct pav_bytes *text)
{
    const struct pav_machine *m = machine;

    (void)execution_id;
    (void)a;
    text->p = m->text;
    text->len = m->text_len;
    return true;
}

/* ---- payloads ---- */

/* The value at a place of a text that was parsed when the place was taken. */
static const struct pav_doc *
value_at(struct pav_record *r, const struct pav_bytes *text, uint32_t at)
{
    const struct pav_doc *d = &pav_doc_null;
    struct pav_outline outline;
    size_t len;

    if (at == 0 || at > text->len ||
        !pav_doc_check(text->p + at - 1, text->len - (at - 1), PAV_DEPTH_MAX,
                       &outline, &len))
        return pav_doc_own(r->arena, "", 0); /* damaged in between */
    if (pav_doc_parse(r->arena, text->p + at - 1, len, NULL, &d, NULL) !=
        PAV_OK)
        return pav_doc_own(r->arena, "", 0);
    return d;
}

static const struct pav_doc *
of_definition(struct pav_record *r, uint32_t at)
{
    if (r->definition.p == NULL &&
        !r->sources->definition(r->sources->arg, r->stored.execution_id,
                                r->arena, &r->definition))
        return &pav_doc_null;
    return value_at(r, &r->definition, at);
}

static const struct pav_doc *
of_event(struct pav_record *r, uint32_t at)
{
    struct pav_bytes body;

    if (r->sources->event == NULL ||
        !r->sources->event(r->sources->arg, r->stored.event_id, r->arena,
                           &body))
        return &pav_doc_null;
    return value_at(r, &body, at);
}

static struct pav_bytes
bytes(const uint8_t **p, const uint8_t *limit)
{
    struct pav_bytes b;

    b.len = number(p, limit);
    b.p = (const char *)*p;
    *p += b.len;
    return b;
}

static const struct pav_doc *
of_splice(struct pav_record *r, const struct record_payload *payload)
{
    const uint8_t *p = (const uint8_t *)payload->text,
                  *limit = p + payload->len;
    struct pav_bytes before = bytes(&p, limit), body, behind;
    size_t at = number(&p, limit) - 1u, len = number(&p, limit);
    struct pav_buf text;
    const struct pav_doc *d;

    behind = bytes(&p, limit);
    if (r->sources->event == NULL ||
        !r->sources->event(r->sources->arg, r->stored.event_id, r->arena,
                           &body))
        return &pav_doc_null;
    if (at > body.len || len > body.len - at)
        return pav_doc_own(r->arena, "", 0); /* damaged in between */
    pav_buf_init(&text, SIZE_MAX / 2);
    pav_buf_put(&text, before.p, before.len);
    pav_buf_put(&text, body.p + at, len);
    pav_buf_put(&text, behind.p, behind.len);
    d = pav_doc_own(r->arena, pav_arena_strndup(r->arena, text.p, text.len),
                    text.len);
    pav_buf_fini(&text);
    return d;
}

static const struct pav_doc *
of_earlier(struct pav_record *r, const struct record_payload *p)
{
    struct pav_stored stored;

    if (r->earlier == NULL || r->earlier->stored.id != p->step) {
        if (r->sources->step == NULL ||
            !r->sources->step(r->sources->arg, p->step, r->arena, &stored))
            return &pav_doc_null;
        r->earlier = pav_record_open(&stored, r->sources, r->arena);
    }
    return record_payload(r->earlier, p->at);
}

/* A template of the definition with its computed members in. */
static struct pav_doc
filled(struct pav_record *r, const struct pav_doc *d, const uint8_t **p,
       const uint8_t *limit)
{
    struct pav_members members;
    struct pav_items items;
    struct pav_doc v;
    uint32_t i;

    if (d->kind == PAV_ARRAY) {
        pav_items_init(&items, r->arena);
        for (i = 0; i < d->len; i++) {
            v = filled(r, &d->items[i], p, limit);
            pav_items_add(&items, &v);
        }
        return *pav_items_array(&items);
    }
    if (d->kind != PAV_OBJECT)
        return *d;
    pav_members_init(&members, r->arena);
    for (i = 0; i < d->len; i++) {
        const struct pav_member *m = &d->members[i];

        if (tmpl_is_dynamic(m)) {
            pav_members_add(&members, m->key, m->len - 2,
                            record_payload(r, number(p, limit)));
            continue;
        }
        v = filled(r, &m->value, p, limit);
        pav_members_add(&members, m->key, m->len, &v);
    }
    return *pav_members_object(&members);
}

static const struct pav_doc *
of_template(struct pav_record *r, const struct record_payload *payload)
{
    const uint8_t *p = (const uint8_t *)payload->text,
                  *limit = p + payload->len;
    struct pav_doc *d = pav_arena_alloc(r->arena, sizeof(*d));

    (void)record_number(&p, limit); /* how many: the template knows */
    *d = filled(r, of_definition(r, payload->at), &p, limit);
    return d;
}

static const struct pav_doc *
of_resource(struct pav_record *r, const struct record_payload *p)
{
    const struct pav_doc *type, *action;
    const struct pav_doc *arn = of_definition(r, p->at);

    resource_history(arn, r->arena, &type, &action);
    return p->tag == PAYLOAD_RESOURCE_TYPE ? type : action;
}

const struct pav_doc *
record_payload(struct pav_record *r, uint32_t place)
{
    struct record_payload *p = &r->payloads[place];

    PAV_ASSERT(place < r->payload_count);
    if (p->doc != NULL)
        return p->doc;
    if (r->json != NULL)
        p->doc = json_payload(r, place);
    else
        switch (p->tag) {
        case PAYLOAD_INLINE:
            p->doc = pav_doc_own(r->arena, p->text, p->len);
            break;
        case PAYLOAD_EVENT:
            p->doc = of_event(r, p->at);
            break;
        case PAYLOAD_DEFINITION:
            p->doc = of_definition(r, p->at);
            break;
        case PAYLOAD_RESOURCE_TYPE:
        case PAYLOAD_RESOURCE:
            p->doc = of_resource(r, p);
            break;
        case PAYLOAD_EARLIER:
            p->doc = of_earlier(r, p);
            break;
        case PAYLOAD_SPLICE:
            p->doc = of_splice(r, p);
            break;
        case PAYLOAD_TEMPLATE:
            p->doc = of_template(r, p);
            break;
        }
    return p->doc;
}

const char *
record_name(struct pav_record *r, uint32_t at, struct pav_arena *a)
{
    const struct pav_doc *d = of_definition(r, at);

    return d->kind == PAV_STRING ? pav_doc_str(a, d) : "";
}

/* ---- events ---- */

uint32_t
pav_history_count(const struct pav_record *r)
{
    return r->event_count;
}

/* Past a text: a place is all that is wanted. */
static void
skip_text(const uint8_t **p, const uint8_t *limit)
{
    uint64_t len = record_number(p, limit);

    PAV_ASSERT(len <= (uint64_t)(limit - *p) + 1);
    if (len > 0)
        *p += len - 1;
}

static void
skip_event(const uint8_t **p, const uint8_t *limit)
{
    static const uint8_t numbers[] = {
        [SHAPE_NONE] = 0,   [SHAPE_PAYLOAD] = 1,    [SHAPE_STATE] = 3,
        [SHAPE_TASK] = 6,   [SHAPE_CALL] = 5,       [SHAPE_FAILURE] = 2,
        [SHAPE_ERROR] = 0,  [SHAPE_TEXT] = 0,       [SHAPE_ITERATION] = 2,
        [SHAPE_NUMBER] = 1, [SHAPE_EVALUATION] = 1,
    };
    static const uint8_t texts[] = {[SHAPE_FAILURE] = 2,
                                    [SHAPE_ERROR] = 2,
                                    [SHAPE_TEXT] = 1,
                                    [SHAPE_EVALUATION] = 3};
    enum shape shape;
    unsigned i, type;

    PAV_ASSERT(*p < limit);
    type = *(*p)++;
    PAV_ASSERT(type > 0 && type < EV_COUNT);
    shape = event_rows[type].shape;
    for (i = 0; i < numbers[shape] + 1u; i++) /* and the previous event */
        (void)record_number(p, limit);
    for (i = 0; shape < sizeof(texts) && i < texts[shape]; i++)
        skip_text(p, limit);
}

/* Where the i-th event begins. */
static const uint8_t *
event_start(struct pav_record *r, uint32_t i)
{
    const uint8_t *p = r->events;
    uint32_t n;

    PAV_ASSERT(i < r->event_count);
    if (i == 0)
        return p;
    if (r->offsets == NULL) {
        r->offsets =
            pav_arena_alloc(r->arena, r->event_count * sizeof(*r->offsets));
        for (n = 0; n < r->event_count; n++) {
            r->offsets[n] = (uint32_t)(p - r->events);
            skip_event(&p, r->end);
        }
    }
    return r->events + r->offsets[i];
}

static const struct pav_doc *
event_payload(struct pav_record *r, const uint8_t **p)
{
    uint32_t place = number(p, r->end);

    return place == 0 ? NULL : record_payload(r, place - 1);
}

static const struct pav_doc *
event_text(struct pav_record *r, const uint8_t **p, struct pav_arena *a)
{
    const uint8_t *at = *p;
    uint64_t len = record_number(&at, r->end);

    skip_text(p, r->end);
    return len == 0 ? NULL
                    : pav_doc_new_str(a, (const char *)at, (size_t)len - 1);
}

static void
event_limits(struct pav_record *r, const uint8_t **p,
             struct pav_history_event *out)
{
    out->timeout_s = (int64_t)record_number(p, r->end);
    out->heartbeat_s = (int64_t)record_number(p, r->end);
    out->credentials = event_payload(r, p);
}

static void
event_shape(struct pav_record *r, const uint8_t *p, enum shape shape,
            struct pav_arena *a, struct pav_history_event *out)
{
    switch (shape) {
    case SHAPE_NONE:
        break;
    case SHAPE_PAYLOAD:
        out->payload = event_payload(r, &p);
        break;
    case SHAPE_STATE:
        out->state = record_name(r, number(&p, r->end), a);
        out->payload = event_payload(r, &p);
        out->assigned = event_payload(r, &p);
        break;
    case SHAPE_ITERATION:
        out->state = record_name(r, number(&p, r->end), a);
        out->number = (int64_t)record_number(&p, r->end);
        break;
    case SHAPE_NUMBER:
        out->number = (int64_t)record_number(&p, r->end);
        break;
    case SHAPE_TEXT:
        out->text = event_text(r, &p, a);
        break;
    case SHAPE_CALL:
        out->resource = event_payload(r, &p);
        out->payload = event_payload(r, &p);
        event_limits(r, &p, out);
        break;
    case SHAPE_TASK:
        out->resource_type = event_payload(r, &p);
        out->resource = event_payload(r, &p);
        out->payload = event_payload(r, &p);
        event_limits(r, &p, out);
        break;
    case SHAPE_FAILURE:
        out->resource_type = event_payload(r, &p);
        out->resource = event_payload(r, &p);
        out->error = event_text(r, &p, a);
        out->cause = event_text(r, &p, a);
        break;
    case SHAPE_ERROR:
        out->error = event_text(r, &p, a);
        out->cause = event_text(r, &p, a);
        break;
    case SHAPE_EVALUATION:
        out->state = record_name(r, number(&p, r->end), a);
        out->error = event_text(r, &p, a);
        out->cause = event_text(r, &p, a);
        out->text = event_text(r, &p, a);
        break;
    }
}

/* Payloads and calls are most of a record, and no part of the way. */
static void
event_of_way(struct pav_record *r, const uint8_t *p, enum shape shape,
             struct pav_arena *a, struct pav_history_event *out)
{
    switch (shape) {
    case SHAPE_PAYLOAD:
    case SHAPE_TEXT:
    case SHAPE_CALL:
    case SHAPE_TASK:
        break;
    case SHAPE_STATE:
        out->state = record_name(r, number(&p, r->end), a);
        break;
    default:
        event_shape(r, p, shape, a, out);
    }
}

static void
read_event(struct pav_record *r, uint32_t i, int64_t first_id,
           struct pav_arena *a, bool whole, struct pav_history_event *out)
{
    const struct event_row *row;
    const uint8_t *p;

    memset(out, 0, sizeof(*out));
    if (r->json != NULL) {
        json_event(r, i, a, out);
    } else {
        p = event_start(r, i);
        out->kind = (enum pav_event_type) * p++;
        out->previous_id = (int64_t)record_number(&p, r->end);
        if (whole)
            event_shape(r, p, event_rows[out->kind].shape, a, out);
        else
            event_of_way(r, p, event_rows[out->kind].shape, a, out);
    }
    row = &event_rows[out->kind];
    out->id = first_id + i;
    out->type = row->name;
    out->flags = row->flags;
    out->state_type = row->state_type;
    out->details_field = row->details;
    out->payload_field = row->payload_field;
}

void
pav_history_event(struct pav_record *r, uint32_t i, int64_t first_id,
                  struct pav_arena *a, struct pav_history_event *out)
{
    read_event(r, i, first_id, a, true, out);
}

void
pav_history_way(struct pav_record *r, uint32_t i, int64_t first_id,
                struct pav_arena *a, struct pav_history_event *out)
{
    read_event(r, i, first_id, a, false, out);
}

const struct pav_doc *
pav_history_input(struct pav_record *first, struct pav_arena *a)
{
    struct pav_history_event e;

    pav_history_event(first, 0, 1, a, &e);
    return e.payload;
}
