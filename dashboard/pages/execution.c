/*
 * The page of one execution: the answer in a sentence, then the same way seen
 * as a graph, a timeline, a history and as data, with one state looked at
 * closely beside it.  The selection is in the link: ?tab=&state=&visit=.
 */
#include <string.h>

#include "pavane/arn.h"
#include "pavane/flow.h"
#include "pavane/http.h"
#include "pavane/insight.h"
#include "pavane/journal.h"
#include "pavane/text.h"
#include "pavane/wait_stats.h"
#include "graph/diff.h"
#include "graph/graphs.h"
#include "graph/trace.h"
#include "answer.h"
#include "case.h"
#include "definition.h"
#include "frame.h"
#include "history.h"
#include "kept.h"
#include "links.h"
#include "markdown.h"
#include "pages.h"
#include "parameters.h"
#include "stays.h"
#include "view_rows.h"

struct execution_page {
    struct pav_query *q;
    struct pav_execution_view x;
    struct pav_machine_row machine;
    const struct pav_graph *graph;
    struct trace trace;
    const struct visit *visit; /* that is looked at; NULL */
    int64_t at;                /* the history event up to which; 0: all */
    int64_t all;               /* how many there are */
    const char *tab, *link;    /* the page without parameters */
};

static const char *const tabs[] = {"graph", "timeline", "history", "data"};

/* ---- links ---- */

static const char *
tab_link(struct execution_page *p, const char *tab)
{
    struct pav_arena *a = p->q->arena;

    const char *at =
        p->at == 0 ? "" : pav_arena_printf(a, "at=%lld&", (long long)p->at);

    if (p->visit == NULL)
        return pav_arena_printf(a, "%s?%stab=%s", p->link, at, tab);
    return pav_arena_printf(
        a, "%s&visit=%u",
        view_link(p->q,
                  pav_arena_printf(a, "%s?%stab=%s&state=",
                                   p->link + strlen(page_root(p->q)), at, tab),
                  p->visit->name),
        p->visit->number);
}

/* In front of the name of a state. */
static const char *
state_link(struct execution_page *p)
{
    return p->at == 0 ? pav_arena_printf(p->q->arena,
                                         "%s?tab=%s&state=", p->link, p->tab)
                      : pav_arena_printf(p->q->arena,
                                         "%s?at=%lld&tab=%s&state=", p->link,
                                         (long long)p->at, p->tab);
}

static const char *
visit_link(struct execution_page *p, const struct visit *v)
{
    return pav_arena_printf(
        p->q->arena, "%s&visit=%u",
        view_link(p->q, state_link(p) + strlen(page_root(p->q)), v->name),
        v->number);
}

/* ---- the state that is looked at ---- */

/* The event that a producer sent and that moved the execution. */
static void
add_cause(struct execution_page *p, struct pav_members *m, const char *key,
          int64_t event_id)
{
    struct pav_event_row row;
    struct pav_members o;

    if (event_id == 0 ||
        !pav_reader_event(p->q->reader, event_id, p->q->arena, &row))
        return;
    pav_members_init(&o, p->q->arena);
    view_bytes(&o, "type", row.detail_type);
    view_bytes(&o, "source", row.source);
    view_bytes(&o, "id", row.event_id);
    view_time(&o, "received", row.received_at);
    view_text(&o, "link",
              view_link(p->q, "by-key/",
                        pav_arena_strndup(p->q->arena, row.event_id.p,
                                          row.event_id.len)));
    pav_members_puts(m, key, pav_members_object(&o));
}

static void
add_difference(struct execution_page *p, struct pav_members *m,
               const struct pav_doc *in, const struct pav_doc *out)
{
    const struct pav_doc *rows = diff_rows(p->q->arena, in, out);

    view_text(m, "output", view_payload(p->q->arena, out));
    pav_members_puts(m, "diff", rows);
    view_bool(m, "same", rows->len == 0);
}

static const char *
payload_link(struct execution_page *p, int64_t event)
{
    return pav_arena_printf(p->q->arena, "%s?part=payload&from=%lld", p->link,
                            (long long)event);
}

static void
add_data(struct execution_page *p, struct pav_members *m, const struct visit *v)
{
    struct pav_history_event in, out;

    if (!trace_event(p->q, &p->x, v->entered_id, &in) || in.payload == NULL)
        return;
    view_text(m, "input", view_payload(p->q->arena, in.payload));
    view_text(m, "input_link", payload_link(p, v->entered_id));
    if (!v->cut && trace_event(p->q, &p->x, v->exited_id, &out) &&
        out.payload != NULL) {
        view_text(m, "output_link", payload_link(p, v->exited_id));
        add_difference(p, m, in.payload, out.payload);
    }
}

static void
add_definition(struct execution_page *p, struct pav_members *m,
               const char *state)
{
    const struct pav_doc *d, *hit;
    struct pav_buf about;
    const char *text;
    size_t len;

    if (pav_doc_parse_copy(p->q->arena, p->machine.definition.p,
                           p->machine.definition.len, NULL, &d,
                           NULL) == PAV_OK &&
        (hit = definition_of(d, state)) != NULL)
        view_text(m, "definition", view_payload(p->q->arena, hit));
    text = markdown_section(p->machine.readme.p, p->machine.readme.len, state,
                            &len);
    pav_buf_init(&about, 1 << 20);
    markdown_plain(text, len, &about);
    if (about.len > 0)
        view_text(m, "about", pav_arena_strdup(p->q->arena, about.p));
    pav_buf_fini(&about);
}

#define ITEMS_SHOWN 50

/* How an item stands: failed, waiting, done, in the order of a picker. */
static int
rank_of(enum pav_mark_status s)
{
    return s == PAV_MARK_FAILED || s == PAV_MARK_TIMED_OUT ? 0
           : s == PAV_MARK_OVERDUE                         ? 1
           : s == PAV_MARK_RUNNING                         ? 2
                                                           : 3;
}

/*
 * A Map's items, a link each to where it is or was last; what failed first,
 * then what is late, what waits, what is done.
 */
static const struct pav_doc *
items_view(struct execution_page *p, const struct visit *map)
{
    int64_t total = p->trace.maps[map->state].total, k;
    const struct visit **last =
        pav_arena_zalloc(p->q->arena, ((size_t)total + 1) * sizeof(*last));
    struct pav_items rows;
    uint32_t i;
    int rank;

    for (i = 0; i < p->trace.count; i++) {
        const struct visit *v = &p->trace.visits[i];

        if (v->entered_id > map->entered_id && v->state != PAV_GRAPH_NONE &&
            pav_graph_holder(p->graph, v->state) == map->state &&
            v->item >= 1 && v->item <= total)
            last[v->item - 1] = v;
    }
    pav_items_init(&rows, p->q->arena);
    for (rank = 0; rank < 4; rank++)
        for (k = 0; k < total && rows.count < ITEMS_SHOWN; k++) {
            struct pav_members m;

            if (last[k] == NULL || rank_of(last[k]->status) != rank)
                continue;
            pav_members_init(&m, p->q->arena);
            view_number(&m, "item", k + 1);
            view_text(&m, "state", last[k]->name);
            view_text(&m, "link", visit_link(p, last[k]));
            view_look(&m, last[k]->status);
            pav_items_add(&rows, pav_members_object(&m));
        }
    return pav_items_array(&rows);
}

static void
add_items(struct execution_page *p, struct pav_members *m,
          const struct visit *v)
{
    const struct map_items *items;

    if (v->item > 0)
        view_number(m, "of_item", v->item);
    if (v->state == PAV_GRAPH_NONE || p->trace.maps[v->state].total == 0)
        return;
    items = &p->trace.maps[v->state];
    view_amount(m, "items_total", items->total);
    view_amount(m, "items_done", items->done);
    view_amount(m, "items_open",
                items->started - items->done - items->failed - items->aborted);
    view_amount(m, "items_failed", items->failed);
    view_number(m, "items_aborted", items->aborted);
    if (items->run != 0)
        view_text(m, "items_link",
                  pav_arena_printf(p->q->arena, "%sexecutions?run=%lld",
                                   page_root(p->q), (long long)items->run));
    else
        pav_members_puts(m, "items", items_view(p, v));
}

#define ATTEMPT_EVENTS 300 /* of a visit, that are looked at */

/* Why its attempts failed: events that follow the visit's first, one behind
 * another, and have an error. */
static const struct pav_doc *
failures_of(struct execution_page *p, const struct visit *v)
{
    int64_t last = v->exited_id != 0 ? v->exited_id : p->x.row.next_event - 1;
    int64_t chain[ATTEMPT_EVENTS] = {v->entered_id}, id;
    struct pav_items rows;
    uint32_t n = 1, k;

    pav_items_init(&rows, p->q->arena);
    for (id = v->entered_id + 1; id <= last && n < ATTEMPT_EVENTS; id++) {
        struct pav_history_event e;
        struct pav_members m;

        if (!trace_event(p->q, &p->x, id, &e))
            break;
        for (k = n; k > 0 && chain[k - 1] != e.previous_id;)
            k--;
        if (k == 0)
            continue;
        chain[n++] = id;
        if (e.error == NULL)
            continue;
        pav_members_init(&m, p->q->arena);
        view_text(&m, "type", e.type);
        pav_members_puts(&m, "error", e.error);
        if (e.cause != NULL)
            pav_members_puts(&m, "cause", e.cause);
        pav_items_add(&rows, pav_members_object(&m));
    }
    return pav_items_array(&rows);
}

/* A state that was never entered: what it is, all the same. */
static const struct pav_doc *
unvisited_view(struct execution_page *p, const char *state)
{
    uint32_t at = pav_graph_find(p->graph, state);
    struct pav_members m;

    if (at == PAV_GRAPH_NONE)
        return NULL;
    pav_members_init(&m, p->q->arena);
    view_text(&m, "state", pav_graph_state(p->graph, at));
    view_text(&m, "type", pav_graph_type(p->graph, at));
    view_look(&m, PAV_MARK_NONE);
    add_definition(p, &m, state);
    return pav_members_object(&m);
}

/* How long such stays take, when it is a wait that is known. */
static void
add_usual(struct execution_page *p, struct pav_members *m, const char *state)
{
    struct pav_wait_time *v;
    uint32_t n =
        pav_reader_wait_times(p->q->reader, p->x.machine, p->q->arena, &v);
    struct pav_wait_stats times;

    if (!pav_usual(v, n, state, &times))
        return;
    view_span(m, "look_usual", pav_wait_stats_quantile(&times, 0.5));
    view_span(m, "look_mostly", pav_wait_stats_quantile(&times, 0.95));
}

static const struct pav_doc *
visit_view(struct execution_page *p, const struct visit *v)
{
    const struct visit *other;
    struct pav_members m;
    int64_t until = v->exited_at != 0          ? v->exited_at
                    : p->x.row.stopped_at != 0 ? p->x.row.stopped_at
                                               : p->q->now_ms;

    pav_members_init(&m, p->q->arena);
    view_text(&m, "state", v->name);
    add_usual(p, &m, v->name);
    view_text(&m, "type", v->type);
    view_look(&m, v->status);
    view_number(&m, "number", v->number);
    if (v->state != PAV_GRAPH_NONE && p->trace.marks[v->state].visits > 1)
        view_number(&m, "of", p->trace.marks[v->state].visits);
    if (v->number > 1 &&
        (other = trace_visit(&p->trace, v->name, v->number - 1)) != NULL)
        view_text(&m, "earlier", visit_link(p, other));
    if ((other = trace_visit(&p->trace, v->name, v->number + 1)) != NULL)
        view_text(&m, "later", visit_link(p, other));
    view_time(&m, "entered", v->entered_at);
    view_time(&m, "left", v->exited_at);
    view_span(&m, "lasted", until - v->entered_at);
    if (v->exited_at == 0 && p->x.row.stopped_at == 0 && p->at == 0)
        view_number(&m, "since_ms", v->entered_at);
    if (v->attempts > 1) {
        view_number(&m, "attempts", v->attempts);
        pav_members_puts(&m, "failures", failures_of(p, v));
    }
    view_text(&m, "error", v->error);
    view_text(&m, "event",
              pav_arena_printf(
                  p->q->arena, "%s?tab=history&from=%lld#event-%lld", p->link,
                  (long long)v->entered_id, (long long)v->entered_id));
    view_number(&m, "event_id", v->entered_id);
    add_cause(p, &m, "entered_by", v->entered_by);
    if (v->exited_by != v->entered_by || v->exited_id == 0)
        add_cause(p, &m, "left_by", v->exited_by);
    add_items(p, &m, v);
    add_data(p, &m, v);
    add_definition(p, &m, v->name);
    return pav_members_object(&m);
}

/* ---- the tabs ---- */

static void
add_graph(struct execution_page *p, struct pav_members *m, struct pav_buf *out)
{
    struct pav_graph_marks marks = {
        .states = p->trace.marks,
        .edges = p->trace.edges,
        .selected = p->visit == NULL ? NULL : p->visit->name,
        .link = state_link(p),
        .title = pav_arena_printf(p->q->arena, "Graph of %s", p->x.row.name)};
    uint32_t n = pav_graph_states(p->graph), i, at, depth;
    struct pav_items rows;

    pav_graph_svg(p->graph, &marks, NULL, out);
    page_picture_fits(out);
    pav_items_init(&rows, p->q->arena);
    for (i = 0; i < n; i++) {
        static const char *const indents[] = {"", "in1", "in2", "in3"};
        const char *name = pav_graph_state(p->graph, i);
        struct pav_members o;

        depth = 0;
        for (at = i; (at = pav_graph_holder(p->graph, at)) != PAV_GRAPH_NONE;)
            depth++;
        pav_members_init(&o, p->q->arena);
        view_text(&o, "name", name);
        view_text(&o, "indent", indents[depth > 3 ? 3 : depth]);
        view_bool(&o, "current",
                  p->visit != NULL && strcmp(p->visit->name, name) == 0);
        view_look(&o, p->trace.marks[i].status);
        if (p->trace.marks[i].visits > 1)
            view_number(&o, "visits", p->trace.marks[i].visits);
        view_text(
            &o, "link",
            view_link(p->q, state_link(p) + strlen(page_root(p->q)), name));
        pav_items_add(&rows, pav_members_object(&o));
    }
    pav_members_puts(m, "outline", pav_items_array(&rows));
}

static void
add_whole_data(struct execution_page *p, struct pav_members *m)
{
    struct pav_disposition_filter f = {.kind = -1, .limit = 200};
    struct pav_history_event first, last;
    struct pav_members whole;
    int64_t next;

    f.key = p->x.row.key;
    f.execution_id = p->x.row.key == NULL ? p->x.row.id : 0;
    pav_members_puts(m, "dispositions", view_dispositions(p->q, &f, &next));
    pav_members_init(&whole, p->q->arena);
    if (trace_event(p->q, &p->x, 1, &first) && first.payload != NULL) {
        view_text(&whole, "input", view_payload(p->q->arena, first.payload));
        if (p->x.row.status == PAV_SUCCEEDED &&
            trace_event(p->q, &p->x, p->x.row.next_event - 1, &last) &&
            last.payload != NULL)
            add_difference(p, &whole, first.payload, last.payload);
    }
    pav_members_puts(m, "whole", pav_members_object(&whole));
}

/* ---- as it was ---- */

/* One that was redriven had ended before. */
static enum pav_status
status_after(struct execution_page *p, int64_t last)
{
    struct pav_history_event e;

    if (!trace_event(p->q, &p->x, last, &e))
        return PAV_RUNNING;
    switch (e.kind) {
    case EV_EXECUTION_FAILED:
        return PAV_FAILED;
    case EV_EXECUTION_TIMED_OUT:
        return PAV_TIMED_OUT;
    case EV_EXECUTION_ABORTED:
        return PAV_ABORTED;
    default:
        return PAV_RUNNING;
    }
}

/*
 * ?at=N: as the step that made event N left it.  What is later is taken off the
 * row, so that whoever reads it sees an execution that has come so far.
 */
static void
go_back(struct execution_page *p)
{
    const char *text = page_parameter(p->q, "at");
    struct pav_step_row *steps;
    int64_t at, last;

    p->all = p->x.row.next_event - 1;
    if (text == NULL || !pav_parse_int(text, strlen(text), &at) || at < 1 ||
        at >= p->all ||
        pav_reader_steps(p->q->reader, p->x.row.last_step, at, 1, p->q->arena,
                         &steps) == 0)
        return;
    last = steps->first_event + steps->event_count - 1;
    if (last >= p->all) { /* within the last step: what was before it */
        last = steps->first_event - 1;
        if (last < 1 || pav_reader_steps(p->q->reader, p->x.row.last_step, last,
                                         1, p->q->arena, &steps) == 0)
            return;
    }
    p->at = last;
    p->x.row.last_step = steps->id;
    p->x.row.next_event = last + 1;
    p->x.row.status = status_after(p, last);
    p->x.row.stopped_at = p->x.row.status == PAV_RUNNING ? 0 : steps->at;
    p->x.overdue_since = 0;
    p->q->now_ms = steps->at;
}

/* First, back, on, last: links that keep the rest of the address. */
static void
add_travel(struct execution_page *p, struct pav_members *m)
{
    struct pav_arena *a = p->q->arena;
    const char *link = pav_arena_printf(a, "%s?tab=%s&at=", p->link, p->tab);
    struct pav_step_row *steps;
    int64_t here = p->at == 0 ? p->all : p->at, first = 1;

    view_check_number(p->q, m, "at");
    if (p->all < 2)
        return;
    if (pav_reader_steps(p->q->reader, p->x.row.last_step, here, 1, a, &steps) >
        0)
        first = steps->first_event;
    view_number(m, "at", here);
    view_number(m, "at_all", p->all);
    view_text(m, "at_link", link);
    view_bool(m, "past", p->at != 0);
    if (p->at != 0)
        view_time(m, "at_time", p->q->now_ms);
    if (first > 1) {
        view_text(m, "at_first", pav_arena_printf(a, "%s1", link));
        view_text(m, "at_back",
                  pav_arena_printf(a, "%s%lld", link, (long long)first - 1));
    }
    if (p->at != 0) {
        view_text(m, "at_on",
                  pav_arena_printf(a, "%s%lld", link, (long long)p->at + 1));
        view_text(m, "at_last",
                  pav_arena_printf(a, "%s?tab=%s", p->link, p->tab));
    }
}

/* ---- the whole ---- */

#define RUNS 100

/* Items of a distributed Map are executions of their own: how they stand is
 * counted with the run. */
static void
count_runs(struct execution_page *p)
{
    struct pav_run_counts *v;
    uint32_t n, i, state;

    if (p->at != 0) /* as they were, nobody knows */
        return;
    n = pav_reader_runs(p->q->reader, p->x.row.id, RUNS, p->q->arena, &v);
    for (i = 0; i < n; i++) {
        state = pav_graph_find(p->graph, v[i].state);
        if (state != PAV_GRAPH_NONE)
            p->trace.maps[state] =
                (struct map_items){.total = v[i].total,
                                   .started = v[i].total,
                                   .done = v[i].succeeded,
                                   .failed = v[i].failed + v[i].timed_out,
                                   .aborted = v[i].aborted,
                                   .run = v[i].id};
    }
}

/* "2 of 5 done, 1 failed", in a Map's node. */
static void
note_maps(struct execution_page *p)
{
    uint32_t i, n = pav_graph_states(p->graph);

    for (i = 0; i < n; i++) {
        const struct map_items *m = &p->trace.maps[i];
        struct pav_state_mark *mark = &p->trace.marks[i];

        if (m->total == 0 || mark->status == PAV_MARK_NONE)
            continue;
        mark->more = pav_arena_printf(p->q->arena, "%lld of %lld done",
                                      (long long)m->done, (long long)m->total);
        if (m->failed > 0)
            mark->more = pav_arena_printf(p->q->arena, "%s, %lld failed",
                                          mark->more, (long long)m->failed);
    }
}

/* States in which a wait is overdue, in the graph, the outline, the inspector.
 */
static void
mark_overdue(struct execution_page *p)
{
    struct pav_wait_filter f = {
        .execution_id = p->x.row.id, .overdue = true, .limit = 100};
    struct pav_listed_wait *v;
    uint32_t n, i, k;
    bool more;

    if (p->x.overdue_since == 0)
        return;
    n = pav_reader_waits(p->q->reader, &f, p->q->arena, &v, &more);
    for (i = 0; i < n; i++)
        for (k = 0; k < p->trace.count; k++) {
            struct visit *visit = &p->trace.visits[k];

            if (visit->exited_id != 0 ||
                strcmp(visit->name, v[i].row.state) != 0)
                continue;
            visit->status = PAV_MARK_OVERDUE;
            visit->late_at = v[i].overdue_since;
            if (visit->state != PAV_GRAPH_NONE)
                p->trace.marks[visit->state].status = PAV_MARK_OVERDUE;
        }
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
choose(struct execution_page *p)
{
    const char *tab = page_parameter(p->q, "tab");
    const char *state = page_parameter(p->q, "state");
    const char *visit = page_parameter(p->q, "visit"),
               *item = page_parameter(p->q, "item");
    int64_t number = 0, nth;
    size_t i;

    p->tab = tabs[0];
    for (i = 0; tab != NULL && i < sizeof(tabs) / sizeof(tabs[0]); i++)
        if (strcmp(tab, tabs[i]) == 0)
            p->tab = tabs[i];
    if (visit != NULL && !pav_parse_int(visit, strlen(visit), &number))
        number = 0;
    if (item != NULL && pav_parse_int(item, strlen(item), &nth) && nth > 0)
        p->visit = trace_item(&p->trace, nth);
    else
        p->visit = state == NULL
                       ? trace_focus(&p->trace)
                       : trace_visit(&p->trace, state, (uint32_t)number);
}

static void
add_tabs(struct execution_page *p, struct pav_members *m)
{
    static const char *const words[] = {"Graph", "Timeline", "History", "Data"};
    struct pav_items rows;
    size_t i;

    view_check_number(p->q, m, "item");
    view_check_number(p->q, m, "visit");
    pav_items_init(&rows, p->q->arena);
    for (i = 0; i < sizeof(tabs) / sizeof(tabs[0]); i++) {
        struct pav_members o;

        pav_members_init(&o, p->q->arena);
        view_text(&o, "word", words[i]);
        view_text(&o, "link", tab_link(p, tabs[i]));
        view_number(&o, "number", (int64_t)i + 1);
        if (strcmp(tabs[i], "history") == 0)
            view_amount(&o, "amount", p->x.row.next_event - 1);
        view_bool(&o, "current", p->tab == tabs[i]);
        pav_items_add(&rows, pav_members_object(&o));
        if (p->tab == tabs[i])
            view_bool(m, pav_arena_printf(p->q->arena, "tab_%s", tabs[i]),
                      true);
    }
    pav_members_puts(m, "tabs", pav_items_array(&rows));
}

#define WAY_DAYS 30
#define DAY_MS   INT64_C(86400000)

static uint32_t
steps_of(const char *way)
{
    uint32_t n = 1;

    for (; (way = strstr(way, PAV_FLOW_THEN)) != NULL; n++)
        way += strlen(PAV_FLOW_THEN);
    return n;
}

/* "step 3 of 5": how far it is on the way that most go who began as it did. */
static void
add_steps(struct execution_page *p, struct pav_members *m)
{
    int64_t today = p->q->now_ms / DAY_MS;
    const char *so_far, *way;

    if (p->x.row.status != PAV_RUNNING || p->trace.count == 0)
        return;
    so_far = trace_way(&p->trace, p->q->arena);
    way = pav_reader_way_on(p->q->reader, p->x.row.version_id, today - WAY_DAYS,
                            today + 1, so_far, p->q->arena);
    if (way == NULL)
        return;
    view_number(m, "step", steps_of(so_far));
    view_number(m, "steps", steps_of(way));
    view_text(m, "way", way);
}

/* ?part=payload&from=EVENT: what a history event carries, whole, as it is. */
static void
answer_payload(struct execution_page *p)
{
    const char *from = page_parameter(p->q, "from");
    struct pav_history_event e;
    int64_t id;

    if (from == NULL || !pav_parse_int(from, strlen(from), &id) ||
        !trace_event(p->q, &p->x, id, &e) || e.payload == NULL) {
        page_missing(p->q, "There is no such payload.");
        return;
    }
    p->q->headers = page_security;
    pav_doc_print(e.payload, &p->q->out);
}

/* ?part=svg: the graph alone, as a file. */
static void
answer_svg(struct execution_page *p)
{
    struct pav_graph_marks marks = {.states = p->trace.marks,
                                    .edges = p->trace.edges,
                                    .title = p->x.row.name};

    p->q->type = "image/svg+xml";
    p->q->headers = "Content-Security-Policy: default-src 'none'; style-src "
                    "'unsafe-inline'; sandbox\r\n";
    pav_graph_svg(p->graph, &marks, pav_graph_style(), &p->q->out);
}

/* ?part=text: the answer alone, to be pasted into a ticket. */
static void
answer_text(struct execution_page *p, const struct asked *asked)
{
    struct pav_query *q = p->q;
    char now[PAV_TIME_LEN];

    q->type = "text/plain; charset=utf-8";
    q->headers = page_security;
    answer_plain(asked, &q->out);
    pav_buf_printf(&q->out, "http://%s/executions/", q->host);
    pav_url_encode(&q->out, p->x.machine, strlen(p->x.machine));
    pav_buf_putc(&q->out, ':');
    pav_url_encode(&q->out, p->x.row.name, strlen(p->x.row.name));
    pav_buf_printf(&q->out, " (as of %s)\n", pav_time_format(q->now_ms, now));
}

/* What the chosen tab shows. */
static void
add_tab(struct execution_page *p, struct asked *asked, struct pav_members *m,
        struct pav_buf *picture)
{
    if (strcmp(p->tab, "graph") == 0) {
        add_graph(p, m, picture);
    } else if (strcmp(p->tab, "timeline") == 0) {
        stays_add(asked, tab_link(p, "timeline"), state_link(p), m, picture);
    } else if (strcmp(p->tab, "history") == 0) {
        history_add(asked, m);
    } else {
        add_whole_data(p, m);
    }
}

static void
show(struct pav_query *q, const char *id)
{
    struct execution_page p = {.q = q};
    const char *part = page_parameter(q, "part");
    const char *state = page_parameter(q, "state"), *intro;
    struct pav_buf readme, picture;
    struct slot slots[2] = {{"readme", &readme}, {"picture", &picture}};
    const struct pav_doc *looked_at = NULL;
    struct pav_members m;
    struct asked asked;
    bool overdue;
    int64_t now_ms;
    size_t len;

    if (!find(&p, id)) {
        page_missing(q, "There is no such execution.");
        return;
    }
    p.link = view_execution_link(q, p.x.machine, p.x.row.name);
    if (part != NULL && strcmp(part, "payload") == 0) {
        answer_payload(&p);
        return;
    }
    if (part != NULL && strcmp(part, "case") == 0) {
        case_answer(q, &p.x);
        return;
    }
    now_ms = q->now_ms;
    go_back(&p);
    if (part != NULL && strcmp(part, "block") == 0) {
        history_block(&(struct asked){.q = q, .x = &p.x, .past = p.at != 0});
        return;
    }
    p.graph = graphs_get(kept_of(q)->graphs, &p.machine);
    trace_read(q, &p.x, p.graph, &p.trace);
    mark_overdue(&p);
    count_runs(&p);
    note_maps(&p);
    asked = (struct asked){.q = q,
                           .x = &p.x,
                           .version = &p.machine,
                           .trace = &p.trace,
                           .graph = p.graph,
                           .link = p.link,
                           .past = p.at != 0};
    if (part != NULL && strcmp(part, "text") == 0) {
        answer_text(&p, &asked);
        return;
    }
    if (part != NULL && strcmp(part, "svg") == 0) {
        answer_svg(&p);
        return;
    }
    choose(&p);
    pav_buf_init(&readme, 1 << 20);
    pav_buf_init(&picture, 16u << 20);
    pav_members_init(&m, q->arena);
    overdue = answer_add(&asked, &m);
    view_text(&m, "compare_id", view_encoded(q, id));
    view_text(&m, "plain",
              p.at == 0 ? pav_arena_printf(q->arena, "%s?part=text", p.link)
                        : pav_arena_printf(q->arena, "%s?at=%lld&part=text",
                                           p.link, (long long)p.at));
    view_text(&m, "case", pav_arena_printf(q->arena, "%s?part=case", p.link));
    add_steps(&p, &m);
    if (page_parameter(q, "tab") != NULL &&
        strcmp(page_parameter(q, "tab"), p.tab) != 0)
        view_not_read(q, &m, "tab");
    add_tabs(&p, &m);
    add_travel(&p, &m);
    view_number(&m, "events", p.x.row.next_event - 1);
    view_text(&m, "json", view_link(q, "api/v1/executions/", id));
    view_text(&m, "svg", pav_arena_printf(q->arena, "%s?part=svg", p.link));
    add_tab(&p, &asked, &m, &picture);
    if (p.visit != NULL)
        looked_at = visit_view(&p, p.visit);
    else if (state != NULL)
        looked_at = unvisited_view(&p, state);
    if (looked_at != NULL)
        pav_members_puts(&m, "look", looked_at);
    intro =
        markdown_section(p.machine.readme.p, p.machine.readme.len, NULL, &len);
    markdown_render(intro, len, &readme);
    view_bool(&m, "described", readme.len > 0);
    q->now_ms = now_ms; /* the page itself is of now */
    page_show(
        q, &(struct page){.name = "execution",
                          .title = pav_arena_printf(
                              q->arena, "%s%s", overdue ? "⏰ " : "",
                              p.x.row.key == NULL ? p.x.row.name : p.x.row.key),
                          .place = "at_executions",
                          .topics = p.at != 0 ? NULL
                                              : view_link(q, "execution:", id) +
                                                    strlen(page_root(q)),
                          .view = &m,
                          .slots = slots,
                          .slot_count = 2});
    pav_buf_fini(&readme);
    pav_buf_fini(&picture);
}

const struct page_route execution_page = {
    "/executions", "pavane:ReadExecutions", PAGE_BELOW, show};
