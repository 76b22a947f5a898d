/* One task or one execution woken, by its number. */
#include "match_wait.h"
#include "runner.h"
#include "wake.h"

bool
task_wake(struct pav_engine *e, int64_t execution_id, struct pav_wake *w)
{
    struct pav_execution_row row;
    struct execution x;
    uint32_t i;

    if (!pav_store_execution(e->store, execution_id, &e->arena, &row) ||
        row.status != PAV_RUNNING || !execution_load(e, &row, &x))
        return false;
    for (i = 0; i < x.before.wait_count; i++)
        if (x.before.waits[i].no == w->no)
            break;
    if (i == x.before.wait_count)
        return false;
    execution_wake(e, &x, w, 0);
    match_parked(e, &x);
    return true;
}

void
execution_stop(struct pav_engine *e, int64_t id, const char *cause)
{
    struct pav_wake wake = {.kind = PAV_WAKE_STOP, .cause = cause};
    struct pav_execution_row row;
    struct execution x;

    if (pav_store_execution(e->store, id, &e->arena, &row) &&
        row.status == PAV_RUNNING && execution_load(e, &row, &x))
        execution_wake(e, &x, &wake, 0);
}
