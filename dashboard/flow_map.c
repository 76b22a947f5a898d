/*
 * The map: a machine's graph, its lines as thick as many went along them, its
 * states as strong in colour as stays in them were long, with the numbers
 * beside.
 */
#include "flow_map.h"

#include <math.h>
#include <string.h>

#include "pavane/text.h"
#include "frame.h"
#include "links.h"
#include "parameters.h"
#include "view.h"

#define WIDTHS       5
#define HEATS        5
#define WORTH_SAYING 1000 /* ms before a transition */
/* Letters that turn others round turn none beside it. */
#define ISOLATED "\xe2\x81\xa8%s\xe2\x81\xa9"

/* ---- what is shown ---- */

static const struct {
    const char *name, *words;
} shown[FLOW_SHOWN] = {[FLOW_ALL] = {"all", "all"},
                       [FLOW_COUNT] = {"count", "count"},
                       [FLOW_SHARE] = {"share", "share"},
                       [FLOW_MEDIAN] = {"median", "median"},
                       [FLOW_P95] = {"p95", "95 %"}};

const char *
flow_shown_name(int which)
{
    return shown[which].name;
}

const char *
flow_shown_words(int which)
{
    return shown[which].words;
}

enum flow_shown
flow_shown_read(struct pav_query *q)
{
    const char *asked = page_parameter(q, "show");
    int i;

    for (i = 0; asked != NULL && i < FLOW_SHOWN; i++)
        if (strcmp(asked, shown[i].name) == 0)
            return (enum flow_shown)i;
    return FLOW_ALL;
}

/* ---- numbers ---- */

int64_t
flow_quantile(const struct pav_flow_row *r, double share)
{
    struct pav_wait_stats times;

    pav_wait_stats_read(&times, r->histogram);
    return pav_wait_stats_quantile(&times, share);
}

const struct pav_flow_row *
flow_state_row(const struct pav_flow_row *v, uint32_t n, const char *state)
{
    uint32_t i;

    for (i = 0; i < n; i++)
        if (v[i].kind == PAV_FLOW_STATE && strcmp(v[i].a, state) == 0)
            return &v[i];
    return NULL;
}

void
flow_bars_read(const struct pav_flow_row *r, struct flow_bars *out)
{
    int first = 0, last = PAV_LEARNED_CLASSES - 1, classes, i;
    struct pav_wait_stats times;

    memset(out, 0, sizeof(*out));
    pav_wait_stats_read(&times, r->histogram);
    while (first < last && times.in[first] == 0)
        first++;
    while (last > first && times.in[last] == 0)
        last--;
    classes = last - first + 1;
    for (i = first; i <= last; i++)
        out->bars[(i - first) * PAV_GRAPH_BARS / classes] += times.in[i];
    out->most = 1;
    for (i = 0; i < PAV_GRAPH_BARS; i++) {
        /* Classes whose (k - first) * PAV_GRAPH_BARS / classes is i. */
        int from = first + (i * classes + PAV_GRAPH_BARS - 1) / PAV_GRAPH_BARS,
            until = first +
                    ((i + 1) * classes + PAV_GRAPH_BARS - 1) / PAV_GRAPH_BARS;

        out->over[i] = pav_wait_stats_longest(from - 1);
        out->upto[i] = pav_wait_stats_longest(until - 1);
        if (out->bars[i] > out->most)
            out->most = out->bars[i];
    }
}

/* "in STATE", perhaps with a guess behind it. */
static bool
is_there(const char *reason, const char *there)
{
    size_t len = strlen(there);

    return strncmp(reason, there, len) == 0 &&
           (reason[len] == '\0' || reason[len] == ':');
}

void
flow_unexpected_in(const struct flow_page *p, const char *state,
                   struct flow_unexpected *out)
{
    const char *reason = pav_arena_printf(p->q->arena, "in %s", state);
    uint32_t i;

    *out = (struct flow_unexpected){0};
    for (i = 0; i < p->odd_count; i++) { /* the most first */
        if (p->odd[i].kind != PAV_UNEXPECTED ||
            !is_there(p->odd[i].reason, reason))
            continue;
        if (out->type == NULL)
            out->type = p->odd[i].type;
        out->types++;
        out->count += p->odd[i].count;
    }
}

/* ---- links ---- */

const char *
flow_passed_link(const struct flow_page *p, const char *what)
{
    return pav_arena_printf(p->q->arena, "%s%s", p->list,
                            view_encoded(p->q, what));
}

static const struct pav_doc *
text_or_null(struct pav_arena *a, const char *text)
{
    static const struct pav_doc null = {.kind = PAV_NULL};

    return text == NULL ? &null : pav_doc_new_cstr(a, text);
}

const char *
flow_transition_link(const struct flow_page *p, const struct pav_transition *t)
{
    struct pav_items what;

    pav_items_init(&what, p->q->arena);
    pav_items_add(&what, text_or_null(p->q->arena, t->from));
    pav_items_add(&what, text_or_null(p->q->arena, t->to));
    if (t->caught)
        pav_items_add(&what, pav_doc_new_cstr(p->q->arena, "Catch"));
    return flow_passed_link(p,
                            pav_doc_text(p->q->arena, pav_items_array(&what)));
}

const char *
flow_unexpected_link(const struct flow_page *p, const char *state)
{
    return pav_arena_printf(
        p->q->arena, "%s&state=%s&disposition=%s&from=%s&to=%s",
        view_link(p->q, "deviations?machine=", p->machine->row.name),
        view_encoded(p->q, state), pav_disposition_name(PAV_UNEXPECTED),
        view_day(p->q->arena, p->range.from_ms),
        view_day(p->q->arena, p->range.until_ms));
}

/* ---- lines ---- */

/* The state that a line leaves; none: the start of a scope. */
static uint32_t
leaves(const struct flow_page *p, uint32_t edge)
{
    const char *from = p->transitions[edge].from;

    return from == NULL ? PAV_GRAPH_NONE : pav_graph_find(p->graph, from);
}

/* How many left each state. */
static int64_t *
count_leaving(const struct flow_page *p)
{
    uint32_t n = pav_graph_edges(p->graph), i, at;
    int64_t *left = pav_arena_zalloc(
        p->q->arena, (pav_graph_states(p->graph) + 1) * sizeof(*left));

    for (i = 0; i < n; i++)
        if ((at = leaves(p, i)) != PAV_GRAPH_NONE)
            left[at] += p->taken[i];
    return left;
}

/* NULL: nothing is worth it. */
static const char *
line_note(const struct flow_page *p, uint32_t edge, int64_t of,
          enum flow_shown which)
{
    int64_t n = p->taken[edge], before = 0;
    bool timed = pav_wait_stats_count(&p->times[edge]) > 0;
    struct pav_arena *a = p->q->arena;
    const char *note;

    if (timed)
        before = pav_wait_stats_quantile(&p->times[edge],
                                         which == FLOW_P95 ? 0.95 : 0.5);
    switch (which) {
    case FLOW_COUNT:
        return view_count(a, n);
    case FLOW_SHARE:
        return of == 0 ? NULL : view_share(a, n, of);
    case FLOW_MEDIAN:
    case FLOW_P95:
        return timed ? view_span_text(a, before) : NULL;
    default:
        note = view_count(a, n);
        if (of > n)
            note = pav_arena_printf(a, "%s · %s", note, view_share(a, n, of));
        if (of > n && before >= WORTH_SAYING)
            note =
                pav_arena_printf(a, "%s · %s", note, view_span_text(a, before));
        return note;
    }
}

static void
mark_lines(const struct flow_page *p, enum flow_shown which,
           struct pav_graph_marks *drawn)
{
    uint32_t edges = pav_graph_edges(p->graph), i, at;
    struct pav_arena *a = p->q->arena;
    uint32_t *counts = pav_arena_zalloc(a, (edges + 1) * sizeof(*counts));
    uint8_t *widths = pav_arena_zalloc(a, edges + 1);
    const char **notes = pav_arena_zalloc(a, (edges + 1) * sizeof(*notes));
    const char **links = pav_arena_zalloc(a, (edges + 1) * sizeof(*links));
    int64_t most = 1, *left = count_leaving(p);

    for (i = 0; i < edges; i++)
        most = p->taken[i] > most ? p->taken[i] : most;
    for (i = 0; i < edges; i++) {
        int64_t n = p->taken[i];

        counts[i] = n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
        if (n == 0)
            continue;
        widths[i] = (uint8_t)(most == 1 ? 1
                                        : 1 + (WIDTHS - 1) * log((double)n) /
                                                  log((double)most));
        links[i] = flow_transition_link(p, &p->transitions[i]);
        at = leaves(p, i);
        notes[i] = line_note(p, i, at == PAV_GRAPH_NONE ? 0 : left[at], which);
    }
    drawn->edges = counts;
    drawn->edge_widths = widths;
    drawn->edge_notes = notes;
    drawn->edge_links = links;
}

/* ---- states ---- */

/* From 1, short, to HEATS, the longest that there is, on a log scale. */
static uint8_t
heat_of(int64_t ms, int64_t longest)
{
    if (ms <= 0 || longest <= 1)
        return 1;
    return (uint8_t)(1 + lround((HEATS - 1) * log1p((double)ms) /
                                log1p((double)longest)));
}

static void
add_misfit(const struct flow_page *p, const char *state,
           struct pav_state_sums *sums)
{
    struct pav_arena *a = p->q->arena;
    struct flow_unexpected odd;

    flow_unexpected_in(p, state, &odd);
    if (odd.count == 0)
        return;
    sums->misfit = view_count(a, odd.count);
    sums->misfit_more =
        pav_arena_printf(a, "%s × " ISOLATED, sums->misfit, odd.type);
    if (odd.types > 1)
        sums->misfit_more = pav_arena_printf(a, "%s did not fit", sums->misfit);
    sums->misfit_title =
        pav_arena_printf(a, "%s %s did not fit in %s%s" ISOLATED, sums->misfit,
                         odd.count == 1 ? "event" : "events", state,
                         odd.types > 1 ? ", mostly " : ": ", odd.type);
    sums->misfit_link = flow_unexpected_link(p, state);
}

/* "101 in · 22 now, 3 late" */
static const char *
amounts(const struct flow_page *p, uint32_t state, int64_t in)
{
    struct pav_arena *a = p->q->arena;
    const char *text = pav_arena_printf(a, "%s in", view_count(a, in));

    if (p->here[state] > 0)
        text = pav_arena_printf(a, "%s · %s now", text,
                                view_count(a, p->here[state]));
    if (p->late[state] > 0)
        text = pav_arena_printf(a, "%s, %s late", text,
                                view_count(a, p->late[state]));
    return text;
}

static const char *
state_note(const struct flow_page *p, const struct pav_flow_row *r,
           enum flow_shown which)
{
    const char *half = view_span_text(p->q->arena, flow_quantile(r, 0.5)),
               *most = view_span_text(p->q->arena, flow_quantile(r, 0.95));

    switch (which) {
    case FLOW_COUNT:
        return view_count(p->q->arena, r->count);
    case FLOW_SHARE: /* of those that ended: above all of it in a loop */
        return view_share(p->q->arena, r->count, p->ended > 0 ? p->ended : 1);
    case FLOW_MEDIAN:
        return half;
    case FLOW_P95:
        return most;
    default:
        return strcmp(half, most) == 0
                   ? half
                   : pav_arena_printf(p->q->arena, "%s · 95 %% %s", half, most);
    }
}

static void
mark_state(const struct flow_page *p, uint32_t i, enum flow_shown which,
           int64_t longest, struct pav_state_mark *mark)
{
    const char *state = pav_graph_state(p->graph, i);
    const struct pav_flow_row *r = flow_state_row(p->rows, p->count, state);
    struct pav_arena *a = p->q->arena;
    struct pav_state_sums *sums = pav_arena_zalloc(a, sizeof(*sums));
    struct flow_bars bars;
    int k;

    mark->sums = sums;
    mark->note = "never";
    add_misfit(p, state, sums);
    sums->late = p->late[i] > 0;
    if (r == NULL && p->here[i] == 0)
        return;
    mark->status = PAV_MARK_RUNNING;
    sums->amounts = amounts(p, i, r == NULL ? 0 : r->count);
    mark->note = "none left it yet";
    sums->says = pav_arena_printf(a, "%s, none left it yet", sums->amounts);
    if (r == NULL)
        return;
    mark->note = state_note(p, r, which);
    sums->says = pav_arena_printf(
        a, "%s, half of the stays within %s, 95 %% within %s", sums->amounts,
        view_span_text(a, flow_quantile(r, 0.5)),
        view_span_text(a, flow_quantile(r, 0.95)));
    sums->heat = heat_of(flow_quantile(r, 0.95), longest);
    flow_bars_read(r, &bars);
    for (k = 0; bars.most < r->count && k < PAV_GRAPH_BARS; k++)
        sums->bars[k] = (double)bars.bars[k] / (double)bars.most;
}

void
flow_map_draw(const struct flow_page *p, struct pav_buf *out)
{
    uint32_t states = pav_graph_states(p->graph), i;
    struct pav_state_mark *marks =
        pav_arena_zalloc(p->q->arena, (states + 1) * sizeof(*marks));
    struct pav_graph_marks drawn = {
        .states = marks,
        .link = p->list,
        .title =
            pav_arena_printf(p->q->arena, "Flow of %s", p->machine->row.name)};
    enum flow_shown which = flow_shown_read(p->q);
    int64_t longest = 1;

    for (i = 0; i < p->count; i++)
        if (p->rows[i].kind == PAV_FLOW_STATE &&
            flow_quantile(&p->rows[i], 0.95) > longest)
            longest = flow_quantile(&p->rows[i], 0.95);
    mark_lines(p, which, &drawn);
    for (i = 0; i < states; i++)
        mark_state(p, i, which, longest, &marks[i]);
    pav_graph_svg(p->graph, &drawn, NULL, out);
    page_picture_fits(out);
}
