/*
 * Retention: what ended --retention-days ago is forgotten (a machine's rules
 * may say otherwise), in slices that nobody feels.
 *
 * A pass goes over the executions by their ids up to what is young, then over
 * the events, their hashes, dead letters, items of tables whose time is over,
 * and the free space; the next begins
 * PASS_MS later.  A slice takes at most
 * SLICE_US of a turn, and a busy engine does one only every PAUSE_MS; one with
 * nothing to do goes on at once.  Space that is free goes back to the file
 * system once it is more than a tenth of the file.
 */
#include "pavane/store_bus.h"
#include "bus/bus.h"
#include "due.h"
#include "registry.h"
#include "table_scan.h"

#define PASS_MS        600000
#define PLAYED_PASS_MS 21600000 /* where months pass in seconds */
#define PAUSE_MS       20
#define SLICE_US       1500
#define ROWS           50 /* between two looks at the time */
#define DAY_MS         INT64_C(86400000)
#define FREE_MIN       1024 /* pages: less is not given back */

enum stage { EXECUTIONS, EVENTS, HASHES, DEAD, ITEMS, SPACE };

static int64_t
days_of(struct pav_engine *e, int64_t machine_id)
{
    const struct machine *m = machine_by_id(e, machine_id);

    return m != NULL && m->rules != NULL && m->rules->retention_days > 0
               ? m->rules->retention_days
               : e->config.retention_days;
}

/* What began later is kept, whatever its machine says; INT64_MIN: all is. */
static int64_t
youngest_cutoff(const struct pav_engine *e, int64_t now)
{
    int64_t days = e->config.retention_days;
    const struct machine *m;

    for (m = e->machines; m != NULL; m = m->next)
        if (m->rules != NULL && m->rules->retention_days > 0 &&
            (days == 0 || m->rules->retention_days < days))
            days = m->rules->retention_days;
    return days == 0 ? INT64_MIN : now - days * DAY_MS;
}

static void
next_stage(struct pav_engine *e)
{
    e->retention.after = 0;
    e->retention.hashes[0] = e->retention.hashes[1] = INT64_MIN;
    e->retention.stage++;
}

static void
some_executions(struct pav_engine *e, int64_t now)
{
    struct pav_execution_row row;
    int64_t days;

    if (!pav_store_execution_next(e->store, e->retention.after, &row) ||
        row.started_at >= youngest_cutoff(e, now)) {
        next_stage(e);
        return;
    }
    days = days_of(e, row.machine_id);
    if (row.status == PAV_RUNNING || days == 0 ||
        row.stopped_at >= now - days * DAY_MS) {
        e->retention.after = row.id;
        return;
    }
    if (!pav_store_forget_execution(e->store, &row, ROWS))
        return; /* the same again */
    e->retention.after = row.id;
    e->retention.executions++;
}

/* Events of no execution are kept as long as the daemon says. */
static void
some_events(struct pav_engine *e, int64_t now)
{
    int64_t days = e->config.retention_days;

    if (days == 0 || !pav_store_forget_events(e->store, &e->retention.after,
                                              now - days * DAY_MS, ROWS,
                                              &e->retention.events))
        next_stage(e);
}

/* All of them, but only when events went since they were gone through. */
static void
some_hashes(struct pav_engine *e)
{
    if (e->retention.events == e->retention.swept) {
        next_stage(e);
    } else if (!pav_store_forget_seen(e->store, e->retention.hashes,
                                      4 * ROWS)) {
        e->retention.swept = e->retention.events;
        next_stage(e);
    }
}

/* Lists of what is forgotten; true: there was something. */
static bool
some_lists(struct pav_engine *e, int64_t now)
{
    const struct machine *m;
    int gone = 0;

    for (m = e->machines; m != NULL && gone == 0; m = m->next)
        if (days_of(e, m->id) > 0)
            gone = pav_store_passed_forget(
                e->store, m->id, now / DAY_MS - days_of(e, m->id), ROWS);
    return gone + pav_store_search_text_forget(e->store, ROWS) > 0;
}

static void
some_dead(struct pav_engine *e, int64_t now)
{
    int64_t days = e->config.retention_days;

    if (some_lists(e, now))
        return;
    if (days == 0 ||
        (pav_store_forget_dead(e->store, now - days * DAY_MS, ROWS) < ROWS &&
         pav_store_ledger_forget(e->store, (now / DAY_MS - days) * 24) == 0 &&
         pav_store_started_forget(e->store, (now / DAY_MS - days) * 24, ROWS) ==
             0 &&
         pav_store_flow_forget(e->store, now / DAY_MS - days, ROWS) == 0))
        next_stage(e);
}

/* Of tables with a ttl, whatever else is kept. */
static void
some_items(struct pav_engine *e)
{
    if (table_forget(e, &e->retention.table, &e->retention.key, ROWS))
        return;
    e->retention.table = 0;
    next_stage(e);
}

static void
some_space(struct pav_engine *e)
{
    int64_t pages, free_pages;

    pav_store_space(e->store, &pages, &free_pages);
    e->retention.pages = pages;
    e->retention.free_pages = free_pages;
    if (free_pages < FREE_MIN || free_pages < pages / 10)
        next_stage(e);
    else
        pav_store_give_back(e->store);
}

static bool
one(struct pav_engine *e, int64_t now)
{
    switch ((enum stage)e->retention.stage) {
    case EXECUTIONS:
        some_executions(e, now);
        return true;
    case EVENTS:
        some_events(e, now);
        return true;
    case HASHES:
        some_hashes(e);
        return true;
    case DEAD:
        some_dead(e, now);
        return true;
    case ITEMS:
        some_items(e);
        return true;
    case SPACE:
        some_space(e);
        return true;
    }
    return false; /* the pass is over */
}

int64_t
retention_next(struct pav_engine *e)
{
    return e->retention.next_at;
}

static void
publish(struct pav_engine *e)
{
    e->counts.forgotten_executions = (uint64_t)e->retention.executions;
    e->counts.forgotten_events = (uint64_t)e->retention.events;
    e->counts.file_pages = e->retention.pages;
    e->counts.free_pages = e->retention.free_pages;
}

void
retention_run(struct pav_engine *e)
{
    int64_t now = pav_clock_ms(e->clock), began = pav_clock_mono_us();

    if (e->retention.next_at > now || turn_is_long(e) || e->damaged)
        return;
    e->retention.next_at =
        now + (e->counts.events == e->retention.seen ? 1 : PAUSE_MS);
    e->retention.seen = e->counts.events;
    do {
        if (!one(e, now)) {
            e->retention.stage = EXECUTIONS;
            e->retention.next_at =
                now + (e->clock->is_virtual ? PLAYED_PASS_MS : PASS_MS);
            break;
        }
    } while (pav_clock_mono_us() - began < SLICE_US);
    publish(e);
}
