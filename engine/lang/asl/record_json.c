/*
 * Records of semantics 1 to 3, as JSON text; no step writes them any more.
 *
 *   {"w":N,                      the next wait number
 *    "f":FRAME,                  where the execution stands; or absent
 *    "p":[PAYLOAD,...],          payloads, each once
 *    "e":[[TYPE,PREVIOUS,...]]}  history events, in order of their ids
 *
 * An event's further items are those of record_write.c, where what is absent
 * may be left out at the end: places in "p", texts or null, names.  A frame:
 * "s" state, "p" phase, "v" previous event, "h" entered event, "a" entered at,
 * "i" input, "x" variables, "n" wait number, "d" due, "t" heartbeat seconds,
 * "u" next heartbeat, "y" stage, "k" token, "q" dynamic name, "c" retries, "r"
 * attempts by retrier, "o" output of a finished branch, "j" index of an
 * iteration, "b" the frames of branches or iterations, "m" the Map: "i" items,
 * "e" effective input, "s" started event, "l" next, "c" concurrency, "z"
 * results of those before "l" that are not among the frames.  Absent: zero.
 */
#include <string.h>

#include "record.h"

int64_t
json_number(const struct pav_doc *o, const char *key)
{
    int64_t n = 0;
    const struct pav_doc *v = pav_doc_get(o, key);

    if (v != NULL && !pav_doc_int(v, &n))
        PAV_BUG("a record with a number that is none");
    return n;
}

void
json_open(struct pav_record *r)
{
    const struct pav_doc *events, *payloads;

    r->json = pav_doc_own(r->arena, r->stored.bytes.p, r->stored.bytes.len);
    r->next_no = (uint32_t)json_number(r->json, "w");
    payloads = pav_doc_get(r->json, "p");
    events = pav_doc_get(r->json, "e");
    r->payload_count = payloads == NULL ? 0 : payloads->len;
    r->event_count = events == NULL ? 0 : events->len;
    r->payloads = pav_arena_zalloc(r->arena, (r->payload_count + 1) *
                                                 sizeof(struct record_payload));
}

const struct pav_doc *
json_payload(const struct pav_record *r, uint32_t place)
{
    return pav_doc_at(pav_doc_get(r->json, "p"), place);
}

static const struct pav_doc *
item_payload(struct pav_record *r, const struct pav_doc *event, uint32_t i)
{
    int64_t place;

    if (i >= event->len || !pav_doc_int(&event->items[i], &place))
        return NULL;
    return json_payload(r, (uint32_t)place);
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

static void
item_shape(struct pav_record *r, const struct pav_doc *e, enum shape shape,
           struct pav_arena *a, struct pav_history_event *out)
{
    switch (shape) {
    case SHAPE_NONE:
    case SHAPE_EVALUATION: /* younger than these records */
        break;
    case SHAPE_PAYLOAD:
        out->payload = item_payload(r, e, 2);
        break;
    case SHAPE_STATE:
        out->state = pav_doc_str(a, pav_doc_at(e, 2));
        out->payload = item_payload(r, e, 3);
        out->assigned = item_payload(r, e, 4);
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
        out->resource = item_payload(r, e, 2);
        out->payload = item_payload(r, e, 3);
        out->timeout_s = item_number(e, 4);
        out->heartbeat_s = item_number(e, 5);
        out->credentials = item_payload(r, e, 6);
        break;
    case SHAPE_TASK:
        out->resource_type = item_payload(r, e, 2);
        out->resource = item_payload(r, e, 3);
        out->payload = item_payload(r, e, 4);
        out->timeout_s = item_number(e, 5);
        out->heartbeat_s = item_number(e, 6);
        out->credentials = item_payload(r, e, 7);
        break;
    case SHAPE_FAILURE:
        out->resource_type = item_payload(r, e, 2);
        out->resource = item_payload(r, e, 3);
        out->error = item_text(e, 4);
        out->cause = item_text(e, 5);
        break;
    case SHAPE_ERROR:
        out->error = item_text(e, 2);
        out->cause = item_text(e, 3);
        break;
    }
}

void
json_event(struct pav_record *r, uint32_t i, struct pav_arena *a,
           struct pav_history_event *out)
{
    const struct pav_doc *e = pav_doc_at(pav_doc_get(r->json, "e"), i);
    int64_t type = 0;

    if (e == NULL || !pav_doc_int(pav_doc_at(e, 0), &type) || type <= 0 ||
        type >= EV_COUNT || !pav_doc_int(pav_doc_at(e, 1), &out->previous_id))
        PAV_BUG("a record with an event that is none");
    out->kind = (enum pav_event_type)type;
    item_shape(r, e, event_rows[type].shape, a, out);
}
