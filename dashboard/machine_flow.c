/*
 * How executions of a machine flow, those that ended in a time: its own graph
 * with counts and durations, where the time goes, which ways there are, what is
 * never taken.
 */
#include "machine_flow.h"

#include <stdlib.h>
#include <string.h>

#include "pavane/text.h"
#include "pavane/wait_stats.h"
#include "flow_map.h"
#include "frame.h"
#include "kept.h"
#include "links.h"
#include "parameters.h"
#include "range.h"
#include "standing.h"
#include "tested.h"
#include "view.h"
#include "view_rows.h"

#define DAY_MS   INT64_C(86400000)
#define WAYS     10
#define DRIFT    1.25 /* so much longer, or shorter, is worth a sign */
#define DEVIANTS 200
#define VERSIONS 50

/* ---- numbers ---- */

/* ---- links to the executions behind a number ---- */

static const char *
list_of(const struct flow_page *p)
{
    struct pav_arena *a = p->q->arena;
    const char *list = pav_arena_printf(
        a, "%s&version=%lld&ended=%s..%s",
        view_link(p->q, "executions?machine=", p->machine->row.name),
        (long long)p->machine->row.version, view_day(a, p->range.from_ms),
        view_day(a, p->range.until_ms));

    if (p->name != NULL)
        list = pav_arena_printf(
            a, "%s&where=%s", list,
            view_encoded(p->q,
                         pav_arena_printf(a, "%s:%s", p->name, p->value)));
    return pav_arena_printf(a, "%s&passed=", list);
}

/* A way, or an end when `way` is NULL. */
static const char *
end_link(const struct flow_page *p, const char *way, const char *status)
{
    struct pav_members what;

    pav_members_init(&what, p->q->arena);
    if (way != NULL)
        pav_members_str(&what, "way", way);
    pav_members_str(&what, "status", status);
    return flow_passed_link(
        p, pav_doc_text(p->q->arena, pav_members_object(&what)));
}

/* How many stays were how long, each part a link to those. */
static const struct pav_doc *
bars_view(const struct flow_page *p, const struct pav_flow_row *r)
{
    struct pav_arena *a = p->q->arena;
    struct flow_bars v;
    struct pav_items list;
    int i;

    flow_bars_read(r, &v);
    pav_items_init(&list, a);
    for (i = 0; i < PAV_GRAPH_BARS; i++) {
        struct pav_members m;

        pav_members_init(&m, a);
        view_text(&m, "sign", view_bar(a, v.bars[i], v.most));
        if (v.bars[i] > 0) {
            view_text(&m, "stays",
                      pav_arena_printf(
                          a, "%s&stay=%lld..%lld", flow_passed_link(p, r->a),
                          (long long)v.over[i], (long long)v.upto[i]));
            view_text(&m, "words",
                      pav_arena_printf(a, "%s: over %s, up to %s",
                                       view_count(a, v.bars[i]),
                                       view_span_text(a, v.over[i]),
                                       view_span_text(a, v.upto[i])));
        }
        pav_items_add(&list, pav_members_object(&m));
    }
    return pav_items_array(&list);
}

static void
add_share(struct pav_members *m, int64_t part, int64_t of)
{
    if (of > 0)
        view_text(m, "share", view_share(m->arena, part, of));
}

/* ---- reading ---- */

static uint32_t
rows_of(const struct flow_page *p, int64_t from_day, int64_t until_day,
        struct pav_flow_row **out)
{
    int64_t version = p->machine->row.version_id;

    if (p->name == NULL)
        return pav_reader_flow(p->q->reader, version, from_day, until_day,
                               p->q->arena, out);
    return pav_reader_flow_within(p->q->reader, version, from_day, until_day,
                                  &p->some, p->q->arena, out);
}

/* ?where=city:Lyon */
static void
read_where(struct flow_page *p)
{
    const char *where = page_parameter(p->q, "where");
    size_t at = where == NULL ? 0 : strcspn(where, ":");

    if (where == NULL || at == 0 || where[at] == '\0' || where[at + 1] == '\0')
        return;
    p->name = pav_arena_strndup(p->q->arena, where, at);
    p->value = where + at + 1;
}

/* Who they are that have the attribute, and ended on some days. */
static void
read_some(struct flow_page *p, int64_t from_day, int64_t until_day)
{
    struct pav_id_set ended;

    pav_reader_ended_set(p->q->reader, p->machine->row.version_id, from_day,
                         until_day, p->q->arena, &ended);
    pav_reader_valued_set(p->q->reader, p->name, p->value, &ended, p->q->arena,
                          &p->some);
}

static void
read_rows(struct flow_page *p)
{
    int64_t from = p->range.from_ms / DAY_MS,
            until = p->range.until_ms / DAY_MS + 1;
    uint32_t edges = pav_graph_edges(p->graph), i, e;
    struct pav_arena *a = p->q->arena;
    struct pav_wait_stats times;

    if (p->name != NULL)
        read_some(p, from - (until - from), until);
    p->count = rows_of(p, from, until, &p->rows);
    p->before_count = rows_of(p, from - (until - from), from, &p->before);
    p->transitions = pav_arena_zalloc(a, (edges + 1) * sizeof(*p->transitions));
    p->taken = pav_arena_zalloc(a, (edges + 1) * sizeof(*p->taken));
    p->times = pav_arena_zalloc(a, (edges + 1) * sizeof(*p->times));
    pav_graph_transitions(p->graph, p->transitions);
    for (i = 0; i < p->count; i++) {
        const struct pav_flow_row *r = &p->rows[i];

        if (r->kind == PAV_FLOW_END)
            p->ended += r->count;
        if (r->kind != PAV_FLOW_EDGE && r->kind != PAV_FLOW_CATCH)
            continue;
        e = pav_graph_edge_find(p->graph, *r->a == '\0' ? NULL : r->a,
                                *r->b == '\0' ? NULL : r->b,
                                r->kind == PAV_FLOW_CATCH);
        if (e == PAV_GRAPH_NONE)
            continue;
        p->taken[e] += r->count;
        pav_wait_stats_read(&times, r->histogram);
        pav_wait_stats_merge(&p->times[e], &times);
    }
}

/* What is beside the sums: events that did not fit, and who is there now. */
static void
read_beside(struct flow_page *p)
{
    struct pav_deviation_filter f = {.kind = PAV_UNEXPECTED,
                                     .machine = p->machine->row.name,
                                     .from_ms = p->range.from_ms,
                                     .until_ms = p->range.until_ms,
                                     .now_ms = p->q->now_ms,
                                     .limit = DEVIANTS};
    size_t states = pav_graph_states(p->graph) + 1;

    if (!p->all_of_it) { /* neither is told apart by what an execution is */
        p->here = pav_arena_zalloc(p->q->arena, states * sizeof(*p->here));
        p->late = pav_arena_zalloc(p->q->arena, states * sizeof(*p->late));
        return;
    }

    p->odd_count =
        pav_reader_deviations(p->q->reader, &f, p->q->arena, &p->odd);
    p->here = standing_in(p->q, p->machine->row.id, p->graph, &p->late);
}

/* What the lines and states of the map say. */
static void
add_shown(const struct flow_page *p, const char *path, struct pav_members *m)
{
    static const char *const others[] = {"version", "where", "range",
                                         "from",    "to",    NULL};
    const char *asked = page_parameter(p->q, "show"), *link;
    struct pav_items list;
    int i, k;

    if (asked != NULL &&
        strcmp(asked, flow_shown_name(flow_shown_read(p->q))) != 0)
        view_not_read(p->q, m, "show");
    pav_items_init(&list, p->q->arena);
    for (i = 0; i < FLOW_SHOWN; i++) {
        struct pav_members o;

        link = pav_arena_printf(p->q->arena, "%s?tab=flow&show=%s", path,
                                flow_shown_name(i));
        for (k = 0; others[k] != NULL; k++)
            if (page_parameter(p->q, others[k]) != NULL)
                link = pav_arena_printf(
                    p->q->arena, "%s&%s=%s", link, others[k],
                    view_encoded(p->q, page_parameter(p->q, others[k])));
        pav_members_init(&o, p->q->arena);
        view_text(&o, "show_words", flow_shown_words(i));
        view_text(&o, "show_link", link);
        view_bool(&o, "show_this", i == (int)flow_shown_read(p->q));
        pav_items_add(&list, pav_members_object(&o));
    }
    pav_members_puts(m, "shows", pav_items_array(&list));
}

/* ---- tables ---- */

static int
longest_first(const void *x, const void *y)
{
    const struct pav_flow_row *const *a = x, *const *b = y;

    return (*a)->sum_ms < (*b)->sum_ms   ? 1
           : (*a)->sum_ms > (*b)->sum_ms ? -1
                                         : 0;
}

static int
most_first(const void *x, const void *y)
{
    const struct pav_flow_row *const *a = x, *const *b = y;

    return (*a)->count < (*b)->count ? 1 : (*a)->count > (*b)->count ? -1 : 0;
}

/* Rows of a kind, in an order. */
static uint32_t
sorted(const struct flow_page *p, int kind,
       int (*order)(const void *x, const void *y),
       const struct pav_flow_row ***out)
{
    uint32_t i, n = 0;

    *out = pav_arena_alloc(p->q->arena, (p->count + 1) * sizeof(**out));
    for (i = 0; i < p->count; i++)
        if (p->rows[i].kind == kind)
            (*out)[n++] = &p->rows[i];
    if (n > 1)
        qsort(*out, n, sizeof(**out), order);
    return n;
}

static void
add_drift(const struct flow_page *p, struct pav_members *m,
          const struct pav_flow_row *r)
{
    const struct pav_flow_row *was =
        flow_state_row(p->before, p->before_count, r->a);
    double now, then;

    if (was == NULL)
        return;
    now = (double)flow_quantile(r, 0.5);
    then = (double)flow_quantile(was, 0.5);
    if (now > then * DRIFT)
        view_text(m, "longer", view_span_text(p->q->arena, (int64_t)then));
    else if (now * DRIFT < then)
        view_text(m, "shorter", view_span_text(p->q->arena, (int64_t)then));
}

static void
add_unexpected(const struct flow_page *p, struct pav_members *m,
               const char *state)
{
    struct flow_unexpected odd;

    flow_unexpected_in(p, state, &odd);
    if (odd.count == 0)
        return;
    view_amount(m, "unexpected", odd.count);
    view_text(m, "unexpected_link", flow_unexpected_link(p, state));
}

static void
add_here(const struct flow_page *p, struct pav_members *m, const char *state,
         int64_t here, int64_t late)
{
    if (here == 0)
        return;
    view_amount(m, "here", here);
    if (late > 0)
        view_amount(m, "late_here", late);
    view_text(
        m, "here_link",
        view_link(p->q,
                  pav_arena_printf(p->q->arena, "%s&status=RUNNING&state=",
                                   view_link(p->q, "executions?machine=",
                                             p->machine->row.name) +
                                       strlen(page_root(p->q))),
                  state));
}

/* States in which some stand and that nobody who has ended came through. */
static void
add_only_here(const struct flow_page *p, struct pav_items *rows)
{
    uint32_t i, n = pav_graph_states(p->graph);

    for (i = 0; i < n; i++) {
        const char *state = pav_graph_state(p->graph, i);
        struct pav_members m;

        if (p->here[i] == 0 || flow_state_row(p->rows, p->count, state) != NULL)
            continue;
        pav_members_init(&m, p->q->arena);
        view_text(&m, "state", state);
        add_here(p, &m, state, p->here[i], p->late[i]);
        pav_items_add(rows, pav_members_object(&m));
    }
}

static const struct pav_doc *
states_view(const struct flow_page *p)
{
    const struct pav_flow_row **v;
    uint32_t n = sorted(p, PAV_FLOW_STATE, longest_first, &v), i, at;
    struct pav_items rows;
    int64_t whole = 0;

    for (i = 0; i < n; i++)
        whole += v[i]->sum_ms;
    pav_items_init(&rows, p->q->arena);
    for (i = 0; i < n; i++) {
        struct pav_members m;

        pav_members_init(&m, p->q->arena);
        view_text(&m, "state", v[i]->a);
        view_amount(&m, "count", v[i]->count);
        view_span(&m, "p50", flow_quantile(v[i], 0.5));
        view_span(&m, "p95", flow_quantile(v[i], 0.95));
        view_span(&m, "sum", v[i]->sum_ms);
        add_share(&m, v[i]->sum_ms, whole);
        pav_members_puts(&m, "bars", bars_view(p, v[i]));
        view_text(&m, "link", flow_passed_link(p, v[i]->a));
        add_drift(p, &m, v[i]);
        add_unexpected(p, &m, v[i]->a);
        at = pav_graph_find(p->graph, v[i]->a);
        add_here(p, &m, v[i]->a, at == PAV_GRAPH_NONE ? 0 : p->here[at],
                 at == PAV_GRAPH_NONE ? 0 : p->late[at]);
        pav_items_add(&rows, pav_members_object(&m));
    }
    add_only_here(p, &rows);
    return pav_items_array(&rows);
}

static const struct pav_doc *
ways_view(const struct flow_page *p)
{
    const struct pav_flow_row **v;
    uint32_t n = sorted(p, PAV_FLOW_WAY, most_first, &v), i;
    struct pav_items rows;

    pav_items_init(&rows, p->q->arena);
    for (i = 0; i < n && i < WAYS; i++) {
        struct pav_members m;

        pav_members_init(&m, p->q->arena);
        view_text(&m, "way", v[i]->a);
        view_text(&m, "end", v[i]->b);
        view_amount(&m, "count", v[i]->count);
        view_text(&m, "link", end_link(p, v[i]->a, v[i]->b));
        add_share(&m, v[i]->count, p->ended);
        view_span(&m, "p50", flow_quantile(v[i], 0.5));
        pav_items_add(&rows, pav_members_object(&m));
    }
    return pav_items_array(&rows);
}

static const struct pav_doc *
ends_view(const struct flow_page *p)
{
    const struct pav_flow_row **v;
    uint32_t n = sorted(p, PAV_FLOW_END, most_first, &v), i;
    struct pav_items rows;

    pav_items_init(&rows, p->q->arena);
    for (i = 0; i < n; i++) {
        struct pav_members m;
        enum pav_status status;

        pav_members_init(&m, p->q->arena);
        if (pav_status_find(v[i]->b, &status))
            view_status(&m, status);
        view_amount(&m, "count", v[i]->count);
        add_share(&m, v[i]->count, p->ended);
        view_span(&m, "p50", flow_quantile(v[i], 0.5));
        view_span(&m, "p95", flow_quantile(v[i], 0.95));
        view_text(&m, "link", end_link(p, NULL, v[i]->b));
        pav_items_add(&rows, pav_members_object(&m));
    }
    return pav_items_array(&rows);
}

static const struct pav_doc *
transition_view(const struct flow_page *p, uint32_t i, const char *cases)
{
    const struct pav_transition *t = &p->transitions[i];
    struct pav_members m;

    pav_members_init(&m, p->q->arena);
    view_text(&m, "from", t->from);
    view_text(&m, "to", t->to);
    view_text(&m, "label", t->label);
    view_bool(&m, "caught", t->caught);
    view_text(&m, "cases", cases);
    if (p->taken[i] > 0) {
        view_amount(&m, "count", p->taken[i]);
        view_text(&m, "link", flow_transition_link(p, t));
    }
    return pav_members_object(&m);
}

/* Transitions that nobody took in that time, and which test case takes them;
 * those that somebody took and no test case takes. */
static void
add_coverage(const struct flow_page *p, struct pav_members *m)
{
    uint32_t edges = pav_graph_edges(p->graph), n = 0, i;
    struct pav_items never, untested;
    struct tested tested;

    tested_read(p->q, &p->machine->row, p->graph, &tested);
    pav_items_init(&never, p->q->arena);
    pav_items_init(&untested, p->q->arena);
    for (i = 0; i < edges; i++) {
        const char *cases = tested.told ? tested.by_edge[i] : NULL;

        if (!pav_is_transition(&p->transitions[i]))
            continue;
        n++;
        if (p->taken[i] == 0)
            pav_items_add(&never, transition_view(p, i, cases));
        else if (tested.told && cases == NULL)
            pav_items_add(&untested, transition_view(p, i, NULL));
    }
    pav_members_puts(m, "never", pav_items_array(&never));
    view_text(m, "covered",
              pav_arena_printf(p->q->arena, "%u of %u", n - never.count, n));
    view_bool(m, "tested", tested.told);
    view_bool(m, "listed", tested.told || p->ended > 0);
    if (!tested.told)
        return;
    pav_members_puts(m, "untested", pav_items_array(&untested));
    view_bool(m, "untested_any", untested.count > 0);
    view_number(m, "cases_passed", tested.passed);
    if (tested.failed > 0)
        view_number(m, "cases_failed", tested.failed);
    view_time(m, "tested_at", tested.at);
    view_text(m, "cases_cover",
              pav_arena_printf(p->q->arena, "%u of %u", tested.taken, n));
}

/* The versions that there are, newest first, as links. */
static void
add_versions(struct pav_query *q, struct pav_members *m, const char *path,
             const struct pav_machine_row *shown)
{
    struct pav_version_view *v;
    uint32_t n = pav_reader_versions(q->reader, shown->id, VERSIONS, q->arena,
                                     &v),
             i;
    struct pav_items list;

    pav_items_init(&list, q->arena);
    for (i = 0; i < n; i++) {
        struct pav_members o;

        pav_members_init(&o, q->arena);
        view_number(&o, "number", v[i].number);
        view_bool(&o, "shown", v[i].id == shown->version_id);
        view_text(&o, "link",
                  pav_arena_printf(q->arena, "%s?tab=flow&version=%lld", path,
                                   (long long)v[i].number));
        pav_items_add(&list, pav_members_object(&o));
    }
    view_bool(m, "versions_any", n > 1);
    pav_members_puts(m, "versions", pav_items_array(&list));
}

/* What the address asks for: ?version=2; the current one otherwise. */
static struct pav_machine_view
version_shown(struct pav_query *q, const struct pav_machine_view *current)
{
    const char *text = page_parameter(q, "version");
    struct pav_machine_view shown = *current;
    struct pav_version_view *v;
    int64_t number;
    uint32_t n, i;

    if (text == NULL || !pav_parse_int(text, strlen(text), &number))
        return shown;
    n = pav_reader_versions(q->reader, current->row.id, VERSIONS, q->arena, &v);
    for (i = 0; i < n; i++)
        if (v[i].number == number)
            (void)pav_reader_version(q->reader, v[i].id, q->arena, &shown.row);
    return shown;
}

/* A version that there is not. */
static bool
is_passed_over(struct pav_query *q, int64_t shown)
{
    const char *text = page_parameter(q, "version");
    int64_t number;

    return text != NULL &&
           (!pav_parse_int(text, strlen(text), &number) || number != shown);
}

/* Those in progress are in no number of the map but "here now". */
static void
add_open(const struct flow_page *p, struct pav_members *m)
{
    struct pav_execution_filter f = {.status = PAV_RUNNING,
                                     .machine = p->machine->row.name,
                                     .exclude_map_children = true};
    int64_t n = pav_reader_total(p->q->reader, &f, p->q->arena);

    if (n <= 0 || !p->all_of_it)
        return;
    view_amount(m, "open", n);
    view_text(m, "open_link",
              pav_arena_printf(p->q->arena, "%s&status=RUNNING",
                               view_link(p->q, "executions?machine=",
                                         p->machine->row.name)));
}

#define NAMES 50

/* The form that narrows it to executions with an attribute. */
static void
add_where(const struct flow_page *p, struct pav_members *m)
{
    const char **names;
    uint32_t n = pav_reader_attribute_names(p->q->reader, NAMES, p->q->arena,
                                            &names),
             i;
    struct pav_items list;

    pav_items_init(&list, p->q->arena);
    for (i = 0; i < n; i++) {
        struct pav_members o;

        pav_members_init(&o, p->q->arena);
        view_text(&o, "name", names[i]);
        pav_items_add(&list, pav_members_object(&o));
    }
    pav_members_puts(m, "names", pav_items_array(&list));
    view_bool(m, "names_any", n > 0);
    view_text(m, "range_asked", page_parameter(p->q, "range"));
    view_text(m, "from_asked", page_parameter(p->q, "from"));
    view_text(m, "to_asked", page_parameter(p->q, "to"));
    view_text(m, "show_asked", page_parameter(p->q, "show"));
    view_text(m, "version_asked", page_parameter(p->q, "version"));
    view_text(m, "where_asked", page_parameter(p->q, "where"));
    if (p->name != NULL) {
        view_text(m, "where_name", p->name);
        view_text(m, "where_value", p->value);
    } else if (page_parameter(p->q, "where") != NULL) {
        view_not_read(p->q, m, "where");
    }
}

/* Times and coverage are parts of the same page. */
static void
add_tab(struct pav_query *q, struct pav_members *m)
{
    const char *tab = page_parameter(q, "tab");

    view_bool(m,
              tab != NULL && strcmp(tab, "times") == 0      ? "at_times"
              : tab != NULL && strcmp(tab, "coverage") == 0 ? "at_coverage"
                                                            : "at_flow",
              true);
}

void
machine_flow_show(struct pav_query *q, const struct pav_machine_view *current)
{
    static const char *const kept[] = {"tab", "version", "where", "show", NULL};
    struct pav_machine_view shown = version_shown(q, current), *v = &shown;
    struct flow_page p = {.q = q,
                          .machine = v,
                          .graph = graphs_get(kept_of(q)->graphs, &v->row),
                          .range = range_read_days(q, "7d")};
    const char *path = view_link(q, "machines/", v->row.name);
    struct pav_buf graph;
    struct slot slot = {"graph", &graph};
    struct pav_members m;

    read_where(&p);
    p.all_of_it = p.name == NULL && v->row.version == current->row.version;
    p.list = list_of(&p);
    read_rows(&p);
    pav_members_init(&m, q->arena);
    add_where(&p, &m);
    pav_buf_init(&graph, 16u << 20);
    view_text(&m, "name", v->row.name);
    view_number(&m, "version", v->row.version);
    view_text(&m, "machine_link", path);
    add_tab(q, &m);
    range_add(q, &p.range, path + strlen(page_root(q)), kept, &m);
    add_versions(q, &m, path, &v->row);
    if (is_passed_over(q, v->row.version))
        view_not_read(q, &m, "version");
    view_amount(&m, "ended", p.ended);
    view_bool(&m, "any", p.ended > 0);
    add_open(&p, &m);
    add_shown(&p, path, &m);
    if (p.ended > 0) {
        read_beside(&p);
        flow_map_draw(&p, &graph);
        pav_members_puts(&m, "ends", ends_view(&p));
        pav_members_puts(&m, "states", states_view(&p));
        pav_members_puts(&m, "ways", ways_view(&p));
    }
    add_coverage(&p, &m);
    page_show(q, &(struct page){.name = "machineflow",
                                .title = pav_arena_printf(
                                    q->arena, "Flow of %s", v->row.name),
                                .place = "at_machines",
                                .topics = "executions",
                                .view = &m,
                                .slots = &slot,
                                .slot_count = 1});
    pav_buf_fini(&graph);
}
