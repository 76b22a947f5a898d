/*
 * Map: its processor once for each item; the outputs make a list in the order
 * of the items.
 *
 * Inline, the iterations are frames of this execution, at most
 * MAP_CONCURRENCY at a time; step.c ends them.  Distributed, they are
 * executions of their own that a map run starts (map_run.c): the state waits
 * for the run's end as a task does for its token.
 */
#include <math.h>
#include <string.h>

#include "pavane/text.h"
#include "step_int.h"

#define RUN_BYTES_MAX (64 << 20)

#define LABEL_MAX 40

/* ---- compiling ---- */

static void
config_compile(struct compiler *c, struct state *s, const struct pav_doc *d,
               const char *pointer)
{
    const struct pav_doc *config = pav_doc_get(d, "ProcessorConfig");
    const struct pav_doc *mode = pav_doc_get(config, "Mode");
    const struct pav_doc *type = pav_doc_get(config, "ExecutionType");

    s->map.distributed = pav_doc_is_str(mode, "DISTRIBUTED");
    s->map.express = pav_doc_is_str(type, "EXPRESS");
    pointer = pointer_to(c, pointer, "ProcessorConfig");
    if (mode != NULL && !s->map.distributed && !pav_doc_is_str(mode, "INLINE"))
        compile_fault(c, PAV_ERROR, SCHEMA, pointer_to(c, pointer, "Mode"),
                      mode->at,
                      "The field 'Mode' should have one of these values: "
                      "[INLINE, DISTRIBUTED]");
    if (type != NULL && !s->map.express && !pav_doc_is_str(type, "STANDARD"))
        compile_fault(c, PAV_ERROR, SCHEMA,
                      pointer_to(c, pointer, "ExecutionType"), type->at,
                      "The field 'ExecutionType' should have one of these "
                      "values: [STANDARD, EXPRESS]");
    if (s->map.distributed && type == NULL)
        compile_fault(c, PAV_ERROR, SCHEMA, pointer, config->at,
                      "The field 'ExecutionType' is required but was missing");
    if (s->map.distributed && c->machine->express)
        compile_fault(c, PAV_ERROR, SCHEMA, pointer, config->at,
                      "Express state machine does not support Map states in "
                      "DISTRIBUTED mode");
}

static void
processor_compile(struct compiler *c, struct state *s, const struct pav_doc *d,
                  const char *pointer)
{
    const struct pav_doc *v = pav_doc_get(d, "ItemProcessor");
    const char *key = v != NULL ? "ItemProcessor" : "Iterator";

    check_not_both(c, d, pointer, "ItemProcessor", "Iterator");
    if (v == NULL)
        v = pav_doc_get(d, "Iterator");
    if (v == NULL) {
        compile_fault(c, PAV_ERROR, SCHEMA, pointer, d->at,
                      "The field 'ItemProcessor' is required but was missing");
        return;
    }
    pointer = pointer_to(c, pointer, key);
    config_compile(c, s, v, pointer);
    c->depth++;
    s->map.processor = scope_compile(c, v, pointer, s, s->scope);
    c->depth--;
}

static void
label_compile(struct compiler *c, struct state *s, const struct pav_doc *d,
              const char *pointer)
{
    const struct pav_doc *v = pav_doc_get(d, "Label");
    const char *label = member_str(c, d, pointer, "Label", false);

    if (label == NULL)
        return;
    if (*label == '\0' || pav_utf8_count(label, strlen(label)) > LABEL_MAX ||
        strpbrk(label, " <>{}[]?*\"#%\\^|~`$&,;:/\t\r\n") != NULL)
        compile_fault(c, PAV_ERROR, SCHEMA, pointer_to(c, pointer, "Label"),
                      v->at,
                      "A label has 1 to %d characters, and no blanks, "
                      "brackets, wildcards or special characters",
                      LABEL_MAX);
    s->map.label = label;
}

static void
compile(struct compiler *c, struct state *s, const struct pav_doc *d,
        const char *pointer)
{
    check_not_both(c, d, pointer, "ItemSelector", "Parameters");
    s->map.item_selector = member_template(c, d, pointer, "ItemSelector");
    if (s->map.item_selector == NULL)
        s->map.item_selector = member_template(c, d, pointer, "Parameters");
    member_path_field(c, d, pointer, "ItemsPath", EXPR_REFERENCE,
                      &s->map.items_path);
    member_number(c, d, pointer, "MaxConcurrency", 0, 1e9,
                  &s->map.max_concurrency);
    member_number(c, d, pointer, "ToleratedFailureCount", 0, 1e9,
                  &s->map.tolerated_count);
    member_number(c, d, pointer, "ToleratedFailurePercentage", 0, 100,
                  &s->map.tolerated_percentage);
    label_compile(c, s, d, pointer);
    processor_compile(c, s, d, pointer);
    map_reader_compile(c, s, d, pointer);
}

/* ---- entering ---- */

static bool
not_a_number(struct stepper *st, struct frame *f, const struct expr *path,
             const char *name, const char *what, const struct pav_doc *v)
{
    struct pav_buf b;

    pav_buf_init(&b, PAV_PAYLOAD_MAX);
    pav_java_text(v, &b);
    fail_runtime(st, f,
                 "The %sPath field refers to value \"%s\" which is not a "
                 "valid %s: %s",
                 name, b.p == NULL ? "" : b.p, what, path->text);
    pav_buf_fini(&b);
    return false;
}

bool
number_of_field(struct stepper *st, struct frame *f,
                const struct number_field *n, const struct pav_doc *from,
                const char *name, double *out)
{
    bool whole = strcmp(name, "ToleratedFailurePercentage") != 0;
    const struct pav_doc *v;
    struct pav_err why;
    int64_t i;

    *out = n->literal;
    if (n->path == NULL)
        return true;
    if (expr_eval(st, f, n->path, from, &v, &why) != EXPR_FOUND)
        return fail_runtime(st, f, "Invalid path '%s' : %s", n->path->text,
                            why.message);
    if (v->kind == PAV_STRING && pav_parse_int(v->text, v->len, &i)) {
        *out = (double)i;
        return true;
    }
    *out = pav_doc_double(v);
    if (v->kind == PAV_NUMBER && (!whole || floor(*out) == *out))
        return true;
    return not_a_number(st, f, n->path, name, whole ? "integer" : "float", v);
}

/* The list that is mapped over. */
static bool
items_of(struct stepper *st, struct frame *f, const struct pav_doc *effective,
         const struct pav_doc **items)
{
    const struct path_field *path = &f->state->map.items_path;
    const char *text = path->expr == NULL ? "$" : path->expr->text;

    if (f->state->map.reader != NULL) { /* they are not here yet */
        *items = &pav_doc_empty_array;
        return true;
    }
    if (!io_path_field(st, f, path, effective, items))
        return false;
    if ((*items)->kind == PAV_ARRAY)
        return true;
    if (strncmp(text, "$$", 2) == 0)
        text++; /* the service names paths into the context so */
    return fail_runtime(st, f, "Reference path \"%s\" must point to array.",
                        text);
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
    if (pav_doc_text_len(f->called_with, RUN_BYTES_MAX) == SIZE_MAX) {
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
enter(struct stepper *st, struct frame *f)
{
    const struct state *s = f->state;
    struct map_state *map = pav_arena_zalloc(st->arena, sizeof(*map));
    struct event_data data = {0};
    double concurrency;

    if (!io_path_field(st, f, &s->input_path, f->input, &map->effective))
        return GO_FAILED;
    if (io_too_big(st, map->effective)) {
        fail_with(
            st, f, PAV_STATES_DATA_LIMIT_EXCEEDED,
            "The state/task '%s' was given an input with a size exceeding "
            "the maximum number of bytes service limit.",
            s->name);
        return GO_FAILED;
    }
    inspect(st, "afterInputPath", map->effective);
    if (!items_of(st, f, map->effective, &map->items) ||
        !number_of_field(st, f, &s->map.max_concurrency, map->effective,
                         "MaxConcurrency", &concurrency))
        return GO_FAILED;
    inspect(st, "afterItemsPath", map->items);
    if (concurrency < 0) {
        fail_runtime(st, f, "MaxConcurrency must not be negative: %.0f",
                     concurrency);
        return GO_FAILED;
    }
    map->concurrency = concurrency > 1e6 ? 1000000 : (uint32_t)concurrency;
    inspect(st, "maxConcurrency", pav_doc_new_int(st->arena, map->concurrency));
    data.number = map->items->len;
    emit_next(st, f, EV_MAP_STARTED, &data);
    f->map = map;
    map->started_id = f->previous_id;
    if (s->map.distributed)
        return start_run(st, f, map->items);
    map->results =
        pav_arena_zalloc(st->arena, (map->items->len + 1) * sizeof(void *));
    f->kids =
        pav_arena_alloc(st->arena, MAP_CONCURRENCY * sizeof(struct frame *));
    f->kid_count = 0;
    f->phase = PHASE_MAP;
    if (st->in->budget == 0)
        st->budget += map->items->len; /* as in pav_step() */
    return GO_BRANCHES;
}

/* ---- iterations ---- */

bool
map_may_start(const struct frame *map)
{
    uint32_t most =
        map->map->concurrency == 0 || map->map->concurrency > MAP_CONCURRENCY
            ? MAP_CONCURRENCY
            : map->map->concurrency;

    return map->map->next < map->map->items->len && map->kid_count < most;
}

static bool
select_item(struct stepper *st, struct frame *f, uint32_t index,
            const struct pav_doc **out)
{
    struct map_state *map = f->map;
    bool fine;

    *out = &map->items->items[index];
    if (f->state->map.item_selector == NULL)
        return true;
    map->item = *out;
    map->item_index = index;
    f->context = NULL;
    fine = io_template(st, f, f->state->map.item_selector, map->effective, out);
    map->item = NULL;
    f->context = NULL;
    return fine;
}

struct frame *
map_start_next(struct stepper *st, struct frame *f)
{
    struct map_state *map = f->map;
    struct event_data data = {.name = f->state->name_doc, .number = map->next};
    struct frame *kid;
    int64_t id =
        emit(st, EV_ITERATION_STARTED,
             map->concurrency == 1 ? f->previous_id : map->started_id, &data);

    if (st->over)
        return NULL;
    kid = pav_arena_zalloc(st->arena, sizeof(*kid));

    kid->parent = f;
    kid->index = map->next++;
    kid->scope = f->state->map.processor;
    kid->state = kid->scope->start;
    kid->phase = PHASE_ENTER;
    kid->previous_id = id;
    kid->input = &map->items->items[kid->index]; /* for a redrive */
    f->kids[f->kid_count++] = kid;
    if (select_item(st, f, kid->index, &kid->input))
        return kid;
    fail_frame(st, f);
    return NULL;
}

const struct pav_doc *
map_results(struct stepper *st, const struct frame *f)
{
    struct pav_items items;
    uint32_t i;

    pav_items_init(&items, st->arena);
    for (i = 0; i < f->map->items->len; i++)
        pav_items_add(&items, f->map->results[i] == NULL ? &pav_doc_null
                                                         : f->map->results[i]);
    return pav_items_array(&items);
}

static const char *const own_fields[] = {"ItemProcessor",
                                         "Iterator",
                                         "ItemSelector",
                                         "Parameters",
                                         "ItemsPath",
                                         "MaxConcurrency",
                                         "MaxConcurrencyPath",
                                         "ToleratedFailureCount",
                                         "ToleratedFailureCountPath",
                                         "ToleratedFailurePercentage",
                                         "ToleratedFailurePercentagePath",
                                         "ItemReader",
                                         "ItemBatcher",
                                         "ResultWriter",
                                         "Label",
                                         NULL};

const struct state_kind map_kind = {
    .name = "Map",
    .entered = EV_MAP_ENTERED,
    .exited = EV_MAP_EXITED,
    .fields = FIELD_NEXT | FIELD_IO | FIELD_RESULT_PATH |
              FIELD_RESULT_SELECTOR | FIELD_ERRORS | FIELD_ASSIGN,
    .own_fields = own_fields,
    .compile = compile,
    .enter = enter,
};
