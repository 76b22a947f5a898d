/*
 * Two executions of one machine beside each other: one graph, with who took
 * which transition, their stays and how they differ, their data.
 */
#include <string.h>

#include "pavane/text.h"
#include "graph/diff.h"
#include "graph/graphs.h"
#include "graph/trace.h"
#include "frame.h"
#include "kept.h"
#include "links.h"
#include "pages.h"
#include "parameters.h"
#include "view_rows.h"

struct side {
    struct pav_execution_view x;
    struct trace trace;
};

struct comparison {
    struct pav_query *q;
    struct pav_machine_row version;
    const struct pav_graph *graph;
    struct side a, b;
};

/* By its id, MACHINE:NAME, or its key when one execution has it. */
static bool
find_side(struct pav_query *q, const char *what, struct pav_execution_view *out)
{
    struct pav_execution_filter f = {.key = what, .status = -1, .limit = 1};
    const char *colon = what == NULL ? NULL : strchr(what, ':');
    struct pav_execution_view *v;
    int64_t next;

    if (what == NULL)
        return false;
    if (colon != NULL &&
        pav_reader_execution(
            q->reader,
            pav_arena_strndup(q->arena, what, (size_t)(colon - what)),
            colon + 1, q->arena, out))
        return true;
    if (pav_reader_executions(q->reader, &f, q->arena, &v, &next) == 0)
        return false;
    *out = v[0];
    return true;
}

/* How long it was in the state, all stays together; -1: never. */
static int64_t
stay_ms(const struct comparison *c, const struct side *s, uint32_t state)
{
    int64_t sum = -1;
    uint32_t i;

    for (i = 0; i < s->trace.count; i++) {
        const struct visit *v = &s->trace.visits[i];
        int64_t until = v->exited_at != 0          ? v->exited_at
                        : s->x.row.stopped_at != 0 ? s->x.row.stopped_at
                                                   : c->q->now_ms;

        if (v->state == state)
            sum = (sum < 0 ? 0 : sum) + until - v->entered_at;
    }
    return sum;
}

static const char *
span_text(struct pav_arena *a, int64_t ms)
{
    char span[64];

    return ms < 0 ? "–"
                  : pav_arena_strdup(a, pav_time_span(ms, span, sizeof(span)));
}

static void
draw(const struct comparison *c, struct pav_buf *out)
{
    uint32_t states = pav_graph_states(c->graph),
             edges = pav_graph_edges(c->graph), i;
    struct pav_arena *a = c->q->arena;
    struct pav_state_mark *marks =
        pav_arena_zalloc(a, (states + 1) * sizeof(*marks));
    uint32_t *counts = pav_arena_zalloc(a, (edges + 1) * sizeof(*counts));
    uint8_t *widths = pav_arena_zalloc(a, edges + 1);
    const char **notes = pav_arena_zalloc(a, (edges + 1) * sizeof(*notes));
    struct pav_graph_marks drawn = {.states = marks,
                                    .edges = counts,
                                    .edge_notes = notes,
                                    .edge_widths = widths,
                                    .title = "Both executions"};

    for (i = 0; i < edges; i++) {
        bool in_a = c->a.trace.edges[i] > 0, in_b = c->b.trace.edges[i] > 0;

        counts[i] = c->a.trace.edges[i] + c->b.trace.edges[i];
        widths[i] = in_a && in_b ? 3 : 1;
        notes[i] = in_a && in_b ? NULL
                   : in_a       ? "only A"
                   : in_b       ? "only B"
                                : NULL;
    }
    for (i = 0; i < states; i++) {
        int64_t x = stay_ms(c, &c->a, i), y = stay_ms(c, &c->b, i);

        marks[i].note =
            x < 0 && y < 0 ? "neither"
                           : pav_arena_printf(a, "A %s · B %s", span_text(a, x),
                                              span_text(a, y));
        marks[i].status = x >= 0 && y >= 0   ? PAV_MARK_SUCCEEDED
                          : x >= 0 || y >= 0 ? PAV_MARK_RUNNING
                                             : PAV_MARK_NONE;
    }
    pav_graph_svg(c->graph, &drawn, NULL, out);
    page_picture_fits(out);
}

static const struct pav_doc *
stays_view(const struct comparison *c)
{
    uint32_t states = pav_graph_states(c->graph), i;
    struct pav_arena *a = c->q->arena;
    struct pav_items rows;

    pav_items_init(&rows, a);
    for (i = 0; i < states; i++) {
        int64_t x = stay_ms(c, &c->a, i), y = stay_ms(c, &c->b, i);
        struct pav_members m;

        if (x < 0 && y < 0)
            continue;
        pav_members_init(&m, a);
        view_text(&m, "state", pav_graph_state(c->graph, i));
        view_text(&m, "a", span_text(a, x));
        view_text(&m, "b", span_text(a, y));
        if (x >= 0 && y >= 0 && x != y)
            view_text(&m, "more",
                      pav_arena_printf(a, "%s%s", y > x ? "+" : "−",
                                       span_text(a, y > x ? y - x : x - y)));
        pav_items_add(&rows, pav_members_object(&m));
    }
    return pav_items_array(&rows);
}

/* What the two were started with, and what differs. */
static const struct pav_doc *
inputs_view(const struct comparison *c)
{
    struct pav_history_event a, b;

    if (!trace_event(c->q, &c->a.x, 1, &a) || a.payload == NULL ||
        !trace_event(c->q, &c->b.x, 1, &b) || b.payload == NULL)
        return pav_doc_new_bool(false);
    return diff_rows(c->q->arena, a.payload, b.payload);
}

static void
show_both(struct comparison *c, struct pav_members *m)
{
    struct pav_buf graph;
    struct slot slot = {"graph", &graph};

    pav_buf_init(&graph, 16u << 20);
    c->graph = graphs_get(kept_of(c->q)->graphs, &c->version);
    trace_read(c->q, &c->a.x, c->graph, &c->a.trace);
    trace_read(c->q, &c->b.x, c->graph, &c->b.trace);
    draw(c, &graph);
    view_bool(m, "both", true);
    pav_members_puts(m, "one", view_execution(c->q, &c->a.x));
    pav_members_puts(m, "other", view_execution(c->q, &c->b.x));
    pav_members_puts(m, "stays", stays_view(c));
    pav_members_puts(m, "diff", inputs_view(c));
    page_show(c->q, &(struct page){.name = "compare",
                                   .title = "Compare",
                                   .place = "at_executions",
                                   .view = m,
                                   .slots = &slot,
                                   .slot_count = 1});
    pav_buf_fini(&graph);
}

static void
show(struct pav_query *q, const char *rest)
{
    struct comparison c = {.q = q};
    const char *a = page_parameter(q, "a"), *b = page_parameter(q, "b");
    struct pav_members m;
    bool has_a, has_b;

    (void)rest;
    pav_members_init(&m, q->arena);
    view_text(&m, "a", a);
    view_text(&m, "b", b);
    has_a = find_side(q, a, &c.a.x);
    has_b = find_side(q, b, &c.b.x);
    if (has_a && has_b && c.a.x.row.version_id == c.b.x.row.version_id &&
        pav_reader_version(q->reader, c.a.x.row.version_id, q->arena,
                           &c.version)) {
        show_both(&c, &m);
        return;
    }
    if (a != NULL && !has_a)
        view_text(&m, "why",
                  pav_arena_printf(q->arena, "There is no execution '%s'.", a));
    else if (b != NULL && !has_b)
        view_text(&m, "why",
                  pav_arena_printf(q->arena, "There is no execution '%s'.", b));
    else if (has_a && has_b)
        view_text(&m, "why",
                  pav_arena_printf(
                      q->arena,
                      "They are not of one machine and version: %s v%lld, "
                      "%s v%lld.",
                      c.a.x.machine, (long long)c.a.x.version, c.b.x.machine,
                      (long long)c.b.x.version));
    page_show(q, &(struct page){.name = "compare",
                                .title = "Compare",
                                .place = "at_executions",
                                .view = &m});
}

const struct page_route compare_page = {"/compare", "pavane:ReadExecutions",
                                        PAGE_ITSELF, show};
