/*
 * Does an event fit an execution?
 *
 * The event goes to the wait that names it, else to the oldest wait that
 * names nothing; a wait that names an event takes no other.  The step is tried:
 * it is pure, so a trial that ends in a Fail through a Choice's Default is
 * thrown away, unless the machine's policy is "fail".
 *
 * Early: no wait is open while the execution runs on, or a wait ahead names
 * the event.  Unexpected: otherwise.
 */
#include <string.h>

#include "pavane/digest.h"
#include "pavane/envelope.h"
#include "run_int.h"

static const struct pav_wait_view *
choose_wait(const struct execution *x, struct pav_event *event)
{
    const struct pav_wait_view *open = NULL;
    uint32_t i;

    for (i = 0; i < x->before.wait_count; i++) {
        const struct pav_wait_view *w = &x->before.waits[i];

        if (w->pattern != NULL) {
            if (pav_pattern_matches(w->pattern, event))
                return w;
        } else if (w->event_name != NULL) {
            if (pav_doc_is_str(event->detail_type, w->event_name))
                return w;
        } else if (open == NULL || w->no < open->no) {
            open = w;
        }
    }
    return open;
}

enum fit
fit_event(struct pav_engine *e, struct execution *x, struct pav_event *event,
          const struct pav_doc *input, int64_t event_id)
{
    const struct pav_wait_view *w = choose_wait(x, event);
    struct pav_wake wake = {.kind = PAV_WAKE_SUCCESS, .output = input};
    struct pav_step_out out;
    uint8_t seed[PAV_SEED_LEN];

    if (w != NULL) {
        wake.no = w->no;
        pav_random(seed, sizeof(seed));
        execution_step(e, x, &wake, pav_clock_ms(e->clock), seed, &out);
        if (!out.unexpected) {
            execution_keep(e, x, &wake, event_id, seed, &out);
            return FIT_TAKEN;
        }
        pav_buf_fini(&out.record);
    }
    if (x->before.wait_count == 0 ||
        pav_step_named_ahead(x->version->compiled, x->record, event,
                             &e->arena))
        return FIT_EARLY;
    return FIT_UNEXPECTED;
}

void
fit_fail(struct pav_engine *e, struct execution *x, struct pav_event *event,
         const struct pav_doc *input, int64_t event_id)
{
    const struct pav_wait_view *w = choose_wait(x, event);
    struct pav_wake wake = {.kind = PAV_WAKE_SUCCESS, .output = input};
    uint32_t i;

    if (w != NULL) {
        wake.no = w->no;
        execution_wake(e, x, &wake, event_id);
        return;
    }
    /* The published sample stops an execution whose branches all refuse. */
    wake.kind = PAV_WAKE_FAIL;
    wake.error = "Pavane.UnexpectedEvent";
    for (i = 0; i < x->before.wait_count; i++) {
        if (x->before.waits[i].in_parallel) {
            wake.kind = PAV_WAKE_STOP;
            wake.error = "500";
        }
    }
    wake.cause = pav_arena_printf(
        &e->arena, "Unexpected event '%.*s' for '%s'",
        (int)event->detail_type->len, event->detail_type->text,
        x->row.key == NULL ? x->row.name : x->row.key);
    execution_wake(e, x, &wake, event_id);
}

/* The parked event as it was, for names and patterns. */
static bool
parked_event(struct pav_engine *e, const struct pav_parked_row *p,
             struct pav_event *event, const struct pav_doc **input)
{
    struct pav_event_row row;
    struct pav_envelope envelope;
    const struct pav_doc *d;

    if (!pav_store_event(e->store, p->event_id, &e->arena, &row) ||
        pav_doc_parse(&e->arena, row.body.p, row.body.len, NULL, &d, NULL) !=
            PAV_OK ||
        pav_envelope_read(d, row.event_id.p, e->config.region,
                          e->config.account, row.received_at, &e->arena,
                          &envelope, NULL) != PAV_OK)
        return false;
    pav_event_init(event, envelope.doc, &e->arena);
    *input = pav_doc_own(&e->arena, p->input.p, p->input.len);
    return true;
}

/* One parked event of `m`'s that fits; true when one was applied. */
static bool
apply_one(struct pav_engine *e, struct execution *x, const struct machine *m)
{
    struct pav_parked_row p;
    int64_t after = 0;

    while (pav_store_parked_next(e->store, m->id, x->row.key, after, &e->arena,
                                 &p)) {
        struct pav_event event;
        const struct pav_doc *input;

        after = p.event_id;
        if (!parked_event(e, &p, &event, &input) ||
            fit_event(e, x, &event, input, p.event_id) != FIT_TAKEN)
            continue;
        pav_store_unpark(e->store, m->id, x->row.key, p.event_id);
        pav_store_disposition_change(e->store, p.disposition_id, PAV_RESUMED,
                                     x->row.machine_id, x->row.id,
                                     pav_clock_ms(e->clock));
        return true;
    }
    return false;
}

static bool
shares_table(const struct machine *m, const char *table)
{
    const char *other = m->current == NULL
                            ? NULL
                            : pav_machine_token_table(m->current->compiled);

    return other != NULL && table != NULL && strcmp(other, table) == 0;
}

void
fit_parked(struct pav_engine *e, struct execution *x)
{
    const char *table = pav_machine_token_table(x->version->compiled);
    struct machine *m = x->version->machine;
    bool applied = true;

    if (x->row.key == NULL)
        return;
    while (applied && x->row.status == PAV_RUNNING) {
        applied = apply_one(e, x, x->version->machine);
        for (m = e->machines; !applied && m != NULL; m = m->next)
            if (m != x->version->machine && shares_table(m, table))
                applied = apply_one(e, x, m);
    }
}
