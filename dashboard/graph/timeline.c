/*
 * The stays of an execution against time, as SVG: a bar each, in order, on the
 * reader's clock.  Time in which nothing happens at all, when it is more than a
 * fifth of the whole, is folded: a break with its length.
 *
 * Drawn with attributes alone, for the policy of our pages has no room for
 * style in markup.
 */
#include "timeline.h"

#include <stdlib.h>
#include <string.h>

#include "pavane/http.h"
#include "pavane/text.h"

#define ROW     26
#define NAMES   210 /* pixels for names */
#define BARS    760
#define ROWS    300
#define TICKS   5
#define HEADER  40
#define FOLD    5   /* a gap of more than a FOLDth is folded */
#define BREAK   56  /* pixels of a folded gap */
#define FOLDED  8   /* gaps at most */
#define CLOSEST 120 /* pixels between two ticks */

struct gap {
    int64_t from, until;
};

struct timeline {
    const struct trace *trace;
    const struct when *when;
    int64_t from, until;
    struct gap gaps[FOLDED];
    int count;
    const struct timeline_look *look;
    struct pav_buf *b;
};

/* ---- time to pixels ---- */

static int64_t
folded_ms(const struct timeline *t)
{
    int64_t sum = 0;
    int i;

    for (i = 0; i < t->count; i++)
        sum += t->gaps[i].until - t->gaps[i].from;
    return sum;
}

static double
x_of(const struct timeline *t, int64_t ms)
{
    int64_t shown = t->until - t->from - folded_ms(t), before = ms - t->from;
    double room = BARS - t->count * BREAK, breaks = 0;
    int i;

    for (i = 0; i < t->count; i++) {
        const struct gap *g = &t->gaps[i];

        if (ms >= g->until) {
            before -= g->until - g->from;
            breaks += BREAK;
        } else if (ms > g->from) { /* inside: by its share of the break */
            before -= ms - g->from;
            breaks += (double)BREAK * (double)(ms - g->from) /
                      (double)(g->until - g->from);
        }
    }
    return NAMES + breaks +
           (shown < 1 ? 0 : (double)before * room / (double)shown);
}

static int
by_time(const void *x, const void *y)
{
    const int64_t *a = x, *b = y;

    return *a < *b ? -1 : *a > *b;
}

/* Between any two moments at which a stay begins or ends. */
static void
find_gaps(struct timeline *t)
{
    uint32_t n = 0, i;
    int64_t *at = pav_xmalloc((2 * (size_t)t->trace->count + 2) * sizeof(*at));

    at[n++] = t->from;
    at[n++] = t->until;
    for (i = 0; i < t->trace->count; i++) {
        at[n++] = t->trace->visits[i].entered_at;
        if (t->trace->visits[i].exited_at != 0)
            at[n++] = t->trace->visits[i].exited_at;
    }
    qsort(at, n, sizeof(*at), by_time);
    for (i = 0; i + 1 < n && t->count < FOLDED; i++)
        if (at[i] >= t->from && at[i + 1] <= t->until &&
            at[i + 1] - at[i] > (t->until - t->from) / FOLD)
            t->gaps[t->count++] = (struct gap){at[i], at[i + 1]};
    if (t->count == 1 && t->gaps[0].from == t->from &&
        t->gaps[0].until == t->until)
        t->count = 0; /* one stay is the whole of it */
    free(at);
}

/* ---- drawing ---- */

static void
put_tick(struct timeline *t, int64_t ms, double x, unsigned height, bool last)
{
    pav_buf_printf(t->b,
                   "<path class=\"tick\" d=\"M%.1f %dV%u\"/><text class=\"%s\" "
                   "x=\"%.1f\" y=\"15\">",
                   x, HEADER, height, last ? "last" : "scale", x);
    when_words(t->when, ms, t->b);
    pav_buf_puts(t->b, "</text>");
}

static void
put_axis(struct timeline *t, unsigned height)
{
    double last = -CLOSEST, x;
    char span[64];
    int i;

    for (i = 0; i <= TICKS; i++) {
        int64_t ms = t->from + (t->until - t->from) * i / TICKS;
        bool folded = false;
        int k;

        for (k = 0; k < t->count; k++)
            folded |= ms > t->gaps[k].from && ms < t->gaps[k].until;
        x = x_of(t, ms);
        if (!folded && (x - last >= CLOSEST || i == TICKS) &&
            (i == TICKS || NAMES + BARS - x >= CLOSEST)) {
            put_tick(t, ms, x, height, i == TICKS);
            last = x;
        }
    }
    for (i = 0; i < t->count; i++) {
        x = x_of(t, t->gaps[i].from);
        pav_buf_puts(t->b, "<a href=\"");
        pav_buf_htmls(t->b, t->look->other);
        pav_buf_printf(t->b,
                       "\" aria-label=\"Unfold the idle time\"><rect "
                       "class=\"fold\" x=\"%.1f\" y=\"%d\" "
                       "width=\"%d\" height=\"%u\"/><text class=\"scale "
                       "idle\" x=\"%.1f\" y=\"33\">%s</text></a>",
                       x, HEADER, BREAK, height - HEADER, x + BREAK / 2.0,
                       pav_time_span(t->gaps[i].until - t->gaps[i].from, span,
                                     sizeof(span)));
    }
}

/* Behind the stay's own bar: how long it usually is. */
static void
put_usual(struct timeline *t, const struct visit *v, int64_t usual, unsigned y)
{
    double x = x_of(t, v->entered_at), end = x_of(t, v->entered_at + usual);
    char span[64];

    if (usual == 0)
        return;
    if (end > NAMES + BARS)
        end = NAMES + BARS;
    pav_buf_printf(t->b,
                   "<rect class=\"usual\" x=\"%.1f\" y=\"%u\" width=\"%.1f\" "
                   "height=\"20\" rx=\"3\"><title>usually %s</title></rect>",
                   x, y + 3, end - x < 3 ? 3 : end - x,
                   pav_time_span(usual, span, sizeof(span)));
}

static void
put_row(struct timeline *t, const struct visit *v, unsigned row)
{
    int64_t until = v->exited_at != 0 ? v->exited_at : t->until;
    double x = x_of(t, v->entered_at), w = x_of(t, until) - x;
    unsigned y = HEADER + row * ROW;
    char text[64];

    if (w < 3)
        w = 3;
    if (x + w > NAMES + BARS)
        x = NAMES + BARS - w;
    pav_buf_printf(t->b, "<a class=\"%s\" href=\"", pav_looks[v->status].class);
    pav_buf_htmls(t->b, t->look->link);
    pav_url_encode(t->b, v->name, strlen(v->name));
    pav_buf_printf(t->b, "&amp;visit=%u\"><title>", v->number);
    pav_buf_htmls(t->b, v->name);
    pav_buf_printf(t->b, ": %s, from ",
                   pav_time_span(until - v->entered_at, text, sizeof(text)));
    when_exact(t->when, v->entered_at, t->b);
    pav_buf_printf(t->b,
                   "</title><rect class=\"row\" x=\"0\" y=\"%u\" width=\"%d\" "
                   "height=\"%d\"/><text class=\"name\" x=\"4\" y=\"%u\">",
                   y, NAMES + BARS, ROW, y + 17);
    pav_buf_htmls(t->b, v->name);
    pav_buf_puts(t->b, "</text>");
    if (t->look->usual != NULL)
        put_usual(t, v, t->look->usual[v - t->trace->visits], y);
    pav_buf_printf(t->b,
                   "<rect class=\"bar\" x=\"%.1f\" y=\"%u\" "
                   "width=\"%.1f\" height=\"16\" rx=\"3\"/><text class=\"%s\" "
                   "x=\"%.1f\" y=\"%u\">%s</text></a>\n",
                   x, y + 5, w, x + w > NAMES + BARS - 90 ? "last" : "after",
                   x + w > NAMES + BARS - 90 ? x - 6 : x + w + 6, y + 17, text);
}

void
timeline_svg(const struct trace *trace, const struct timeline_look *look,
             struct pav_buf *out)
{
    struct timeline t = {.trace = trace,
                         .when = look->when,
                         .from = look->from,
                         .until = look->until - look->from < 1 ? look->from + 1
                                                               : look->until,
                         .look = look,
                         .b = out};
    uint32_t first = trace->count > ROWS ? trace->count - ROWS : 0, i;
    unsigned height = HEADER + (trace->count - first) * ROW + 4;

    find_gaps(&t);
    if (look->whole && t.count > 0) {
        pav_buf_puts(out, "<p class=\"folding\"><a href=\"");
        pav_buf_htmls(out, look->other);
        pav_buf_puts(out, "\">Fold the idle time</a></p>\n");
        t.count = 0;
    }
    pav_buf_printf(out,
                   "<svg class=\"timeline\" viewBox=\"0 0 %d %u\" width=\"%d\" "
                   "height=\"%u\" role=\"group\" aria-label=\"Timeline\">\n",
                   NAMES + BARS + 10, height, NAMES + BARS + 10, height);
    put_axis(&t, height);
    for (i = first; i < trace->count; i++)
        put_row(&t, &trace->visits[i], i - first);
    pav_buf_puts(out, "</svg>\n");
    if (first > 0)
        pav_buf_printf(out, "<p>The last %d of %u stays.</p>\n", ROWS,
                       trace->count);
}
