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
#include "pavane/store_bus.h"
#include "cause.h"
#include "match_wait.h"
#include "runner.h"

#define TRIALS 256 /* of parked events, before others get their turn */

static const struct pav_wait_view *
choose_wait(const struct execution *x, struct pav_event *event)
{
    const struct pav_wait_view *open = NULL;
    uint32_t i;

    for (i = 0; i < x->before.wait_count; i++) {
        const struct pav_wait_view *w = &x->before.waits[i];

        if (!w->takes_events)
            continue;
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

static uint32_t
waits_for_events(const struct execution *x)
{
    uint32_t i, n = 0;

    for (i = 0; i < x->before.wait_count; i++)
        n += x->before.waits[i].takes_events;
    return n;
}

enum fit
fit_event(struct pav_engine *e, struct execution *x, struct pav_event *event,
          const struct pav_doc *input, const struct cause *cause)
{
    const struct pav_wait_view *w = choose_wait(x, event);
    struct pav_wake wake = {.kind = PAV_WAKE_SUCCESS, .output = input};
    struct pav_step_out out;
    uint8_t seed[PAV_SEED_LEN];

    if (w != NULL) {
        wake.no = w->no;
        pav_random(seed, sizeof(seed));
        execution_step(e, x, &wake, cause, pav_clock_ms(e->clock), seed, &out);
        if (!out.unexpected) {
            execution_keep(e, x, &wake, cause, seed, &out);
            return FIT_TAKEN;
        }
        pav_buf_fini(&out.record);
    }
    if (waits_for_events(x) == 0 || (w == NULL && x->before.moving) ||
        pav_step_named_ahead(x->version->compiled, execution_record(e, x),
                             event, &e->arena))
        return FIT_EARLY;
    return FIT_UNEXPECTED;
}

void
fit_fail(struct pav_engine *e, struct execution *x, struct pav_event *event,
         const struct pav_doc *input, const struct cause *cause)
{
    const struct pav_wait_view *w = choose_wait(x, event);
    struct pav_wake wake = {.kind = PAV_WAKE_SUCCESS, .output = input};
    uint32_t i;

    if (w != NULL) {
        wake.no = w->no;
        execution_wake(e, x, &wake, cause);
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
    wake.cause =
        pav_arena_printf(&e->arena, "Unexpected event '%.*s' for '%s'",
                         (int)event->detail_type->len, event->detail_type->text,
                         x->row.key == NULL ? x->row.name : x->row.key);
    execution_wake(e, x, &wake, cause);
}

bool
event_load(struct pav_engine *e, int64_t id, struct pav_event *out)
{
    struct pav_envelope_defaults defaults = {.region = e->config.region,
                                             .account = e->config.account};
    struct pav_event_row row;
    struct pav_envelope envelope;
    const struct pav_doc *d;

    if (!pav_store_event(e->store, id, &e->arena, &row))
        return false;
    defaults.fresh_id = row.event_id.p;
    defaults.replay = row.replay;
    if (row.account != NULL) {
        defaults.account = row.account;
        defaults.stamps = true;
    }
    defaults.now_ms = row.received_at;
    if (pav_envelope_read_any(row.body.p, row.body.len, &defaults, &e->arena,
                              &envelope, NULL) != PAV_OK ||
        pav_doc_parse(&e->arena, envelope.text.p, envelope.text.len, NULL, &d,
                      NULL) != PAV_OK)
        return false;
    pav_event_init(out, d, &e->arena);
    return true;
}

/* ---- indexed paths ---- */

#define VALUE_MAX  1024 /* bytes */
#define VALUES_MAX 100  /* of one path in one event */

static void
index_value(struct pav_engine *e, const char *name, const struct pav_doc *value,
            int64_t execution_id)
{
    if ((value->kind != PAV_STRING && value->kind != PAV_NUMBER) ||
        value->len > VALUE_MAX)
        return;
    pav_store_attribute_add(
        e->store, name,
        value->kind == PAV_STRING
            ? pav_doc_str(&e->arena, value)
            : pav_arena_strndup(&e->arena, value->text, value->len),
        execution_id);
}

void
event_index(struct pav_engine *e, const struct pav_rules *rules,
            const struct pav_doc *event, int64_t execution_id)
{
    const struct pav_doc *value;
    uint32_t i, j;

    for (i = 0; rules != NULL && i < rules->indexed_count; i++) {
        const struct pav_indexed *x = &rules->indexed[i];

        if (pav_path_eval(x->path, event, &e->arena, &value, NULL) !=
            PAV_PATH_FOUND)
            continue;
        if (value->kind != PAV_ARRAY)
            index_value(e, x->name, value, execution_id);
        for (j = 0;
             value->kind == PAV_ARRAY && j < value->len && j < VALUES_MAX; j++)
            index_value(e, x->name, &value->items[j], execution_id);
    }
}

/* ---- the token table ---- */

bool
table_shared(const struct machine *x, const struct machine *y)
{
    const char *a, *b;

    if (x == y || x->current == NULL || y->current == NULL)
        return false;
    a = pav_machine_token_table(x->current->compiled);
    b = pav_machine_token_table(y->current->compiled);
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

struct machine *
shared_table_owner(struct pav_engine *e, const struct machine *owner,
                   const char *key, struct pav_execution_row *row)
{
    struct machine *m, *found = NULL;

    for (m = e->machines; m != NULL; m = m->next) {
        struct pav_execution_row other;

        if (!table_shared(m, owner) ||
            !pav_store_execution_of_key(e->store, m->id, key, &e->arena,
                                        &other) ||
            other.status != PAV_RUNNING)
            continue;
        if (found != NULL)
            return NULL; /* two: nobody can tell whose it is */
        found = m;
        *row = other;
    }
    return found;
}

/* ---- parked events ---- */

/*
 * One parked event of `m` that fits; true when one was applied.  Each trial
 * takes from `*budget`.
 */
static bool
apply_one(struct pav_engine *e, struct execution *x, const struct machine *m,
          int *budget)
{
    struct pav_parked_row p;
    int64_t after = 0;

    while (*budget > 0 && pav_store_parked_next(e->store, m->id, x->row.key,
                                                after, &e->arena, &p)) {
        struct cause cause = {.event_id = p.event_id};
        struct pav_event event;

        (*budget)--;
        after = p.event_id;
        if ((m != x->version->machine && !p.shared) ||
            !event_load(e, p.event_id, &event) ||
            fit_event(e, x, &event,
                      pav_doc_own(&e->arena, p.input.p, p.input.len),
                      &cause) != FIT_TAKEN)
            continue;
        event_index(e, m->rules, event.doc, x->row.id);
        pav_store_unpark(e->store, m->id, x->row.key, p.event_id);
        pav_store_disposition_change(e->store, p.disposition_id, PAV_RESUMED,
                                     x->row.machine_id, x->row.id,
                                     pav_clock_ms(e->clock));
        feed_disposition(e, PAV_RESUMED);
        return true;
    }
    return false;
}

/* Is `x` the execution that an event parked at `m` would be handed to? */
static bool
would_get(struct pav_engine *e, const struct machine *m,
          const struct execution *x)
{
    struct pav_execution_row row;

    if (!table_shared(m, x->version->machine) ||
        (pav_store_execution_of_key(e->store, m->id, x->row.key, &e->arena,
                                    &row) &&
         row.status == PAV_RUNNING))
        return false;
    return shared_table_owner(e, m, x->row.key, &row) == x->version->machine;
}

void
match_parked(struct pav_engine *e, struct execution *x)
{
    struct machine *m;
    bool applied = true;
    int budget = TRIALS;

    if (x->row.key == NULL)
        return;
    while (applied && x->row.status == PAV_RUNNING) {
        applied = apply_one(e, x, x->version->machine, &budget);
        for (m = e->machines;
             pav_store_has_parked(e->store) && !applied && m != NULL;
             m = m->next)
            if (would_get(e, m, x))
                applied = apply_one(e, x, m, &budget);
    }
    if (budget == 0 && x->row.status == PAV_RUNNING) /* on in another turn */
        pav_store_timer_add(e->store, pav_clock_ms(e->clock) + 1, x->row.id,
                            PAV_TIMER_GO_ON);
}
