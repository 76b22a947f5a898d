/*
 * Overdue: a wait that lasts longer than its machine's rules allow
 * (rules.json, "overdue"), without a word in the definition.
 *
 * A deadline is a timer beside those of the step, told apart by a bit of its
 * number.  When it fires and the wait is still open, the wait gets a row, a
 * count, and an event on the bus; the row goes with the wait.
 *
 * How long waits of a state took is learned as they end, in classes that grow
 * by a quarter of a power of two; "p95" and "p99" as a deadline are read from
 * it, once LEARNED_FROM have ended.  What was learned is written every few
 * seconds.
 */
#include <stdlib.h>
#include <string.h>

#include "pavane/learned.h"
#include "pavane/text.h"
#include "bus_int.h"

#define LEARNED_FROM 20
#define WRITE_MS     5000

struct learned {
    struct learned *next;
    int64_t machine_id;
    char *state;
    struct pav_learned times;
    bool changed;
};

static struct learned *
learned_of(struct pav_engine *e, int64_t machine_id, const char *state)
{
    struct learned *l;
    struct pav_bytes bytes;

    for (l = e->learned; l != NULL; l = l->next)
        if (l->machine_id == machine_id && strcmp(l->state, state) == 0)
            return l;
    l = pav_xcalloc(1, sizeof(*l));
    l->machine_id = machine_id;
    l->state = pav_xstrdup(state);
    l->next = e->learned;
    e->learned = l;
    if (pav_store_wait_stat(e->store, machine_id, state, &e->arena, &bytes))
        pav_learned_read(&l->times, bytes);
    return l;
}

void
overdue_write(struct pav_engine *e, bool all)
{
    int64_t now = pav_clock_ms(e->clock);
    struct learned *l;

    if (!all && now < e->learned_written_at + WRITE_MS &&
        now >= e->learned_written_at)
        return;
    e->learned_written_at = now;
    e->learned_changed = false;
    for (l = e->learned; l != NULL; l = l->next) {
        if (!l->changed)
            continue;
        pav_store_wait_stat_put(e->store, l->machine_id, l->state,
                                pav_learned_bytes(&l->times));
        l->changed = false;
    }
}

int64_t
overdue_next(const struct pav_engine *e)
{
    return e->learned_changed ? e->learned_written_at + WRITE_MS : INT64_MAX;
}

void
overdue_fini(struct pav_engine *e)
{
    struct learned *l;

    while ((l = e->learned) != NULL) {
        e->learned = l->next;
        free(l->state);
        free(l);
    }
}

/* ---- deadlines ---- */

/* 0: none. */
static int64_t
deadline_ms(struct pav_engine *e, const struct machine *m, const char *state)
{
    uint32_t i;

    for (i = 0; m->rules != NULL && i < m->rules->deadline_count; i++) {
        const struct pav_deadline *d = &m->rules->deadlines[i];
        const struct pav_learned *times;

        if (strcmp(d->state, state) != 0)
            continue;
        if (d->ms > 0)
            return d->ms;
        times = &learned_of(e, m->id, state)->times;
        return pav_learned_count(times) < LEARNED_FROM
                   ? 0
                   : pav_learned_quantile(times, d->quantile / 100.0);
    }
    return 0;
}

void
overdue_wait_opened(struct pav_engine *e, const struct execution *x,
                    const struct pav_wait_view *w)
{
    int64_t ms = deadline_ms(e, x->version->machine, w->state);

    if (ms > 0)
        pav_store_timer_add(e->store, w->since_at + ms, x->row.id,
                            w->no | OVERDUE_BIT);
}

/* The timer of a deadline that has changed meanwhile fires for nothing. */
void
overdue_wait_closed(struct pav_engine *e, const struct execution *x,
                    const struct pav_wait_view *w)
{
    struct machine *m = x->version->machine;
    int64_t ms = deadline_ms(e, m, w->state);
    struct learned *l;

    if (ms > 0)
        pav_store_timer_delete(e->store, w->since_at + ms, x->row.id,
                               w->no | OVERDUE_BIT);
    (void)pav_store_overdue_delete(e->store, x->row.id, w->no);
    if (!w->takes_events)
        return;
    l = learned_of(e, m->id, w->state);
    pav_learned_add(&l->times, pav_clock_ms(e->clock) - w->since_at);
    l->changed = e->learned_changed = true;
}

/* ---- the moment ---- */

static void
tell_bus(struct pav_engine *e, const struct execution *x,
         const struct pav_wait_row *w, int64_t due_at)
{
    struct pav_arena *a = &e->arena;
    struct pav_members m, detail;
    struct pav_items resources;

    pav_members_init(&detail, a);
    pav_members_str(&detail, "executionArn", execution_arn(e, x));
    pav_members_str(&detail, "stateMachineArn", x->version->machine->arn);
    pav_members_str(&detail, "name", x->row.name);
    pav_members_str(&detail, "correlationId", x->row.key);
    pav_members_str(&detail, "state", w->state);
    pav_members_str(&detail, "awaits", w->awaits);
    pav_members_time(&detail, "since", w->since_at);
    pav_members_time(&detail, "due", due_at);
    pav_items_init(&resources, a);
    pav_items_add(&resources, pav_doc_new_cstr(a, execution_arn(e, x)));
    pav_members_init(&m, a);
    pav_members_str(&m, "source", "pavane");
    pav_members_str(&m, "detail-type", "Wait Overdue");
    pav_members_puts(&m, "resources", pav_items_array(&resources));
    pav_members_puts(&m, "detail", pav_members_object(&detail));
    intake_own(e, pav_members_object(&m), x->row.depth + 1);
}

void
overdue_fire(struct pav_engine *e, int64_t due_at, int64_t execution_id,
             uint32_t no)
{
    struct pav_overdue_row row = {.execution_id = execution_id,
                                  .no = no,
                                  .due_at = due_at,
                                  .at = pav_clock_ms(e->clock)};
    struct pav_execution_row stored;
    struct pav_wait_row wait;
    struct execution x;

    if (!pav_store_execution(e->store, execution_id, &e->arena, &stored) ||
        stored.status != PAV_RUNNING ||
        !pav_store_wait(e->store, execution_id, no, &e->arena, &wait) ||
        !execution_load(e, &stored, &x))
        return;
    row.machine_id = stored.machine_id;
    row.state = wait.state;
    row.since_at = wait.since_at;
    pav_store_overdue_add(e->store, &row);
    e->counts.overdue_waits++;
    feed_execution(e, &x, false);
    tell_bus(e, &x, &wait, due_at);
}
