/*
 * The clock of a daemon whose time is virtual: it is moved by who plays with
 * it.  Our own action.
 *
 * From one thing that is due to the next: an answer says where the clock is
 * now, and whether anything is still to be done there.
 */
#include "pavane/text.h"
#include "run/due.h"
#include "events_fields.h"

/* Nothing is in progress, inside or out. */
static bool
is_quiet(struct pav_engine *e, int64_t due)
{
    return e->counts.works == 0 && e->counts.calls == e->counts.answers &&
           pav_queue_count(e->queue) == 0 && e->rest == NULL &&
           due > pav_clock_ms(e->clock);
}

static void
move_clock(struct control *c)
{
    struct pav_engine *e = c->e;
    const char *until = control_text(c, "Until");
    int64_t to = 0, now = pav_clock_ms(e->clock);
    int64_t due = timers_due(e, timers_next(e));
    char when[PAV_TIME_LEN];

    if (!e->clock->is_virtual) {
        job_fail(&c->j->job, PAV_INVALID, "ValidationException", "Until",
                 "The clock of this daemon is the system's; one that is "
                 "started with --virtual-clock can be moved.");
        return;
    }
    if (until != NULL && !pav_time_parse(until, strlen(until), &to)) {
        job_fail(&c->j->job, PAV_INVALID, "ValidationException", "Until",
                 "Until is a time, as 2026-01-01T00:00:00Z.");
        return;
    }
    if (until != NULL && is_quiet(e, due)) {
        if (due < to)
            to = due;
        if (to > now)
            pav_clock_advance(e->clock, to - now);
        now = pav_clock_ms(e->clock);
        atomic_store(&e->virtual_now_ms, now);
    }
    pav_time_format(now, when);
    pav_members_str(&c->out, "Now", pav_arena_strdup(c->a, when));
    if (due != INT64_MAX) {
        pav_time_format(due, when);
        pav_members_str(&c->out, "Next", pav_arena_strdup(c->a, when));
    }
    pav_members_puts(&c->out, "Quiet", pav_doc_new_bool(is_quiet(e, due)));
}

FIELDS(move_clock, TEXT("Until", false, 32));

/* ---- the table ---- */

const struct aws_action pavane_clock_actions[] = {
    ON_ENGINE("pavane:MoveClock", "pavane:MoveClock", move_clock, move_clock),
    END_OF_ACTIONS};
