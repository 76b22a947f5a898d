/*
 * Starts that do not happen at once: of rules that gather events, and of
 * machines with policies.maxOpen, of which no more executions are open than
 * that.  A batch starts one execution with all of its events; one that waits
 * for a place has a time beyond all times, and starts when an execution of its
 * machine has ended, the first that came first.
 */
#include "cause.h"
#include "batch.h"
#include "due.h"
#include "match_wait.h"
#include "registry.h"
#include "runner.h"

/* Parked events of a batch lie under a key that no event has. */
static const char *
batch_key(struct pav_engine *e, const char *rule, const char *key)
{
    return pav_arena_printf(&e->arena, "\x01%s\x01%s", rule, key);
}

/* Events of a batch by whose attributes it is found. */
#define INDEXED_MAX 100

/* ---- places ---- */

bool
start_must_wait(struct pav_engine *e, const struct machine *m)
{
    struct pav_batch_row first;

    return machine_is_full(e, m) ||
           (m->rules != NULL && m->rules->max_open > 0 &&
            !m->rules->refuses_above &&
            pav_store_batch_held(e->store, m->id, &e->arena, &first));
}

bool
start_is_held(struct pav_engine *e, const struct machine *m, const char *key)
{
    struct pav_batch_row row;
    uint32_t i;

    for (i = 0; m->rules != NULL && m->rules->max_open > 0 &&
                i < m->rules->count && m->rules->rules[i].starts;
         i++)
        if (pav_store_batch(e->store, m->id, key, m->rules->rules[i].name,
                            &row) &&
            row.due_at >= PAV_BATCH_HELD)
            return true;
    return false;
}

bool
machine_is_full(struct pav_engine *e, const struct machine *m)
{
    return m->rules != NULL && m->rules->max_open > 0 &&
           pav_store_open_count(e->store, m->id, m->rules->max_open) >=
               m->rules->max_open;
}

const char *
full_text(struct pav_engine *e, const struct machine *m)
{
    return pav_arena_printf(&e->arena,
                            "%lld executions of the machine are open, as many "
                            "as policies.maxOpen says",
                            (long long)m->rules->max_open);
}

/* ---- batches ---- */

static const struct pav_rule *
rule_named(const struct machine *m, const char *name)
{
    uint32_t i;

    for (i = 0; m->rules != NULL && i < m->rules->count; i++)
        if (strcmp(m->rules->rules[i].name, name) == 0)
            return &m->rules->rules[i];
    return NULL;
}

/* The events' inputs: a list, or of a rule that gathers none the only one. */
static const struct pav_doc *
input_of(const struct pav_rule *rule, const struct pav_batch_row *row,
         struct pav_items *inputs)
{
    bool gathers =
        rule == NULL ? row->due_at < PAV_BATCH_HELD : rule->batch_count > 0;

    return inputs->count == 1 && !gathers ? &inputs->v[0]
                                          : pav_items_array(inputs);
}

/* Who began to wait in one millisecond keep their order. */
static void
hold(struct pav_engine *e, struct pav_batch_row *row)
{
    int64_t at = pav_clock_ms(e->clock) * 1000;

    e->held_last = at > e->held_last ? at : e->held_last + 1;
    row->due_at = PAV_BATCH_HELD + e->held_last;
    pav_store_batch_put(e->store, row);
}

void
batch_start_or_hold(struct pav_engine *e, struct pav_batch_row *row)
{
    const struct machine *m = machine_by_id(e, row->machine_id);

    if (m != NULL && machine_is_full(e, m))
        hold(e, row);
    else
        batch_start(e, row);
}

/* The parked events of a start: at most `max` of them. */
struct gathered {
    struct pav_items inputs;
    int64_t last; /* event */
    int64_t depth;
};

static void
gather(struct pav_engine *e, const struct machine *m, const char *under,
       int64_t max, struct gathered *g)
{
    struct pav_parked_row parked;
    struct pav_event_row event;

    memset(g, 0, sizeof(*g));
    pav_items_init(&g->inputs, &e->arena);
    while (g->inputs.count < max &&
           pav_store_parked_next(e->store, m->id, under, g->last, &e->arena,
                                 &parked)) {
        g->last = parked.event_id;
        pav_items_add(&g->inputs,
                      pav_doc_own(&e->arena, parked.input.p, parked.input.len));
        if (pav_store_event(e->store, parked.event_id, &e->arena, &event) &&
            event.depth > g->depth)
            g->depth = event.depth;
    }
}

/* What became of the events up to the last that was gathered. */
static void
settle(struct pav_engine *e, const struct machine *m, const char *under,
       int64_t last, enum pav_disposition kind, int64_t execution_id)
{
    struct pav_parked_row parked;
    struct pav_event event;
    int64_t after = 0;
    int n = 0;

    while (after < last && pav_store_parked_next(e->store, m->id, under, after,
                                                 &e->arena, &parked)) {
        after = parked.event_id;
        pav_store_unpark(e->store, m->id, under, parked.event_id);
        pav_store_disposition_change(e->store, parked.disposition_id, kind,
                                     m->id, execution_id,
                                     pav_clock_ms(e->clock));
        feed_disposition(e, kind);
        if (kind == PAV_STARTED && m->rules != NULL &&
            m->rules->indexed_count > 0 && n++ < INDEXED_MAX &&
            event_load(e, parked.event_id, &event))
            event_index(e, m->rules, event.doc, execution_id);
    }
}

/* One that waited for a place: does an execution speak against it by now? */
static bool
is_too_late(const struct machine *m, const struct pav_batch_row *row,
            const struct pav_rule *rule, const struct pav_execution_row *last)
{
    return row->due_at >= PAV_BATCH_HELD &&
           (rule == NULL || rule->batch_count == 0) &&
           (last->status == PAV_RUNNING || m->rules == NULL ||
            !m->rules->generations);
}

/* Of a rule that gathers, those behind the first `count`. */
static void
keep_rest(struct pav_engine *e, const struct pav_batch_row *row,
          const struct pav_rule *rule, int64_t taken)
{
    struct pav_batch_row rest = *row;

    if (rule == NULL || rule->batch_count == 0 || row->count <= taken)
        return;
    rest.count = row->count - taken;
    if (rest.count >= rule->batch_count) {
        hold(e, &rest);
        e->place_is_free = true;
        return;
    }
    rest.due_at = pav_clock_ms(e->clock) + rule->batch_ms;
    pav_store_batch_put(e->store, &rest);
}

void
batch_start(struct pav_engine *e, const struct pav_batch_row *row)
{
    struct machine *m = machine_by_id(e, row->machine_id);
    const char *under = batch_key(e, row->rule, row->key);
    struct execution *x = pav_arena_zalloc(&e->arena, sizeof(*x));
    const struct pav_rule *rule = m == NULL ? NULL : rule_named(m, row->rule);
    struct pav_execution_row last;
    struct gathered g;
    struct cause cause = {.event_id = 0};
    bool known;

    pav_store_batch_delete(e->store, row->machine_id, row->key, row->rule);
    if (m == NULL || m->current == NULL)
        return;
    gather(e, m, under,
           rule != NULL && rule->batch_count > 0 ? rule->batch_count
                                                 : INT64_MAX,
           &g);
    known =
        pav_store_execution_of_key(e->store, m->id, row->key, &e->arena, &last);
    if (known && is_too_late(m, row, rule, &last)) {
        settle(e, m, under, g.last,
               last.status == PAV_RUNNING ? PAV_UNEXPECTED : PAV_LATE, last.id);
        return;
    }
    cause.event_id = g.last;
    e->depth = g.depth;
    execution_start(e, m,
                    execution_name(e, m, row->key, known ? last.name : NULL),
                    row->key, input_of(rule, row, &g.inputs), &cause, x);
    e->depth = 0;
    settle(e, m, under, g.last, PAV_STARTED, x->row.id);
    keep_rest(e, row, rule, g.inputs.count);
    match_parked(e, x);
}

/* False: there is no room for its disposition. */
static bool
park_input(struct event_context *ec, struct verdict *v,
           const struct pav_rule *rule, const struct pav_doc *input)
{
    struct pav_engine *e = ec->e;
    struct pav_parked_row row = {.machine_id = v->machine->id,
                                 .event_id = ec->id,
                                 .key = batch_key(e, rule->name, v->key),
                                 .expires_at = INT64_MAX,
                                 .disposition_id = record_outcome(ec, v)};

    if (row.disposition_id == 0)
        return false;
    row.input.p = pav_doc_text(&e->arena, input);
    row.input.len = strlen(row.input.p);
    pav_store_park(e->store, &row);
    return true;
}

/* Until there are enough, or time is up: timers.c. */
void
batch(struct event_context *ec, struct verdict *v, const struct pav_rule *rule,
      const struct pav_doc *input)
{
    struct pav_engine *e = ec->e;
    struct pav_batch_row row;

    PAV_ASSERT(rule->batch_count > 0);
    if (!v->machine->active) {
        reject(ec, v, "the machine's folder is gone: nothing starts");
        return;
    }
    if (!pav_store_batch(e->store, v->machine->id, v->key, rule->name, &row)) {
        row.machine_id = v->machine->id;
        row.key = v->key;
        row.rule = rule->name;
        row.due_at = ec->now_ms + rule->batch_ms;
        row.count = 0;
    }
    row.count++;
    v->kind = PAV_PARKED;
    v->detail =
        pav_arena_printf(&e->arena, "gathered: %lld of %lld",
                         (long long)row.count, (long long)rule->batch_count);
    if (!park_input(ec, v, rule, input))
        return;
    pav_store_batch_put(e->store, &row);
    if (row.count >= rule->batch_count && row.due_at < PAV_BATCH_HELD)
        batch_start_or_hold(e, &row);
}

/* ---- a start that waits for a place ---- */

void
start_later(struct event_context *ec, struct verdict *v,
            const struct pav_rule *rule, const struct pav_doc *input)
{
    struct pav_engine *e = ec->e;
    struct pav_batch_row row;

    if (is_loop(ec)) {
        reject(ec, v, loop_text(ec));
        return;
    }
    if (start_is_held(e, v->machine, v->key)) {
        v->kind = PAV_UNEXPECTED;
        v->detail = "an execution of this key waits to be started";
        record_outcome(ec, v);
        return;
    }
    row = (struct pav_batch_row){.machine_id = v->machine->id,
                                 .key = v->key,
                                 .rule = rule->name,
                                 .count = 1};
    v->kind = PAV_PARKED;
    v->detail = pav_arena_printf(&e->arena, "it waits for a place: %s",
                                 full_text(e, v->machine));
    if (!park_input(ec, v, rule, input))
        return;
    hold(e, &row);
}

#define TURN_STARTS 200

static void
start_held(struct pav_engine *e, const struct machine *m, int *n)
{
    struct pav_batch_row row;

    while (m->active && !machine_is_full(e, m) &&
           pav_store_batch_held(e->store, m->id, &e->arena, &row)) {
        if ((*n)++ >= TURN_STARTS || turn_is_long(e)) {
            e->place_is_free = true; /* the rest in the next turn */
            return;
        }
        batch_start(e, &row);
        turn_trim_arena(e);
    }
}

void
held_run(struct pav_engine *e)
{
    const struct machine *m;
    int n = 0;

    if (!e->place_is_free)
        return;
    e->place_is_free = false;
    for (m = e->machines; m != NULL; m = m->next)
        start_held(e, m, &n);
}
