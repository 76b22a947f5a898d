/*
 * Timers: Wait states, TimeoutSeconds, retries, steps that go on, and parked
 * events that expire.  All are rows; the table is the queue, so that a restart
 * forgets none.
 */
#include "due.h"
#include "match_wait.h"
#include "ledger.h"
#include "wait_times.h"
#include "batch.h"
#include "runner.h"

#define TURN_TIMERS 1000
#define LATER_MS    60000

int64_t
timers_next(struct pav_engine *e)
{
    struct pav_parked_row parked;
    int64_t due = INT64_MAX, execution_id;
    uint32_t no;

    if (!pav_store_timer_first(e->store, &due, &execution_id, &no))
        due = INT64_MAX;
    if (pav_store_parked_first(e->store, &e->arena, &parked) &&
        parked.expires_at < due)
        due = parked.expires_at;
    return due;
}

/* Of everything that waits for a time; `timer`: of timers_next(). */
int64_t
timers_due(struct pav_engine *e, int64_t timer)
{
    int64_t due[] = {timer,
                     pav_store_batch_due_at(e->store),
                     schedules_next(e),
                     replays_next(e),
                     deliveries_next(e),
                     retention_next(e),
                     wait_times_next(e),
                     ledger_next(e),
                     sources_next(e),
                     e->place_is_free ? 0 : INT64_MAX};
    int64_t first = INT64_MAX;
    size_t i;

    for (i = 0; i < sizeof(due) / sizeof(due[0]); i++)
        if (due[i] < first)
            first = due[i];
    return first;
}

static bool
is_set(const struct execution *x, uint32_t no)
{
    uint32_t i;

    for (i = 0; i < x->before.timer_count; i++)
        if (x->before.timers[i].no == no)
            return true;
    return false;
}

static void
fire(struct pav_engine *e, int64_t due_at, int64_t execution_id, uint32_t no)
{
    struct pav_execution_row row;
    struct execution x;
    struct pav_wake wake = {.kind = PAV_WAKE_TIMER, .no = no};

    /* Deleted first: the step may set one of the same number again. */
    pav_store_timer_delete(e->store, due_at, execution_id, no);
    if (no != PAV_TIMER_GO_ON && (no & OVERDUE_BIT) != 0) {
        overdue_fire(e, due_at, execution_id, no & ~OVERDUE_BIT);
        return;
    }
    if (!pav_store_execution(e->store, execution_id, &e->arena, &row) ||
        row.status != PAV_RUNNING)
        return;
    if (!execution_load(e, &row, &x)) { /* another build may know how */
        pav_store_timer_add(e->store, pav_clock_ms(e->clock) + LATER_MS,
                            execution_id, no);
        return;
    }
    if (is_set(&x, no))
        execution_wake(e, &x, &wake, 0);
    else if (no != PAV_TIMER_GO_ON)
        return;
    match_parked(e, &x);
}

static void
expire_parked(struct pav_engine *e, int64_t now)
{
    struct pav_parked_row p;
    int n = 0;

    while (n++ < TURN_TIMERS &&
           pav_store_parked_first(e->store, &e->arena, &p) &&
           p.expires_at <= now) {
        pav_store_unpark(e->store, p.machine_id, p.key, p.event_id);
        pav_store_disposition_change(e->store, p.disposition_id, PAV_EXPIRED,
                                     p.machine_id, 0, now);
        feed_disposition(e, PAV_EXPIRED);
        ledger_expired(e, p.event_id, p.machine_id);
    }
}

void
timers_run(struct pav_engine *e)
{
    int64_t now = pav_clock_ms(e->clock), due_at, execution_id;
    struct pav_batch_row batch;
    uint32_t no;
    int n = 0;

    while (n++ < TURN_TIMERS &&
           pav_store_timer_first(e->store, &due_at, &execution_id, &no) &&
           due_at <= now) {
        pav_histogram_add(&e->counts.timer_lag, pav_bounds_seconds,
                          (double)(now - due_at) / 1e3);
        fire(e, due_at, execution_id, no);
        turn_trim_arena(e);
        if (turn_is_long(e))
            break;
    }
    expire_parked(e, now);
    for (n = 0;
         n < TURN_TIMERS && pav_store_batch_due(e->store, &e->arena, &batch) &&
         batch.due_at <= now && !turn_is_long(e);
         n++)
        batch_start_or_hold(e, &batch);
}
