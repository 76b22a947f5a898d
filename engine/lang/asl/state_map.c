/*
 * Map: its processor once for each item; the outputs make a list in the order
 * of the items.
 *
 * Inline, the iterations are frames of this execution, at most
 * MAP_CONCURRENCY at a time; leave.c ends them.  Distributed, they are
 * executions of their own that a map run starts (map_run.c): the state waits
 * for the run's end as a task does for its token.
 */
#include <string.h>

#include "pavane/text.h"
#include "pavane/test_state.h"
#include "compile.h"
#include "frame.h"
#include "kind.h"
#include "leave.h"
#include "map.h"
#include "query.h"
#include "stepper.h"
#include "model.h"

#define RUN_BYTES_MAX (64 << 20)

#define LABEL_MAX 40

/* ---- compiling ---- */

static void
config_compile(struct compiler *c, struct state *s, const struct pav_doc *d,
               const struct place *place)
{
    const struct pav_doc *config = pav_doc_get(d, "ProcessorConfig");
    const struct pav_doc *mode = pav_doc_get(config, "Mode");
    const struct pav_doc *type = pav_doc_get(config, "ExecutionType");

    s->apart = pav_doc_is_str(mode, "DISTRIBUTED");
    s->map.express = pav_doc_is_str(type, "EXPRESS");
    place = place_of(c, place, "ProcessorConfig");
    if (mode != NULL && !s->apart && !pav_doc_is_str(mode, "INLINE"))
        compile_fault(c, PAV_ERROR, SCHEMA, place_of(c, place, "Mode"),
                      mode->at,
                      "The field 'Mode' should have one of these values: "
                      "[INLINE, DISTRIBUTED]");
    if (type != NULL && !s->map.express && !pav_doc_is_str(type, "STANDARD"))
        compile_fault(c, PAV_ERROR, SCHEMA, place_of(c, place, "ExecutionType"),
                      type->at,
                      "The field 'ExecutionType' should have one of these "
                      "values: [STANDARD, EXPRESS]");
    if (s->apart && type == NULL)
        compile_fault(c, PAV_ERROR, SCHEMA, place, config->at,
                      "The field 'ExecutionType' is required but was missing");
    if (s->apart && c->machine->express)
        compile_fault(c, PAV_ERROR, SCHEMA, place, config->at,
                      "Express state machine does not support Map states in "
                      "DISTRIBUTED mode");
}

static void
processor_compile(struct compiler *c, struct state *s, const struct pav_doc *d,
                  const struct place *place)
{
    const struct pav_doc *v = pav_doc_get(d, "ItemProcessor");
    const char *key = v != NULL ? "ItemProcessor" : "Iterator";

    check_not_both(c, d, place, "ItemProcessor", "Iterator");
    if (v == NULL)
        v = pav_doc_get(d, "Iterator");
    if (v == NULL) {
        compile_fault(c, PAV_ERROR, SCHEMA, place, d->at,
                      "The field 'ItemProcessor' is required but was missing");
        return;
    }
    place = place_of(c, place, key);
    config_compile(c, s, v, place);
    c->depth++;
    s->map.processor = c->scope(c, v, place, s, s->scope);
    c->depth--;
}

static void
label_compile(struct compiler *c, struct state *s, const struct pav_doc *d,
              const struct place *place)
{
    const struct pav_doc *v = pav_doc_get(d, "Label");
    const char *label = member_str(c, d, place, "Label", false);

    if (label == NULL)
        return;
    if (*label == '\0' || pav_utf8_count(label, strlen(label)) > LABEL_MAX ||
        strpbrk(label, " <>{}[]?*\"#%\\^|~`$&,;:/\t\r\n") != NULL)
        compile_fault(c, PAV_ERROR, SCHEMA, place_of(c, place, "Label"), v->at,
                      "A label has 1 to %d characters, and no blanks, "
                      "brackets, wildcards or special characters",
                      LABEL_MAX);
    s->map.label = label;
}

static void
compile(struct compiler *c, struct state *s, const struct pav_doc *d,
        const struct place *place)
{
    const struct pav_doc *items;

    check_not_both(c, d, place, "ItemSelector", "Parameters");
    s->map.item_selector =
        c->language->member(c, d, place, "ItemSelector", VALUE_TEMPLATE);
    if (s->map.item_selector == NULL)
        s->map.item_selector =
            c->language->member(c, d, place, "Parameters", VALUE_TEMPLATE);
    member_number(c, d, place, "MaxConcurrency", NUMBER_COUNT, 0, 1e9,
                  &s->map.max_concurrency);
    member_number(c, d, place, "ToleratedFailureCount", NUMBER_COUNT, 0, 1e9,
                  &s->map.tolerated_count);
    member_number(c, d, place, "ToleratedFailurePercentage", NUMBER_PERCENTAGE,
                  0, 100, &s->map.tolerated_percentage);
    label_compile(c, s, d, place);
    processor_compile(c, s, d, place);
    items = pav_doc_get(d, "Items");
    if (items != NULL && items->kind == PAV_OBJECT && !s->apart)
        wrong_type(c, items, place, "Items",
                   "a list or an expression: only a distributed Map takes an "
                   "object");
    map_reader_compile(c, s, d, place);
}

/* ---- entering ---- */

bool
can_be_items(const struct state *s, const struct pav_doc *d)
{
    return d->kind == PAV_ARRAY || (d->kind == PAV_OBJECT && s->apart);
}

static enum outcome
start_run(struct stepper *st, struct frame *f, const struct pav_doc *items)
{
    const struct pav_identity *id = st->in->identity;
    struct event_data data = {0};
    char run[37], label[37];

    f->called_with = map_run_spec(st, f, items);
    if (f->called_with == NULL)
        return GO_FAILED;
    if (!pav_doc_fits(f->called_with, RUN_BYTES_MAX)) {
        fail_with(st, f, PAV_STATES_DATA_LIMIT_EXCEEDED,
                  "The inputs of the map run have more than %d bytes together: "
                  "read them with an ItemReader.",
                  RUN_BYTES_MAX);
        return GO_FAILED;
    }
    step_uuid(st, run);
    step_uuid(st, label);
    f->token = pav_arena_printf(
        st->arena, "arn:aws:states:%s:%s:mapRun:%s/%s:%s", id->region,
        id->account, id->machine_name,
        f->state->map.label == NULL ? label : f->state->map.label, run);
    data.text = f->token;
    emit_next(st, f, EV_RUN_STARTED, &data);
    f->no = st->next_no++;
    f->call = PAV_CALL_MAP_RUN;
    f->phase = PHASE_RUN;
    f->map = NULL;
    return GO_WAIT;
}

static enum outcome
enter_state(struct stepper *st, struct frame *f)
{
    const struct state *s = f->state;
    struct map_state *map = pav_arena_zalloc(st->arena, sizeof(*map));
    const struct pav_doc *effective, *items;
    struct event_data data = {0};
    double concurrency;

    if (!s->language->arguments(st, f, &effective))
        return GO_FAILED;
    if (too_big(st, effective)) {
        fail_with(
            st, f, PAV_STATES_DATA_LIMIT_EXCEEDED,
            "The state/task '%s' was given an input with a size exceeding "
            "the maximum number of bytes service limit.",
            s->name);
        return GO_FAILED;
    }
    items = &pav_doc_empty_array; /* a reader's are not here yet */
    if ((s->map.reader == NULL &&
         !s->language->items(st, f, effective, &items)) ||
        !number_of(st, f, &s->map.max_concurrency, effective, &concurrency))
        return GO_FAILED;
    map->effective = MADE(effective);
    map->items = MADE(items);
    map->item_count = items->len;
    if (s->language->shown_items != NULL)
        inspect(st, s->language->shown_items, items);
    if (concurrency < 0) {
        fail_runtime(st, f, "MaxConcurrency must not be negative: %.0f",
                     concurrency);
        return GO_FAILED;
    }
    map->concurrency = concurrency > 1e6 ? 1000000 : (uint32_t)concurrency;
    inspect(st, "maxConcurrency", pav_doc_new_int(st->arena, map->concurrency));
    data.number = items->len;
    emit_next(st, f, EV_MAP_STARTED, &data);
    f->map = map;
    map->started_id = f->previous_id;
    if (s->apart)
        return start_run(st, f, items);
    map->results =
        pav_arena_zalloc(st->arena, (items->len + 1) * sizeof(*map->results));
    f->kids =
        pav_arena_alloc(st->arena, MAP_CONCURRENCY * sizeof(struct frame *));
    f->kid_count = 0;
    f->phase = PHASE_MAP;
    if (st->in->budget == 0)
        st->budget += items->len; /* as in pav_step() */
    return GO_BRANCHES;
}

/* ---- iterations ---- */

/* `*input` is left as it is when the selector fails. */
static bool
select_item(struct stepper *st, struct frame *f, uint32_t index,
            struct payload *input)
{
    struct map_state *map = f->map;
    const struct pav_doc *selected;
    bool fine;

    if (f->state->map.item_selector == NULL)
        return true;
    map->item = &payload_doc(&map->items)->items[index];
    map->item_index = index;
    f->context = NULL;
    fine = value_of(st, f, f->state->map.item_selector,
                    payload_doc(&map->effective), &selected);
    map->item = NULL;
    f->context = NULL;
    if (fine)
        *input = MADE(selected);
    return fine;
}

struct frame *
map_start_next(struct stepper *st, struct frame *f)
{
    struct map_state *map = f->map;
    struct event_data data = {.state = f->state, .number = map->next};
    struct frame *kid;
    int64_t id =
        emit(st, EV_ITERATION_STARTED,
             map->concurrency == 1 ? f->previous_id : map->started_id, &data);

    PAV_ASSERT(map->next < map->item_count);
    if (st->over)
        return NULL;
    kid = pav_arena_zalloc(st->arena, sizeof(*kid));

    kid->parent = f;
    kid->index = map->next++;
    kid->scope = f->state->map.processor;
    kid->state = kid->scope->start;
    kid->phase = PHASE_ENTER;
    kid->previous_id = id;
    kid->input = MADE(&payload_doc(&map->items)->items[kid->index]);
    f->kids[f->kid_count++] = kid;
    if (select_item(st, f, kid->index, &kid->input))
        return kid;
    fail_frame(st, f);
    return NULL;
}

/* ---- what the drivers ask ---- */

static const struct scope *
inner(const struct state *s, uint32_t i)
{
    return i == 0 ? s->map.processor : NULL;
}

static const char *
mock_fault(const struct state *s, const struct pav_test_in *in,
           struct pav_arena *a)
{
    (void)a;
    if (s->map.writer != NULL && s->map.writer->parameters != NULL &&
        in->result->kind != PAV_OBJECT)
        return "Mocked result must be a JSON object.";
    if (s->map.writer == NULL && in->result->kind != PAV_ARRAY)
        return "Mocked result must be an array.";
    return NULL;
}

static bool
mock_exceeds(const struct state *s, int64_t failed)
{
    return s->map.tolerated_count.given &&
           (double)failed > s->map.tolerated_count.literal;
}

static const char *const own_fields[] = {"ItemProcessor",
                                         "Iterator",
                                         "ItemSelector",
                                         "MaxConcurrency",
                                         "ToleratedFailureCount",
                                         "ToleratedFailurePercentage",
                                         "ItemReader",
                                         "ItemBatcher",
                                         "ResultWriter",
                                         "Label",
                                         NULL};

const struct state_kind map_kind = {
    .name = "Map",
    .entered = EV_MAP_ENTERED,
    .exited = EV_MAP_EXITED,
    .failed = EV_MAP_FAILED,
    .has = HAS_NEXT | HAS_DATA | HAS_RESULT | HAS_WORK | HAS_ERRORS |
           HAS_ASSIGN | HAS_ITEMS,
    .own_fields = own_fields,
    .compile = compile,
    .enter = enter_state,
    .inner = inner,
    .mock_fault = mock_fault,
    .mock_exceeds = mock_exceeds,
};
