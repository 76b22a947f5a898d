/*
 * The stepper: a line that says what happens (a letter each), then a
 * definition.  What is not possible at that moment is passed over; the record
 * goes through its text between any two steps, as it does in the daemon.
 */
#include "fuzz.h"
#include "../kept_records.h"

#define STEPS_MAX 40

struct life {
    struct kept_records records;
    struct pav_arena *arena;
    struct pav_step_in in;
    struct pav_step_out out;
    bool alive;
};

static void
take(struct life *l, struct pav_wake wake)
{
    static const struct pav_history_event none;
    struct pav_step_out viewed;
    struct pav_history_event e;
    struct pav_record *record;
    uint32_t i;

    l->in.wake = wake;
    pav_step(&l->in, l->arena, &l->out);
    record = keep_record(&l->records, &l->out.record, l->arena);
    FUZZ_CHECK(pav_history_count(record) == l->out.event_count);
    for (i = 0; i < l->out.event_count; i++) {
        e = none;
        pav_history_event(record, i, l->in.first_event_id, l->arena, &e);
        FUZZ_CHECK(e.previous_id < l->in.first_event_id + i);
    }
    l->in.first_event_id += l->out.event_count;
    FUZZ_CHECK(l->in.first_event_id <= l->in.history_max + 1);
    l->in.record = record;
    l->alive = l->out.status == PAV_RUNNING;
    if (l->alive) { /* what a restart sees is what the step said */
        pav_step_view(l->in.machine, l->in.record, l->in.identity->started_at,
                      l->arena, &viewed);
        FUZZ_CHECK(viewed.wait_count == l->out.wait_count);
        FUZZ_CHECK(l->out.wait_count > 0 || l->out.timer_count > 0);
    }
    pav_buf_fini(&l->out.record);
}

static const struct pav_wait_view *
wait_at(const struct life *l, unsigned n)
{
    return l->out.wait_count == 0 ? NULL : &l->out.waits[n % l->out.wait_count];
}

static void
happen(struct life *l, uint8_t what, const struct pav_doc *values)
{
    const struct pav_wait_view *w = wait_at(l, what >> 4);
    struct pav_wake wake = {.no = w == NULL ? 0 : w->no};
    uint32_t i, first = 0;

    switch (what & 7) {
    case 0:
    case 1:
        wake.kind = PAV_WAKE_SUCCESS;
        wake.output = pav_doc_at(values, (what >> 3) % values->len);
        break;
    case 2:
        wake.kind = PAV_WAKE_FAILURE;
        wake.error = what & 8 ? "States.Timeout" : "E";
        wake.cause = what & 16 ? "why" : NULL;
        break;
    case 3:
        wake.kind = PAV_WAKE_SUBMITTED;
        wake.output = &pav_doc_empty_object;
        break;
    case 4:
        wake.kind = PAV_WAKE_HEARTBEAT;
        break;
    case 5:
    case 6: /* the timer that is due first */
        if (l->out.timer_count == 0)
            return;
        for (i = 1; i < l->out.timer_count; i++)
            if (l->out.timers[i].due_at < l->out.timers[first].due_at)
                first = i;
        wake.kind = PAV_WAKE_TIMER;
        wake.no = l->out.timers[first].no;
        if (l->in.now_ms < l->out.timers[first].due_at)
            l->in.now_ms = l->out.timers[first].due_at;
        take(l, wake);
        return;
    default:
        wake.kind = PAV_WAKE_STOP;
        w = w == NULL ? NULL : w;
        take(l, wake);
        return;
    }
    /* A map run has no heartbeat and no reply before its end. */
    if (w == NULL || (w->map_run != NULL && wake.kind != PAV_WAKE_SUCCESS &&
                      wake.kind != PAV_WAKE_FAILURE))
        return;
    take(l, wake);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const char values_text[] =
        "[{},[],[1,2,3],{\"a\":[{\"b\":1},{\"b\":null}],\"l\":[[1],[2]],"
        "\"s\":2,\"n\":-1,\"t\":\"2026-01-01T00:00:00Z\"},\"text\",7,null]";
    struct pav_identity who = {.execution_no = 1,
                               .execution_arn = "arn:aws:states:r:0:execution:"
                                                "m:x",
                               .execution_name = "x",
                               .machine_arn = "arn:aws:states:r:0:"
                                              "stateMachine:m",
                               .machine_name = "m",
                               .role_arn = "",
                               .region = "r",
                               .account = "0",
                               .started_at = 1000};
    size_t line = fuzz_line(data, len), i;
    const struct pav_doc *values;
    struct pav_faults faults;
    struct pav_machine *m;
    struct pav_arena a;

    if (line == len || line == 0)
        return 0;
    pav_arena_init(&a, 4096);
    pav_faults_init(&faults, &a);
    values = pav_doc_own(&a, values_text, strlen(values_text));
    m = pav_machine_compile((const char *)data + line + 1, len - line - 1,
                            PAV_STANDARD, &faults);
    if (m != NULL) {
        struct pav_event_text event = {.len = strlen(values_text)};
        struct life l = {
            .arena = &a,
            .records = {.machine = m, .event = {values_text, event.len}},
            .in = {.machine = m,
                   .identity = &who,
                   .execution_input = pav_doc_at(values, data[0] % values->len),
                   .event = &event,
                   .first_event_id = 1,
                   .now_ms = 1000,
                   .history_max = 400,
                   .budget = 200}};

        take(&l, (struct pav_wake){.kind = PAV_WAKE_START,
                                   .output = l.in.execution_input});
        for (i = 1; i < line && i < STEPS_MAX; i++) {
            if (l.alive) {
                happen(&l, data[i], values);
            } else if (l.out.status != PAV_SUCCEEDED &&
                       l.in.first_event_id < 390) {
                who.redrive_count++;
                who.redriven_at = l.in.now_ms;
                take(&l, (struct pav_wake){.kind = PAV_WAKE_REDRIVE});
            } else {
                break;
            }
        }
    }
    pav_machine_free(m);
    pav_arena_fini(&a);
    return 0;
}
