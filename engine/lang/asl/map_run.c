/*
 * A distributed Map between its state and its run: what the run is told, the
 * inputs of its executions, and its end.  See pavane/map_run.h.
 */
#include "pavane/map_run.h"

#include <string.h>

#include "frame.h"
#include "leave.h"
#include "map.h"
#include "query.h"
#include "record.h"
#include "stepper.h"
#include "model.h"

/* ---- inputs: ItemSelector, then ItemBatcher ---- */

struct batching {
    double max_items, max_bytes; /* 0: no limit */
    const struct pav_doc *input; /* or NULL */
    struct pav_items inputs, batch;
    size_t bytes; /* of the batch's text as it is now */
    size_t empty_bytes;
};

static void
batch_close(struct stepper *st, struct batching *b)
{
    struct pav_members m;

    if (b->batch.count == 0)
        return;
    pav_members_init(&m, st->arena);
    if (b->input != NULL)
        pav_members_puts(&m, "BatchInput", b->input);
    pav_members_puts(&m, "Items", pav_items_array(&b->batch));
    pav_items_add(&b->inputs, pav_members_object(&m));
    pav_items_init(&b->batch, st->arena);
    b->bytes = b->empty_bytes;
}

static size_t
batch_bytes(const struct pav_doc *d)
{
    size_t len = pav_doc_text_len(d, PAV_PAYLOAD_MAX);

    return len == SIZE_MAX ? PAV_PAYLOAD_MAX : len;
}

static void
batch_add(struct stepper *st, struct batching *b, const struct pav_doc *d)
{
    size_t comma = b->batch.count > 0;
    size_t len = b->max_bytes > 0 ? comma + batch_bytes(d) : 0;

    if ((b->max_items > 0 && b->batch.count >= b->max_items) ||
        (b->max_bytes > 0 && b->batch.count > 0 &&
         (double)(b->bytes + len) > b->max_bytes))
        batch_close(st, b);
    pav_items_add(&b->batch, d);
    b->bytes += len;
}

static bool
batching_of(struct stepper *st, struct frame *f, struct batching *b)
{
    const struct item_batcher *batcher = f->state->map.batcher;
    const struct pav_doc *from = payload_doc(&f->map->effective);

    memset(b, 0, sizeof(*b));
    pav_items_init(&b->inputs, st->arena);
    pav_items_init(&b->batch, st->arena);
    if (batcher == NULL)
        return true;
    if (!number_of(st, f, &batcher->max_items, from, &b->max_items) ||
        !number_of(st, f, &batcher->max_bytes, from, &b->max_bytes) ||
        (batcher->batch_input != NULL &&
         !value_of(st, f, batcher->batch_input, from, &b->input)))
        return false;
    if ((batcher->max_items.given && b->max_items < 1) ||
        (batcher->max_bytes.given && b->max_bytes < 1))
        return fail_runtime(st, f,
                            "MaxItemsPerBatch and MaxInputBytesPerBatch must "
                            "be greater than 0.");
    b->empty_bytes = strlen("{\"Items\":[]}");
    if (b->input != NULL)
        b->empty_bytes += strlen("\"BatchInput\":,") + batch_bytes(b->input);
    b->bytes = b->empty_bytes;
    return true;
}

static bool
inputs_of(struct stepper *st, struct frame *f, const struct pav_map_items *from,
          const struct pav_doc **out)
{
    const struct value *selector = f->state->map.item_selector;
    const struct pav_doc *items = from->items;
    const struct pav_doc *effective = payload_doc(&f->map->effective);
    struct batching b;
    uint32_t i, origin = 0;

    if (!batching_of(st, f, &b))
        return false;
    for (i = 0; i < items->len; i++) {
        const struct pav_doc *d = &items->items[i];

        while (origin < from->origin_count && i >= from->origins[origin].until)
            origin++;
        f->map->origin =
            origin < from->origin_count ? &from->origins[origin] : NULL;
        f->map->item = d;
        f->map->item_index = i;
        f->context = NULL;
        if (selector != NULL && !value_of(st, f, selector, effective, &d))
            return false;
        if (f->state->map.batcher == NULL)
            pav_items_add(&b.inputs, d);
        else
            batch_add(st, &b, d);
    }
    f->map->item = NULL;
    f->map->origin = NULL;
    f->context = NULL;
    batch_close(st, &b);
    *out = pav_items_array(&b.inputs);
    return true;
}

bool
pav_map_inputs(const struct pav_step_in *in, uint32_t no,
               const struct pav_map_items *items, struct pav_arena *a,
               const struct pav_doc **inputs, const char **error,
               const char **cause)
{
    struct pav_step_out ignored = {0};
    struct stepper st = {.in = in,
                         .machine = in->machine,
                         .arena = a,
                         .out = &ignored,
                         .next_id = in->first_event_id};
    struct map_state map = {0};
    const struct pav_doc *effective;
    struct frame *f;
    bool fine;

    recorder_init(&st.rec, &st);
    st.root = record_frames(in->machine, in->record, a);
    f = frame_waiting(st.root, no);
    PAV_ASSERT(f != NULL);
    f->map = &map;
    fine = f->state->language->arguments(&st, f, &effective);
    map.effective = MADE(effective);
    fine = fine && inputs_of(&st, f, items, inputs);
    *error = st.failure.error;
    *cause = st.failure.cause;
    recorder_fini(&st.rec);
    return fine;
}

/* ---- what a run is told ---- */

static bool
tolerance_of(struct stepper *st, struct frame *f, struct pav_members *spec)
{
    const struct state *s = f->state;
    double n;

    if (s->map.tolerated_count.given) {
        if (!number_of(st, f, &s->map.tolerated_count,
                       payload_doc(&f->map->effective), &n))
            return false;
        if (n < 0)
            return fail_runtime(st, f,
                                "ToleratedFailureCount cannot be negative.");
        pav_members_puts(spec, "toleratedFailureCount",
                         pav_doc_new_int(st->arena, (int64_t)n));
        inspect(st, "toleratedFailureCount",
                pav_doc_new_int(st->arena, (int64_t)n));
    }
    if (s->map.tolerated_percentage.given) {
        if (!number_of(st, f, &s->map.tolerated_percentage,
                       payload_doc(&f->map->effective), &n))
            return false;
        if (n < 0 || n > 100)
            return fail_runtime(st, f,
                                "ToleratedFailurePercentage must be between 0 "
                                "and 100.");
        pav_members_puts(spec, "toleratedFailurePercentage",
                         pav_doc_new_double(st->arena, n));
        inspect(st, "toleratedFailurePercentage",
                pav_doc_new_double(st->arena, n));
    }
    return true;
}

/* The items of an object: {"Key", "Value"} for each of its members. */
static const struct pav_doc *
pairs_of(struct pav_arena *a, const struct pav_doc *object)
{
    struct pav_items pairs;
    uint32_t i;

    pav_items_init(&pairs, a);
    for (i = 0; i < object->len; i++)
        pav_items_add(&pairs, map_pair(a, &object->members[i]));
    return pav_items_array(&pairs);
}

static bool
source_of(struct stepper *st, struct frame *f, const struct pav_doc *items,
          struct pav_members *spec)
{
    const struct item_reader *r = f->state->map.reader;
    const struct pav_doc *d;
    double n = 0;

    if (r == NULL) {
        struct pav_map_origin pairs = {
            .source = "STATE_DATA", .until = UINT32_MAX, .keyed = true};
        struct pav_map_items given = {.items = items};

        if (items->kind == PAV_OBJECT)
            given =
                (struct pav_map_items){pairs_of(st->arena, items), &pairs, 1};
        if (!inputs_of(st, f, &given, &d))
            return false;
        pav_members_puts(spec, "inputs", d);
        return true;
    }
    if (!value_of(st, f, r->parameters, payload_doc(&f->map->effective), &d) ||
        !number_of(st, f, &r->max_items, payload_doc(&f->map->effective), &n))
        return false;
    pav_members_puts(spec, "reader", d);
    pav_members_puts(spec, "maxItems", pav_doc_new_int(st->arena, (int64_t)n));
    return true;
}

const struct pav_doc *
map_run_spec(struct stepper *st, struct frame *f, const struct pav_doc *items)
{
    const struct result_writer *w = f->state->map.writer;
    struct pav_members spec;
    const struct pav_doc *d;

    pav_members_init(&spec, st->arena);
    pav_members_puts(&spec, "state",
                     pav_doc_new_cstr(st->arena, f->state->name));
    pav_members_puts(&spec, "maxConcurrency",
                     pav_doc_new_int(st->arena, f->map->concurrency));
    if (!tolerance_of(st, f, &spec) || !source_of(st, f, items, &spec))
        return NULL;
    if (w != NULL && w->parameters != NULL) {
        if (!value_of(st, f, w->parameters, payload_doc(&f->map->effective),
                      &d))
            return NULL;
        pav_members_puts(&spec, "writer", d);
    }
    return pav_members_object(&spec);
}

/* ---- its end ---- */

bool
pav_map_exceeded(int64_t tolerated_count, double tolerated_percentage,
                 int64_t failed, int64_t total)
{
    if (tolerated_count < 0 && tolerated_percentage < 0)
        return failed > 0;
    return (tolerated_count >= 0 && failed > tolerated_count) ||
           (tolerated_percentage >= 0 && total > 0 &&
            (double)failed * 100 > tolerated_percentage * (double)total);
}

/*
 * MapStateExited points at MapRunStarted, as recordings have it since November
 * 2024; until the summer of that year it was MapRunSucceeded.
 */
void
map_run_ended(struct stepper *st, struct frame *f, const struct pav_wake *wake)
{
    struct event_data data = {.error = wake->error, .cause = wake->cause};
    int64_t started_id;

    PAV_ASSERT(f->phase == PHASE_RUN);
    if (wake->kind == PAV_WAKE_FAILURE) { /* the token stays, for a redrive */
        emit_next(st, f, EV_RUN_FAILED, &data);
        fail_as(st, wake->error, wake->cause);
        st->failure.of_run = true;
        fail_frame(st, f);
        return;
    }
    f->token = NULL;
    started_id = f->previous_id;
    emit_next(st, f, EV_RUN_SUCCEEDED, NULL);
    emit(st, EV_MAP_SUCCEEDED, f->previous_id, NULL);
    f->previous_id = started_id;
    leave_with(st, f, wake->output);
}
