/*
 * ASL: each case is a definition, an input, scripted ends of its tasks, and
 * the outcome that was recorded.  The clock is virtual: a timer that is due
 * moves it.  Cases of a kind other than execution, callback or validation are
 * skipped, and so are definitions whose only faults are UNSUPPORTED.
 */
#include <stdio.h>
#include <string.h>

#include "pavane/history.h"
#include "pavane/step.h"
#include "pavane/text.h"
#include "conformance.h"
#include "normal.h"

#define MAX_STEPS  30000
#define FAR_MS     (365LL * 86400 * 1000)
#define MAX_STATES 64

/* How many scripted ends of a state were used. */
struct script {
    const char *state;
    uint32_t used;
};

struct run {
    struct tally *tally;
    struct pav_arena *arena;
    const struct pav_doc *c;
    struct pav_machine *machine;
    struct pav_identity identity;
    struct pav_step_out out;
    const struct pav_doc *record, *input;
    struct pav_items history; /* events as {id, prev, type, details} */
    int64_t next_id, now_ms;
    struct script scripts[MAX_STATES];
    uint32_t script_count;
    bool stuck;
};

static void
put_text(struct pav_members *m, const char *key, const struct pav_doc *d)
{
    if (d != NULL)
        pav_members_puts(m, key, d);
}

static const struct pav_doc *
event_doc(struct pav_arena *a, const struct pav_history_event *e)
{
    struct pav_members m, details;

    pav_members_init(&m, a);
    pav_members_init(&details, a);
    pav_members_puts(&m, "id", pav_doc_new_int(a, e->id));
    pav_members_puts(&m, "prev", pav_doc_new_int(a, e->previous_id));
    pav_members_puts(&m, "type", pav_doc_new_cstr(a, e->type));
    if (e->details_field != NULL) {
        if (e->state != NULL)
            pav_members_puts(&details, "name", pav_doc_new_cstr(a, e->state));
        put_text(&details, "error", e->error);
        put_text(&details, "cause", e->cause);
        put_text(&details, "resource", e->resource);
        put_text(&details, "resourceType", e->resource_type);
        if (e->payload != NULL && e->payload_field != NULL)
            pav_members_puts(&details, e->payload_field, e->payload);
        if (e->timeout_s > 0)
            pav_members_puts(&details, "timeoutInSeconds",
                             pav_doc_new_int(a, e->timeout_s));
        pav_members_puts(&m, "details", pav_members_object(&details));
    }
    return pav_members_object(&m);
}

static void
step(struct run *r, const struct pav_wake *wake)
{
    struct pav_step_in in = {.machine = r->machine,
                             .identity = &r->identity,
                             .record = r->record,
                             .execution_input = r->input,
                             .first_event_id = r->next_id,
                             .wake = *wake,
                             .now_ms = r->now_ms};
    uint32_t i;

    pav_step(&in, r->arena, &r->out);
    r->record = pav_doc_own(r->arena, r->out.record.p, r->out.record.len);
    pav_buf_fini(&r->out.record);
    for (i = 0; i < r->out.event_count; i++) {
        struct pav_history_event e;

        pav_history_event(r->record, i, r->next_id, r->arena, &e);
        pav_items_add(&r->history, event_doc(r->arena, &e));
    }
    r->next_id += r->out.event_count;
}

static const struct pav_doc *
next_end(struct run *r, const char *state)
{
    const struct pav_doc *ends = pav_doc_get(pav_doc_get(r->c, "mocks"), state);
    uint32_t i;

    for (i = 0; i < r->script_count; i++)
        if (strcmp(r->scripts[i].state, state) == 0)
            break;
    if (i == r->script_count) {
        if (i == MAX_STATES)
            return NULL;
        r->scripts[i].state = state;
        r->scripts[i].used = 0;
        r->script_count++;
    }
    return pav_doc_at(ends, r->scripts[i].used++);
}

/* Ends one open wait as scripted; false when none is to be ended. */
static bool
end_a_wait(struct run *r)
{
    uint32_t i;

    for (i = 0; i < r->out.wait_count; i++) {
        const struct pav_wait_view *w = &r->out.waits[i];
        const struct pav_doc *end = next_end(r, w->state);
        const struct pav_doc *result = pav_doc_get(end, "result");
        struct pav_wake wake = {.no = w->no};

        if (end == NULL || pav_doc_get(end, "no_reply") != NULL)
            continue;
        if (result != NULL) {
            wake.kind = PAV_WAKE_SUCCESS;
            wake.output = result;
        } else {
            wake.kind = PAV_WAKE_FAILURE;
            wake.error = pav_doc_str(r->arena, pav_doc_get(end, "error"));
            wake.cause = pav_doc_str(r->arena, pav_doc_get(end, "cause"));
        }
        step(r, &wake);
        return true;
    }
    return false;
}

static bool
fire_a_timer(struct run *r)
{
    const struct pav_timer *first = NULL;
    struct pav_wake wake = {.kind = PAV_WAKE_TIMER};
    uint32_t i;

    for (i = 0; i < r->out.timer_count; i++)
        if (first == NULL || r->out.timers[i].due_at < first->due_at)
            first = &r->out.timers[i];
    if (first == NULL || first->due_at > r->now_ms + FAR_MS)
        return false;
    if (first->due_at > r->now_ms)
        r->now_ms = first->due_at;
    wake.no = first->no;
    step(r, &wake);
    return true;
}

static void
execute(struct run *r)
{
    struct pav_wake wake = {.kind = PAV_WAKE_START, .output = r->input};
    int steps = 0;

    r->next_id = 1;
    pav_items_init(&r->history, r->arena);
    step(r, &wake);
    while (r->out.status == PAV_RUNNING && steps++ < MAX_STEPS)
        if (!end_a_wait(r) && !fire_a_timer(r))
            break;
}

/* ---- comparing ---- */

static const struct pav_doc *
without_submitted_output(struct pav_arena *a, const struct pav_doc *event)
{
    struct pav_members m;
    uint32_t i;

    pav_members_init(&m, a);
    for (i = 0; i < event->len; i++)
        if (event->members[i].len != 7 ||
            memcmp(event->members[i].key, "details", 7) != 0)
            pav_members_add(&m, event->members[i].key, event->members[i].len,
                            &event->members[i].value);
    return pav_members_object(&m);
}

static const char *
compare_history(struct run *r, const struct normal *n,
                const struct pav_doc *want)
{
    uint32_t i;

    int64_t id;

    if (want == NULL || pav_doc_get(r->c, "history_order") != NULL)
        return NULL;
    for (i = 0; i < want->len; i++) /* recorded without order */
        if (pav_doc_int(pav_doc_get(pav_doc_at(want, i), "id"), &id) && id == 0)
            return want->len <= r->history.count ? NULL : "events are missing";
    for (i = 0; i < want->len; i++) {
        const struct pav_doc *w = pav_doc_at(want, i);
        const struct pav_doc *g =
            i < r->history.count ? &r->history.v[i] : NULL;
        struct pav_buf b;
        const char *why;

        /* The reply of a service that is not here. */
        if (g != NULL &&
            pav_doc_is_str(pav_doc_get(w, "type"), "TaskSubmitted")) {
            w = without_submitted_output(r->arena, w);
            g = without_submitted_output(r->arena, g);
        }
        if (g != NULL && normal_equal(n, w, g))
            continue;
        pav_buf_init(&b, 4000);
        pav_buf_puts(&b, "event wanted ");
        pav_doc_print(w, &b);
        pav_buf_puts(&b, " got ");
        if (g != NULL)
            pav_doc_print(g, &b);
        why = pav_arena_strdup(r->arena, b.p == NULL ? "history" : b.p);
        pav_buf_fini(&b);
        return why;
    }
    return want->len == r->history.count ? NULL : "more events than recorded";
}

/* A text that may be absent on both sides. */
static bool
text_agrees(const struct normal *n, const struct pav_doc *want, const char *got)
{
    if (want == NULL || got == NULL)
        return want == NULL && got == NULL;
    return normal_equal(n, want, pav_doc_new_cstr(n->arena, got));
}

static const char *
compare(struct run *r)
{
    const struct pav_doc *expect = pav_doc_get(r->c, "expect");
    const struct pav_doc *output = pav_doc_get(expect, "output");
    struct normal n = {r->arena, pav_doc_get(r->c, "masks")};

    if (!pav_doc_is_str(pav_doc_get(expect, "status"),
                        pav_status_name(r->out.status)))
        return pav_arena_printf(r->arena, "status %s (%s: %s)",
                                pav_status_name(r->out.status),
                                r->out.error == NULL ? "-" : r->out.error,
                                r->out.cause == NULL ? "-" : r->out.cause);
    if (r->out.status == PAV_FAILED &&
        (!text_agrees(&n, pav_doc_get(expect, "error"), r->out.error) ||
         !text_agrees(&n, pav_doc_get(expect, "cause"), r->out.cause)))
        return pav_arena_printf(r->arena, "error %s: %s",
                                r->out.error == NULL ? "-" : r->out.error,
                                r->out.cause == NULL ? "-" : r->out.cause);
    if (r->out.status == PAV_SUCCEEDED && output != NULL &&
        pav_doc_get(r->c, "input_masked") == NULL &&
        !normal_equal(&n, output, r->out.output)) {
        struct pav_buf b;
        const char *why;

        pav_buf_init(&b, 2000);
        pav_doc_print(r->out.output, &b);
        why = pav_arena_printf(r->arena, "output %s", b.p);
        pav_buf_fini(&b);
        return why;
    }
    return compare_history(r, &n, pav_doc_get(expect, "history"));
}

/* ---- one case ---- */

/* Recordings hold placeholders where resources had ARNs of their own. */
static bool
is_placeholder(const struct pav_fault *f)
{
    return strncmp(f->message, "The resource provided ARN is not recognized",
                   43) == 0;
}

static bool
only_unsupported(const struct pav_faults *f)
{
    uint32_t i;

    for (i = 0; i < f->count; i++)
        if (f->v[i].severity == PAV_ERROR &&
            strcmp(f->v[i].code, "UNSUPPORTED") != 0 &&
            !is_placeholder(&f->v[i]))
            return false;
    return true;
}

static struct pav_machine *
compile(struct pav_arena *a, const struct pav_doc *c, struct pav_faults *faults)
{
    const struct pav_doc *d = pav_doc_get(c, "definition");
    const struct pav_doc *text = pav_doc_get(c, "definition_text");
    struct pav_machine *m;
    struct pav_buf b;

    pav_faults_init(faults, a);
    pav_buf_init(&b, 1 << 24);
    if (text != NULL && text->kind == PAV_STRING)
        pav_buf_put(&b, text->text, text->len);
    else
        pav_doc_print(d, &b);
    m = pav_machine_compile(b.p == NULL ? "" : b.p, b.len, faults);
    pav_buf_fini(&b);
    return m;
}

static bool
has_feature(const struct pav_doc *c, const char *name)
{
    const struct pav_doc *list = pav_doc_get(c, "features");
    uint32_t i;

    for (i = 0; list != NULL && i < list->len; i++)
        if (pav_doc_is_str(&list->items[i], name))
            return true;
    return false;
}

static void
run_execution(struct tally *t, const struct pav_doc *c, struct pav_arena *a,
              struct pav_machine *m)
{
    const struct pav_doc *id = pav_doc_get(c, "id");
    const struct pav_doc *clock = pav_doc_get(c, "clock");
    struct run r = {.tally = t,
                    .arena = a,
                    .c = c,
                    .machine = m,
                    .input = pav_doc_get(c, "input"),
                    .now_ms = 1767225600000};
    const char *why;

    if (clock != NULL && clock->kind == PAV_STRING)
        (void)pav_time_parse(clock->text, clock->len, &r.now_ms);
    if (r.input == NULL)
        r.input = &pav_doc_empty_object;
    r.identity.execution_arn =
        "arn:aws:states:us-east-1:111111111111:execution:machine:run";
    r.identity.execution_name = "run";
    r.identity.machine_arn =
        "arn:aws:states:us-east-1:111111111111:stateMachine:machine";
    r.identity.machine_name = "machine";
    r.identity.role_arn = "snf_role_arn";
    r.identity.region = "us-east-1";
    r.identity.started_at = r.now_ms;
    execute(&r);
    why = compare(&r);
    tally_case(t, why == NULL, id, why == NULL ? "" : why);
}

static void
run_case(struct tally *t, const struct pav_doc *c, struct pav_arena *a)
{
    const struct pav_doc *kind = pav_doc_get(c, "kind");
    bool validation = pav_doc_is_str(kind, "validation");
    struct pav_faults faults;
    struct pav_machine *m;

    if ((!validation && !pav_doc_is_str(kind, "execution") &&
         !pav_doc_is_str(kind, "callback")) ||
        pav_doc_is_str(pav_doc_get(c, "type"), "EXPRESS") ||
        has_feature(c, "jsonata")) {
        tally_skip(t);
        return;
    }
    m = compile(a, c, &faults);
    if (m == NULL && only_unsupported(&faults)) {
        tally_skip(t);
    } else if (validation) {
        bool valid = pav_doc_is_str(
            pav_doc_get(pav_doc_get(c, "expect"), "status"), "VALID");

        tally_case(t, valid == (m != NULL), pav_doc_get(c, "id"),
                   m == NULL ? faults.v[0].message : "accepted");
    } else if (m == NULL) {
        tally_case(t, false, pav_doc_get(c, "id"), faults.v[0].message);
    } else {
        run_execution(t, c, a, m);
    }
    pav_machine_free(m);
}

void
run_asl(struct tally *t, const struct pav_doc *file)
{
    const struct pav_doc *cases = pav_doc_get(file, "cases");
    uint32_t i;

    for (i = 0; cases != NULL && i < cases->len; i++) {
        struct pav_arena a;

        pav_arena_init(&a, 1 << 16);
        run_case(t, pav_doc_at(cases, i), &a);
        pav_arena_fini(&a);
    }
}
