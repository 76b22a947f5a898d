/*
 * Start rules that gather events: the batch starts one execution with all of
 * them.
 */
#include "cause.h"
#include "batch.h"
#include "match_wait.h"
#include "registry.h"
#include "runner.h"

/* Parked events of a batch lie under a key that no event has. */
static const char *
batch_key(struct pav_engine *e, const char *rule, const char *key)
{
    return pav_arena_printf(&e->arena, "\x01%s\x01%s", rule, key);
}

void
batch_start(struct pav_engine *e, const struct pav_batch_row *row)
{
    struct machine *m = machine_by_id(e, row->machine_id);
    const char *under = batch_key(e, row->rule, row->key);
    struct execution *x = pav_arena_zalloc(&e->arena, sizeof(*x));
    struct pav_execution_row last;
    struct pav_parked_row parked;
    struct pav_items inputs;
    struct cause cause = {.event_id = 0};
    int64_t after = 0;
    bool known;

    pav_store_batch_delete(e->store, row->machine_id, row->key, row->rule);
    if (m == NULL || m->current == NULL)
        return;
    pav_items_init(&inputs, &e->arena);
    while (pav_store_parked_next(e->store, m->id, under, after, &e->arena,
                                 &parked)) {
        after = cause.event_id = parked.event_id;
        pav_items_add(&inputs,
                      pav_doc_own(&e->arena, parked.input.p, parked.input.len));
    }
    known =
        pav_store_execution_of_key(e->store, m->id, row->key, &e->arena, &last);
    execution_start(e, m,
                    execution_name(e, m, row->key, known ? last.name : NULL),
                    row->key, pav_items_array(&inputs), &cause, x);
    for (after = 0; pav_store_parked_next(e->store, m->id, under, after,
                                          &e->arena, &parked);) {
        after = parked.event_id;
        pav_store_unpark(e->store, m->id, under, parked.event_id);
        pav_store_disposition_change(e->store, parked.disposition_id,
                                     PAV_STARTED, m->id, x->row.id,
                                     pav_clock_ms(e->clock));
        feed_disposition(e, PAV_STARTED);
    }
    match_parked(e, x);
}

/* Until there are enough, or time is up: timers.c. */
void
batch(struct event_context *ec, struct verdict *v, const struct pav_rule *rule,
      const struct pav_doc *input)
{
    struct pav_engine *e = ec->e;
    struct pav_batch_row row;
    struct pav_parked_row parked = {.machine_id = v->machine->id,
                                    .event_id = ec->id,
                                    .key = batch_key(e, rule->name, v->key),
                                    .expires_at = INT64_MAX};

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
    parked.disposition_id = record_outcome(ec, v);
    if (parked.disposition_id == 0)
        return;
    parked.input.p = pav_doc_text(&e->arena, input);
    parked.input.len = strlen(parked.input.p);
    pav_store_park(e->store, &parked);
    pav_store_batch_put(e->store, &row);
    if (row.count >= rule->batch_count)
        batch_start(e, &row);
}
