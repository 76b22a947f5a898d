/*
 * Two executions of one machine beside each other: one graph, with who took
 * which transition, their stays and how they differ, their data.  Instead of a
 * second one, the usual: one that went the commonest way.
 */
#include <string.h>

#include "pavane/flow.h"
#include "pavane/text.h"
#include "pavane/wait_stats.h"
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

#define USUAL      "usual" /* instead of B's id */
#define USUAL_DAYS 90
#define LOOKED_AT  50 /* the newest of the commonest way */
#define DAY_MS     INT64_C(86400000)

struct comparison {
    struct pav_query *q;
    const char *share; /* B went as so many: "71 %"; NULL: it was asked for */
    struct pav_flow_row *flow; /* then how long stays take */
    uint32_t flow_count;
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

/* Another execution that went the commonest way of A's version: of the newest
 * the one that took about as long as half of them take at most. */
static bool
find_usual(struct comparison *c)
{
    int64_t today = c->q->now_ms / DAY_MS, ended = 0;
    struct pav_passed p = {.version_id = c->a.x.row.version_id,
                           .from_day = today - USUAL_DAYS,
                           .until_day = today + 1,
                           .kind = PAV_FLOW_WAY};
    struct pav_execution_filter f = {
        .status = -1, .limit = LOOKED_AT, .passed = &p};
    struct pav_wait_stats times;
    const struct pav_flow_row *most = NULL;
    struct pav_execution_view *v;
    int64_t next, least = -1;
    uint32_t n, i;

    c->flow_count = pav_reader_flow(c->q->reader, p.version_id, p.from_day,
                                    p.until_day, c->q->arena, &c->flow);
    for (i = 0; i < c->flow_count; i++) {
        const struct pav_flow_row *r = &c->flow[i];

        ended += r->kind == PAV_FLOW_END ? r->count : 0;
        if (r->kind == PAV_FLOW_WAY && strcmp(r->a, PAV_FLOW_OTHERS) != 0 &&
            (most == NULL || r->count > most->count))
            most = r;
    }
    if (most == NULL)
        return false;
    p.a = most->a;
    p.b = most->b;
    pav_wait_stats_read(&times, most->histogram);
    n = pav_reader_executions(c->q->reader, &f, c->q->arena, &v, &next);
    for (i = 0; i < n; i++) {
        int64_t off = v[i].row.stopped_at - v[i].row.started_at -
                      pav_wait_stats_quantile(&times, 0.5);

        off = off < 0 ? -off : off;
        if (v[i].row.id == c->a.x.row.id || (least >= 0 && off >= least))
            continue;
        least = off;
        c->b.x = v[i];
        c->share = pav_arena_printf(
            c->q->arena, "%lld %%",
            (long long)((most->count * 100 + ended / 2) / ended));
    }
    return least >= 0;
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
    return ms < 0 ? "–" : view_span_text(a, ms);
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
        widths[i] = in_a && in_b ? 3 : in_a ? 1 : in_b ? 2 : 0;
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

/* Its stay has not ended: it cannot be compared yet. */
static bool
is_there(const struct side *s, uint32_t state)
{
    uint32_t i;

    for (i = 0; i < s->trace.count; i++)
        if (s->trace.visits[i].state == state &&
            s->trace.visits[i].exited_at == 0 && s->x.row.stopped_at == 0)
            return true;
    return false;
}

/* Half of all stays are within it. */
static void
add_usual(const struct comparison *c, struct pav_members *m, const char *state)
{
    struct pav_wait_stats times;
    uint32_t i;

    for (i = 0; i < c->flow_count; i++)
        if (c->flow[i].kind == PAV_FLOW_STATE &&
            c->flow[i].count >= PAV_USUAL_FROM &&
            strcmp(c->flow[i].a, state) == 0) {
            pav_wait_stats_read(&times, c->flow[i].histogram);
            view_span(m, "usual", pav_wait_stats_quantile(&times, 0.5));
        }
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
        add_usual(c, &m, pav_graph_state(c->graph, i));
        if (x >= 0 && y >= 0 && x != y && !is_there(&c->a, i) &&
            !is_there(&c->b, i))
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

/* What the two came to, when both did. */
static void
add_outputs(const struct comparison *c, struct pav_members *m)
{
    struct pav_history_event a, b;
    struct pav_members o;

    if (c->a.x.row.status != PAV_SUCCEEDED ||
        c->b.x.row.status != PAV_SUCCEEDED ||
        !trace_event(c->q, &c->a.x, c->a.x.row.next_event - 1, &a) ||
        !trace_event(c->q, &c->b.x, c->b.x.row.next_event - 1, &b) ||
        a.payload == NULL || b.payload == NULL)
        return;
    pav_members_init(&o, c->q->arena);
    pav_members_puts(&o, "diff", diff_rows(c->q->arena, a.payload, b.payload));
    pav_members_puts(m, "outputs", pav_members_object(&o));
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
    add_outputs(c, m);
    view_text(m, "share", c->share);
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
    has_b = b != NULL && strcmp(b, USUAL) == 0 ? has_a && find_usual(&c)
                                               : find_side(q, b, &c.b.x);
    if (has_a && !has_b)
        view_text(&m, "usual_link",
                  pav_arena_printf(q->arena, "%s&b=" USUAL,
                                   view_link(q, "compare?a=", a)));
    if (has_a && has_b && c.a.x.row.version_id == c.b.x.row.version_id &&
        pav_reader_version(q->reader, c.a.x.row.version_id, q->arena,
                           &c.version)) {
        show_both(&c, &m);
        return;
    }
    if (a != NULL && !has_a)
        view_text(&m, "why",
                  pav_arena_printf(q->arena, "There is no execution '%s'.", a));
    else if (b != NULL && !has_b && strcmp(b, USUAL) == 0)
        view_text(&m, "why",
                  pav_arena_printf(q->arena,
                                   "No other execution of %s v%lld has ended "
                                   "within %d days: nothing is usual yet.",
                                   c.a.x.machine, (long long)c.a.x.version,
                                   USUAL_DAYS));
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
