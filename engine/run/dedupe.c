/*
 * Has a machine had this event before?  By the same source and id, or, when its
 * rules say so, by the same content.
 *
 * D1  A duplicate has a disposition and does nothing else.
 * D2  What was rejected or expired was not taken: the same id may come again.
 * D3  Over a token table that machines share, the event may have gone to
 *     another of them: it is a duplicate there too.
 */
#include "dedupe.h"
#include "match_wait.h"
#include "runner.h"

/* The event that started an execution, in its envelope. */
static bool
starting_event(struct pav_engine *e, const struct pav_execution_row *row,
               struct pav_event *out)
{
    struct pav_step_row step;

    return pav_store_step(e->store, row->first_step, &e->arena, &step) &&
           step.event_id != 0 && event_load(e, step.event_id, out);
}

/* What the producers said; ids and times that were made here do not count. */
static bool
same_event(const struct pav_event *x, const struct pav_event *y)
{
    static const char *const fields[] = {"source", "detail-type", "detail"};
    size_t i;

    for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        if (!pav_doc_equal(pav_doc_get(x->doc, fields[i]),
                           pav_doc_get(y->doc, fields[i])))
            return false;
    return true;
}

bool
same_content(struct event_context *ec, const struct pav_execution_row *row)
{
    struct pav_event first;

    return starting_event(ec->e, row, &first) &&
           same_event(&first, context_event(ec));
}

/* Was the last event of this id taken by `m`? */
bool
was_taken(struct event_context *ec, const struct machine *m,
          int64_t *execution_id)
{
    int64_t window = m->rules == NULL ? 0 : m->rules->duplicate_ms;

    return ec->last_seen != 0 && window > 0 &&
           ec->now_ms - ec->last_at <= window &&
           pav_store_concerned(ec->e->store, ec->last_seen, m->id,
                               execution_id);
}

/* Over the token table, the event may have gone to another machine then. */
bool
is_duplicate(struct event_context *ec, struct verdict *v,
             const struct pav_rule *rule, struct execution *x)
{
    struct pav_engine *e = ec->e;
    struct machine *m = v->machine;
    int64_t execution_id = 0;

    if (!was_taken(ec, m, &execution_id)) {
        if (!rule->token_table)
            return false;
        for (m = e->machines; m != NULL; m = m->next)
            if (table_shared(m, v->machine) && was_taken(ec, m, &execution_id))
                break;
        if (m == NULL)
            return false;
    }
    v->machine = m;
    v->kind = PAV_DUPLICATE;
    v->detail = "this source sent this id before";
    if (execution_id != 0 &&
        pav_store_execution(e->store, execution_id, &e->arena, &x->row))
        v->execution = &x->row;
    record_outcome(ec, v);
    return true;
}

/* The same source, detail-type and detail within the window, by another id. */
bool
is_content_duplicate(struct event_context *ec, struct verdict *v)
{
    const struct pav_rules *rules = v->machine->rules;
    struct pav_engine *e = ec->e;
    const struct pav_doc *d;
    struct pav_event before;
    int64_t hash, event_id, at;

    if (rules == NULL || !rules->duplicate_content)
        return false;
    d = context_event(ec)->doc;
    hash = (int64_t)(pav_doc_hash(pav_doc_get(d, "detail")) ^
                     pav_doc_hash(pav_doc_get(d, "source")) * 3 ^
                     pav_doc_hash(pav_doc_get(d, "detail-type")) * 5);
    event_id = pav_store_content_seen(e->store, v->machine->id, hash, &at);
    if (event_id != 0 && event_id != ec->id && rules->duplicate_ms > 0 &&
        ec->now_ms - at <= rules->duplicate_ms &&
        event_load(e, event_id, &before) &&
        same_event(&before, context_event(ec))) {
        v->kind = PAV_DUPLICATE;
        v->detail = "the same content came before";
        record_outcome(ec, v);
        return true;
    }
    pav_store_content_put(e->store, v->machine->id, hash, ec->id, ec->now_ms,
                          rules->duplicate_ms);
    return false;
}
