/*
 * An execution as a case of `pavane test`: the events that its machine got for
 * it, as they were sent and as far apart, and what became of it.
 */
#include "case.h"

#include <string.h>

#include "graph/trace.h"
#include "frame.h"

#define EVENTS_MAX 1000

/* The event as it was sent, and how long after the one before. */
static const struct pav_doc *
event_of(struct pav_query *q, const struct pav_event_row *e, int64_t before)
{
    const struct pav_doc *sent = pav_doc_own(q->arena, e->body.p, e->body.len);
    int64_t seconds = before == 0 ? 0 : (e->received_at - before) / 1000;
    struct pav_members m;
    uint32_t i;

    pav_members_init(&m, q->arena);
    for (i = 0; sent->kind == PAV_OBJECT && i < sent->len; i++)
        pav_members_put(&m, sent->members[i].key, sent->members[i].len,
                        &sent->members[i].value);
    if (seconds > 0)
        pav_members_int(&m, "afterSeconds", seconds);
    return pav_members_object(&m);
}

static void
add_end(struct pav_query *q, const struct pav_execution_view *x,
        struct pav_members *m)
{
    struct pav_history_event last;

    pav_members_str(m, "status",
                    pav_status_name((enum pav_status)x->row.status));
    pav_members_puts(
        m, "states",
        pav_doc_own(q->arena, x->row.states, strlen(x->row.states)));
    if (x->row.status != PAV_RUNNING && x->row.status != PAV_SUCCEEDED &&
        trace_event(q, x, x->row.next_event - 1, &last) && last.error != NULL)
        pav_members_puts(m, "error", last.error);
}

void
case_answer(struct pav_query *q, const struct pav_execution_view *x)
{
    struct pav_disposition_filter f = {
        .kind = -1, .machine = x->machine, .limit = EVENTS_MAX};
    struct pav_disposition_view *v;
    struct pav_items events, dispositions;
    struct pav_members m, expect;
    struct pav_event_row e;
    int64_t next, last_id = 0, last_at = 0;
    uint32_t n, i;

    f.key = x->row.key;
    f.execution_id = x->row.key == NULL ? x->row.id : 0;
    n = pav_reader_dispositions(q->reader, &f, q->arena, &v, &next);
    pav_items_init(&events, q->arena);
    pav_items_init(&dispositions, q->arena);
    for (i = n; i-- > 0;) { /* the newest is the first */
        if (v[i].row.event_id == last_id ||
            !pav_reader_event(q->reader, v[i].row.event_id, q->arena, &e))
            continue; /* what became of it first is what a case says */
        pav_items_add(&events, event_of(q, &e, last_at));
        pav_items_add(
            &dispositions,
            pav_doc_new_cstr(q->arena,
                             pav_disposition_name(
                                 v[i].row.early ? PAV_PARKED : v[i].row.kind)));
        last_id = v[i].row.event_id;
        last_at = e.received_at;
    }
    pav_members_init(&expect, q->arena);
    if (x->row.key != NULL)
        pav_members_str(&expect, "correlationId", x->row.key);
    add_end(q, x, &expect);
    pav_members_puts(&expect, "dispositions", pav_items_array(&dispositions));
    pav_members_init(&m, q->arena);
    pav_members_str(
        &m, "description",
        pav_arena_printf(q->arena, "%s as it was%s.",
                         x->row.key == NULL ? x->row.name : x->row.key,
                         next == 0 ? "" : ", its last 1,000 events"));
    pav_members_puts(&m, "events", pav_items_array(&events));
    pav_members_puts(&m, "expect", pav_members_object(&expect));
    q->headers = page_security;
    pav_doc_print_pretty(pav_members_object(&m), &q->out);
    pav_buf_putc(&q->out, '\n');
}
