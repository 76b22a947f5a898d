/*
 * The graph drawn as SVG, and its geometry as JSON.
 *
 * Each state is a link with data-state, data-status and data-visits, in the
 * order of the definition; each edge has data-from, data-to and data-taken
 * (how often).  Colours come by class alone: a live change is a change of
 * attributes.
 */
#include <stdio.h>
#include <string.h>

#include "pavane/http.h"
#include "pavane/text.h"
#include "graph_int.h"
#include "template.h"

#define MARGIN      12.0
#define BARS_H      26.0 /* the tallest column in a state */
#define MISFIT_ENDS 28.0 /* of a misfit, beside its text */

struct drawing {
    const struct pav_graph *g;
    const struct pav_graph_marks *marks;
    struct pav_arena *scratch;
    struct pav_buf *out;
};

const struct pav_look pav_looks[] = {
    [PAV_MARK_NONE] = {"none", "not reached", "–"},
    [PAV_MARK_RUNNING] = {"running", "waiting", "▷"},
    [PAV_MARK_SUCCEEDED] = {"succeeded", "succeeded", "✓"},
    [PAV_MARK_FAILED] = {"failed", "failed", "✕"},
    [PAV_MARK_TIMED_OUT] = {"timedout", "timed out", "◔"},
    [PAV_MARK_ABORTED] = {"aborted", "aborted", "⊘"},
    [PAV_MARK_CAUGHT] = {"caught", "caught", "↷"},
    [PAV_MARK_OVERDUE] = {"overdue", "overdue", "⏰"}};

static void
put_attribute(struct pav_buf *b, const char *name, const char *value)
{
    pav_buf_printf(b, " %s=\"", name);
    pav_buf_htmls(b, value);
    pav_buf_putc(b, '"');
}

/* One decimal is enough for eyes, and short. */
static void
put_number(struct pav_buf *b, double v)
{
    long tenths = (long)(v * 10 + (v < 0 ? -0.5 : 0.5));

    if (tenths < 0) {
        pav_buf_putc(b, '-');
        tenths = -tenths;
    }
    pav_buf_int(b, tenths / 10);
    if (tenths % 10 != 0) {
        pav_buf_putc(b, '.');
        pav_buf_int(b, tenths % 10);
    }
}

static void
put_point(struct pav_buf *b, const char *before, struct point p)
{
    pav_buf_puts(b, before);
    put_number(b, p.x);
    pav_buf_putc(b, ' ');
    put_number(b, p.y);
}

/* ---- edges ---- */

/* Straight inside a rank, curved between two; straight pieces as one. */
static void
put_way(struct pav_buf *b, const struct edge *e)
{
    struct point drawn = e->points[0];
    uint32_t i;

    put_point(b, "M", drawn);
    if (e->from == e->to) {
        put_point(b, "C", e->points[1]);
        put_point(b, " ", e->points[2]);
        put_point(b, " ", e->points[3]);
        return;
    }
    for (i = 1; i < e->point_count; i++) {
        struct point p = e->points[i - 1], q = e->points[i];
        double middle = (p.y + q.y) / 2;

        if (p.x - q.x < 0.05 && q.x - p.x < 0.05)
            continue;
        if (p.y != drawn.y) {
            pav_buf_putc(b, 'V');
            put_number(b, p.y);
        }
        put_point(b, "C", (struct point){p.x, middle});
        put_point(b, " ", (struct point){q.x, middle});
        put_point(b, " ", q);
        drawn = q;
    }
    if (e->points[i - 1].y != drawn.y) {
        pav_buf_putc(b, 'V');
        put_number(b, e->points[i - 1].y);
    }
}

/* Own arrow heads: a marker cannot take the colour of its line everywhere. */
static void
put_arrow(struct pav_buf *b, const struct edge *e)
{
    struct point p = e->points[e->point_count - 1];
    struct point q = e->points[e->point_count - 2];

    if (e->from == e->to) {
        put_point(b, "<path class=\"head\" d=\"M", p);
        pav_buf_puts(b, "l7 -4v8z\"/>");
        return;
    }
    put_point(b, "<path class=\"head\" d=\"M", p);
    pav_buf_puts(b,
                 p.y >= q.y && !e->back ? "l-4.5 -8h9z\"/>" : "l-4.5 8h9z\"/>");
}

/* Below its label, else near its beginning. */
static void
put_edge_note(struct pav_buf *b, const struct edge *e, const char *note)
{
    struct point p = e->label_at;
    double w = text_width(note, 11) + 6;

    if (*e->label != '\0') {
        p.y += LABEL_H - 2;
    } else {
        p = e->points[0];
        p.x += e->back ? -w / 2 - 6 : 0;
        p.y += e->back ? -10 : 14;
    }
    pav_buf_puts(b, "<rect class=\"back\" x=\"");
    put_number(b, p.x - w / 2);
    pav_buf_puts(b, "\" y=\"");
    put_number(b, p.y - 7);
    pav_buf_puts(b, "\" width=\"");
    put_number(b, w);
    pav_buf_puts(b, "\" height=\"14\" rx=\"3\"/><text class=\"amount\" x=\"");
    put_number(b, p.x);
    pav_buf_puts(b, "\" y=\"");
    put_number(b, p.y + 4);
    pav_buf_puts(b, "\">");
    pav_buf_htmls(b, note);
    pav_buf_puts(b, "</text>");
}

static void
put_edge(struct drawing *d, const struct scope *s, const struct edge *e)
{
    static const char *const kinds[] = {[EDGE_START] = "start",
                                        [EDGE_NEXT] = "next",
                                        [EDGE_CHOICE] = "choice",
                                        [EDGE_CATCH] = "catch",
                                        [EDGE_END] = "end"};
    uint32_t taken = d->marks->edges == NULL ? 0 : d->marks->edges[e->index];
    struct pav_buf *b = d->out;
    const char *label;

    pav_buf_printf(b, "<g class=\"edge %s%s%s", kinds[e->kind],
                   e->back ? " back" : "",
                   d->marks->edges == NULL ? " plain"
                   : taken > 0             ? " taken"
                                           : "");
    if (d->marks->edge_widths != NULL)
        pav_buf_printf(b, " w%u", d->marks->edge_widths[e->index]);
    pav_buf_printf(b, "\" id=\"e%u\"", e->index);
    put_attribute(b, "data-from", s->nodes[e->from].name);
    put_attribute(b, "data-to", s->nodes[e->to].name);
    pav_buf_printf(b, " data-taken=\"%u\">", taken);
    if (*e->label != '\0') {
        pav_buf_puts(b, "<title>");
        pav_buf_htmls(b, e->label);
        pav_buf_puts(b, "</title>");
    }
    pav_buf_puts(b, "<path class=\"line\" d=\"");
    put_way(b, e);
    pav_buf_puts(b, "\"/>");
    put_arrow(b, e);
    if (*e->label != '\0') {
        label = edge_label(d->scratch, e);
        pav_buf_puts(b, "<rect class=\"back\" x=\"");
        put_number(b, e->label_at.x - e->label_w / 2);
        pav_buf_puts(b, "\" y=\"");
        put_number(b, e->label_at.y - LABEL_H / 2);
        pav_buf_puts(b, "\" width=\"");
        put_number(b, e->label_w);
        pav_buf_printf(b, "\" height=\"%d\" rx=\"4\"/><text x=\"",
                       (int)LABEL_H);
        put_number(b, e->label_at.x);
        pav_buf_puts(b, "\" y=\"");
        put_number(b, e->label_at.y + 4);
        pav_buf_puts(b, "\">");
        pav_buf_htmls(b, label);
        pav_buf_puts(b, "</text>");
    }
    if (e->back) {
        struct point p = e->points[0];

        pav_buf_printf(b, "<text class=\"times\" x=\"");
        put_number(b, p.x - 6);
        pav_buf_puts(b, "\" y=\"");
        put_number(b, p.y - 8);
        pav_buf_puts(b, "\">");
        if (taken > 0 && d->marks->edge_notes == NULL)
            pav_buf_printf(b, "↺ %u", taken);
        pav_buf_puts(b, "</text>");
    }
    if (d->marks->edge_notes != NULL &&
        d->marks->edge_notes[e->index] != NULL) {
        const char *link = d->marks->edge_links == NULL
                               ? NULL
                               : d->marks->edge_links[e->index];

        if (link != NULL) {
            pav_buf_puts(b, "<a");
            put_attribute(b, "href", link);
            pav_buf_puts(b, ">");
        }
        put_edge_note(b, e, d->marks->edge_notes[e->index]);
        pav_buf_puts(b, link != NULL ? "</a>" : "");
    }
    pav_buf_puts(b, "</g>\n");
}

/* ---- nodes ---- */

static void
put_box(struct pav_buf *b, const char *class, const struct node *n, double by,
        double round)
{
    pav_buf_printf(b, "<rect class=\"%s\" x=\"", class);
    put_number(b, n->x + by);
    pav_buf_puts(b, "\" y=\"");
    put_number(b, n->y + by);
    pav_buf_puts(b, "\" width=\"");
    put_number(b, n->w);
    pav_buf_puts(b, "\" height=\"");
    put_number(b, n->h);
    pav_buf_puts(b, "\" rx=\"");
    put_number(b, round);
    pav_buf_puts(b, "\"/>");
}

static void
put_line(struct pav_buf *b, const char *class, double x, double y,
         const char *text)
{
    pav_buf_printf(b, "<text class=\"%s\" x=\"", class);
    put_number(b, x);
    pav_buf_puts(b, "\" y=\"");
    put_number(b, y);
    pav_buf_puts(b, "\">");
    pav_buf_htmls(b, text);
    pav_buf_puts(b, "</text>");
}

/* As much of a text as fits, then an ellipsis. */
static const char *
fitting(struct drawing *d, const char *text, double px, double room)
{
    unsigned n = (unsigned)pav_utf8_count(text, strlen(text));
    const char *s = text;

    while (n > 1 && text_width(s, px) > room)
        s = text_shorten(d->scratch, text, --n);
    return s;
}

static void
put_pill(struct drawing *d, const struct node *n, const struct scope *s)
{
    struct pav_buf *b = d->out;
    bool start = n->kind == NODE_START;

    pav_buf_printf(b, "<g class=\"pill %s\">", start ? "start" : "end");
    put_box(b, "box", n, 0, n->h / 2);
    if (s->depth == 0)
        put_line(b, "word", n->x + n->w / 2, n->y + n->h / 2 + 4,
                 start ? "Start" : "End");
    pav_buf_puts(b, "</g>\n");
}

static const char *
type_sign(const char *type)
{
    static const struct {
        const char *type, *sign;
    } rows[] = {{"Task", "⚙"},     {"Choice", "◇"},  {"Wait", "◷"},
                {"Pass", "→"},     {"Succeed", "✓"}, {"Fail", "✕"},
                {"Parallel", "∥"}, {"Map", "≡"}};
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (strcmp(type, rows[i].type) == 0)
            return rows[i].sign;
    return "?";
}

/* How long stays were: columns behind the words. */
static void
put_bars(struct pav_buf *b, const struct node *n, const double *bars)
{
    double w = (n->w - 2) / PAV_GRAPH_BARS;
    int i;

    for (i = 0; i < PAV_GRAPH_BARS; i++) {
        double h = bars[i] * BARS_H;

        if (bars[i] <= 0)
            continue;
        h = h < 2 ? 2 : h;
        pav_buf_puts(b, "<rect class=\"bar\" x=\"");
        put_number(b, n->x + 1 + i * w);
        pav_buf_puts(b, "\" y=\"");
        put_number(b, n->y + NODE_H - 3 - h);
        pav_buf_puts(b, "\" width=\"");
        put_number(b, w - 1);
        pav_buf_puts(b, "\" height=\"");
        put_number(b, h);
        pav_buf_puts(b, "\"/>");
    }
}

/* What did not fit there knocks at its corner, clear of the lines that come in
 * at the middle. */
static void
put_misfit(struct drawing *d, const struct node *n,
           const struct pav_state_sums *sums)
{
    struct pav_buf *b = d->out;
    double room = n->w / 2 - MISFIT_ENDS - 6, w, x = n->x - 8;
    const char *text = sums->misfit;

    if (room > text_width(sums->misfit, 11) + 40)
        text = fitting(d, sums->misfit_more, 11, room);
    w = text_width(text, 11) + MISFIT_ENDS;
    pav_buf_puts(b, "<a class=\"misfit\"");
    put_attribute(b, "href", sums->misfit_link);
    /* What is seen is a part of what is heard. */
    put_attribute(
        b, "aria-label",
        pav_arena_printf(d->scratch, "%s: %s", text, sums->misfit_title));
    pav_buf_puts(b, "><title>");
    pav_buf_htmls(b, sums->misfit_title);
    pav_buf_puts(b, "</title><rect x=\"");
    put_number(b, x);
    pav_buf_puts(b, "\" y=\"");
    put_number(b, n->y - 8);
    pav_buf_puts(b, "\" width=\"");
    put_number(b, w);
    pav_buf_puts(b, "\" height=\"16\" rx=\"8\"/><text x=\"");
    put_number(b, x + w / 2);
    pav_buf_puts(b, "\" y=\"");
    put_number(b, n->y + 4);
    pav_buf_puts(b, "\">");
    pav_buf_htmls(b, text);
    pav_buf_puts(b, " ⇥</text></a>\n");
}

static void
put_state_texts(struct drawing *d, const struct node *n,
                const struct pav_state_mark *mark)
{
    struct pav_buf *b = d->out;
    double room = n->w - 40, badge = text_width(n->badge, 12);
    const char *second =
        *n->detail == '\0'
            ? n->type
            : pav_arena_printf(d->scratch, "%s · %s", n->type, n->detail);
    char count[16] = "";
    const char *status;

    if (mark->sums != NULL && mark->sums->amounts != NULL)
        second = mark->sums->amounts;
    if (mark->sums != NULL)
        put_bars(b, n, mark->sums->bars);
    put_line(b, "sign", n->x + 17, n->y + 23, type_sign(n->type));
    put_line(b, "name", n->x + 30, n->y + 23, fitting(d, n->name, 14, room));
    put_line(b,
             mark->sums != NULL && mark->sums->late ? "detail late" : "detail",
             n->x + 12, n->y + 40,
             fitting(d, second, 12, n->w - 24 - (badge > 0 ? badge + 8 : 0)));
    if (badge > 0)
        put_line(b, "badge", n->x + n->w - 10, n->y + 40, n->badge);
    if (mark->visits > 1)
        snprintf(count, sizeof(count), "×%u", mark->visits);
    status = mark->note != NULL         ? mark->note
             : d->marks->states == NULL ? ""
             : mark->more != NULL
                 ? pav_arena_printf(d->scratch, "%s %s",
                                    pav_looks[mark->status].sign, mark->more)
                 : pav_arena_printf(d->scratch, "%s %s",
                                    pav_looks[mark->status].sign,
                                    pav_looks[mark->status].word);
    /* Where both have no room the count says more than the word. */
    if (mark->note == NULL && *count != '\0' &&
        text_width(status, 12) + text_width(count, 12) > n->w - 28)
        status = pav_looks[mark->status].sign;
    put_line(b, "state", n->x + 12, n->y + 57,
             fitting(d, status, 12, n->w - 24));
    put_line(b, "times", n->x + n->w - 10, n->y + 57, count);
}

static void
put_reading(struct drawing *d, const struct node *n,
            const struct pav_state_mark *mark)
{
    struct pav_buf *b = d->out;

    pav_buf_puts(b, " aria-label=\"State ");
    pav_buf_htmls(b, n->name);
    pav_buf_printf(b, ", %s", n->type);
    if (d->marks->states != NULL &&
        (mark->note == NULL || *mark->note != '\0')) {
        pav_buf_puts(b, ", ");
        pav_buf_htmls(b, mark->sums != NULL && mark->sums->says != NULL
                             ? mark->sums->says
                         : mark->note != NULL ? mark->note
                                              : pav_looks[mark->status].word);
    }
    if (mark->more != NULL) {
        pav_buf_puts(b, ", ");
        pav_buf_htmls(b, mark->more);
    }
    if (mark->visits > 0)
        pav_buf_printf(b, ", visited %u time%s", mark->visits,
                       mark->visits == 1 ? "" : "s");
    pav_buf_putc(b, '"');
}

static void put_scope(struct drawing *d, const struct scope *s);

static void
put_lanes(struct drawing *d, const struct node *n)
{
    struct pav_buf *b = d->out;
    uint32_t i;

    for (i = 0; i + 1 < n->scope_count; i++) {
        double x = n->scopes[i].x + n->scopes[i].w + LANE_GAP / 2;

        pav_buf_puts(b, "<path class=\"lane\" d=\"M");
        put_number(b, x);
        pav_buf_putc(b, ' ');
        put_number(b, n->y + HEADER_H);
        pav_buf_puts(b, "V");
        put_number(b, n->y + n->h - INSIDE / 2);
        pav_buf_puts(b, "\"/>");
    }
}

static void
put_state(struct drawing *d, const struct node *n)
{
    static const struct pav_state_mark unmarked = {.status = PAV_MARK_NONE};
    const struct pav_state_mark *mark =
        d->marks->states == NULL ? &unmarked : &d->marks->states[n->index];
    bool selected =
        d->marks->selected != NULL && strcmp(d->marks->selected, n->name) == 0;
    struct pav_buf *b = d->out;
    uint32_t i;

    pav_buf_printf(b, "<a class=\"node %s%s%s%s",
                   d->marks->edges == NULL && mark->status == PAV_MARK_NONE
                       ? "plain"
                       : pav_looks[mark->status].class,
                   n->scope_count > 0 ? " container" : "", n->map ? " map" : "",
                   selected ? " selected" : "");
    if (mark->sums != NULL)
        pav_buf_printf(b, " h%u", mark->sums->heat);
    pav_buf_printf(b, "\" id=\"st-%u\"", n->index);
    put_attribute(b, "data-state", n->name);
    put_attribute(b, "data-type", n->type);
    pav_buf_printf(b, " data-status=\"%s\" data-visits=\"%u\"",
                   pav_looks[mark->status].class, mark->visits);
    if (d->marks->link != NULL) {
        pav_buf_puts(b, " href=\"");
        pav_buf_htmls(b, d->marks->link);
        pav_url_encode(b, n->name, strlen(n->name));
        pav_buf_putc(b, '"');
    } else {
        pav_buf_puts(b, " role=\"img\"");
    }
    if (selected)
        pav_buf_puts(b, " aria-current=\"true\"");
    put_reading(d, n, mark);
    pav_buf_putc(b, '>');
    if (n->map)
        put_box(b, "stack", n, 5, 9);
    put_box(b, "box", n, 0, 9);
    /* The link's label says it all; the words beside it are for eyes. */
    pav_buf_printf(b, "</a><g class=\"words %s\" aria-hidden=\"true\"",
                   mark->status == PAV_MARK_NONE
                       ? "plain"
                       : pav_looks[mark->status].class);
    put_attribute(b, "data-for", n->name);
    pav_buf_putc(b, '>');
    put_state_texts(d, n, mark);
    pav_buf_puts(b, "</g>\n");
    if (mark->sums != NULL && mark->sums->misfit != NULL)
        put_misfit(d, n, mark->sums);
    put_lanes(d, n);
    for (i = 0; i < n->scope_count; i++)
        put_scope(d, &n->scopes[i]);
}

/* Edges below nodes; what was taken above what was not. */
static void
put_scope(struct drawing *d, const struct scope *s)
{
    uint32_t i;
    int taken;

    for (taken = 0; taken < 2; taken++)
        for (i = 0; i < s->edge_count; i++)
            if ((d->marks->edges != NULL &&
                 d->marks->edges[s->edges[i].index] > 0) == (taken == 1))
                put_edge(d, s, &s->edges[i]);
    for (i = 0; i < s->count; i++) {
        if (s->nodes[i].kind == NODE_STATE)
            put_state(d, &s->nodes[i]);
        else
            put_pill(d, &s->nodes[i], s);
    }
}

void
pav_graph_svg(const struct pav_graph *g, const struct pav_graph_marks *marks,
              const char *style, struct pav_buf *out)
{
    static const struct pav_graph_marks none;
    struct pav_arena scratch;
    struct drawing d = {g, marks == NULL ? &none : marks, &scratch, out};
    double w = g->top.w + 2 * MARGIN, h = g->top.h + 2 * MARGIN;

    pav_arena_init(&scratch, 1 << 14);
    pav_buf_printf(out,
                   "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"graph\" "
                   "viewBox=\"%d %d %d %d\" width=\"%d\" height=\"%d\" "
                   "role=\"group\"",
                   (int)-MARGIN, (int)-MARGIN, (int)w + 1, (int)h + 1,
                   (int)w + 1, (int)h + 1);
    put_attribute(out, "aria-label",
                  d.marks->title == NULL ? "Graph of the machine"
                                         : d.marks->title);
    pav_buf_puts(out, ">\n");
    if (style != NULL) {
        pav_buf_puts(out, "<style>");
        pav_buf_htmls(out, style);
        pav_buf_puts(out, "</style>\n");
    }
    put_scope(&d, &g->top);
    pav_buf_puts(out, "</svg>\n");
    pav_arena_fini(&scratch);
}

const char *
pav_graph_style(void)
{
    size_t len;

    return asset_get("graph.css", &len);
}

/* ---- geometry ---- */

static void
put_rect(struct pav_buf *b, double x, double y, double w, double h)
{
    pav_buf_puts(b, "[");
    put_number(b, x);
    pav_buf_putc(b, ',');
    put_number(b, y);
    pav_buf_putc(b, ',');
    put_number(b, w);
    pav_buf_putc(b, ',');
    put_number(b, h);
    pav_buf_putc(b, ']');
}

struct listing {
    struct pav_buf *out;
    bool nodes, any;
    uint32_t scopes; /* so far */
};

static void
list_node(struct listing *l, const struct node *n, const char *holder,
          uint32_t scope)
{
    static const char *const kinds[] = {"state", "start", "end"};
    struct pav_buf *b = l->out;

    pav_buf_puts(b, l->any ? ",\n{\"kind\":" : "\n{\"kind\":");
    l->any = true;
    pav_buf_jsons(b, kinds[n->kind]);
    pav_buf_puts(b, ",\"name\":");
    pav_buf_jsons(b, n->name);
    pav_buf_puts(b, ",\"type\":");
    pav_buf_jsons(b, n->type);
    pav_buf_puts(b, ",\"in\":");
    pav_buf_jsons(b, holder);
    pav_buf_printf(b, ",\"scope\":%u,\"box\":", scope);
    put_rect(b, n->x, n->y, n->w, n->h);
    pav_buf_putc(b, '}');
}

static void
list_edge(struct listing *l, const struct scope *s, const struct edge *e,
          uint32_t scope)
{
    static const char *const kinds[] = {"start", "next", "choice", "catch",
                                        "end"};
    struct pav_buf *b = l->out;
    uint32_t i;

    pav_buf_puts(b, l->any ? ",\n{\"kind\":" : "\n{\"kind\":");
    l->any = true;
    pav_buf_jsons(b, kinds[e->kind]);
    pav_buf_puts(b, ",\"from\":");
    pav_buf_jsons(b, s->nodes[e->from].name);
    pav_buf_puts(b, ",\"to\":");
    pav_buf_jsons(b, s->nodes[e->to].name);
    pav_buf_printf(b, ",\"scope\":%u,\"back\":%s", scope,
                   e->back ? "true" : "false");
    if (*e->label != '\0') {
        pav_buf_puts(b, ",\"label\":");
        pav_buf_jsons(b, e->label);
        pav_buf_puts(b, ",\"labelBox\":");
        put_rect(b, e->label_at.x - e->label_w / 2, e->label_at.y - LABEL_H / 2,
                 e->label_w, LABEL_H);
    }
    pav_buf_puts(b, ",\"points\":[");
    for (i = 0; i < e->point_count; i++) {
        pav_buf_puts(b, i == 0 ? "[" : ",[");
        put_number(b, e->points[i].x);
        pav_buf_putc(b, ',');
        put_number(b, e->points[i].y);
        pav_buf_putc(b, ']');
    }
    pav_buf_puts(b, "]}");
}

static void
list_scope(struct listing *l, const struct scope *s, const char *holder)
{
    uint32_t number = l->scopes++, i, j;

    for (i = 0; l->nodes && i < s->count; i++)
        list_node(l, &s->nodes[i], holder, number);
    for (i = 0; !l->nodes && i < s->edge_count; i++)
        list_edge(l, s, &s->edges[i], number);
    for (i = 0; i < s->count; i++)
        for (j = 0; j < s->nodes[i].scope_count; j++)
            list_scope(l, &s->nodes[i].scopes[j], s->nodes[i].name);
}

void
pav_graph_json(const struct pav_graph *g, struct pav_buf *out)
{
    struct listing l = {.out = out, .nodes = true};

    pav_buf_puts(out, "{\"width\":");
    put_number(out, g->top.w);
    pav_buf_puts(out, ",\"height\":");
    put_number(out, g->top.h);
    pav_buf_puts(out, ",\"nodes\":[");
    list_scope(&l, &g->top, "");
    pav_buf_puts(out, "],\n\"edges\":[");
    l = (struct listing){.out = out};
    list_scope(&l, &g->top, "");
    pav_buf_puts(out, "]}\n");
}
