/*
 * The page of one execution: the answer in a sentence, the states it went
 * through with their input and output, its events, its history.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pavane/history.h"
#include "pavane/machine.h"
#include "pavane/text.h"
#include "markdown.h"
#include "pages_int.h"

#define EVENTS_PAGE  1000
#define PAYLOAD_SHOW (64 * 1024)
#define WAITS_SHOW   100
#define SEARCH_BACK  64

void page_execution(struct pav_query *q, const char *id);

/* One stay in a state, out of its Entered and Exited events. */
struct visit {
    const char *state, *type, *input, *output;
    int64_t entered_at, exited_at; /* 0: still inside */
    int64_t id;
    const char *caught; /* the error that its Catch took */
};

struct execution_page {
    struct pav_query *q;
    struct pav_execution_view x;
    struct pav_machine_row machine;
    struct visit *visits;
    uint32_t visit_count, visit_cap;
    struct pav_items history;
    const char *error, *cause;
    int64_t
        failure_id; /* of the last event with an error, which is `failure` */
    const char *failure;
    int64_t first, last; /* history events on this page */
};

/* ---- payloads ---- */

static const char *
payload_text(struct pav_arena *a, const struct pav_doc *d)
{
    struct pav_buf b;
    const char *text;

    pav_buf_init(&b, 4u << 20);
    pav_doc_print_pretty(d, &b);
    if (b.len > PAYLOAD_SHOW)
        text = pav_arena_printf(a,
                                "%.*s\n... %zu more bytes: the API gives "
                                "the whole",
                                PAYLOAD_SHOW, b.p, b.len - PAYLOAD_SHOW);
    else
        text = pav_arena_strndup(a, b.p, b.len);
    pav_buf_fini(&b);
    return text;
}

/* ---- visits and history ---- */

static struct visit *
visit_add(struct execution_page *p)
{
    if (p->visit_count == p->visit_cap) {
        uint32_t cap = p->visit_cap == 0 ? 64 : p->visit_cap * 2;
        struct visit *v = pav_arena_alloc(p->q->arena, cap * sizeof(*v));

        if (p->visit_count > 0)
            memcpy(v, p->visits, p->visit_count * sizeof(*v));
        p->visits = v;
        p->visit_cap = cap;
    }
    memset(&p->visits[p->visit_count], 0, sizeof(*p->visits));
    return &p->visits[p->visit_count++];
}

/* State names are unique in a machine: the last stay is the open one. */
static struct visit *
visit_open(struct execution_page *p, const char *state)
{
    uint32_t i, tries = 0;

    for (i = p->visit_count; i-- > 0 && tries++ < SEARCH_BACK;)
        if (p->visits[i].exited_at == 0 &&
            strcmp(p->visits[i].state, state) == 0)
            return &p->visits[i];
    return NULL;
}

static bool
ends_with(const char *text, const char *ending)
{
    size_t len = strlen(text), n = strlen(ending);

    return len >= n && strcmp(text + len - n, ending) == 0;
}

static void
follow_states(struct execution_page *p, const struct pav_history_event *e,
              int64_t at)
{
    struct pav_arena *a = p->q->arena;
    struct visit *v;

    if (e->state == NULL)
        return;
    if (ends_with(e->type, "StateEntered")) {
        v = visit_add(p);
        v->state = e->state;
        v->type = pav_arena_strndup(a, e->type,
                                    strlen(e->type) - strlen("StateEntered"));
        v->input = payload_text(a, e->payload);
        v->entered_at = at;
        v->id = e->id;
    } else if ((v = visit_open(p, e->state)) != NULL) {
        v->output = payload_text(a, e->payload);
        v->exited_at = at;
        if (p->failure_id != 0 && e->previous_id == p->failure_id)
            v->caught = p->failure;
    }
}

static void
add_event(struct execution_page *p, const struct pav_history_event *e,
          int64_t at)
{
    struct pav_arena *a = p->q->arena;
    struct pav_members m;

    follow_states(p, e, at);
    pav_members_init(&m, a);
    view_number(&m, "id", e->id);
    view_number(&m, "previous", e->previous_id);
    view_text(&m, "type", e->type);
    view_time(&m, "at", at);
    view_text(&m, "state", e->state);
    if (e->payload != NULL && e->payload_field != NULL) {
        view_text(&m, "payload_name", e->payload_field);
        view_text(&m, "payload", payload_text(a, e->payload));
    }
    view_text(&m, "error", pav_doc_str(a, e->error));
    view_text(&m, "cause", pav_doc_str(a, e->cause));
    view_text(&m, "resource", pav_doc_str(a, e->resource));
    view_text(&m, "resource_type", pav_doc_str(a, e->resource_type));
    pav_items_add(&p->history, pav_members_object(&m));
    if (strncmp(e->type, "Execution", 9) == 0 && e->id > 1) {
        p->error = pav_doc_str(a, e->error);
        p->cause = pav_doc_str(a, e->cause);
    }
    if (e->error != NULL) {
        p->failure_id = e->id;
        p->failure = pav_doc_str(a, e->error);
    }
    p->last = e->id;
}

static void
read_history(struct execution_page *p)
{
    struct pav_step_row *steps;
    uint32_t count =
                 pav_reader_steps(p->q->reader, p->x.row.last_step, p->first,
                                  EVENTS_PAGE, p->q->arena, &steps),
             i, j;

    pav_items_init(&p->history, p->q->arena);
    for (i = 0; i < count; i++) {
        const struct pav_doc *record =
            pav_doc_own(p->q->arena, steps[i].record.p, steps[i].record.len);

        for (j = 0; j < steps[i].event_count; j++) {
            struct pav_history_event e;
            int64_t id = steps[i].first_event + j;

            if (id < p->first || id >= p->first + EVENTS_PAGE)
                continue;
            pav_history_event(record, j, steps[i].first_event, p->q->arena, &e);
            add_event(p, &e, steps[i].at);
        }
    }
}

static const struct pav_doc *
visits_view(struct execution_page *p)
{
    static const struct {
        const char *class, *word, *sign;
    } open_looks[] = {[PAV_RUNNING] = {"running", "waiting", "▷"},
                      [PAV_SUCCEEDED] = {"succeeded", "succeeded", "✓"},
                      [PAV_FAILED] = {"failed", "failed", "✕"},
                      [PAV_TIMED_OUT] = {"timedout", "timed out", "⌛"},
                      [PAV_ABORTED] = {"aborted", "aborted", "⊘"}};
    struct pav_items rows;
    uint32_t i;

    pav_items_init(&rows, p->q->arena);
    for (i = 0; i < p->visit_count; i++) {
        const struct visit *v = &p->visits[i];
        int look = v->exited_at != 0 ? (int)PAV_SUCCEEDED : p->x.row.status;
        int64_t until = v->exited_at != 0          ? v->exited_at
                        : p->x.row.stopped_at != 0 ? p->x.row.stopped_at
                                                   : p->q->now_ms;
        struct pav_members m;

        pav_members_init(&m, p->q->arena);
        view_text(&m, "state", v->state);
        view_text(&m, "type", v->type);
        view_time(&m, "entered", v->entered_at);
        view_span(&m, "duration", until - v->entered_at);
        view_text(&m, "input", v->input);
        view_text(&m, "output", v->output);
        view_number(&m, "id", v->id);
        view_text(&m, "class",
                  v->caught != NULL ? "caught" : open_looks[look].class);
        view_text(&m, "word",
                  v->caught != NULL
                      ? pav_arena_printf(p->q->arena, "caught %s", v->caught)
                      : open_looks[look].word);
        view_text(&m, "sign", v->caught != NULL ? "↷" : open_looks[look].sign);
        pav_items_add(&rows, pav_members_object(&m));
    }
    return pav_items_array(&rows);
}

/* ---- the answer ---- */

static const struct pav_doc *
waits_view(struct execution_page *p, uint32_t *count)
{
    struct pav_wait_filter f = {.execution_id = p->x.row.id,
                                .limit = WAITS_SHOW};
    struct pav_wait_view_row *v;
    struct pav_items rows;
    uint32_t i;
    bool more;

    *count = pav_reader_waits(p->q->reader, &f, p->q->arena, &v, &more);
    pav_items_init(&rows, p->q->arena);
    for (i = 0; i < *count; i++) {
        const struct pav_wait_row *w = &v[i].row;
        struct pav_members m;

        pav_members_init(&m, p->q->arena);
        view_text(&m, "state", w->state);
        view_text(&m, "awaits", w->awaits);
        if (w->awaits == NULL)
            view_text(&m, "pattern", w->pattern);
        view_time(&m, "since", w->since_at);
        view_span(&m, "span", p->q->now_ms - w->since_at);
        view_time(&m, "due", w->due_at);
        pav_items_add(&rows, pav_members_object(&m));
    }
    return pav_items_array(&rows);
}

static bool
find(struct execution_page *p, const char *id)
{
    const char *colon = strchr(id, ':');

    return colon != NULL &&
           pav_reader_execution(
               p->q->reader,
               pav_arena_strndup(p->q->arena, id, (size_t)(colon - id)),
               colon + 1, p->q->arena, &p->x) &&
           pav_reader_version(p->q->reader, p->x.row.version_id, p->q->arena,
                              &p->machine);
}

static void
add_paging(struct execution_page *p, struct pav_members *m)
{
    struct pav_arena *a = p->q->arena;
    const char *link = view_execution_link(a, p->x.machine, p->x.row.name);

    view_number(m, "events", p->x.row.next_event - 1);
    if (p->last + 1 < p->x.row.next_event)
        view_text(m, "later",
                  pav_arena_printf(a, "%s?from=%lld#history", link,
                                   (long long)p->last + 1));
    if (p->first > 1)
        view_text(m, "earlier",
                  pav_arena_printf(a, "%s?from=%lld#history", link,
                                   (long long)(p->first > EVENTS_PAGE
                                                   ? p->first - EVENTS_PAGE
                                                   : 1)));
    view_text(m, "json", pav_arena_printf(a, "/api/v1%s/history", link));
}

void
page_execution(struct pav_query *q, const char *id)
{
    struct execution_page p = {.q = q, .first = 1};
    struct pav_disposition_filter f = {.kind = -1, .limit = 200};
    const char *from = page_parameter(q, "from");
    struct slot slots[1];
    struct pav_buf readme;
    struct pav_members m;
    const struct pav_doc *waits;
    const char *intro;
    uint32_t wait_count;
    int64_t next;
    size_t len;

    if (!find(&p, id)) {
        page_missing(q, "There is no such execution.");
        return;
    }
    if (from != NULL && atoll(from) > 0)
        p.first = atoll(from);
    read_history(&p);
    pav_members_init(&m, q->arena);
    pav_members_puts(&m, "execution", view_execution(q, &p.x));
    waits = waits_view(&p, &wait_count);
    pav_members_puts(&m, "waits", waits);
    view_bool(&m, "running", p.x.row.status == PAV_RUNNING);
    view_bool(&m, "sleeping", p.x.row.status == PAV_RUNNING && wait_count == 0);
    view_bool(&m, "ended", p.x.row.status != PAV_RUNNING);
    view_states(&m, "states", p.x.row.states);
    view_text(&m, "end_error", p.error);
    view_text(&m, "end_cause", p.cause);
    pav_members_puts(&m, "visits", visits_view(&p));
    pav_members_puts(&m, "history", pav_items_array(&p.history));
    f.key = p.x.row.key;
    f.execution_id = p.x.row.key == NULL ? p.x.row.id : 0;
    pav_members_puts(&m, "dispositions", view_dispositions(q, &f, &next));
    add_paging(&p, &m);
    intro =
        markdown_section(p.machine.readme.p, p.machine.readme.len, NULL, &len);
    pav_buf_init(&readme, 1 << 20);
    markdown_render(intro, len, &readme);
    slots[0].name = "readme";
    slots[0].html = &readme;
    page_show(q, "execution", p.x.row.key == NULL ? p.x.row.name : p.x.row.key,
              &m, slots, 1);
    pav_buf_fini(&readme);
}
