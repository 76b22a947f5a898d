/*
 * Overdue: a wait that lasts longer than its machine's rules allow
 * (rules.json, "overdue"), without a word in the definition.  When its deadline
 * (wait_times.c) fires and the wait is still open, the wait gets a row, a
 * count, and an event on the bus; the row goes with the wait.
 */

#include "pavane/wait_stats.h"
#include "due.h"
#include "intake.h"
#include "runner.h"

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
    feed_execution(e, x.version->machine->name, &x.row, false);
    tell_bus(e, &x, &wait, due_at);
}
